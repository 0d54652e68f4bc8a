/*
 * kaiku-device for C. Made of the Rust sources by cbindgen: change those, and not this file.
 *
 * Texts are UTF-8 and end with a zero byte. No function keeps a pointer that it was given, but for
 * the functions and the context of KaikuKeys. Every function may be called from any thread, and
 * takes NULL for a program that is off.
 */


#ifndef KAIKU_H
#define KAIKU_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/**
 * Signals of a crash: the next start tells an abort and a segmentation fault from one another.
 * Handlers that are there already are called first.
 */
#define KAIKU_SIGNALS_CRASHES 1

/**
 * Signals by which a user or a system ends a process: such a run has not failed.
 */
#define KAIKU_SIGNALS_ENDINGS 2

/**
 * What a function says.
 */
typedef enum KaikuResult {
  /**
   * It is done.
   */
  KAIKU_RESULT_OK = 0,
  /**
   * There is nothing: no upload to make, nothing to write down since the program is off.
   */
  KAIKU_RESULT_NOTHING = 1,
  /**
   * It could not be done now, and is tried again by itself: no key yet, or a full disk.
   */
  KAIKU_RESULT_LATER = 2,
  /**
   * An argument is null where it may not be, is no UTF-8, or is not in the enumeration.
   */
  KAIKU_RESULT_BAD_ARGUMENT = 3,
  /**
   * The catalogue is none, or one of another format.
   */
  KAIKU_RESULT_BAD_CATALOGUE = 4,
  /**
   * A policy of the machine, `DO_NOT_TRACK` or `CI` forbids it.
   */
  KAIKU_RESULT_HINDERED = 5,
  /**
   * The consent is to another text than the catalogue's.
   */
  KAIKU_RESULT_OTHER_CONSENT = 6,
  /**
   * The folder could not be read or written.
   */
  KAIKU_RESULT_STORAGE = 7,
  /**
   * The library went wrong inside. The host goes on.
   */
  KAIKU_RESULT_INTERNAL = 8,
} KaikuResult;

/**
 * What became of a file of suggestions.
 */
typedef enum KaikuFetched {
  /**
   * It was accepted.
   */
  KAIKU_FETCHED_ACCEPTED = 0,
  /**
   * There is no other than the one that lies here.
   */
  KAIKU_FETCHED_UNCHANGED = 1,
  /**
   * The gateway has none, or did not answer: what lies here is used until it expires.
   */
  KAIKU_FETCHED_NONE = 2,
  /**
   * It was refused: signed by no key of the settings, damaged, expired, too old or too long. What lies here is used until
   * it expires.
   */
  KAIKU_FETCHED_REFUSED = 3,
  /**
   * Nothing is wanted: no fetch was asked for, or the program was turned off meanwhile.
   */
  KAIKU_FETCHED_UNWANTED = 4,
} KaikuFetched;

/**
 * On or off, and why.
 */
typedef enum KaikuState {
  /**
   * Nobody has looked into the folder yet: the first work does.
   */
  KAIKU_STATE_NOT_LOOKED_YET = 0,
  /**
   * On.
   */
  KAIKU_STATE_ON = 1,
  /**
   * Off.
   */
  KAIKU_STATE_OFF = 2,
  /**
   * The text asks for more than its owner agreed to: nothing is collected until it is accepted.
   */
  KAIKU_STATE_ASKS_AGAIN = 3,
  /**
   * The machine or its environment forbids it.
   */
  KAIKU_STATE_HINDERED = 4,
} KaikuState;

/**
 * What its owner lets a device say.
 */
typedef enum KaikuLevel {
  /**
   * Starts, sessions and features, and no failures.
   */
  KAIKU_LEVEL_USAGE = 0,
  /**
   * Failures alone.
   */
  KAIKU_LEVEL_FAILURES = 1,
  /**
   * All of it.
   */
  KAIKU_LEVEL_BOTH = 2,
} KaikuLevel;

