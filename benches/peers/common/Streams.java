// Which numbers of a device's streams were counted: what tells a repetition from something new.
package kaiku.peers;

import java.util.Arrays;

/** docs/counting.md, "What was sent before". */
final class Streams {
    private static final int OF_APP = 4;
    private static final int OF_DEVICE = 16;
    private static final int GAPS = 16;
    static final long[] NONE = new long[0];

    int count;
    /** App, id and next number, three a stream; the one that was used last stands at the end. */
    long[] streams = NONE;
    /** Of each stream the gaps below its next number, first and end, in their order. */
    long[][] gaps = new long[0][];
    /** Of the upload asked for last: the place from which on all is new. */
    private int from;
    /** And the places before it that come late and are new, first and end. */
    private int[] late = new int[2 * (GAPS + 1)];
    private int lates;

    /** Takes the numbers of an upload, and says how many of its events are new. */
    int take(long app, long id, long first, int events) {
        int at = find(app, id);
        if (at < 0) {
            makeRoom(app);
            at = add(app, id);
        } else {
            at = toEnd(at);
        }
        long end = first + events;
        long next = streams[3 * at + 2];
        lates = 0;
        if (first < next) {
            gaps[at] = fill(gaps[at], first, end);
        }
        from = (int) (Math.max(first, Math.min(next, end)) - first);
        if (first > next) {
            gaps[at] = withGap(gaps[at], next, first);
        }
        streams[3 * at + 2] = Math.max(next, end);
        int fresh = events - from;
        for (int one = 0; one < lates; one++) {
            fresh += late[2 * one + 1] - late[2 * one];
        }
        return fresh;
    }

    /** Whether the event at a place of the upload asked for last is new. */
    boolean isNew(int place) {
        for (int one = 0; one < lates; one++) {
            if (place >= late[2 * one] && place < late[2 * one + 1]) {
                return true;
            }
        }
        return place >= from;
    }

    void forget(long app) {
        int kept = 0;
        for (int at = 0; at < count; at++) {
            if (streams[3 * at] != app) {
                System.arraycopy(streams, 3 * at, streams, 3 * kept, 3);
                gaps[kept++] = gaps[at];
            }
        }
        count = kept;
    }

    private int find(long app, long id) {
        for (int at = 0; at < count; at++) {
            if (streams[3 * at] == app && streams[3 * at + 1] == id) {
                return at;
            }
        }
        return -1;
    }

    private int toEnd(int at) {
        long app = streams[3 * at], id = streams[3 * at + 1], next = streams[3 * at + 2];
        long[] of = gaps[at];
        remove(at);
        at = add(app, id);
        streams[3 * at + 2] = next;
        gaps[at] = of;
        return at;
    }

    private void remove(int at) {
        System.arraycopy(streams, 3 * (at + 1), streams, 3 * at, 3 * (count - at - 1));
        System.arraycopy(gaps, at + 1, gaps, at, count - at - 1);
        count--;
    }

    private int add(long app, long id) {
        if (gaps.length == count) {
            streams = Arrays.copyOf(streams, 3 * (count + 1));
            gaps = Arrays.copyOf(gaps, count + 1);
        }
        streams[3 * count] = app;
        streams[3 * count + 1] = id;
        streams[3 * count + 2] = 0;
        gaps[count] = NONE;
        return count++;
    }

    private void makeRoom(long app) {
        int oldest = -1, ofApp = 0;
        for (int at = count - 1; at >= 0; at--) {
            if (streams[3 * at] == app) {
                oldest = at;
                ofApp++;
            }
        }
        if (ofApp >= OF_APP) {
            remove(oldest);
        } else if (count >= OF_DEVICE) {
            remove(0);
        }
    }

    /** Takes out of the gaps what lies in an upload, and notes its places as late. */
    private long[] fill(long[] before, long first, long end) {
        long[] left = new long[before.length + 2];
        int size = 0;
        for (int at = 0; at < before.length; at += 2) {
            long a = Math.max(before[at], first), b = Math.min(before[at + 1], end);
            if (a >= b) {
                left[size++] = before[at];
                left[size++] = before[at + 1];
                continue;
            }
            late[2 * lates] = (int) (a - first);
            late[2 * lates++ + 1] = (int) (b - first);
            if (before[at] < a) {
                left[size++] = before[at];
                left[size++] = a;
            }
            if (b < before[at + 1]) {
                left[size++] = b;
                left[size++] = before[at + 1];
            }
        }
        return newest(left, size);
    }

    private static long[] withGap(long[] before, long a, long b) {
        long[] more = Arrays.copyOf(before, before.length + 2);
        more[before.length] = a;
        more[before.length + 1] = b;
        return newest(more, more.length);
    }

    /** Of more than are remembered, those with the lowest numbers are taken for counted. */
    private static long[] newest(long[] all, int size) {
        return Arrays.copyOfRange(all, Math.max(0, size - 2 * GAPS), size);
    }

    void clear() {
        count = 0;
    }

    void copyFrom(Streams other) {
        count = other.count;
        streams = Arrays.copyOf(other.streams, 3 * count);
        // The arrays of gaps are never changed, only replaced.
        gaps = Arrays.copyOf(other.gaps, count);
    }
}
