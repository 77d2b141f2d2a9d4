/* The page that a test and a shimmed process share: the test turns a fault on and off while the process runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
    volatile int64_t clock_offset; /* microseconds that this process's clock is ahead */
    volatile int64_t sync_delay;   /* microseconds that each sync of a file takes longer; -1: it takes no time at all */
    volatile int64_t room;         /* bytes that still go to files before the disk is full; -1: no end */
};

/* Mapped as soon as it can be: the first calls may come before there is an environment. Until then no fault is on. */
static struct control *control(void) {
    static struct control none = {0, 0, -1}, *page;
    if (page) return page;
    const char *path = getenv("GOPHER_TEST_CONTROL");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return &none;
    void *found = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (found == MAP_FAILED) return &none;
    return page = found;
}

/* The function that this shim stands in front of. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