/**
 * What a system says of how the last run ended.
 */
typedef enum KaikuExitReason {
  /**
   * The system does not know. Then the marker decides.
   */
  KAIKU_EXIT_REASON_UNKNOWN = 0,
  /**
   * It left by itself.
   */
  KAIKU_EXIT_REASON_CLEAN = 1,
  /**
   * An exception that nobody caught.
   */
  KAIKU_EXIT_REASON_UNHANDLED = 2,
  /**
   * `SIGABRT` or an instruction that can't be done.
   */
  KAIKU_EXIT_REASON_ABORT = 3,
  /**
   * `SIGSEGV` or `SIGBUS`.
   */
  KAIKU_EXIT_REASON_SEGFAULT = 4,
  /**
   * It did not answer, so the system ended it.
   */
  KAIKU_EXIT_REASON_NOT_RESPONDING = 5,
  /**
   * It went over its own limit of memory.
   */
  KAIKU_EXIT_REASON_OUT_OF_MEMORY = 6,
  /**
   * The system needed memory.
   */
  KAIKU_EXIT_REASON_MEMORY_PRESSURE = 7,
  /**
   * Its owner ended it.
   */
  KAIKU_EXIT_REASON_ENDED_BY_OWNER = 8,
  /**
   * The system ended it for a reason of its own.
   */
  KAIKU_EXIT_REASON_ENDED_BY_SYSTEM = 9,
  /**
   * It was replaced by another release.
   */
  KAIKU_EXIT_REASON_RELEASE_CHANGED = 10,
} KaikuExitReason;

/**
 * What the keystore says.
 */
typedef enum KaikuKeyAnswer {
  /**
   * The key was written to where it was asked for.
   */
  KAIKU_KEY_ANSWER_KEY = 0,
  /**
   * There is one, but not now: the device is locked.
   */
  KAIKU_KEY_ANSWER_NOT_YET = 1,
  /**
   * There is none, or none any more. What was sealed with it is given up.
   */
  KAIKU_KEY_ANSWER_GONE = 2,
} KaikuKeyAnswer;

/**
 * Whether what is recorded counts.
 */
typedef enum KaikuEnvironment {
  /**
   * It does.
   */
  KAIKU_ENVIRONMENT_PRODUCTION = 0,
  /**
   * The gateway checks it, answers, and drops it.
   */
  KAIKU_ENVIRONMENT_TEST = 1,
} KaikuEnvironment;

/**
 * What the host knows of the connection.
 */
typedef enum KaikuConnection {
  /**
   * There is none.
   */
  KAIKU_CONNECTION_NONE = 0,
  /**
   * There is one that costs its owner by the byte.
   */
  KAIKU_CONNECTION_METERED = 1,
  /**
   * There is one.
   */
  KAIKU_CONNECTION_UNMETERED = 2,
} KaikuConnection;

/**
 * The improvement program of one app. Its functions may be called from any thread. Null stands
 * for a program that is off.
 */
typedef struct KaikuProgram KaikuProgram;

/**
 * The host's keystore. Its functions are called by `kaiku_work`, `kaiku_next_upload`,
 * `kaiku_turn_off` and the worker's thread, one at a time, and may block.
 */
typedef struct KaikuKeys {
  /**
   * Handed to each function.
   */
  void *context;
  /**
   * Writes the key, 32 bytes, and answers a `KaikuKeyAnswer`.
   */
  uint32_t (*key)(void *context, uint8_t *key);
  /**
   * Makes a new key, keeps it, writes it, and answers a `KaikuKeyAnswer`.
   */
  uint32_t (*create)(void *context, uint8_t *key);
  /**
   * Destroys the key. 0 where it is gone.
   */
  uint32_t (*destroy)(void *context);
} KaikuKeys;

/**
 * Settings. What stays zero has the default that its line says; nothing of it is kept by address.
 */
