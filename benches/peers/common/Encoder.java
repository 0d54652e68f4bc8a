// Writes StrippedBatch and PairBatch in Avro's single-object encoding, by hand.
package kaiku.peers;

import java.nio.charset.StandardCharsets;

final class Encoder {
    private static final byte[] STRIPPED = header("c30187a266ae61d724ed");
    private static final byte[] PAIRS = header("c3010e01799a83206683");
    private static final byte[][] KINDS = texts("started", "stopped", "feature_used", "failed");
    private static final byte[][] LENGTHS =
            texts("under_10s", "10s_to_1m", "1m_to_10m", "10m_to_1h", "1h_to_6h", "over_6h", "unknown", "none");
    private static final int UNKNOWN = 6, NONE = 7;

    private final Output body = new Output(4096);
    private final Output whole = new Output(4096);
    private int count;
    /** What is the same for all events of an upload: app and release; model, operator and country. */
    private final Output of = new Output(256), home = new Output(512);

    private static byte[] header(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) Integer.parseInt(hex.substring(2 * at, 2 * at + 2), 16);
        }
        return bytes;
    }

    private static byte[][] texts(String... all) {
        byte[][] texts = new byte[all.length][];
        for (int at = 0; at < all.length; at++) {
            Output out = new Output(16);
            out.number(all[at].length());
            out.bytes(all[at].getBytes(StandardCharsets.UTF_8));
            texts[at] = out.copy();
        }
        return texts;
    }

    void begin() {
        body.clear();
        count = 0;
    }

    void open(Name app, Name release) {
        of.clear();
        of.bytes(app.avro);
        of.bytes(release.avro);
    }

    void home(Name model, Name operator, Name country) {
        home.clear();
        home.bytes(model.avro);
        home.bytes(operator.avro);
        home.bytes(country.avro);
    }

    void event(int kind, Name item, Name component, int length, int times, int marks) {
        count++;
        body.bytes(of.bytes, 0, of.size);
        body.bytes(KINDS[kind]);
        body.bytes(item.avro);
        body.bytes(component.avro);
        body.bytes(home.bytes, 0, home.size);
        body.bytes(LENGTHS[kind != Upload.STOPPED ? NONE : length < 0 ? UNKNOWN : length]);
        body.number(times);
        body.room(Books.MARKS);
        for (int mark = 0; mark < Books.MARKS; mark++) {
            body.bytes[body.size++] = (byte) (marks >>> mark & 1);
        }
    }

    /** A record of the events since begin(); null where there are none. */
    byte[] events(int day) {
        if (count == 0) {
            return null;
        }
        head(STRIPPED, day, count);
        whole.bytes(body.bytes, 0, body.size);
        whole.one(0);
        return whole.copy();
    }

    /** A record of pairs: app and the two features in the order of their names. */
    byte[] pairs(int day, Name[][] pairs, int many) {
        head(PAIRS, day, many);
        for (int at = 0; at < many; at++) {
            for (Name name : pairs[at]) {
                whole.bytes(name.avro);
            }
        }
        whole.one(0);
        return whole.copy();
    }

    private void head(byte[] header, int day, int items) {
        whole.clear();
        whole.bytes(header);
        whole.number(day);
        whole.number(Day.monday(day));
        whole.number(Books.BOUNDS_VERSION);
        whole.number(items);
    }
}
