/*
 * What one call of kaiku_used costs an app in C, in microseconds.
 *
 *   bench FOLDER CATALOGUE
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kaiku.h"

enum { WARM_UP = 20000, CALLS = 200000 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
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
        .environment = KAIKU_ENVIRONMENT_TEST,
    };
    KaikuProgram *program;
    if (kaiku_open(&settings, &program) != KAIKU_RESULT_OK) return 1;
    if (kaiku_turn_on(program, KAIKU_LEVEL_BOTH, 2, "en") != KAIKU_RESULT_OK) return 1;
    if (kaiku_start_worker(program) != KAIKU_RESULT_OK) return 1;
    static double times[CALLS];
    for (int i = 0; i < WARM_UP; i++) kaiku_used(program, "route.bicycle");
    for (int i = 0; i < CALLS; i++) {
        double begin = now();
        kaiku_used(program, "route.bicycle");
        times[i] = now() - begin;
    }
    qsort(times, CALLS, sizeof *times, compare);
    printf("C: median %.2f us, 99th percentile %.2f us a call\n", times[CALLS / 2], times[CALLS / 100 * 99]);
    kaiku_turn_off(program);
    kaiku_close(program);
    return 0;
}