typedef struct KaikuSettings {
  /**
   * `sizeof(KaikuSettings)`.
   */
  size_t size;
  /**
   * A folder of the program's own, which backups leave out. Needed.
   */
  const char *folder;
  /**
   * The JSON that `kaiku catalogue generate` has made. Needed.
   */
  const char *catalogue;
  /**
   * Release of the app. Needed.
   */
  const char *release;
  /**
   * The key that names the app to the gateway. Needed.
   */
  const char *app_key;
  /**
   * What stands on the device (Android's Build.BRAND, or Apple); null: unknown.
   */
  const char *brand;
  /**
   * Model code of the device; null: unknown.
   */
  const char *model;
  /**
   * Mobile country code of the SIM's network, three digits; null: none.
   */
  const char *mcc;
  /**
   * Mobile network code of the SIM's network, two or three digits; null: none.
   */
  const char *mnc;
  /**
   * Country, ISO 3166-1 alpha-2; null: none.
   */
  const char *country;
  /**
   * The host's keystore; null: a file of mode 0600 in the folder.
   */
  const struct KaikuKeys *keys;
  /**
   * 32 bytes that are always the same in this place and nowhere else; null: the machine's id.
   */
  const uint8_t *place;
  /**
   * A `KaikuEnvironment`.
   */
  uint32_t environment;
  /**
   * Not 0: no upload takes a connection that costs its owner by the byte.
   */
  uint32_t unmetered_only;
  /**
   * Which signals are to be noticed, as a sum of `KAIKU_SIGNALS_CRASHES` and
   * `KAIKU_SIGNALS_ENDINGS`; 0: none, and then no handler is set. Not for a process with a
   * runtime that has handlers of its own, such as a JVM's or Go's.
   */
  uint32_t signals;
  /**
   * The two keys by which files of suggestions are believed, as `kaiku recommend key` prints them: the one in use, and
   * the one that will follow it. Null, both: nothing is suggested.
   */
  const char *suggestion_keys[2];
} KaikuSettings;

/**
 * A header of a request.
 */
typedef struct KaikuHeader {
  /**
   * Name, in small letters.
   */
  const char *name;
  /**
   * Value.
   */
  const char *value;
} KaikuHeader;

/**
 * A request that the host is to make, exactly as it is; `kaiku_upload_free` frees all of it.
 */
typedef struct KaikuUpload {
  /**
   * By which the answer is told to `kaiku_uploaded`; 0 where it is none of `kaiku_next_upload`.
   */
  int64_t id;
  /**
   * `POST`, or `GET` where it is one of `kaiku_next_fetch`.
   */
  const char *method;
  /**
   * Path at the gateway.
   */
  const char *path;
  /**
   * Headers; the host adds `host` and `content-length`.
   */
  const struct KaikuHeader *headers;
  /**
   * How many there are.
   */
  size_t headers_count;
  /**
   * Body.
   */
  const uint8_t *body;
  /**
   * Bytes of the body.
   */
  size_t body_size;
} KaikuUpload;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Frees a text that a function of this library has returned. Null does nothing.
 */
void kaiku_free(char *text);

/**
 * Opens the program and writes its handle to `opened`, null where it could not. It touches no
 * file and starts no thread. What is recorded before the first work is kept in memory, and
 * forgotten if the program turns out to be off.
 */
enum KaikuResult kaiku_open(const struct KaikuSettings *settings, struct KaikuProgram **opened);

/**
 * Opens a program for the tests of an app: it is on, writes and sends nothing, and
 * `kaiku_recorded` shows what was recorded.
 */
enum KaikuResult kaiku_open_for_tests(const char *catalogue, struct KaikuProgram **opened);

/**
 * Ends the session, writes down what is left, and closes the program. The handle is not to be
 * used any more. Null does nothing.
 */
void kaiku_close(struct KaikuProgram *program);

/**
 * Turns the program on, at its owner's wish: `level` is a `KaikuLevel`, `version` that of the
 * text that was shown, `language` the one in which. The consent is on disk when this returns.
 */
