/* A disk that is slow to sync, or full, for one process: no root, no file system of its own.
 *
 * Full as a real one: the write that crosses the end is cut short, and the next one fails. */
#include "control.h"
#include <errno.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* Whether the real sync is to be made, after a while. On a machine that is busy with others it may take seconds. */
static int dawdle(void) {
    int64_t delay = control()->sync_delay;
    if (delay > 0) usleep(delay);
    return delay >= 0;
}

int fsync(int file) {
    static __typeof__(&fsync) real;
    if (!real) real = REAL(fsync);
    return dawdle() ? real(file) : 0;
}

int fdatasync(int file) {
    static __typeof__(&fdatasync) real;
    if (!real) real = REAL(fdatasync);
    return dawdle() ? real(file) : 0;
}

static int is_limited(int file) {
    struct stat found;
    return control()->room >= 0 && !fstat(file, &found) && S_ISREG(found.st_mode);
}

ssize_t write(int file, const void *bytes, size_t length) {
    static __typeof__(&write) real;
    if (!real) real = REAL(write);
    if (!is_limited(file)) return real(file, bytes, length);
    int64_t room = control()->room;
    if (length && !room) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t written = real(file, bytes, (int64_t)length < room ? length : (size_t)room);
    if (written > 0) control()->room = room - written;
    return written;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    static __typeof__(&writev) real;
    if (!real) real = REAL(writev);
    if (!is_limited(file)) return real(file, parts, count);
    for (int i = 0; i < count; i++)
        if (parts[i].iov_len) return write(file, parts[i].iov_base, parts[i].iov_len);
    return 0;
}
