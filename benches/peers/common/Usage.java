// What this process has used: wall time, CPU time of all its threads, and memory.
package kaiku.peers;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

record Usage(long wall, long cpu, long compiled) {
    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** In nanoseconds; the CPU time is user and system of every thread, those of the compiler, the collector and
     * native code included. */
    static Usage now() {
        long compiled = ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
        return new Usage(System.nanoTime(), SYSTEM.getProcessCpuTime(), compiled);
    }

    double wallSince(Usage before) {
        return (wall - before.wall) / 1e9;
    }

    double cpuSince(Usage before) {
        return (cpu - before.cpu) / 1e9;
    }

    /** What of it Java's compiler took, about: where that is much, the process was not warm. */
    double compiledSince(Usage before) {
        return (compiled - before.compiled) / 1e3;
    }

    /** Megabytes in memory, by Linux's /proc. */
    static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        return 0;
    }
}
