// load PORT CONNECTIONS REQUESTS RATE MESSAGES
//
// Sends the messages of the file MESSAGES in turn (each after its length in a line of its own)
// over kept connections, one at a time on each, until REQUESTS have been answered with 200.
// RATE 0: a connection sends the next as soon as it has its answer (closed loop). Otherwise so
// many requests a second whatever the answers do (open loop): the n-th is due n/RATE after the
// start, goes out on the next free connection, and its latency counts from when it was due, so
// that a stall counts for everybody whom it kept waiting. Prints one line of JSON.

#define _GNU_SOURCE
#include "common.h"

typedef struct {
    int descriptor;
    uint64_t due;
    size_t received, expected;
    char buffer[16384];
} connection;

static struct { char *bytes; size_t length; } *messages;
static size_t message_count;
static uint64_t sent, answered, wanted;
static histogram latencies;

static void read_messages(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("%s: %s", path, strerror(errno));
    size_t room = 0, length;
    while (fscanf(file, "%zu", &length) == 1 && fgetc(file) == '\n') {
        if (message_count == room) {
            room = room ? room * 2 : 1024;
            messages = realloc(messages, room * sizeof *messages);
            if (!messages) fail("out of memory");
        }
        messages[message_count].bytes = malloc(length);
        messages[message_count].length = length;
        if (fread(messages[message_count].bytes, 1, length, file) != length)
            fail("%s ends within a message", path);
        message_count++;
    }
    fclose(file);
    if (message_count == 0) fail("%s holds no message", path);
}

static void send_next(connection *c, uint64_t due) {
    size_t at = sent++ % message_count;
    c->due = due;
    c->received = c->expected = 0;
    ssize_t wrote = send(c->descriptor, messages[at].bytes, messages[at].length, MSG_NOSIGNAL);
    if (wrote != (ssize_t)messages[at].length) fail("a request could not be sent whole");
}

// The length of the whole answer once its head is there; 0: not yet.
static size_t answer_length(connection *c) {
    c->buffer[c->received] = 0;
    char *end = strstr(c->buffer, "\r\n\r\n");
    if (!end) return 0;
    if (strncmp(c->buffer, "HTTP/1.1 200 ", 13) != 0)
        fail("request %llu: %.300s", (unsigned long long)answered, c->buffer);
    char *field = strcasestr(c->buffer, "\r\ncontent-length:");
    if (!field || field > end) fail("no Content-Length: %.300s", c->buffer);
    return (size_t)(end + 4 - c->buffer) + strtoul(field + 17, NULL, 10);
}

// Whether the answer is complete.
static int receive(connection *c) {
    size_t room = sizeof c->buffer - 1 - c->received;
    ssize_t got = recv(c->descriptor, c->buffer + c->received, room, 0);
    if (got == 0) fail("closed after %llu answers", (unsigned long long)answered);
    if (got < 0) {
        if (errno == EAGAIN) return 0;
        fail("recv: %s", strerror(errno));
    }
    c->received += (size_t)got;
    if (c->expected == 0) c->expected = answer_length(c);
    if (c->expected > sizeof c->buffer - 1) fail("an answer of %zu bytes", c->expected);
    if (c->expected == 0 || c->received < c->expected) return 0;
    if (c->received > c->expected) fail("more than one answer");
    record(&latencies, now_ns() - c->due);
    answered++;
    return 1;
}

int main(int count, char **words) {
    if (count != 6) fail("usage: load PORT CONNECTIONS REQUESTS RATE MESSAGES");
    begin(120);
    struct sockaddr_in address = loopback(atoi(words[1]));
    int connections = atoi(words[2]);
    wanted = strtoull(words[3], NULL, 10);
    double rate = strtod(words[4], NULL);
    read_messages(words[5]);

    int poll = epoll_create1(0);
    connection *all = calloc((size_t)connections, sizeof *all);
    connection **idle = calloc((size_t)connections, sizeof *idle);
    if (!all || !idle) fail("out of memory");
    int idle_count = 0;
    for (int i = 0; i < connections; i++) {
        all[i].descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(all[i].descriptor, (struct sockaddr *)&address, sizeof address) != 0)
            fail("connect: %s", strerror(errno));
        no_delay(all[i].descriptor);
        non_blocking(all[i].descriptor);
        watch(poll, all[i].descriptor, &all[i]);
        idle[idle_count++] = &all[i];
    }

    uint64_t start = now_ns();
    struct epoll_event events[256];
    while (answered < wanted) {
        uint64_t until = UINT64_MAX;
        while (idle_count > 0 && sent < wanted) {
            uint64_t now = now_ns();
            uint64_t due = rate > 0 ? start + (uint64_t)((double)sent * 1e9 / rate) : now;
            if (due > now) {
                until = due;
                break;
            }
            send_next(idle[--idle_count], due);
        }
        int got = wait_until(poll, events, 256, until);
        for (int i = 0; i < got; i++) {
            connection *c = events[i].data.ptr;
            if (receive(c)) idle[idle_count++] = c;
        }
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    printf("{\"requests\": %llu, \"seconds\": %.6f, \"rate\": %.1f, \"p50_us\": %.1f, "
           "\"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
           (unsigned long long)answered, seconds, (double)answered / seconds,
           quantile_us(&latencies, 0.5), quantile_us(&latencies, 0.9),
           quantile_us(&latencies, 0.99), quantile_us(&latencies, 0.999),
           (double)latencies.largest / 1000);
    return 0;
}
