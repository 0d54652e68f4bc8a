// A host that leaves its handler by a jump, as interpreters do. It lives on for longer than a crash takes.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void watched_begin(const char *folder);
void watched_goes_on(void);
void watched_fault(void);

static sigjmp_buf out;

static void jump(int signal) {
    (void)signal;
    siglongjmp(out, 1);
}

int main(int count, char **arguments) {
    (void)count;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = jump;
    sigaction(SIGSEGV, &action, NULL);
    watched_begin(arguments[1]);
    for (volatile int round = 0; round < 100; round++) {
        if (sigsetjmp(out, 1) == 0) {
            watched_fault();
        }
    }
    puts("jumped");
    fflush(stdout);
    getchar();
    watched_goes_on();
    puts("ready");
    fflush(stdout);
    getchar();
    _exit(0);
}
