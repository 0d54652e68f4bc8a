// What is known of one device in the open day and week: its streams, its places in both books, its home.
package kaiku.peers;

import java.util.Arrays;

/** docs/counting.md; a place takes two longs: its key, and what it is. */
class Device {
    static final int APP = 0, RELEASE = 1, FEATURE = 2, CAUSE = 3, RELEASE_CAUSE = 4, COMPONENT_CAUSE = 5;
    static final int DAY = 1, WEEK = 2, FATAL_DAY = 4, FATAL_WEEK = 8, PAIRED = 16, SESSION = 32, BOUNDED = 64;
    private static final int OF_DAY = DAY | FATAL_DAY | SESSION | BOUNDED;
    /** The key of a place whose name was forgotten. */
    private static final long NAMELESS = -1;

    int day;
    final Streams streams = new Streams();
    int slots;
    /** Of each place its key, and app (lower half) << 32 | uses << 16 | family << 8 | flags. */
    long[] slot = new long[0];
    /** Places of the day book that were taken in this week, by kind. */
    final byte[] taken = new byte[6];
    boolean hasHome;
    long model, operator, country;
    /** Apps that were forgotten in this week, and whether all were. */
    long[] spent = Streams.NONE;
    boolean isAllSpent;

    /** Brings the device to a day: what belongs to closed periods is dropped. */
    final void turn(int to) {
        if (day == to) {
            return;
        }
        boolean sameWeek = Day.monday(day) == Day.monday(to);
        day = to;
        if (!sameWeek) {
            dropWeek();
            return;
        }
        int kept = 0;
        for (int at = 0; at < slots; at++) {
            long what = slot[2 * at + 1];
            if ((what & WEEK) != 0) {
                slot[2 * kept] = slot[2 * at];
                slot[2 * kept++ + 1] = what & ~OF_DAY & ~0xff0000L;
            }
        }
        slots = kept;
    }

    private void dropWeek() {
        slots = 0;
        Arrays.fill(taken, (byte) 0);
        hasHome = false;
        spent = Streams.NONE;
        isAllSpent = false;
    }

    /** Forgets everything: what is left is the bare mark that it was here in this week. */
    final void forgetAll() {
        streams.clear();
        dropWeek();
        isAllSpent = true;
    }

    /** Forgets one app; its places stay taken, without a name. */
    final void forget(long app) {
        streams.forget(app);
        for (int at = 0; at < slots; at++) {
            if ((int) (slot[2 * at + 1] >>> 32) == (int) app) {
                slot[2 * at] = NAMELESS;
            }
        }
        if (!isSpent(app)) {
            spent = Arrays.copyOf(spent, spent.length + 1);
            spent[spent.length - 1] = app;
        }
    }

    final boolean isSpent(long app) {
        boolean found = isAllSpent;
        for (long one : spent) {
            found |= one == app;
        }
        return found;
    }

    final boolean has(int at, int flag) {
        return (slot[2 * at + 1] & flag) != 0;
    }

    /** Sets a flag, and says whether it was not set. */
    final boolean put(int at, int flag) {
        boolean isNew = !has(at, flag);
        slot[2 * at + 1] |= flag;
        return isNew;
    }

    final int uses(int at) {
        return (int) (slot[2 * at + 1] >>> 16) & 0xff;
    }

    final void uses(int at, int uses) {
        slot[2 * at + 1] = slot[2 * at + 1] & ~0xff0000L | (long) uses << 16;
    }

    final int family(int at) {
        return (int) (slot[2 * at + 1] >>> 8) & 0xff;
    }

    final boolean isOf(int at, long app) {
        return (int) (slot[2 * at + 1] >>> 32) == (int) app;
    }

    final int add(int family, long app, long key) {
        if (2 * slots == slot.length) {
            slot = Arrays.copyOf(slot, slot.length == 0 ? 24 : slot.length + 8);
        }
        slot[2 * slots] = key;
        slot[2 * slots + 1] = (long) (int) app << 32 | (long) family << 8;
        return slots++;
    }

    final void copyFrom(Device other) {
        day = other.day;
        streams.copyFrom(other.streams);
        slots = other.slots;
        slot = Arrays.copyOf(other.slot, 2 * slots);
        System.arraycopy(other.taken, 0, taken, 0, taken.length);
        hasHome = other.hasHome;
        model = other.model;
        operator = other.operator;
        country = other.country;
        // Never changed, only replaced.
        spent = other.spent;
        isAllSpent = other.isAllSpent;
    }

    /** As one that nothing is known of; its arrays stay. */
    final void clear() {
        day = 0;
        streams.clear();
        dropWeek();
    }
}
