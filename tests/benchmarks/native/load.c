/* Clients that cost next to nothing, so that what is measured is what answers them.
 *
 *     load --port PORT [--path /v1/chat/completions] [--model NAME] [--header 'name: value']…
 *          [--clients 1] [--seconds 1] [--warmup 0] [--body 2048]
 *          [--stream] [--tokens 100] [--rate 50] [--leave 0.1]
 *
 * Each client has one connection and one request under way at a time. With --stream the requests
 * are paced streams (see upstream.c) whose clients start one after the other over the warm-up, so
 * that they are not in step; a share of them leaves within the first quarter of an answer, so
 * that on a busy machine nobody leaves when the answer is through.
 * What is measured counts from the end of the warm-up until `seconds` later; after that nothing
 * new is begun, and what is under way may end. One JSON object is printed:
 *
 *     all        every request of the run, by how it ended; they add up to `sent`
 *     window     what was measured: requests that began and ended in it, tokens that came in it
 *     *_us       latency of whole answers, time to the first token, time between two tokens
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"

#define MOST_CLIENTS 4096
#define LINE 512        /* enough of an event to know it */
#define DRAIN_S 60      /* after the end, for what is under way, and twice what a stream takes */
#define PAUSE_NS 50000000ull /* after a refusal or a broken connection */

struct client {
    int fd; /* -1: not connected */
    bool busy, wants_write;
    uint64_t start_at; /* not before */
    size_t written;
    uint64_t began, last_token;
    unsigned long number;
    unsigned tokens, leave_after; /* 0: stays */
    struct answer answer;
    bool done, error;
    char line[LINE];
    size_t line_length;
};

struct samples {
    uint32_t *values;
    size_t count, room;
};

static struct {
    int port, clients;
    double seconds, warmup, rate, leave;
    unsigned tokens;
    size_t body;
    bool stream;
    const char *path, *model;
    char headers[4096];
} wish = {.clients = 1, .seconds = 1, .rate = 50, .tokens = 100, .body = 2048,
          .path = "/v1/chat/completions", .model = "bench"};

static struct {
    unsigned long sent, whole, left, refused, broken, unsent, tokens;
} all;
static unsigned long window_requests, window_tokens, statuses[600];
static struct samples latency, first, gaps;
static struct client clients[MOST_CLIENTS];
static char *request;
static size_t request_length, number_at;
static int epoll;
static uint64_t warm_at, end_at;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static void record(struct samples *samples, uint64_t ns) {
    if (samples->count == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 65536;
        samples->values = realloc(samples->values, samples->room * sizeof *samples->values);
        if (!samples->values) die("realloc");
    }
    samples->values[samples->count++] = (uint32_t)(ns / 1000);
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void print_samples(const char *name, struct samples *samples) {
    size_t n = samples->count;
    if (!n) {
        printf(",\"%s\":null", name);
        return;
    }
    qsort(samples->values, n, sizeof *samples->values, ascending);
    printf(",\"%s\":{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"max\":%u}", name, n,
           samples->values[n / 2], samples->values[n * 99 / 100], samples->values[n - 1]);
}

/* ---- the request -------------------------------------------------------------------------- */

/* One request for all; of each only its number differs, written over the same eight digits. */
static void write_request(void) {
    char marks[160], fields[160] = "";
    snprintf(marks, sizeof marks, "@tokens=%u @every_us=%.0f @id=00000000", wish.tokens,
             wish.stream && wish.rate > 0 ? 1e6 / wish.rate : 0);
    if (wish.stream)
        snprintf(fields, sizeof fields, "\"stream\":true,\"stream_options\":"
                                        "{\"include_usage\":true},\"max_tokens\":%u,", wish.tokens);
    char *body = malloc(wish.body + 1024);
    request = malloc(wish.body + 8192);
    if (!body || !request) die("malloc");
    int length = sprintf(body, "{\"model\":\"%s\",%s\"messages\":[{\"role\":\"user\",\"content\":\"",
                         wish.model, fields);
    while ((size_t)length + strlen(marks) + 4 < wish.body)
        length += sprintf(body + length, "hello ");
    length += sprintf(body + length, "%s\"}]}", marks);
    request_length = (size_t)sprintf(request,
                                     "POST %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n"
                                     "content-type: application/json\r\n%scontent-length: %d\r\n"
                                     "\r\n%s",
                                     wish.path, wish.port, wish.headers, length, body);
    number_at = request_length - strlen("00000000\"}]}");
    free(body);
}

static void listen_for(struct client *c, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll, how, c->fd, &event);
}

static void hang_up(struct client *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}

static bool dial(struct client *c) {
    int yes = 1;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)wish.port)};
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(c->fd, (struct sockaddr *)&there, sizeof there) < 0 && errno != EINPROGRESS) {
        hang_up(c);
        return false;
    }
    listen_for(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
    c->wants_write = true;
    return true;
}

