/** A host on the JVM, which turns faults into exceptions. It loads us when its own handlers are in place. */
public final class Watched {
    static native void begin();
    static native void stop();
    static native long dealtWithByOthers();
    static native void fault();

    int value;
    static Watched nobody;
    static int zero;
    static int sink;

    private static int deep(int depth) {
        return deep(depth + 1) + depth;
    }

    private static int nulls(int rounds) {
        int caught = 0;
        for (int round = 0; round < rounds; round++) {
            try {
                sink += nobody.value;
            } catch (NullPointerException expected) {
                caught++;
            }
        }
        return caught;
    }

    private static int divisions(int rounds) {
        int caught = 0;
        for (int round = 0; round < rounds; round++) {
            try {
                sink += round / zero;
            } catch (ArithmeticException expected) {
                caught++;
            }
        }
        return caught;
    }

    private static int overflows(int rounds) {
        int caught = 0;
        for (int round = 0; round < rounds; round++) {
            try {
                sink += deep(0);
            } catch (StackOverflowError expected) {
                caught++;
            }
        }
        return caught;
    }

    public static void main(String[] arguments) throws Exception {
        System.load(arguments[0]);
        begin();
        int[] caught = new int[3];
        Thread thread = new Thread(() -> {
            caught[0] = nulls(10_000);
            caught[1] = divisions(1_000);
            caught[2] = overflows(3);
        });
        thread.start();
        int here = nulls(10_000);
        thread.join();
        System.out.println("caught " + (here + caught[0]) + " " + caught[1] + " " + caught[2]);
        System.out.println(dealtWithByOthers());
        System.out.println("ready");
        switch (arguments[1]) {
            case "stops" -> stop();
            case "exits" -> System.exit(0);
            case "faults" -> fault();
            default -> System.in.read();
        }
    }
}
