// Shared by the programs of this folder: clock, histogram, failure, sockets.
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// What every program here begins with: it ends with the script that started it and in any case
// after `seconds`, sleeps to the nanosecond, and may open as many files as allowed.
static inline void begin(unsigned seconds) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGPIPE, SIG_IGN);
    alarm(seconds);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// A histogram of nanoseconds: 128 buckets for each power of two, so within 0.8 %.
enum { BUCKET_BITS = 7, BUCKETS = (64 - BUCKET_BITS) << BUCKET_BITS };
typedef struct {
    uint64_t total, largest;
    uint64_t counts[BUCKETS];
} histogram;

static inline void record(histogram *h, uint64_t ns) {
    unsigned shift = 0;
    if (ns >> (BUCKET_BITS + 1)) shift = 63 - (unsigned)__builtin_clzll(ns) - BUCKET_BITS;
    // Within a power of two the leading bit is set: it counts as one further power.
    size_t at = ((size_t)shift << BUCKET_BITS) + (size_t)(ns >> shift);
    h->counts[at < BUCKETS ? at : BUCKETS - 1]++;
    h->total++;
    if (ns > h->largest) h->largest = ns;
}

// The value below which this part of all lies, in microseconds.
static inline double quantile_us(const histogram *h, double part) {
    uint64_t wanted = (uint64_t)(part * (double)h->total + 0.999999), seen = 0;
    for (size_t at = 0; at < BUCKETS; at++) {
        seen += h->counts[at];
        if (seen < wanted || seen == 0) continue;
        size_t shift = at >> BUCKET_BITS;
        shift = shift > 0 ? shift - 1 : 0;
        uint64_t low = (uint64_t)(at - (shift << BUCKET_BITS)) << shift;
        return ((double)low + (double)((1ull << shift) - 1) / 2) / 1000;
    }
    return (double)h->largest / 1000;
}

static inline struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline void no_delay(int descriptor) {
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static inline void non_blocking(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

static inline void watch(int poll, int descriptor, void *what) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        fail("epoll_ctl: %s", strerror(errno));
}

// Waits for events until `until` (monotonic nanoseconds; UINT64_MAX: for ever).
static inline int wait_until(int poll, struct epoll_event *events, int count, uint64_t until) {
    uint64_t now = now_ns(), left = until > now ? until - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                               .tv_nsec = (long)(left % 1000000000u)};
    int got = epoll_pwait2(poll, events, count, until == UINT64_MAX ? NULL : &timeout, NULL);
    if (got < 0 && errno != EINTR) fail("epoll_pwait2: %s", strerror(errno));
    return got < 0 ? 0 : got;
}

#endif
