// Publishes uploads with kafka-clients and Apache Avro: AvroProducer.java BROKERS TOPIC DEVICES.

import java.io.File;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class AvroProducer {
    private static final SecureRandom RANDOM = new SecureRandom();

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1];
        int devices = Integer.parseInt(arguments[2]);
        Schema schema = new Schema.Parser().parse(new File("schemas/avro/raw_batch.avsc"));
        // Writes the ten bytes of the header, and the Avro behind them.
        var encoder = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), schema);
        // The rest is as it has to be by default: the partitioner, and the acknowledgement of all replicas.
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0]);
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (var producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int device = 0; device < devices; device++) {
                byte[] id = random(16);
                byte[] record = bytes(encoder.encode(upload(schema, id)));
                // Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
                for (int copy = 0; copy < 2; copy++) {
                    answers.add(producer.send(new ProducerRecord<>(topic, id, record)));
                }
            }
            for (Future<RecordMetadata> answer : answers) {
                answer.get(); // throws what went wrong
            }
        }
        System.out.printf("sent %d uploads, each twice%n", devices);
    }

    /** put() refuses a misspelt name; encode() a field without a value, for it fills no defaults in. */
    static GenericRecord upload(Schema schema, byte[] id) {
        GenericRecord device = new GenericData.Record(field(schema, "device"));
        device.put("id", new GenericData.Fixed(field(device.getSchema(), "id"), id));
        device.put("brand", "Nokia");
        device.put("model", "TA-1053");
        device.put("mcc", "244");
        device.put("mnc", "05");
        GenericRecord consent = new GenericData.Record(field(schema, "consent"));
        consent.put("version", 2);
        consent.put("since", (int) LocalDate.of(2026, 11, 1).toEpochDay());
        GenericRecord upload = new GenericData.Record(schema);
        upload.put("device", device);
        upload.put("app", "maps");
        upload.put("release", "4.2");
        upload.put("consent", consent);
        upload.put("stream", new GenericData.Fixed(field(schema, "stream"), random(8)));
        upload.put("first_sequence", 0L);
        Schema event = field(schema, "events").getElementType();
        upload.put("events", List.of(
            event(event, "started", 1, Map.of()),
            event(event, "feature_used", 2, Map.of("feature", "route.bicycle")),
            event(event, "stopped", 1, Map.of("duration_s", 340))));
        upload.put("losses", List.of());
        return upload;
    }

    static GenericRecord event(Schema schema, String type, int times, Map<String, Object> more) {
        GenericRecord event = new GenericData.Record(schema);
        event.put("type", new GenericData.EnumSymbol(field(schema, "type"), type));
        event.put("times", times);
        more.forEach(event::put);
        return event;
    }

    /** What a field holds, where it is not null. */
    static Schema field(Schema schema, String name) {
        Schema type = schema.getField(name).schema();
        return type.isUnion() ? type.getTypes().get(1) : type;
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
