// Runs a peer round after round in one process, each on topics and state of its own, and prints a line of JSON a round.
package kaiku.peers;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

final class Rounds {
    /** A peer at work on the topics under one prefix; close() returns when all that it wrote is committed. */
    interface Running extends AutoCloseable {
        /** Fails where it has ended by itself. */
        void check() throws Exception;
    }

    interface Peer {
        Running start(String prefix) throws Exception;
    }

    private static final long STEP = 100;

    private Rounds() {
    }

    static void run(String name, Settings settings, Peer peer) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", settings.brokers());
        long most = TimeUnit.SECONDS.toNanos(settings.number("deadline-s", 600));
        try (Admin admin = Admin.create(properties)) {
            int round = 0;
            for (String prefix : settings.prefixes()) {
                Map<TopicPartition, Long> ends = ends(admin, settings.raw(prefix));
                Tally.reset();
                long until = System.nanoTime() + most;
                String line;
                try (Running running = peer.start(prefix)) {
                    await(admin, settings.group(prefix), ends, running, until);
                    line = line(name, ++round, Usage.now());
                }
                System.out.println(line);
            }
        }
    }

    private static Map<TopicPartition, Long> ends(Admin admin, String topic) throws Exception {
        var description = admin.describeTopics(java.util.List.of(topic)).allTopicNames().get().get(topic);
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        description.partitions().forEach(one ->
                asked.put(new TopicPartition(topic, one.partition()), OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        admin.listOffsets(asked).all().get().forEach((partition, found) -> {
            if (found.offset() > 0) {
                ends.put(partition, found.offset());
            }
        });
        return ends;
    }

    /** Until the group has committed every record that stood there. */
    private static void await(Admin admin, String group, Map<TopicPartition, Long> ends, Running running, long until)
            throws Exception {
        while (!isReached(admin, group, ends)) {
            running.check();
            if (System.nanoTime() > until) {
                throw new IllegalStateException("the last offset was not committed in time");
            }
            Thread.sleep(STEP);
        }
    }

    private static boolean isReached(Admin admin, String group, Map<TopicPartition, Long> ends) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> committed;
        try {
            committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        } catch (java.util.concurrent.ExecutionException notThereYet) {
            return false;
        }
        return ends.entrySet().stream().allMatch(one -> {
            OffsetAndMetadata found = committed.get(one.getKey());
            return found != null && found.offset() >= one.getValue();
        });
    }

    private static String line(String name, int round, Usage now) throws Exception {
        Usage begun = Tally.begun() == null ? now : Tally.begun();
        double cpu = now.cpuSince(begun);
        return String.format(Locale.ROOT,
                "{\"peer\":\"%s\",\"round\":%d,\"events\":%d,\"counted_once\":%d,\"refused\":%d,\"wall_s\":%.2f,"
                        + "\"cpu_s\":%.2f,\"compiler_s\":%.2f,\"events_per_cpu_s\":%.0f,\"rss_mb\":%d}",
                name, round, Tally.events(), Tally.fresh(),
                Tally.refused().values().stream().mapToLong(Long::longValue).sum(), now.wallSince(begun), cpu,
                now.compiledSince(begun), Tally.events() / Math.max(cpu, 0.01), Usage.resident());
    }
}
