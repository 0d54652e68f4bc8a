// Names by the numbers under which state knows them, without boxing.
package kaiku.peers;

/** Open addressing, at most half full; the keys are hashes already. */
final class Keys {
    private long[] keys = new long[16];
    private Name[] names = new Name[16];
    private int count;

    void put(long key, Name name) {
        if (2 * (count + 1) > keys.length) {
            grow();
        }
        int at = place(key);
        count += names[at] == null ? 1 : 0;
        keys[at] = key;
        names[at] = name;
    }

    /** The name of a key; null where there is none. */
    Name find(long key) {
        return names[place(key)];
    }

    private int place(long key) {
        int mask = keys.length - 1;
        int at = (int) (key ^ (key >>> 32)) & mask;
        while (names[at] != null && keys[at] != key) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void grow() {
        long[] before = keys;
        Name[] of = names;
        keys = new long[2 * before.length];
        names = new Name[2 * before.length];
        for (int at = 0; at < before.length; at++) {
            if (of[at] != null) {
                int to = place(before[at]);
                keys[to] = before[at];
                names[to] = of[at];
            }
        }
    }
}