enum KaikuResult kaiku_turn_on(const struct KaikuProgram *program,
                               uint32_t level,
                               int32_t version,
                               const char *language);

/**
 * Turns the program off: when this returns nothing is recorded, no upload is handed out, and what
 * was stored is destroyed, identifier and key included.
 */
enum KaikuResult kaiku_turn_off(const struct KaikuProgram *program);

/**
 * Where the server is to forget the device too: turns the program off, and writes the request
 * that says so to `request`, null where nothing ever left. The host makes it, within five
 * seconds, frees it, and calls `kaiku_turn_off`, which destroys what is stored.
 */
enum KaikuResult kaiku_forget(const struct KaikuProgram *program, struct KaikuUpload **request);

/**
 * What the system says of how the last run ended, a `KaikuExitReason`; it wins over what the
 * run's marker says. To be called before the first work.
 */
enum KaikuResult kaiku_last_exit(const struct KaikuProgram *program, uint32_t reason);

/**
 * Watches from now on, with a thread of its own, whether `kaiku_alive` is called often enough: so
 * many milliseconds without it are a hang. `Nothing` where failures are not watched for.
 */
enum KaikuResult kaiku_watch_hangs(const struct KaikuProgram *program, uint32_t millis);

/**
 * Looks whether the program is on, asks for the key, writes down what was recorded: for a
 * background job. It reads and writes files, and asks the keystore, which may block.
 */
enum KaikuResult kaiku_work(const struct KaikuProgram *program);

/**
 * Starts a thread that does the work, until the program is closed. A second call does nothing.
 */
enum KaikuResult kaiku_start_worker(const struct KaikuProgram *program);

/**
 * The app started: a session begins.
 */
void kaiku_started(const struct KaikuProgram *program);

/**
 * The app went out of sight; five minutes of that end the session.
 */
void kaiku_background(const struct KaikuProgram *program);

/**
 * The app came back.
 */
void kaiku_foreground(const struct KaikuProgram *program);

/**
 * The app stopped: the session ends.
 */
void kaiku_stopped(const struct KaikuProgram *program);

/**
 * The host's main loop goes round, for `kaiku_watch_hangs`.
 */
void kaiku_alive(const struct KaikuProgram *program);

/**
 * A feature was used, by its name in the catalogue; one that is not there is not recorded. It
 * touches memory alone.
 */
void kaiku_used(const struct KaikuProgram *program, const char *feature);

/**
 * Something failed, by a cause and, unless it is null, in a component of the catalogue. `fatal`
 * is not 0 where the app ended by it.
 */
void kaiku_failed(const struct KaikuProgram *program,
                  const char *cause,
                  const char *component,
                  uint32_t fatal);

/**
 * Writes the upload that is to be made now to `upload`, or null and `Nothing`. `connection` is a
 * `KaikuConnection`. One is handed out at a time; it does the work first, so it is for a
 * background job.
 */
enum KaikuResult kaiku_next_upload(const struct KaikuProgram *program,
                                   uint32_t connection,
                                   struct KaikuUpload **upload);

/**
 * What became of an upload: `status` is that of the answer, 0 where there was none;
 * `retry_after` the seconds of its `Retry-After`, negative where it has none. Only 202 deletes
 * what was sent.
 */
void kaiku_uploaded(const struct KaikuProgram *program,
                    int64_t id,
                    uint32_t status,
                    int64_t retry_after);

/**
 * Frees a request. Null does nothing.
 */
void kaiku_upload_free(struct KaikuUpload *upload);

/**
 * Its owner wants to send now: the next `kaiku_next_upload` does not wait for the drawn minute,
 * and hands out what there is of today as well.
 */
void kaiku_send_now(const struct KaikuProgram *program);

/**
 * When `kaiku_next_upload` has something next, in milliseconds since 1970; -1 where nothing
 * waits.
 */
int64_t kaiku_next_due(const struct KaikuProgram *program);

