// Days in UTC as numbers since 1970-01-01, and the Mondays of their ISO weeks.
package kaiku.peers;

final class Day {
    private static final long MILLIS = 86_400_000L;

    private Day() {
    }

    static int of(long millis) {
        return (int) Math.floorDiv(millis, MILLIS);
    }

    static long start(int day) {
        return day * MILLIS;
    }

    static int monday(int day) {
        return day - Math.floorMod(day + 3, 7);
    }
}
