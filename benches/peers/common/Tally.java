// What a process has handled: counted by all its tasks, read by the rounds.
package kaiku.peers;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

final class Tally {
    private static final LongAdder EVENTS = new LongAdder();
    private static final LongAdder FRESH = new LongAdder();
    private static final Map<String, LongAdder> REFUSED = new ConcurrentHashMap<>();
    /** What the process had used when its first record came. */
    private static final AtomicReference<Usage> BEGUN = new AtomicReference<>();

    private Tally() {
    }

    static void reset() {
        EVENTS.reset();
        FRESH.reset();
        REFUSED.clear();
        BEGUN.set(null);
    }

    static void events(int events, int fresh) {
        EVENTS.add(events);
        FRESH.add(fresh);
    }

    static void refused(Refused why) {
        REFUSED.computeIfAbsent(why.getMessage(), reason -> new LongAdder()).increment();
    }

    /** Called with each record; the first begins the round. */
    static void came() {
        if (BEGUN.get() == null) {
            BEGUN.compareAndSet(null, Usage.now());
        }
    }

    static Usage begun() {
        return BEGUN.get();
    }

    static long events() {
        return EVENTS.sum();
    }

    static long fresh() {
        return FRESH.sum();
    }

    static Map<String, Long> refused() {
        Map<String, Long> all = new TreeMap<>();
        REFUSED.forEach((reason, count) -> all.put(reason, count.sum()));
        return all;
    }
}
