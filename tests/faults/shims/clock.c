/* A wall clock that a test can set, for one process. What counts elapsed time (CLOCK_MONOTONIC) stays true. */
#include "control.h"
#include <sys/time.h>
#include <time.h>

#define SECOND 1000000

static int tells_the_date(clockid_t id) {
    return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI;
}

int clock_gettime(clockid_t id, struct timespec *at) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int failed = real(id, at);
    if (failed || !at || !tells_the_date(id)) return failed;
    int64_t micros = at->tv_sec * (int64_t)SECOND + at->tv_nsec / 1000 + control()->clock_offset;
    at->tv_nsec = micros % SECOND * 1000 + at->tv_nsec % 1000;
    at->tv_sec = micros / SECOND;
    return 0;
}

/* The C library's own calls of clock_gettime do not come by here, so these two are made of ours. */
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    if (!failed && at) *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
