// What a peer does with one raw record: decode, deduplicate, take places, mark, strip, and encode what may be kept.
package kaiku.peers;

import java.util.Arrays;

/** One a task or subtask; a record is read first, then applied to its device. */
final class Strip {
    /** What a record is. */
    enum Kind {
        BATCH, FORGET, TICK, REFUSED
    }

    static final int HEADER = 10;
    private static final int ID = 16;
    private static final long RAW_BATCH = header("0509d7849da6f54d");
    private static final long FORGET = header("3993d5f92ae9bb34");
    private static final long TICK = header("ae2fe6fa8dd60de1");
    private static final long ONE_MAGIC = 0x01c3;

    private final Vocabulary vocabulary;
    private final Encoder encoder = new Encoder();
    private final Books books = new Books();
    private final Upload upload = new Upload();
    private final Input in = new Input();
    private final Name[][] pairs = new Name[1024][];
    private byte[] record;
    private int day;
    private int forgottenApp, forgottenAppEnd;
    private int pairCount;

    Strip(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /** Whether a record that names a device has that device's identifier as its key: both kinds begin with it. */
    static boolean isOwn(byte[] key, byte[] record) {
        return key != null && record != null && record.length >= HEADER + ID
                && Arrays.equals(key, 0, key.length, record, HEADER, HEADER + ID);
    }

    /** Reads a record, and says what it is; a refused one is counted by its reason. */
    Kind read(byte[] bytes, long millis) {
        try {
            record = bytes;
            day = Day.of(millis);
            long fingerprint = fingerprint();
            if (fingerprint == RAW_BATCH) {
                upload.read(bytes, HEADER, day);
                if (!vocabulary.accepts(upload.consent, upload.since)) {
                    throw Refused.CONSENT;
                }
                return Kind.BATCH;
            }
            if (fingerprint == FORGET) {
                readForget();
                return Kind.FORGET;
            }
            if (fingerprint == TICK) {
                return Kind.TICK;
            }
            throw Refused.HEADER;
        } catch (Refused why) {
            Tally.refused(why);
            return Kind.REFUSED;
        }
    }

    private long fingerprint() {
        if (record == null || record.length < HEADER || record.length > Upload.MOST_BYTES) {
            throw Refused.HEADER;
        }
        in.over(record, 0);
        int magic = (record[in.skip(2)] & 0xff) | (record[1] & 0xff) << 8;
        if (magic != ONE_MAGIC) {
            throw Refused.HEADER;
        }
        return in.fixed();
    }

    private static long header(String hex) {
        return Long.reverseBytes(Long.parseUnsignedLong(hex, 16));
    }

    private void readForget() {
        in.over(record, HEADER);
        in.skip(ID);
        in.optionalText();
        forgottenApp = in.from;
        forgottenAppEnd = in.to;
        if (!in.isAtEnd()) {
            throw Refused.MALFORMED;
        }
    }

    /** Forgets what the record that was read last says. */
    void forget(Device device) {
        device.turn(Math.max(day, device.day));
        if (forgottenApp < 0) {
            device.forgetAll();
        } else {
            device.forget(vocabulary.app(record, forgottenApp, forgottenAppEnd, device.day).name.key);
        }
    }

    /** Counts the upload that was read last: what is left is in events() and pairs(). */
    void apply(Device device) {
        device.turn(Math.max(day, device.day));
        encoder.begin();
        pairCount = 0;
        Vocabulary.App app = vocabulary.app(record, upload.app, upload.appEnd, device.day);
        int fresh = upload.events;
        if (upload.isNumbered) {
            fresh = device.streams.take(app.name.key, upload.stream, upload.first, upload.events);
        }
        Tally.events(upload.events, fresh);
        if (fresh == 0) {
            return;
        }
        home(device);
        Name release = Vocabulary.or(app.releases.find(record, upload.release, upload.releaseEnd), Vocabulary.RELEASE);
        books.open(device, app.name.key, Vocabulary.within(app.name, release));
        encoder.open(app.name, release);
        for (int at = 0; at < upload.events; at++) {
            if (!upload.isNumbered || device.streams.isNew(at)) {
                event(device, app, at);
            }
        }
    }

    /** Model, operator and country of the device's first upload of the week that brought something new. */
    private void home(Device device) {
        if (!device.hasHome) {
            Name named = vocabulary.named(upload);
            Name operator = vocabulary.operator(upload, named);
            device.model = vocabulary.model(upload).key;
            device.operator = operator.key;
            device.country = vocabulary.country(upload, operator, named).key;
            device.hasHome = !device.isAllSpent;
        }
        encoder.home(vocabulary.home(device.model, Vocabulary.MODEL),
                vocabulary.home(device.operator, Vocabulary.OPERATOR),
                vocabulary.home(device.country, Vocabulary.UNKNOWN));
    }

    private void event(Device device, Vocabulary.App app, int at) {
        int kind = upload.kind[at], from = upload.item[at], to = upload.itemEnd[at];
        Name item = Vocabulary.NO_ITEM, component = Vocabulary.NO_ITEM;
        long componentKey = 0;
        boolean mayPair = false;
        if (kind == Upload.FEATURE_USED) {
            item = Vocabulary.or(app.features.find(record, from, to, device.day), Vocabulary.FEATURE);
            mayPair = item != Vocabulary.FEATURE;
        } else if (kind == Upload.FAILED) {
            item = Vocabulary.or(app.causes.find(record, from, to, device.day), Vocabulary.CAUSE);
            if (upload.component[at] >= 0) {
                Name found = app.components.find(record, upload.component[at], upload.componentEnd[at], device.day);
                component = Vocabulary.or(found, Vocabulary.COMPONENT);
                componentKey = component.key;
            }
        }
        long key = Vocabulary.within(app.name, item);
        int marks = books.count(kind, key, componentKey, upload.fatal[at], upload.times[at], mayPair);
        for (int one = 0; one < books.pairCount; one++) {
            pair(app, item, vocabulary.paired(books.others[one]));
        }
        if (marks != Books.DROPPED) {
            encoder.event(kind, item, component, upload.length[at], upload.times[at], marks);
        }
    }

    private void pair(Vocabulary.App app, Name one, Name other) {
        if (other != null && one != other && pairCount < pairs.length) {
            boolean inOrder = one.compareTo(other) < 0;
            pairs[pairCount++] = new Name[] {app.name, inOrder ? one : other, inOrder ? other : one};
        }
    }

    /** The record of the events that are kept; null where none is. */
    byte[] events(Device device) {
        return encoder.events(device.day);
    }

    /** The record of the pairs that were made; null where none was. */
    byte[] pairs(Device device) {
        return pairCount == 0 ? null : encoder.pairs(device.day, pairs, pairCount);
    }

    /** The time of what is written: it is cut to the day. */
    long stamp() {
        return Day.start(day);
    }
}
