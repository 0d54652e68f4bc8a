// One name of the catalogue or of a reference table, ready to be written as an Avro string.
package kaiku.peers;

import java.nio.charset.StandardCharsets;

final class Name implements Comparable<Name> {
    /** What stands for every name that no list has. */
    static final String UNLISTED = "unlisted";

    final String text;
    /** Its length and its bytes, as Avro writes a string. */
    final byte[] avro;
    /** A number that is the same in every process: state holds it. */
    final long key;
    /** The first day on which it counts as unlisted. */
    final int expires;

    Name(String kind, String app, String text, int expires) {
        this.text = text;
        this.key = key(kind, app, text);
        this.expires = expires;
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        Output out = new Output(utf8.length + 5);
        out.number(utf8.length);
        out.bytes(utf8);
        this.avro = out.copy();
    }

    static Name unlisted(String kind) {
        return new Name(kind, "", UNLISTED, Integer.MAX_VALUE);
    }

    boolean isUnlisted() {
        return text.equals(UNLISTED);
    }

    /** FNV-1a of 64 bits over the parts, then a finaliser that mixes all bits. */
    private static long key(String... parts) {
        long hash = 0xcbf29ce484222325L;
        for (String part : parts) {
            for (byte one : part.getBytes(StandardCharsets.UTF_8)) {
                hash = (hash ^ (one & 0xff)) * 0x100000001b3L;
            }
            hash *= 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        return hash ^ (hash >>> 31);
    }

    @Override
    public int compareTo(Name other) {
        return text.compareTo(other.text);
    }
}
