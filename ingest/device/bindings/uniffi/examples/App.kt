/*
 * An app in Kotlin: its owner turns the program on, uses a feature, sends, looks at the receipts, and turns it off again.
 *
 *   App FOLDER CATALOGUE GATEWAY CA [SUGGESTION_KEY SUGGESTION_KEY]
 */

import java.io.File
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.security.KeyStore as TrustStore
import java.security.SecureRandom
import java.security.cert.CertificateFactory
import java.time.Duration
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kaiku.Connection
import kaiku.DeviceFacts
import kaiku.KaikuException
import kaiku.KeyAnswer
import kaiku.KeyStore
import kaiku.Level
import kaiku.Program
import kaiku.Settings
import kaiku.Upload

/** Whoever this authority has signed is trusted, and nobody else. */
fun trust(ca: File): SSLContext {
    val certificate = ca.inputStream().use { CertificateFactory.getInstance("X.509").generateCertificate(it) }
    val store = TrustStore.getInstance(TrustStore.getDefaultType())
    store.load(null, null)
    store.setCertificateEntry("gateway", certificate)
    val managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
    managers.init(store)
    return SSLContext.getInstance("TLS").apply { init(null, managers.trustManagers, null) }
}

/** The key in a file that only its owner can read. On Android it is sealed by a key of the Keystore. */
class Keys(private val path: Path) : KeyStore {
    override fun key(): KeyAnswer = try {
        KeyAnswer.Key(Files.readAllBytes(path))
    } catch (none: NoSuchFileException) {
        KeyAnswer.Gone
    } catch (locked: IOException) {
        KeyAnswer.NotYet
    }

    override fun create(): KeyAnswer {
        val key = ByteArray(32).also { SecureRandom().nextBytes(it) }
        Files.deleteIfExists(path)
        val private = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        Files.createFile(path, private)
        Files.write(path, key)
        return KeyAnswer.Key(key)
    }

    override fun erase() {
        Files.deleteIfExists(path)
    }
}

class Sender(private val gateway: String, ca: File) {
    private val client = HttpClient.newBuilder().sslContext(trust(ca)).version(HttpClient.Version.HTTP_1_1).build()

    /** Makes the request as it is, and gives the answer; null where there is none. */
    fun send(upload: Upload): HttpResponse<ByteArray>? {
        val request = HttpRequest.newBuilder(URI(gateway + upload.path))
            .timeout(Duration.ofSeconds(20))
            .method(upload.method, HttpRequest.BodyPublishers.ofByteArray(upload.body))
        upload.headers.forEach { request.header(it.name, it.value) }
        return try {
            client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray())
        } catch (error: IOException) {
            null
        }
    }
}

fun uploadAll(program: Program, sender: Sender) {
    while (true) {
        val upload = program.nextUpload(Connection.UNMETERED) ?: return
        val answer = sender.send(upload)
        println("upload: ${answer?.statusCode()}")
        val retryAfter = answer?.headers()?.firstValue("retry-after")?.orElse(null)?.toULongOrNull()
        program.uploaded(upload.id, answer?.statusCode()?.toUShort(), retryAfter)
        if (answer?.statusCode() != 202) return
    }
}

/** Behind an upload: what is used by others who use the same. */
fun suggest(program: Program, sender: Sender) {
    program.nextFetch(Connection.UNMETERED)?.let { fetch ->
        val answer = sender.send(fetch)
        val became = program.fetched(answer?.statusCode()?.toUShort(), answer?.body() ?: byteArrayOf())
        println("fetch: ${answer?.statusCode()} $became")
    }
    program.recommend("en", 1u).forEach {
        println("suggested: ${it.title} - ${it.because}")
        program.shown(it.feature)
    }
}

fun main(arguments: Array<String>) {
    val (folder, catalogue, gateway, ca) = arguments
    val sender = Sender(gateway, File(ca))
    val settings = Settings(
        folder = "$folder/kaiku",
        catalogue = File(catalogue).readText(),
        release = "4.2",
        appKey = "the-key-of-the-app",
        device = DeviceFacts(brand = "Nokia", model = "TA-1053"),
        keys = Keys(Path.of(folder, "key")),
        suggestionKeys = arguments.drop(4),
    )
    Program(settings).use { program ->
        // Its owner reads the text, and agrees.
        val consent = program.consent("en")
        println("consent: ${consent.version} ${consent.text}")
        try {
            program.turnOn(Level.BOTH, consent.version, "en")
        } catch (refused: KaikuException) {
            println("not on: ${refused.message}")
        }

        program.started()
        program.used("route.bicycle")
        program.used("route.bicycle")
        program.failed("network.timeout", "tiles")
        program.background()
        program.foreground()

        program.sendNow()
        uploadAll(program, sender)
        suggest(program, sender)
        val status = program.status()
        println("status: ${status.state} panics ${status.panics}")
        program.receipts().forEach { println("receipt: ${it.day} ${it.events} events") }

        // Its owner turns it off, and wants to be forgotten.
        try {
            program.forgetUpload()?.let { println("forget: ${sender.send(it)?.statusCode()}") }
            program.turnOff()
            println("off: ${program.status().state}")
        } catch (trouble: KaikuException) {
            println("not off: ${trouble.message}")
        }
        program.finish()
    }
    println("the app goes on")
}
