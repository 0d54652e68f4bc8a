// The same work as `kaiku enrich`, by Kafka Streams: one processor with a store of devices, exactly once.
package kaiku.peers;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

public final class StreamsPeer {
    private StreamsPeer() {
    }

    public static void main(String[] arguments) throws Exception {
        Settings settings = new Settings(arguments);
        String name = "kafka-streams " + settings.text("store");
        Rounds.run(name, settings, prefix -> start(settings, prefix));
    }

    private static Rounds.Running start(Settings settings, String prefix) {
        KafkaStreams streams = new KafkaStreams(topology(settings, prefix), properties(settings, prefix));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        return new Rounds.Running() {
            @Override
            public void check() {
                if (streams.state().hasCompletedShutdown() || streams.state() == KafkaStreams.State.ERROR) {
                    throw new IllegalStateException("Kafka Streams has ended by itself");
                }
            }

            @Override
            public void close() {
                streams.close(Duration.ofSeconds(60));
                streams.cleanUp();
            }
        };
    }

    private static Topology topology(Settings settings, String prefix) {
        var supplier = settings.isOnDisk()
                ? Stores.persistentKeyValueStore(StripProcessor.STORE)
                : Stores.inMemoryKeyValueStore(StripProcessor.STORE);
        // A cache saves writes only of what changes again within one transaction: here nothing does.
        StoreBuilder<KeyValueStore<byte[], byte[]>> store =
                Stores.keyValueStoreBuilder(supplier, Serdes.ByteArray(), Serdes.ByteArray())
                        .withCachingDisabled()
                        .withLoggingEnabled(Map.of(TopicConfig.COMPRESSION_TYPE_CONFIG, "producer"));
        String vocabulary = settings.vocabulary();
        return new Topology()
                .addSource("raw", new ByteArrayDeserializer(), new ByteArrayDeserializer(), settings.raw(prefix))
                .addProcessor("strip", () -> new StripProcessor(vocabulary), "raw")
                .addStateStore(store, "strip")
                .addSink("stripped", settings.stripped(prefix), new ByteArraySerializer(), new ByteArraySerializer(),
                        "strip");
    }

    private static Properties properties(Settings settings, String prefix) {
        Properties all = new Properties();
        all.put(StreamsConfig.APPLICATION_ID_CONFIG, settings.group(prefix));
        all.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, settings.brokers());
        all.put(StreamsConfig.STATE_DIR_CONFIG, settings.folder());
        all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, settings.number("commit-ms", 200));
        all.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, settings.threads());
        all.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        all.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        all.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksSettings.class);
        all.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        all.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        all.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 << 20);
        all.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 100);
        all.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        all.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
        all.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
        all.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128 << 20);
        return all;
    }
}
