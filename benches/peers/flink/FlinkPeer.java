// The same work as `kaiku enrich`, by a Flink job in a mini-cluster of this process: keyed state, exactly-once sink.
package kaiku.peers;

import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

public final class FlinkPeer {
    private FlinkPeer() {
    }

    public static void main(String[] arguments) throws Exception {
        Settings settings = new Settings(arguments);
        String name = "flink " + settings.text("store");
        MiniClusterConfiguration cluster = new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration(settings))
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(settings.threads())
                .withRandomPorts()
                .build();
        // One for all rounds: what it has compiled stays warm.
        try (MiniCluster flink = new MiniCluster(cluster)) {
            flink.start();
            Rounds.run(name, settings, prefix -> start(settings, prefix, flink));
        }
    }

    private static Rounds.Running start(Settings settings, String prefix, MiniCluster flink) throws Exception {
        JobID job = flink.submitJob(graph(settings, prefix)).get(60, TimeUnit.SECONDS).getJobID();
        return new Rounds.Running() {
            @Override
            public void check() throws Exception {
                if (flink.getJobStatus(job).get().isGloballyTerminalState()) {
                    throw new IllegalStateException("the job has ended by itself");
                }
            }

            @Override
            public void close() throws Exception {
                // Returns when the last transaction is committed.
                String folder = "file://" + settings.folder() + "/savepoint";
                flink.stopWithSavepoint(job, folder, false, SavepointFormatType.NATIVE).get(120, TimeUnit.SECONDS);
                flink.requestJobResult(job).get(120, TimeUnit.SECONDS);
            }
        };
    }

    private static StreamGraph graph(Settings settings, String prefix) {
        var environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration(settings));
        environment.setParallelism(settings.threads());
        environment.getConfig().enableObjectReuse();
        environment.enableCheckpointing(settings.number("commit-ms", 5_000), CheckpointingMode.EXACTLY_ONCE);
        environment
                .fromSource(source(settings, prefix), WatermarkStrategy.noWatermarks(), "raw")
                .keyBy(new RawRecords(), Types.VALUE(DeviceKey.class))
                .process(new StripFunction(settings.vocabulary()))
                .returns(PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO)
                .sinkTo(sink(settings, prefix));
        return environment.getStreamGraph();
    }

    private static Configuration configuration(Settings settings) {
        Configuration all = new Configuration();
        all.set(StateBackendOptions.STATE_BACKEND, settings.isOnDisk() ? "rocksdb" : "hashmap");
        all.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, settings.isOnDisk());
        all.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        all.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + settings.folder() + "/checkpoints");
        all.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        all.set(TaskManagerOptions.NUM_TASK_SLOTS, settings.threads());
        // What RocksDB may take for its caches and buffers.
        all.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(settings.isOnDisk() ? 768 : 1));
        return all;
    }

    private static KafkaSource<byte[]> source(Settings settings, String prefix) {
        return KafkaSource.<byte[]>builder()
                .setBootstrapServers(settings.brokers())
                .setTopics(settings.raw(prefix))
                .setGroupId(settings.group(prefix))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new RawRecords())
                .setProperty("max.poll.records", "10000")
                .setProperty("max.partition.fetch.bytes", Integer.toString(4 << 20))
                .setProperty("fetch.max.wait.ms", "100")
                .setProperty("commit.offsets.on.checkpoint", "true")
                .build();
    }

    private static KafkaSink<byte[]> sink(Settings settings, String prefix) {
        return KafkaSink.<byte[]>builder()
                .setBootstrapServers(settings.brokers())
                .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                .setTransactionalIdPrefix(settings.group(prefix))
                .setRecordSerializer(new StrippedRecords(settings.stripped(prefix)))
                // The broker allows no more than 15 minutes.
                .setProperty("transaction.timeout.ms", "600000")
                .setProperty("compression.type", "lz4")
                .setProperty("linger.ms", "100")
                .setProperty("batch.size", Integer.toString(256 << 10))
                .setProperty("buffer.memory", Integer.toString(128 << 20))
                .build();
    }
}
