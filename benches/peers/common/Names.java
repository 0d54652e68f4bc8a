// A table of names that is asked with the bytes of a record, without making a string of them.
package kaiku.peers;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Open addressing, at most half full. */
final class Names {
    private byte[][] texts = new byte[16][];
    private Name[] names = new Name[16];
    private int count;

    /** The first that is put under a text stays. */
    void put(String text, Name name) {
        if (2 * (count + 1) > texts.length) {
            grow();
        }
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int at = place(utf8, 0, utf8.length);
        if (texts[at] == null) {
            texts[at] = utf8;
            names[at] = name;
            count++;
        }
    }

    /** The name that stands in these bytes; null where there is none. */
    Name find(byte[] bytes, int from, int to) {
        return names[place(bytes, from, to)];
    }

    /** The same where it may have expired by a day. */
    Name find(byte[] bytes, int from, int to, int day) {
        Name found = find(bytes, from, to);
        return found != null && day < found.expires ? found : null;
    }

    private int place(byte[] bytes, int from, int to) {
        int hash = 0;
        for (int at = from; at < to; at++) {
            hash = 31 * hash + bytes[at];
        }
        hash *= 0x9e3779b9;
        int mask = texts.length - 1;
        int at = (hash ^ (hash >>> 15)) & mask;
        while (texts[at] != null && !Arrays.equals(texts[at], 0, texts[at].length, bytes, from, to)) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void grow() {
        byte[][] before = texts;
        Name[] of = names;
        texts = new byte[2 * before.length][];
        names = new Name[2 * before.length];
        for (int at = 0; at < before.length; at++) {
            if (before[at] != null) {
                int to = place(before[at], 0, before[at].length);
                texts[to] = before[at];
                names[to] = of[at];
            }
        }
    }
}
