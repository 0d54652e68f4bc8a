/*
 * What one call of used costs an app in Kotlin, in microseconds.
 *
 *   Bench FOLDER CATALOGUE
 */

import java.io.File
import java.util.Locale
import kaiku.DeviceFacts
import kaiku.Level
import kaiku.Program
import kaiku.Settings

private const val WARM_UP = 50_000
private const val CALLS = 100_000

object Bench {
    private inline fun measure(call: () -> Unit) {
        repeat(WARM_UP) { call() }
        val times = LongArray(CALLS)
        for (i in times.indices) {
            val begin = System.nanoTime()
            call()
            times[i] = System.nanoTime() - begin
        }
        times.sort()
        val (median, most) = listOf(times[CALLS / 2] / 1e3, times[CALLS / 100 * 99] / 1e3)
        println("Kotlin: median %.2f us, 99th percentile %.2f us a call".format(Locale.ROOT, median, most))
    }

    @JvmStatic
    fun main(arguments: Array<String>) {
        val (folder, catalogue) = arguments
        val settings = Settings(
            folder = folder,
            catalogue = File(catalogue).readText(),
            release = "4.2",
            appKey = "key",
            device = DeviceFacts(brand = "Nokia", model = "TA-1053"),
            isTest = true,
        )
        Program(settings).use { program ->
            program.turnOn(Level.BOTH, 2, "en")
            program.startWorker()
            measure { program.used("route.bicycle") }
            program.turnOff()
            program.finish()
        }
    }
}
