// What one event counts for: it takes its places in the day book and in the week book, and gets a mark for each.
package kaiku.peers;

/** docs/counting.md, "One event"; the numbers are those of version 2 of the bounds. */
final class Books {
    static final int BOUNDS_VERSION = 2;
    /** Marks, by their bits in StrippedEvents. */
    static final int APP_DAY = 1, APP_WEEK = 2, RELEASE_DAY = 4, ITEM_DAY = 8, ITEM_WEEK = 16, SECOND_USE = 32,
            FIFTH_USE = 64, FATAL_DAY = 128, FATAL_RELEASE_DAY = 256, FATAL_WEEK = 512, SESSION_DAY = 1024,
            CAUSE_RELEASE_DAY = 2048, CAUSE_COMPONENT_WEEK = 4096, BOUNDED_DAY = 8192;
    /** Instead of marks: the event is dropped. */
    static final int DROPPED = -1;

    /** Kinds of places in the day book: family, flag, places a day and a week. */
    private static final int[][] OF_DAY = {
        {Device.APP, Device.DAY, 4, 16},
        {Device.RELEASE, Device.DAY, 6, 20},
        {Device.FEATURE, Device.DAY, 10, 56},
        {Device.CAUSE, Device.DAY, 3, 11},
        {Device.RELEASE_CAUSE, Device.DAY, 4, 14},
        {Device.RELEASE, Device.FATAL_DAY, 2, 8},
    };
    private static final int PLACE_APP = 0, PLACE_RELEASE = 1, PLACE_FEATURE = 2, PLACE_CAUSE = 3,
            PLACE_RELEASE_CAUSE = 4, PLACE_FATAL = 5;
    private static final int WEEK_APPS = 4, WEEK_FEATURES = 15, WEEK_CAUSES = 5, WEEK_COMPONENT_CAUSES = 4,
            WEEK_PAIRED = 7;
    private static final int FULL = -1;
    private static final int MOST_USES = 5;

    private Device device;
    private long app, release, item, component;
    private int kind, times;
    private boolean fatal, pairs;
    private int marks;
    private boolean due, full, isTaken;
    /** Keys of the features that the last event's makes a new pair with. */
    final long[] others = new long[WEEK_PAIRED];
    int pairCount;

    /** What is the same for all events of an upload. */
    void open(Device of, long itsApp, long itsRelease) {
        device = of;
        app = itsApp;
        release = itsRelease;
    }

    /** The marks of one event, or DROPPED; item and component are 0 where there is none. */
    int count(int what, long itsItem, long itsComponent, boolean isFatal, int often, boolean mayPair) {
        pairCount = 0;
        if (device.isSpent(app)) {
            return DROPPED;
        }
        kind = what;
        item = itsItem;
        component = itsComponent;
        fatal = isFatal;
        times = often;
        pairs = mayPair;
        marks = 0;
        due = full = false;
        boolean firstBounded = dayBook();
        weekBook();
        if (due && marks == 0) {
            return firstBounded ? BOUNDED_DAY : DROPPED;
        }
        return firstBounded ? marks | BOUNDED_DAY : marks;
    }

    private boolean dayBook() {
        int ofApp = takeDay(PLACE_APP, app, APP_DAY);
        if (ofApp == FULL) {
            return false;
        }
        // Where A finds no place, nothing else is due on its account.
        full = false;
        int ofRelease = takeDay(PLACE_RELEASE, release, RELEASE_DAY);
        if (kind == Upload.STOPPED) {
            marks |= device.put(ofApp, Device.SESSION) ? SESSION_DAY : 0;
        } else if (kind == Upload.FEATURE_USED) {
            int at = takeDay(PLACE_FEATURE, item, ITEM_DAY);
            if (at != FULL) {
                uses(at);
            }
        } else if (kind == Upload.FAILED) {
            takeDay(PLACE_CAUSE, item, ITEM_DAY);
            if (ofRelease != FULL) {
                takeDay(PLACE_RELEASE_CAUSE, joined(release, item), CAUSE_RELEASE_DAY);
                if (fatal) {
                    fatal(ofApp);
                }
            }
        }
        return full && device.put(ofApp, Device.BOUNDED);
    }

    private void uses(int at) {
        int before = device.uses(at);
        int after = Math.min(before + times, MOST_USES);
        device.uses(at, after);
        marks |= before < 2 && after >= 2 ? SECOND_USE : 0;
        marks |= before < 5 && after >= 5 ? FIFTH_USE : 0;
    }

    private void fatal(int ofApp) {
        takeDay(PLACE_FATAL, release, FATAL_RELEASE_DAY);
        if (isTaken && device.put(ofApp, Device.FATAL_DAY)) {
            marks |= FATAL_DAY;
        }
    }

    private void weekBook() {
        int ofApp = takeWeek(Device.APP, Device.WEEK, WEEK_APPS, app, APP_WEEK);
        if (ofApp == FULL) {
            return;
        }
        if (kind == Upload.FEATURE_USED) {
            takeWeek(Device.FEATURE, Device.WEEK, WEEK_FEATURES, item, ITEM_WEEK);
            if (pairs && isTaken) {
                pairs();
            }
        } else if (kind == Upload.FAILED) {
            takeWeek(Device.CAUSE, Device.WEEK, WEEK_CAUSES, item, ITEM_WEEK);
            long both = joined(component, item);
            takeWeek(Device.COMPONENT_CAUSE, Device.WEEK, WEEK_COMPONENT_CAUSES, both, CAUSE_COMPONENT_WEEK);
            if (fatal && device.put(ofApp, Device.FATAL_WEEK)) {
                marks |= FATAL_WEEK;
            }
        }
    }

    /** The first features of the week, up to the bound, make pairs with those of their own app. */
    private void pairs() {
        int own = take(Device.FEATURE, Device.PAIRED, WEEK_PAIRED, item);
        if (!isTaken) {
            return;
        }
        for (int at = 0; at < device.slots; at++) {
            if (at != own && device.has(at, Device.PAIRED) && device.isOf(at, app)) {
                others[pairCount++] = device.slot[2 * at];
            }
        }
    }

    private int takeDay(int place, long key, int mark) {
        int[] of = OF_DAY[place];
        int most = device.taken[place] < of[3] ? of[2] : 0;
        int at = take(of[0], of[1], most, key);
        if (isTaken) {
            device.taken[place]++;
        }
        full |= at == FULL;
        return marked(at, mark);
    }

    private int takeWeek(int family, int flag, int most, long key, int mark) {
        return marked(take(family, flag, most, key), mark);
    }

    private int marked(int at, int mark) {
        due |= isTaken || at == FULL;
        marks |= isTaken ? mark : 0;
        return at;
    }

    /** Tries to take a place of which there are so many: where it is, or FULL; whether it is new is in isTaken. */
    private int take(int family, int flag, int most, long key) {
        int found = -1, held = 0;
        isTaken = false;
        for (int at = 0; at < device.slots; at++) {
            if (device.family(at) != family) {
                continue;
            }
            boolean has = device.has(at, flag);
            if (device.slot[2 * at] == key) {
                if (has) {
                    return at;
                }
                found = at;
            }
            held += has ? 1 : 0;
        }
        if (held >= most) {
            return FULL;
        }
        isTaken = true;
        int at = found >= 0 ? found : device.add(family, app, key);
        device.put(at, flag);
        return at;
    }

    private static long joined(long one, long other) {
        return Long.rotateLeft(one, 21) ^ other;
    }
}
