/* Moves the clock of a process that is started with this library before all others (LD_PRELOAD): by so many seconds
 * as the file holds, a 64-bit number, that MOVED_CLOCK names. What counts time, the monotonic clock, goes on as it does
 * when somebody sets the real one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *moved;

__attribute__((constructor)) static void look(void) {
    const char *path = getenv("MOVED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *there = mmap(NULL, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
    if (there != MAP_FAILED)
        moved = there;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && moved && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *moved;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec there;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &there))
        return -1;
    now->tv_sec = there.tv_sec;
    now->tv_usec = there.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *kept) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept)
        *kept = now.tv_sec;
    return now.tv_sec;
}
