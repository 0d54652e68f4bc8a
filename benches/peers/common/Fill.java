// Fills raw topics with the load of `cargo bench --bench enrich`: a record a device, ten events a record.
package kaiku.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Fill {
    /** 2026-11-10: a day on which every release of the sample is out. */
    private static final int DAY = 20_767;
    private static final int USES = 7;
    private static final int FEATURES = 15;
    private static final int MODELS = 1_000;
    private static final int NETWORKS = 200;
    private static final byte[] HEADER = {(byte) 0xc3, 1, 5, 9, (byte) 0xd7, (byte) 0x84, (byte) 0x9d, (byte) 0xa6,
        (byte) 0xf5, 0x4d};

    private final List<String> features = new ArrayList<>();
    private final List<String[]> models = new ArrayList<>();
    private final List<String[]> networks = new ArrayList<>();
    private final Random random;
    private final Output out = new Output(512);

    private Fill(String vocabulary, long seed) throws IOException {
        random = new Random(seed);
        for (String line : Files.readAllLines(Path.of(vocabulary))) {
            String[] fields = line.split("\t");
            if (fields[0].equals("feature") && fields[1].equals("maps")) {
                features.add(fields[2]);
            } else if (fields[0].equals("model")) {
                models.add(fields[1].split("/", 2));
            } else if (fields[0].equals("network") && fields[1].split("-").length == 2) {
                networks.add(fields[1].split("-"));
            }
        }
        features.sort(null);
        features.subList(FEATURES, features.size()).clear();
        spread(models, MODELS);
        spread(networks, NETWORKS);
    }

    /** Keeps so many of them, from everywhere in the table. */
    private static <T> void spread(List<T> all, int most) {
        int step = Math.max(1, all.size() / most);
        for (int at = 0; at < most; at++) {
            all.set(at, all.get(at * step));
        }
        all.subList(most, all.size()).clear();
    }

    /** Some are had by many: half of the devices have the first quarter. */
    private <T> T skewed(List<T> all) {
        return all.get(random.nextInt(1 + random.nextInt(all.size())));
    }

    private byte[] batch(byte[] id) {
        String[] model = skewed(models), network = skewed(networks);
        byte[] stream = new byte[8];
        random.nextBytes(stream);
        out.clear();
        out.bytes(HEADER);
        out.bytes(id);
        text(model[0]);
        text(model[1]);
        optional(network[0]);
        optional(network[1]);
        out.number(0);
        text("maps");
        text("4.4");
        out.number(1);
        out.number(1);
        out.number(DAY - 30);
        out.number(1);
        out.bytes(stream);
        out.number(1);
        out.number(0);
        out.number(3 + USES);
        event(Upload.STARTED, null, null, null, -1);
        for (int use = 0; use < USES; use++) {
            event(Upload.FEATURE_USED, features.get(random.nextInt(features.size())), null, null, -1);
        }
        event(Upload.FAILED, null, "network.timeout", "tiles", -1);
        event(Upload.STOPPED, null, null, null, 5 + random.nextInt(1_995));
        out.number(0);
        out.number(0);
        return out.copy();
    }

    private void event(int kind, String feature, String cause, String component, int seconds) {
        out.number(kind);
        optional(feature);
        optional(cause);
        optional(component);
        out.number(0);
        out.number(seconds < 0 ? 0 : 1);
        if (seconds >= 0) {
            out.number(seconds);
        }
        out.number(0);
        out.number(1);
    }

    private void optional(String text) {
        out.number(text == null ? 0 : 1);
        if (text != null) {
            text(text);
        }
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.number(utf8.length);
        out.bytes(utf8);
    }

    private void fill(Producer<byte[], byte[]> producer, String topic, int devices) throws Exception {
        AtomicReference<Exception> failed = new AtomicReference<>();
        for (int device = 0; device < devices; device++) {
            byte[] id = new byte[16];
            random.nextBytes(id);
            var record = new ProducerRecord<>(topic, null, Day.start(DAY), id, batch(id));
            producer.send(record, (written, error) -> failed.compareAndSet(null, error));
        }
        producer.flush();
        if (failed.get() != null) {
            throw failed.get();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Settings settings = new Settings(arguments);
        Properties properties = new Properties();
        properties.put("bootstrap.servers", settings.brokers());
        properties.put("acks", "all");
        properties.put("compression.type", "lz4");
        properties.put("linger.ms", 20);
        properties.put("batch.size", 256 << 10);
        var bytes = new ByteArraySerializer();
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(properties, bytes, bytes)) {
            long seed = 1;
            for (String prefix : settings.prefixes()) {
                new Fill(settings.vocabulary(), seed++).fill(producer, settings.raw(prefix),
                        settings.number("devices", 100_000));
            }
        }
    }
}
