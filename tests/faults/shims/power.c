/* What would survive a power failure: after each sync of a log, how much of it had been written when the sync began.
 *
 * It is kept in `<log>.durable` beside the log. Bytes that came while the sync ran may be on the disk or
 * not, so they do not count; nor does a sync that has not returned. */
#include "control.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static off_t size_of(int file) {
    struct stat found;
    return fstat(file, &found) ? 0 : found.st_size;
}

static void remember(int file, off_t size) {
    char link[64], path[900], note[1000], text[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    if (length < 4 || strcmp(path + length - 4, ".aof")) return;
    snprintf(note, sizeof note, "%s.durable", path);
    int out = open(note, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (out < 0) return;
    int digits = snprintf(text, sizeof text, "%020lld", (long long)size);
    if (pwrite(out, text, digits, 0) < 0) unlink(note);
    close(out);
}

int fsync(int file) {
    static __typeof__(&fsync) real;
    if (!real) real = REAL(fsync);
    off_t size = size_of(file);
    int failed = real(file);
    if (!failed) remember(file, size);
    return failed;
}

int fdatasync(int file) {
    static __typeof__(&fdatasync) real;
    if (!real) real = REAL(fdatasync);
    off_t size = size_of(file);
    int failed = real(file);
    if (!failed) remember(file, size);
    return failed;
}
