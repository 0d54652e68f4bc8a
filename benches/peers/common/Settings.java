// What a peer is told on its command line.
package kaiku.peers;

import java.util.HashMap;
import java.util.Map;

final class Settings {
    private final Map<String, String> given = new HashMap<>();

    Settings(String[] arguments) {
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            if (!arguments[at].startsWith("--")) {
                throw new IllegalArgumentException("an option begins with --: " + arguments[at]);
            }
            given.put(arguments[at].substring(2), arguments[at + 1]);
        }
    }

    String text(String name) {
        String value = given.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    int number(String name, int otherwise) {
        return Integer.parseInt(given.getOrDefault(name, Integer.toString(otherwise)));
    }

    String brokers() {
        return text("brokers");
    }

    /** The prefixes of the topics of each round. */
    String[] prefixes() {
        return text("prefixes").split(",");
    }

    String raw(String prefix) {
        return prefix + "events.raw";
    }

    /** Where this peer writes: beside the topic that kaiku writes. */
    String stripped(String prefix) {
        return prefix + text("out");
    }

    /** The consumer group, which is also what transactions are named after. */
    String group(String prefix) {
        return prefix + text("out") + ".group";
    }

    boolean isOnDisk() {
        String store = text("store");
        if (!store.equals("memory") && !store.equals("rocksdb")) {
            throw new IllegalArgumentException("--store is memory or rocksdb");
        }
        return store.equals("rocksdb");
    }

    int threads() {
        return number("threads", 1);
    }

    String vocabulary() {
        return text("vocabulary");
    }

    /** A folder for state. */
    String folder() {
        return text("folder");
    }
}