/* Whether this one is to leave, and after how many tokens: spread evenly over the run. */
static unsigned leaves_after(unsigned long number) {
    double share = wish.leave;
    if ((unsigned long)((double)(number + 1) * share) == (unsigned long)((double)number * share))
        return 0;
    unsigned quarter = wish.tokens / 4 ? wish.tokens / 4 : 1;
    return 1 + (unsigned)(number * 2654435761u % quarter);
}

/* ---- an answer ---------------------------------------------------------------------------- */

static bool in_window(uint64_t at) { return at >= warm_at && at < end_at; }

static void begin(struct client *c, uint64_t now);

/* The request of `c` has ended; the next one begins at once, or after a pause. */
static void ended(struct client *c, unsigned long *how, uint64_t now, bool pause) {
    (*how)++;
    c->busy = false;
    if (c->answer.close_after || how != &all.whole) hang_up(c);
    c->start_at = pause ? now + PAUSE_NS : now;
    if (!pause) begin(c, now);
}

static void whole(struct client *c, uint64_t now) {
    if (c->answer.status >= 0 && c->answer.status < 600) statuses[c->answer.status]++;
    if (c->answer.status != 200) {
        ended(c, &all.refused, now, true);
    } else if (c->error || (wish.stream && !c->done)) {
        ended(c, &all.broken, now, true);
    } else {
        if (c->began >= warm_at && now < end_at) {
            record(&latency, now - c->began);
            window_requests++;
        }
        ended(c, &all.whole, now, false);
    }
}

static void token(struct client *c, uint64_t now) {
    bool measured = in_window(now);
    if (measured && c->tokens == 0) record(&first, now - c->began);
    if (measured && c->tokens > 0) record(&gaps, now - c->last_token);
    c->tokens++;
    c->last_token = now;
    all.tokens++;
    window_tokens += measured;
}

static void line(struct client *c, uint64_t now) {
    c->line[c->line_length] = 0;
    if (strncmp(c->line, "data:", 5) == 0) {
        char *content = strstr(c->line, "\"content\":");
        if (content) content += strlen("\"content\":");
        if (content && *content == ' ') content++;
        if (content && content[0] == '"' && content[1] != '"') token(c, now);
        else if (strstr(c->line, "[DONE]")) c->done = true;
        else if (strstr(c->line, "\"error\"")) c->error = true;
    }
    c->line_length = 0;
}

static void payload(struct client *c, const char *data, size_t length, uint64_t now) {
    if (!wish.stream) return;
    const char *end = data + length;
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        size_t piece = (size_t)((newline ? newline : end) - data);
        size_t room = LINE - 1 - c->line_length;
        memcpy(c->line + c->line_length, data, piece < room ? piece : room);
        c->line_length += piece < room ? piece : room;
        data += piece;
        if (newline) {
            line(c, now);
            data++;
        }
    }
}

/* ---- the loop ----------------------------------------------------------------------------- */

static void send_rest(struct client *c, uint64_t now) {
    char digits[9];
    snprintf(digits, sizeof digits, "%08lu", c->number % 100000000);
    memcpy(request + number_at, digits, 8);
    ssize_t wrote = write(c->fd, request + c->written, request_length - c->written);
    if (wrote < 0 && errno != EAGAIN && errno != ENOTCONN) {
        ended(c, &all.broken, now, true);
        return;
    }
    if (wrote > 0) c->written += (size_t)wrote;
    bool left = c->written < request_length;
    if (left != c->wants_write) listen_for(c, EPOLLIN | (left ? EPOLLOUT : 0), EPOLL_CTL_MOD);
    c->wants_write = left;
}

static void begin(struct client *c, uint64_t now) {
    if (now >= end_at) {
        hang_up(c);
        return;
    }
    bool fresh = c->fd < 0;
    if (fresh && !dial(c)) {
        all.unsent++;
        c->start_at = now + PAUSE_NS;
        return;
    }
    c->busy = true;
    c->number = all.sent++;
    c->leave_after = wish.stream ? leaves_after(c->number) : 0;
    c->began = now_ns();
    c->written = c->line_length = 0;
    c->tokens = 0;
    c->done = c->error = false;
    expect(&c->answer);
    if (!fresh) send_rest(c, now);
}

static void readable(struct client *c) {
    static char data[65536];
    ssize_t got = read(c->fd, data, sizeof data);
    uint64_t now = now_ns();
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        if (got == 0 && c->answer.framing == UNTIL_CLOSE) {
            c->answer.close_after = true;
            whole(c, now);
        } else {
            ended(c, &all.broken, now, true);
        }
        return;
    }
    for (size_t at = 0; at < (size_t)got && c->answer.framing != COMPLETE;) {
        struct piece piece = take(&c->answer, data + at, (size_t)got - at);
        payload(c, piece.body, piece.length, now);
        at += piece.used;
    }
    if (c->answer.framing == COMPLETE) whole(c, now);
    else if (c->leave_after && c->tokens >= c->leave_after && !c->done)
        ended(c, &all.left, now, false);
}

