// A host in C: one that leaves its handler by a jump, as interpreters do, and one whose thread runs out of stack.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void watched_begin(const char *folder);
void watched_goes_on(void);
void watched_fault(void);
int watched_guard_thread(void);

static sigjmp_buf out;

static void jump(int signal) {
    (void)signal;
    siglongjmp(out, 1);
}

static void say(const char *line) {
    puts(line);
    fflush(stdout);
}

// It lives on for longer than a crash takes.
static void jumps(const char *folder) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = jump;
    sigaction(SIGSEGV, &action, NULL);
    watched_begin(folder);
    for (volatile int round = 0; round < 100; round++) {
        if (sigsetjmp(out, 1) == 0) {
            watched_fault();
        }
    }
    say("jumped");
    getchar();
    watched_goes_on();
    say("ready");
    getchar();
}

static int deep(volatile int depth) {
    volatile char room[512];
    room[0] = (char)depth;
    return deep(depth + 1) + room[0];
}

static void *overflow(void *guard) {
    if (guard && !watched_guard_thread()) {
        return NULL;
    }
    deep(0);
    return NULL;
}

static void overflows(const char *folder, int guard) {
    pthread_t thread;
    watched_begin(folder);
    pthread_create(&thread, NULL, overflow, guard ? &thread : NULL);
    pthread_join(thread, NULL);
}

int main(int count, char **arguments) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (count != 3) {
        return 2;
    }
    if (strcmp(arguments[2], "jumps") == 0) {
        jumps(arguments[1]);
    } else {
        overflows(arguments[1], strcmp(arguments[2], "overflows_guarded") == 0);
    }
    _exit(0);
}
