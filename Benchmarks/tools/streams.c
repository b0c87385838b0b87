// Event streams, both ends of them, for a proxy in between.
//
// streams origin PORT STREAMS RATE
//     Answers every request with an event stream and a first event. With a RATE, once STREAMS are
//     open: so many events a second on each, evenly spread over time, each with the time at which
//     it was due.
// streams client PORT STREAMS SECONDS
//     Opens the streams, prints "open", and reads until its input ends. With SECONDS it
//     measures for so long from a second after "open" and prints one line of JSON: how long after
//     it was due each event arrived.

#define _GNU_SOURCE
#include "common.h"

enum { STAMP = 20, EVENTS = 512 };
static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n";

// One event in a chunk of its own.
static void send_event(int descriptor, uint64_t due) {
    char event[128], chunk[160];
    int length = snprintf(event, sizeof event, "event: message\ndata: %0*llu {\"jsonrpc\":\"2.0\"}\n\n",
                          STAMP, (unsigned long long)due);
    int size = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", (unsigned)length, event);
    ssize_t wrote = send(descriptor, chunk, (size_t)size, MSG_NOSIGNAL);
    if (wrote != size && errno != EPIPE && errno != ECONNRESET) fail("an event was not sent whole");
}

typedef struct {
    int descriptor, is_open;
    size_t kept;
    char tail[64];
} stream;

// Origin: reads what clients send; a request's end opens the stream.
static int origin_receive(stream *s) {
    char buffer[4096];
    ssize_t got = recv(s->descriptor, buffer, sizeof buffer - 1, 0);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) {
        close(s->descriptor);
        s->descriptor = -1;
        return 0;
    }
    buffer[got] = 0;
    if (s->is_open || !strstr(buffer, "\r\n\r\n")) return 0;
    s->is_open = 1;
    if (send(s->descriptor, head, sizeof head - 1, MSG_NOSIGNAL | MSG_MORE) < 0) return 0;
    send_event(s->descriptor, now_ns());
    return 1;
}

static void origin(int port, int wanted, double rate) {
    struct sockaddr_in address = loopback(port);
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096))
        fail("port %d: %s", port, strerror(errno));
    int poll = epoll_create1(0), room = wanted + 1024, count = 0, open = 0;
    watch(poll, listener, NULL);
    stream *all = calloc((size_t)room, sizeof *all), **ready = calloc((size_t)room, sizeof *ready);
    if (!all || !ready) fail("out of memory");
    struct epoll_event events[EVENTS];
    uint64_t start = 0, sent = 0;
    double total = rate * wanted;
    for (;;) {
        uint64_t until = UINT64_MAX;
        while (start) {
            uint64_t due = start + (uint64_t)((double)sent * 1e9 / total);
            if (due > now_ns()) {
                until = due;
                break;
            }
            stream *s = ready[sent++ % (uint64_t)open];
            if (s->descriptor >= 0) send_event(s->descriptor, due);
        }
        int got = wait_until(poll, events, EVENTS, until);
        for (int i = 0; i < got; i++) {
            stream *s = events[i].data.ptr;
            if (s) {
                if (origin_receive(s)) ready[open++] = s;
                if (open == wanted && rate > 0 && !start) start = now_ns() + 500000000u;
                continue;
            }
            int descriptor;
            while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                if (count == room) fail("more than %d connections", room);
                no_delay(descriptor);
                all[count].descriptor = descriptor;
                watch(poll, descriptor, &all[count++]);
            }
        }
    }
}

// Client: counts events and how late they are; whether the stream had its first event now.
static int client_receive(stream *s, histogram *lateness) {
    char buffer[16384 + sizeof s->tail];
    memcpy(buffer, s->tail, s->kept);
    ssize_t got = recv(s->descriptor, buffer + s->kept, sizeof buffer - 1 - s->kept, 0);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) fail("a stream ended: %s", got == 0 ? "closed" : strerror(errno));
    uint64_t now = now_ns();
    size_t length = s->kept + (size_t)got;
    buffer[length] = 0;
    int is_first = 0;
    char *at = buffer, *end = buffer + length, *found;
    while ((found = memmem(at, (size_t)(end - at), "data: ", 6)) && found + 6 + STAMP < end) {
        at = found + 6 + STAMP;
        if (!s->is_open) {
            s->is_open = is_first = 1;
        } else if (lateness) {
            uint64_t due = strtoull(found + 6, NULL, 10);
            record(lateness, now > due ? now - due : 0);
        }
    }
    s->kept = (size_t)(end - at) < 32 ? (size_t)(end - at) : 32;
    memcpy(s->tail, end - s->kept, s->kept);
    return is_first;
}

static void open_stream(stream *s, int poll, const struct sockaddr_in *address) {
    static const char request[] = "GET /events HTTP/1.1\r\nHost: gw.test\r\n"
                                  "Accept: text/event-stream\r\n\r\n";
    s->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(s->descriptor, (const struct sockaddr *)address, sizeof *address) != 0)
        fail("connect: %s", strerror(errno));
    no_delay(s->descriptor);
    non_blocking(s->descriptor);
    watch(poll, s->descriptor, s);
    if (send(s->descriptor, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
        fail("send: %s", strerror(errno));
}

static void client(int port, int wanted, double seconds) {
    struct sockaddr_in address = loopback(port);
    int poll = epoll_create1(0), started = 0, open = 0;
    stream *all = calloc((size_t)wanted, sizeof *all), input = {.descriptor = 0};
    static histogram lateness;
    if (!all) fail("out of memory");
    if (seconds == 0) watch(poll, 0, &input);
    struct epoll_event events[EVENTS];
    uint64_t from = UINT64_MAX, to = UINT64_MAX;
    while (now_ns() < to) {
        // Not more at a time than a listener's queue holds.
        while (started < wanted && started - open < 128) open_stream(&all[started++], poll, &address);
        int got = wait_until(poll, events, EVENTS, to);
        int is_measuring = seconds > 0 && now_ns() >= from;
        for (int i = 0; i < got; i++) {
            stream *s = events[i].data.ptr;
            if (s == &input) return;
            if (!client_receive(s, is_measuring ? &lateness : NULL)) continue;
            if (++open < wanted) continue;
            printf("open\n");
            fflush(stdout);
            if (seconds > 0) {
                from = now_ns() + 1000000000u;
                to = from + (uint64_t)(seconds * 1e9);
            }
        }
    }
    printf("{\"events\": %llu, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
           "\"p999_us\": %.1f, \"max_us\": %.1f}\n",
           (unsigned long long)lateness.total, (double)lateness.total / seconds,
           quantile_us(&lateness, 0.5), quantile_us(&lateness, 0.99),
           quantile_us(&lateness, 0.999), (double)lateness.largest / 1000);
}

int main(int count, char **words) {
    if (count != 5) fail("usage: streams origin|client PORT STREAMS RATE|SECONDS");
    begin(120);
    int port = atoi(words[2]), wanted = atoi(words[3]);
    double number = strtod(words[4], NULL);
    if (strcmp(words[1], "origin") == 0) origin(port, wanted, number);
    else client(port, wanted, number);
    return 0;
}
