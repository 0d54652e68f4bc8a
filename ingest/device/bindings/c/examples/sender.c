/*
 * An app in C without HTTP of its own: the library sends.
 *
 *   sender FOLDER CATALOGUE GATEWAY CA
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KAIKU_HTTP
#include "kaiku.h"

/* Until the receipt of the upload is there, or a minute is over. */
static void wait_for_receipt(const KaikuProgram *program) {
    for (int tenths = 0; tenths < 600; tenths++) {
        char *receipts = kaiku_receipts(program);
        int is_there = receipts && strcmp(receipts, "[]");
        kaiku_free(receipts);
        if (is_there) return;
        usleep(100000);
    }
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    static char catalogue[65536];
    FILE *file = fopen(arguments[2], "rb");
    if (!file) return 1;
    size_t size = fread(catalogue, 1, sizeof catalogue - 1, file);
    catalogue[size] = 0;
    fclose(file);
    KaikuSettings settings = {
        .size = sizeof settings,
        .folder = arguments[1],
        .catalogue = catalogue,
        .release = "4.2",
        .app_key = "the-key-of-the-app",
        .brand = "Nokia",
        .model = "TA-1053",
    };
    KaikuProgram *program;
    kaiku_open(&settings, &program);
    printf("worker: %d\n", kaiku_start_worker(program));
    printf("sender: %d\n", kaiku_start_sender(program, arguments[3], arguments[4]));
    printf("on: %d\n", kaiku_turn_on(program, KAIKU_LEVEL_BOTH, 2, "en"));
    kaiku_started(program);
    kaiku_used(program, "route.bicycle");
    kaiku_used(program, "route.bicycle");
    kaiku_failed(program, "network.timeout", "tiles", 0);
    kaiku_send_now(program);
    wait_for_receipt(program);
    printf("off: %d\n", kaiku_turn_off_and_forget(program));
    kaiku_close(program);
    printf("the app goes on\n");
    return 0;
}
