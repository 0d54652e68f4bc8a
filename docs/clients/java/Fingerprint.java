// Prints the fingerprint of a schema as it stands in a record's header: Fingerprint.java SCHEMA_FILE.

import java.io.File;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

public class Fingerprint {
    public static void main(String[] arguments) throws Exception {
        Schema schema = new Schema.Parser().parse(new File(arguments[0]));
        byte[] fingerprint = SchemaNormalization.parsingFingerprint("CRC-64-AVRO", schema);
        System.out.println(HexFormat.of().formatHex(fingerprint));
    }
}
