/*
 * An app in C that crashes, and says at its next start what the library made of that: signals are noticed where an app
 * asks for it.
 *
 *   crash FOLDER CATALOGUE crash|ask
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kaiku.h"

int main(int count, char **arguments) {
    if (count != 4) return 2;
    static char catalogue[65536];
    FILE *file = fopen(arguments[2], "rb");
    if (!file || !fread(catalogue, 1, sizeof catalogue - 1, file)) return 2;
    fclose(file);
    KaikuSettings settings = {
        .size = sizeof settings,
        .folder = arguments[1],
        .catalogue = catalogue,
        .release = "4.2",
        .app_key = "the-key-of-the-app",
        .signals = KAIKU_SIGNALS_CRASHES | KAIKU_SIGNALS_ENDINGS,
    };
    KaikuProgram *program;
    if (kaiku_open(&settings, &program)) return 1;
    if (kaiku_turn_on(program, KAIKU_LEVEL_BOTH, 2, "en")) return 1;
    kaiku_started(program);
    kaiku_work(program);
    if (!strcmp(arguments[3], "crash")) raise(SIGSEGV);
    char *waiting = kaiku_waiting(program, "en");
    printf("%s\n", waiting);
    kaiku_free(waiting);
    kaiku_stopped(program);
    kaiku_close(program);
    return 0;
}
