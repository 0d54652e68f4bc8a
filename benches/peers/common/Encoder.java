// Writes StrippedEvents and StrippedPairs in Avro's single-object encoding, by hand.
package kaiku.peers;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

final class Encoder {
    private static final byte[] STRIPPED = header("c301de3a2c68f6b418c5");
    private static final byte[] PAIRS = header("c3014e95c2c9d5f6e121");
    private static final byte[][] KINDS = texts("started", "stopped", "feature_used", "failed");
    private static final byte[][] LENGTHS =
            texts("under_10s", "10s_to_1m", "1m_to_10m", "10m_to_1h", "1h_to_6h", "over_6h", "unknown", "none");
    private static final int UNKNOWN = 6, NONE = 7;

    private final Output body = new Output(4096);
    private final Output whole = new Output(4096);
    private int count;
    /** The texts that the events have, each once: they are named by place. */
    private byte[][] texts = new byte[64][];
    private int textCount;
    /** What the events are about, each once: kind, item, component and length. */
    private final int[] subjects = new int[4 * Upload.MOST_EVENTS];
    private int subjectCount;
    /** What is the same for all events of an upload. */
    private int app, release, model, operator, country;

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
        textCount = 0;
        subjectCount = 0;
    }

    void open(Name itsApp, Name itsRelease) {
        app = place(itsApp.avro);
        release = place(itsRelease.avro);
    }

    void home(Name itsModel, Name itsOperator, Name itsCountry) {
        model = place(itsModel.avro);
        operator = place(itsOperator.avro);
        country = place(itsCountry.avro);
    }

    /** Where a text stands; texts are few, and the same one is the same object. */
    private int place(byte[] text) {
        for (int at = 0; at < textCount; at++) {
            if (texts[at] == text) {
                return at;
            }
        }
        if (textCount == texts.length) {
            texts = Arrays.copyOf(texts, 2 * textCount);
        }
        texts[textCount] = text;
        return textCount++;
    }

    void event(int kind, Name item, Name component, int length, int times, int marks) {
        count++;
        byte[] bucket = LENGTHS[kind != Upload.STOPPED ? NONE : length < 0 ? UNKNOWN : length];
        body.number(subject(place(KINDS[kind]), place(item.avro), place(component.avro), place(bucket)));
        body.number(model);
        body.number(operator);
        body.number(country);
        body.number(times);
        body.number(marks);
    }

    private int subject(int kind, int item, int component, int length) {
        for (int at = 0; at < subjectCount; at++) {
            int of = 4 * at;
            if (subjects[of + 1] == item && subjects[of] == kind && subjects[of + 2] == component
                    && subjects[of + 3] == length) {
                return at;
            }
        }
        int of = 4 * subjectCount;
        subjects[of] = kind;
        subjects[of + 1] = item;
        subjects[of + 2] = component;
        subjects[of + 3] = length;
        return subjectCount++;
    }

    /** A record of the events since begin(); null where there are none. */
    byte[] events(int day) {
        if (count == 0) {
            return null;
        }
        head(STRIPPED, day);
        texts();
        whole.number(subjectCount);
        for (int at = 0; at < subjectCount; at++) {
            whole.number(app);
            whole.number(release);
            for (int part = 0; part < 4; part++) {
                whole.number(subjects[4 * at + part]);
            }
        }
        whole.one(0);
        whole.number(count);
        whole.bytes(body.bytes, 0, body.size);
        whole.one(0);
        return whole.copy();
    }

    /** A record of pairs: app and the two features in the order of their names. */
    byte[] pairs(int day, Name[][] pairs, int many) {
        textCount = 0;
        body.clear();
        for (int at = 0; at < many; at++) {
            for (Name name : pairs[at]) {
                body.number(place(name.avro));
            }
            body.number(1);
        }
        head(PAIRS, day);
        texts();
        whole.number(many);
        whole.bytes(body.bytes, 0, body.size);
        whole.one(0);
        return whole.copy();
    }

    private void texts() {
        whole.number(textCount);
        for (int at = 0; at < textCount; at++) {
            whole.bytes(texts[at]);
        }
        whole.one(0);
    }

    private void head(byte[] header, int day) {
        whole.clear();
        whole.bytes(header);
        whole.number(day);
        whole.number(Day.monday(day));
        whole.number(Books.BOUNDS_VERSION);
    }
}
