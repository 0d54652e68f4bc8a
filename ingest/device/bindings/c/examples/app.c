/*
 * An app in C: its owner turns the program on, uses a feature, sends, looks at the receipts, and turns it off again.
 * It sends by the program curl.
 *
 *   app FOLDER CATALOGUE GATEWAY CA [SUGGESTION_KEY SUGGESTION_KEY]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kaiku.h"

/* What the app was started with. */
struct app {
    const char *folder, *gateway, *ca;
};

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    if (text && fread(text, 1, (size_t)size, file) != (size_t)size) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

/* The key in a file that only its owner can read. An app may ask the system's keyring instead. */
static uint32_t key(void *context, uint8_t *bytes) {
    FILE *file = fopen(context, "rb");
    if (!file) return errno == ENOENT ? KAIKU_KEY_ANSWER_GONE : KAIKU_KEY_ANSWER_NOT_YET;
    size_t size = fread(bytes, 1, 32, file);
    fclose(file);
    return size == 32 ? KAIKU_KEY_ANSWER_KEY : KAIKU_KEY_ANSWER_GONE;
}

static uint32_t create_key(void *context, uint8_t *bytes) {
    if (getentropy(bytes, 32)) return KAIKU_KEY_ANSWER_NOT_YET;
    int private = open(context, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (private < 0) return KAIKU_KEY_ANSWER_NOT_YET;
    ssize_t written = write(private, bytes, 32);
    close(private);
    return written == 32 ? KAIKU_KEY_ANSWER_KEY : KAIKU_KEY_ANSWER_NOT_YET;
}

static uint32_t destroy_key(void *context) {
    return remove(context) && errno != ENOENT;
}

/* Makes the request as it is, and gives the status of the answer; 0 where there is none. The answer's body lies in a file. */
static uint32_t send_request(const struct app *app, const KaikuUpload *upload) {
    char body[4096], settings[4096], command[8192];
    snprintf(body, sizeof body, "%s/body", app->folder);
    snprintf(settings, sizeof settings, "%s/curl", app->folder);
    FILE *file = fopen(body, "wb");
    if (!file) return 0;
    fwrite(upload->body, 1, upload->body_size, file);
    fclose(file);
    /* By a file, so that the key of the app does not stand in the list of processes. */
    file = fopen(settings, "wb");
    if (!file) return 0;
    fprintf(file, "url = \"%s%s\"\nrequest = \"%s\"\n", app->gateway, upload->path, upload->method);
    fprintf(file, "cacert = \"%s\"\n", app->ca);
    if (upload->body_size) fprintf(file, "data-binary = \"@%s\"\n", body);
    for (size_t i = 0; i < upload->headers_count; i++)
        fprintf(file, "header = \"%s: %s\"\n", upload->headers[i].name, upload->headers[i].value);
    fprintf(file, "silent\noutput = \"%s/answer\"\nmax-time = 20\nwrite-out = \"%%{http_code}\"\n", app->folder);
    fclose(file);
    snprintf(command, sizeof command, "curl --config '%s'", settings);
    FILE *curl = popen(command, "r");
    unsigned status = 0;
    if (curl) {
        if (fscanf(curl, "%u", &status) != 1) status = 0;
        pclose(curl);
    }
    remove(body);
    remove(settings);
    return status;
}

static void upload_all(const struct app *app, KaikuProgram *program) {
    KaikuUpload *upload;
    while (kaiku_next_upload(program, KAIKU_CONNECTION_UNMETERED, &upload) == KAIKU_RESULT_OK) {
        uint32_t status = send_request(app, upload);
        printf("upload: %" PRIu32 "\n", status);
        kaiku_uploaded(program, upload->id, status, -1);
        kaiku_upload_free(upload);
        if (status != 202) break;
    }
}

/* Behind an upload: what is used by others who use the same. */
static void fetch_suggestions(const struct app *app, KaikuProgram *program) {
    KaikuUpload *fetch;
    if (kaiku_next_fetch(program, KAIKU_CONNECTION_UNMETERED, &fetch) != KAIKU_RESULT_OK) return;
    uint32_t status = send_request(app, fetch);
    kaiku_upload_free(fetch);
    char answer[4096];
    snprintf(answer, sizeof answer, "%s/answer", app->folder);
    uint8_t suggestions[8193];
    FILE *file = fopen(answer, "rb");
    size_t size = file ? fread(suggestions, 1, sizeof suggestions, file) : 0;
    if (file) fclose(file);
    KaikuFetched became = kaiku_fetched(program, status, suggestions, size);
    printf("fetch: %" PRIu32 " %s\n", status, became == KAIKU_FETCHED_ACCEPTED ? "ACCEPTED" : "not accepted");
}

/* What is on the screen of what was sent. */
static void show(const char *what, char *json) {
    printf("%s: %s\n", what, json ? json : "nothing");
    kaiku_free(json);
}

int main(int count, char **arguments) {
    if (count != 5 && count != 7) return 2;
    struct app app = {arguments[1], arguments[3], arguments[4]};
    char folder[4096], key_file[4096];
    snprintf(folder, sizeof folder, "%s/kaiku", app.folder);
    snprintf(key_file, sizeof key_file, "%s/key", app.folder);
    char *catalogue = read_file(arguments[2]);
    const char *first_key = count == 7 ? arguments[5] : NULL, *second_key = count == 7 ? arguments[6] : NULL;
    KaikuKeys keys = {.context = key_file, .key = key, .create = create_key, .destroy = destroy_key};
    KaikuSettings settings = {
        .size = sizeof settings,
        .folder = folder,
        .catalogue = catalogue,
        .release = "4.2",
        .app_key = "the-key-of-the-app",
        .brand = "Nokia",
        .model = "TA-1053",
        .keys = &keys,
        .suggestion_keys = {first_key, second_key},
    };
    KaikuProgram *program;
    KaikuResult opened = kaiku_open(&settings, &program);
    free(catalogue);
    printf("opened: %d\n", opened);

    /* Its owner reads the text, and agrees. */
    show("consent", kaiku_consent(program, "en"));
    printf("on: %d\n", kaiku_turn_on(program, KAIKU_LEVEL_BOTH, 2, "en"));

    kaiku_started(program);
    kaiku_used(program, "route.bicycle");
    kaiku_used(program, "route.bicycle");
    kaiku_failed(program, "network.timeout", "tiles", 0);
    kaiku_background(program);
    kaiku_foreground(program);

    kaiku_send_now(program);
    upload_all(&app, program);
    fetch_suggestions(&app, program);
    show("suggested", kaiku_recommend(program, "en", 1));
    show("status", kaiku_status(program));
    show("receipts", kaiku_receipts(program));

    /* Its owner turns it off, and wants to be forgotten. */
    KaikuUpload *request;
    if (kaiku_forget(program, &request) == KAIKU_RESULT_OK)
        printf("forget: %" PRIu32 "\n", send_request(&app, request));
    kaiku_upload_free(request);
    printf("off: %d\n", kaiku_turn_off(program));
    kaiku_close(program);
    snprintf(folder, sizeof folder, "%s/answer", app.folder);
    remove(folder);
    printf("the app goes on\n");
    return 0;
}