/* Begin what is due; whether anything is under way or still to begin. */
static bool start_due(uint64_t now) {
    bool alive = false;
    for (int i = 0; i < wish.clients; i++) {
        struct client *c = &clients[i];
        if (!c->busy && now < end_at && c->start_at <= now) begin(c, now);
        alive |= c->busy || now < end_at;
    }
    return alive;
}

static void run(void) {
    struct epoll_event events[256];
    uint64_t started = now_ns(), looked = 0;
    warm_at = started + (uint64_t)(wish.warmup * 1e9);
    end_at = warm_at + (uint64_t)(wish.seconds * 1e9);
    double longest = DRAIN_S + (wish.stream ? 2 * wish.tokens / wish.rate : 0);
    uint64_t given_up_at = end_at + (uint64_t)(longest * 1e9);
    for (int i = 0; i < wish.clients; i++) {
        clients[i].fd = -1;
        clients[i].start_at =
            started + (wish.stream ? (uint64_t)(wish.warmup * 1e9 * i / wish.clients) : 0);
    }
    for (;;) {
        uint64_t now = now_ns();
        if (now - looked > 2000000) { /* not after each answer */
            looked = now;
            if (!start_due(now) || now > given_up_at) return;
        }
        int count = epoll_wait(epoll, events, 256, 5);
        for (int i = 0; i < count; i++) {
            struct client *c = events[i].data.ptr;
            if (c->fd < 0) continue;
            if (!c->busy) { /* an idle connection that the other side closed */
                hang_up(c);
                continue;
            }
            if (c->written < request_length && (events[i].events & EPOLLOUT))
                send_rest(c, now_ns());
            if (c->busy && c->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
                readable(c);
        }
    }
}

static void print(void) {
    unsigned long open = 0;
    for (int i = 0; i < wish.clients; i++) open += clients[i].busy;
    printf("{\"all\":{\"sent\":%lu,\"whole\":%lu,\"left\":%lu,\"refused\":%lu,\"broken\":%lu,"
           "\"unfinished\":%lu,\"unsent\":%lu,\"tokens\":%lu},",
           all.sent, all.whole, all.left, all.refused, all.broken, open, all.unsent, all.tokens);
    printf("\"statuses\":{");
    const char *comma = "";
    for (int i = 0; i < 600; i++) {
        if (!statuses[i]) continue;
        printf("%s\"%d\":%lu", comma, i, statuses[i]);
        comma = ",";
    }
    printf("},\"window\":{\"seconds\":%g,\"requests\":%lu,\"tokens\":%lu,\"offered\":%.0f}",
           wish.seconds, window_requests, window_tokens,
           wish.stream ? wish.clients * wish.rate * wish.seconds : 0);
    print_samples("latency_us", &latency);
    print_samples("ttft_us", &first);
    print_samples("gap_us", &gaps);
    printf("}\n");
}

static void set(const char *name, const char *value) {
    if (!strcmp(name, "--port")) wish.port = atoi(value);
    else if (!strcmp(name, "--path")) wish.path = value;
    else if (!strcmp(name, "--model")) wish.model = value;
    else if (!strcmp(name, "--clients")) wish.clients = atoi(value);
    else if (!strcmp(name, "--seconds")) wish.seconds = atof(value);
    else if (!strcmp(name, "--warmup")) wish.warmup = atof(value);
    else if (!strcmp(name, "--body")) wish.body = strtoul(value, NULL, 10);
    else if (!strcmp(name, "--tokens")) wish.tokens = (unsigned)atoi(value);
    else if (!strcmp(name, "--rate")) wish.rate = atof(value);
    else if (!strcmp(name, "--leave")) wish.leave = atof(value);
    else if (!strcmp(name, "--header")) {
        size_t used = strlen(wish.headers);
        snprintf(wish.headers + used, sizeof wish.headers - used, "%s\r\n", value);
    } else {
        fprintf(stderr, "load: %s is not known here; the first lines of load.c say what is\n", name);
        exit(2);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--stream")) wish.stream = true;
        else if (i + 1 < argc) {
            set(argv[i], argv[i + 1]);
            i++;
        } else set(argv[i], "");
    }
    if (!wish.port || wish.clients < 1 || wish.clients > MOST_CLIENTS) {
        fprintf(stderr, "load: give --port, and --clients between 1 and %d\n", MOST_CLIENTS);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    write_request();
    run();
    print();
    return 0;
}
