// One raw batch as it lies in its record: where its texts are, and its numbers; decoded and validated by hand.
package kaiku.peers;

/** Made once and read into again and again: nothing is allocated for a record. */
final class Upload {
    static final int STARTED = 0;
    static final int STOPPED = 1;
    static final int FEATURE_USED = 2;
    static final int FAILED = 3;
    static final int MOST_EVENTS = 1_000;
    static final int MOST_BYTES = 256 * 1024;
    private static final int MOST_TEXT = 96;
    private static final int MOST_TIMES = 10_000;
    private static final int MOST_LOSSES = 1_000_000;
    private static final int LOSS_REASONS = 7;
    private static final int LAST_DAY = 2_932_896;

    byte[] bytes;
    int id;
    int brand, brandEnd, model, modelEnd, mcc, mccEnd, mnc, mncEnd, country, countryEnd;
    int app, appEnd, release, releaseEnd;
    int consent, since;
    boolean isNumbered;
    long stream, first;
    int events;
    final int[] kind = new int[MOST_EVENTS];
    /** Feature or cause. */
    final int[] item = new int[MOST_EVENTS];
    final int[] itemEnd = new int[MOST_EVENTS];
    /** -1 where there is none. */
    final int[] component = new int[MOST_EVENTS];
    final int[] componentEnd = new int[MOST_EVENTS];
    final boolean[] fatal = new boolean[MOST_EVENTS];
    /** The bucket of a session's length; -1 where it is not known. */
    final int[] length = new int[MOST_EVENTS];
    final int[] times = new int[MOST_EVENTS];
    /** For what is put together to be looked up. */
    final Output scratch = new Output(256);
    private final Input in = new Input();

    /** Reads the datum that begins at a place of a record that was received on a day. */
    void read(byte[] record, int begin, int today) {
        bytes = record;
        in.over(record, begin);
        device();
        in.text();
        app = named();
        appEnd = in.to;
        in.text();
        release = named();
        releaseEnd = in.to;
        consent(today);
        numbers();
        events = 0;
        for (int block = in.block(); block > 0; block = in.block()) {
            for (; block > 0; block--) {
                refuseIf(events == MOST_EVENTS);
                event(events++);
            }
        }
        refuseIf(events == 0);
        losses();
        if (!in.isAtEnd()) {
            throw Refused.MALFORMED;
        }
    }

    private void device() {
        id = in.skip(16);
        refuseIf(isNobody());
        in.text();
        brand = in.from;
        brandEnd = in.to;
        in.text();
        model = in.from;
        modelEnd = in.to;
        in.optionalText();
        mcc = in.from;
        mccEnd = in.to;
        in.optionalText();
        mnc = in.from;
        mncEnd = in.to;
        in.optionalText();
        country = in.from;
        countryEnd = in.to;
    }

    private boolean isNobody() {
        boolean same = bytes[id] == 0 || bytes[id] == -1;
        for (int at = id + 1; same && at < id + 16; at++) {
            same = bytes[at] == bytes[id];
        }
        return same;
    }

    private void consent(int today) {
        if (in.isNull()) {
            throw Refused.CONSENT;
        }
        consent = in.small();
        since = in.small();
        if (consent < 1 || since < 0 || since > LAST_DAY || since > today + 1) {
            throw Refused.CONSENT;
        }
    }

    private void numbers() {
        isNumbered = !in.isNull();
        stream = isNumbered ? in.fixed() : 0;
        boolean hasFirst = !in.isNull();
        refuseIf(hasFirst != isNumbered);
        first = hasFirst ? in.number() : 0;
        refuseIf(first < 0 || first >= Long.MAX_VALUE - 1_000_000);
    }

    /** A field that does not fit the event's type makes the batch refused: a writer misspelt one. */
    private void event(int at) {
        int of = in.choice(4);
        kind[at] = of;
        in.optionalText();
        refuseIf((in.from >= 0) != (of == FEATURE_USED));
        item[at] = of == FEATURE_USED ? named() : -1;
        itemEnd[at] = in.to;
        in.optionalText();
        refuseIf((in.from >= 0) != (of == FAILED));
        if (of == FAILED) {
            item[at] = named();
            itemEnd[at] = in.to;
        }
        in.optionalText();
        refuseIf(in.from >= 0 && of != FAILED);
        component[at] = in.from >= 0 ? named() : -1;
        componentEnd[at] = in.to;
        boolean saysFatal = !in.isNull();
        refuseIf(saysFatal && of != FAILED);
        fatal[at] = saysFatal && in.bool() == 1;
        length(at, of);
        times[at] = Math.min(in.small(), MOST_TIMES);
        refuseIf(times[at] < 1);
    }

    private void length(int at, int of) {
        boolean saysSeconds = !in.isNull();
        int seconds = saysSeconds ? in.small() : -1;
        boolean saysLength = !in.isNull();
        int bucket = saysLength ? in.choice(6) : -1;
        refuseIf((saysSeconds || saysLength) && of != STOPPED);
        refuseIf(saysSeconds && (saysLength || seconds < 0));
        length[at] = saysSeconds ? bucket(seconds) : bucket;
    }

    private static int bucket(int seconds) {
        if (seconds < 600) {
            return seconds < 10 ? 0 : seconds < 60 ? 1 : 2;
        }
        return seconds < 3_600 ? 3 : seconds < 21_600 ? 4 : 5;
    }

    private void losses() {
        int seen = 0;
        for (int block = in.block(); block > 0; block = in.block()) {
            for (; block > 0; block--) {
                int reason = 1 << in.choice(LOSS_REASONS);
                int count = in.small();
                refuseIf((seen & reason) != 0 || count < 1 || count > MOST_LOSSES);
                seen |= reason;
            }
        }
    }

    /** Where the name begins that was read last, checked. */
    private int named() {
        refuseIf(in.from == in.to || in.to - in.from > MOST_TEXT);
        for (int at = in.from; at < in.to; at++) {
            byte one = bytes[at];
            refuseIf(one >= 0 && one < 32 || one == 127);
        }
        return in.from;
    }

    private static void refuseIf(boolean wrong) {
        if (wrong) {
            throw Refused.UNFIT;
        }
    }
}