/**
 * Writes the request by which the file of suggestions is to be fetched now to `fetch`, or null and `Nothing`: behind an
 * upload that arrived, once a week at the most. `connection` is a `KaikuConnection`. To be asked behind each
 * `kaiku_uploaded`. The host makes it on the same connection, and adds nothing that names the device or its owner.
 */
enum KaikuResult kaiku_next_fetch(const struct KaikuProgram *program,
                                  uint32_t connection,
                                  struct KaikuUpload **fetch);

/**
 * What became of a fetch: `status` is that of the answer, 0 where there was none, and `body` its body of `body_size` bytes,
 * of which no more than 8193 need be read.
 */
enum KaikuFetched kaiku_fetched(const struct KaikuProgram *program,
                                uint32_t status,
                                const uint8_t *body,
                                size_t body_size);

/**
 * Features that its owner might like, the best first, `most` at the most and within what may be shown today, as JSON: a
 * list of `feature`, `title`, `because`, `because_feature`. It changes nothing: tell with `kaiku_shown` what was shown. It
 * reads a file, so it is for a background job.
 */
char *kaiku_recommend(const struct KaikuProgram *program,
                      const char *language,
                      uint32_t most);

/**
 * A suggestion was shown to its owner.
 */
void kaiku_shown(const struct KaikuProgram *program, const char *feature);

/**
 * Its owner does not want this one suggested again.
 */
void kaiku_dismiss(const struct KaikuProgram *program, const char *feature);

/**
 * Its owner wants suggestions, where `wanted` is not 0, those that were dismissed included; else none are made from now on,
 * and what was remembered for them is forgotten.
 */
void kaiku_want_suggestions(const struct KaikuProgram *program,
                            uint32_t wanted);

/**
 * On or off, and why. It never waits.
 */
enum KaikuState kaiku_state(const struct KaikuProgram *program);

/**
 * What a consent screen shows, as JSON: `app`, `version`, `text`, `controller`.
 */
char *kaiku_consent(const struct KaikuProgram *program, const char *language);

/**
 * How the program stands, as JSON: `state`, `level`, `since`, `hindrance`, `waiting`, `oldest`,
 * `last_sent`, `quiet_until`, `lost`, `key`, `problems`. It never waits.
 */
char *kaiku_status(const struct KaikuProgram *program);

/**
 * What waits, oldest first, as JSON: a list of `day`, `text`, `times`, `is_leaving`.
 */
char *kaiku_waiting(const struct KaikuProgram *program, const char *language);

/**
 * The last 90 uploads that arrived, as JSON: a list of `day`, `sent`, `bytes`, `events`, `hash`.
 */
char *kaiku_receipts(const struct KaikuProgram *program);

/**
 * Everything that is stored, for its owner to take along, as JSON. It holds the device's
 * identifier.
 */
char *kaiku_export(const struct KaikuProgram *program, const char *language);

/**
 * What was recorded since this was asked last, as JSON, for programs of `kaiku_open_for_tests`: a
 * list of `happened`, `feature`, `cause`, `component`, `fatal`, `times`.
 */
char *kaiku_recorded(const struct KaikuProgram *program);

#if defined(KAIKU_HTTP)
/**
 * Starts a thread that makes the uploads over HTTPS when they are due, until the program is
 * closed. `url` is that of the gateway, such as `https://gateway.example`; `ca_file` has the
 * certificates of those who may vouch for it, PEM, and null stands for those that the system
 * trusts. A second call does nothing.
 */
enum KaikuResult kaiku_start_sender(const struct KaikuProgram *program,
                                    const char *url,
                                    const char *ca_file);
#endif

#if defined(KAIKU_HTTP)
/**
 * Turns the program off like `kaiku_turn_off`, but has the sender ask the server first to forget
 * the device, within five seconds. Whether that worked or not, the program is off.
 */
enum KaikuResult kaiku_turn_off_and_forget(const struct KaikuProgram *program);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* KAIKU_H */
