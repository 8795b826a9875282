/* An engine that costs next to nothing, so that what is measured is what stands before it.
 *
 *     upstream --port PORT
 *
 * HTTP/1.1 with keep-alive on loopback, one thread, epoll. POST to any path is answered as a chat
 * completion. What it answers stands in the request's body, wherever a proxy may have put it:
 *
 *     "stream":true      events instead of one JSON object
 *     @tokens=100        how many tokens, each an event of its own       (1)
 *     @every_us=20000    pace: the first at once, then one each time     (0: all at once)
 *     "include_usage"    an event with the token counts before [DONE]
 *
 * GET /_bench/counts tells what it was asked: `whole` answers left this process to the last byte,
 * `cut` ones had their connection closed before. GET of anything else says that it is ready.
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 16384
#define CHUNK "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\"," \
              "\"created\":1700000000,\"model\":\"bench\",\"choices\":["

struct buffer {
    char *data;
    size_t length, room;
};

struct connection {
    int fd;
    struct buffer in, out;
    size_t sent;      /* of `out` */
    bool wants_write; /* epoll knows that we wait for room */
    bool answering;   /* a request is here whose answer has not left whole */
    bool streaming;   /* more tokens are due */
    bool usage;
    unsigned tokens, told;
    uint64_t every_ns, due;
    int place; /* in `streams` */
};

static struct {
    unsigned long requests, whole, cut, tokens;
} counts;
static struct connection *connections[MOST_FDS];
static struct connection *streams[MOST_FDS];
static int streams_count, epoll, timer;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* ---- buffers ------------------------------------------------------------------------------ */

static void reserve(struct buffer *buffer, size_t more) {
    if (buffer->length + more <= buffer->room) return;
    buffer->room = (buffer->length + more) * 2;
    buffer->data = realloc(buffer->data, buffer->room);
    if (!buffer->data) die("realloc");
}

static void put(struct buffer *buffer, const char *data, size_t length) {
    reserve(buffer, length);
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
}

/* One chunk of a chunked body. */
static void put_event(struct connection *c, const char *event, int length) {
    char size[16];
    int digits = snprintf(size, sizeof size, "%x\r\n", (unsigned)length);
    put(&c->out, size, (size_t)digits);
    put(&c->out, event, (size_t)length);
    put(&c->out, "\r\n", 2);
}

/* ---- answers ------------------------------------------------------------------------------ */

static void put_json(struct connection *c, const char *body) {
    char head[128];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                          "content-length: %zu\r\n\r\n",
                          strlen(body));
    put(&c->out, head, (size_t)length);
    put(&c->out, body, strlen(body));
}

static void put_token(struct connection *c) {
    char event[400];
    int length = snprintf(event, sizeof event,
                          CHUNK "{\"index\":0,\"delta\":{%s\"content\":\" tok%u\"},"
                                "\"logprobs\":null,\"finish_reason\":null}]}\n\n",
                          c->told ? "" : "\"role\":\"assistant\",", c->told);
    put_event(c, event, length);
    c->told++;
    counts.tokens++;
}

static void put_end(struct connection *c) {
    char event[400];
    int length = snprintf(event, sizeof event,
                          CHUNK "{\"index\":0,\"delta\":{},\"logprobs\":null,"
                                "\"finish_reason\":\"stop\"}]}\n\n");
    put_event(c, event, length);
    if (c->usage) {
        length = snprintf(event, sizeof event,
                          CHUNK "],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%u,"
                                "\"total_tokens\":%u}}\n\n",
                          c->tokens, c->tokens + 9);
        put_event(c, event, length);
    }
    put_event(c, "data: [DONE]\n\n", 14);
    put(&c->out, "0\r\n\r\n", 5);
}

static void stop_streaming(struct connection *c) {
    if (!c->streaming) return;
    c->streaming = false;
    streams[c->place] = streams[--streams_count];
    streams[c->place]->place = c->place;
}

/* Every token that is due by now. */
static void stream_on(struct connection *c, uint64_t now) {
    while (c->told < c->tokens && c->due <= now) {
        put_token(c);
        c->due += c->every_ns;
    }
    if (c->told == c->tokens && c->due <= now) {
        put_end(c);
        stop_streaming(c);
    }
}

static void begin_stream(struct connection *c) {
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                               "cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";
    put(&c->out, head, sizeof head - 1);
    c->told = 0;
    c->due = now_ns();
    c->streaming = true;
    c->place = streams_count;
    streams[streams_count++] = c;
    stream_on(c, c->due);
}

static unsigned long number_after(const char *body, size_t length, const char *mark,
                                  unsigned long otherwise) {
    const char *found = memmem(body, length, mark, strlen(mark));
    return found ? strtoul(found + strlen(mark), NULL, 10) : otherwise;
}

static bool says(const char *body, size_t length, const char *text) {
    return memmem(body, length, text, strlen(text)) != NULL;
}

static void answer_post(struct connection *c, const char *body, size_t length) {
    counts.requests++;
    c->answering = true;
    c->tokens = (unsigned)number_after(body, length, "@tokens=", 1);
    c->every_ns = number_after(body, length, "@every_us=", 0) * 1000;
    c->usage = says(body, length, "\"include_usage\"");
    if (says(body, length, "\"stream\":true") || says(body, length, "\"stream\": true")) {
        begin_stream(c);
        return;
    }
    counts.tokens++;
    put_json(c, "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,"
                "\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                "\"content\":\"Good morning.\",\"tool_calls\":[]},\"logprobs\":null,"
                "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,"
                "\"completion_tokens\":1,\"total_tokens\":10}}");
}

static void answer_get(struct connection *c, const char *head) {
    char body[200];
    if (strncmp(head, "GET /_bench/counts", 18) == 0)
        snprintf(body, sizeof body,
                 "{\"requests\":%lu,\"whole\":%lu,\"cut\":%lu,\"tokens\":%lu,\"streaming\":%d}",
                 counts.requests, counts.whole, counts.cut, counts.tokens, streams_count);
    else
        snprintf(body, sizeof body, "{\"object\":\"list\",\"data\":[{\"id\":\"bench\"}]}");
    put_json(c, body);
}

/* ---- connections -------------------------------------------------------------------------- */

static void drop(struct connection *c) {
    if (c->answering) counts.cut++;
    stop_streaming(c);
    connections[c->fd] = NULL;
    close(c->fd);
    free(c->in.data);
    free(c->out.data);
    free(c);
}

/* Send what is there; false when the connection is gone, and `c` with it. */
static bool flush(struct connection *c) {
    while (c->sent < c->out.length) {
        ssize_t wrote = write(c->fd, c->out.data + c->sent, c->out.length - c->sent);
        if (wrote < 0 && errno == EAGAIN) break;
        if (wrote < 0) {
            drop(c);
            return false;
        }
        c->sent += (size_t)wrote;
    }
    bool left = c->sent < c->out.length;
    if (!left) {
        c->out.length = c->sent = 0;
        if (c->answering && !c->streaming) {
            c->answering = false;
            counts.whole++;
        }
    }
    if (left != c->wants_write) {
        struct epoll_event event = {.events = EPOLLIN | (left ? EPOLLOUT : 0), .data.fd = c->fd};
        epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
        c->wants_write = left;
    }
    return true;
}

/* Answer every request that is here whole; one at a time. False when the connection is gone. */
static bool serve(struct connection *c) {
    while (!c->answering) {
        char *end = c->in.length ? memmem(c->in.data, c->in.length, "\r\n\r\n", 4) : NULL;
        if (!end) return true;
        size_t head = (size_t)(end - c->in.data) + 4;
        *end = 0;
        char *told = strcasestr(c->in.data, "\r\ncontent-length:");
        size_t body = told ? strtoul(told + 17, NULL, 10) : 0;
        *end = '\r';
        if (c->in.length < head + body) return true;
        if (strncmp(c->in.data, "POST ", 5) == 0)
            answer_post(c, c->in.data + head, body);
        else
            answer_get(c, c->in.data);
        c->in.length -= head + body;
        memmove(c->in.data, c->in.data + head + body, c->in.length);
        if (!flush(c)) return false;
    }
    return true;
}

static void readable(struct connection *c) {
    reserve(&c->in, 16384);
    ssize_t got = read(c->fd, c->in.data + c->in.length, c->in.room - c->in.length);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        drop(c);
        return;
    }
    c->in.length += (size_t)got;
    serve(c);
}

static void welcome(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = fd < MOST_FDS ? calloc(1, sizeof *c) : NULL;
        if (!c) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        c->fd = fd;
        connections[fd] = c;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Tokens that are due, and the alarm for the next. */
static void tick(void) {
    uint64_t now = now_ns(), next = UINT64_MAX;
    for (int i = streams_count - 1; i >= 0; i--) { /* the last takes the place of one that ends */
        struct connection *c = streams[i];
        if (c->due <= now) {
            stream_on(c, now);
            bool ended = !c->streaming;
            if (!flush(c) || (ended && !serve(c))) continue;
        }
        if (c->streaming && c->due < next) next = c->due;
    }
    struct itimerspec alarm = {0};
    if (next != UINT64_MAX) {
        alarm.it_value.tv_sec = (time_t)(next / 1000000000u);
        alarm.it_value.tv_nsec = (long)(next % 1000000000u);
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &alarm, NULL);
}

static int listen_on(int port) {
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0) die("bind");
    if (listen(fd, 1024) < 0) die("listen");
    return fd;
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

int main(int argc, char **argv) {
    if (argc != 3 || strcmp(argv[1], "--port") != 0) {
        fprintf(stderr, "usage: upstream --port PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(atoi(argv[2]));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch(listener);
    watch(timer);
    struct epoll_event events[256];
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            uint64_t times;
            if (fd == listener) {
                welcome(listener);
            } else if (fd == timer) {
                if (read(timer, &times, sizeof times) < 0 && errno != EAGAIN) die("timer");
            } else if (connections[fd]) {
                struct connection *c = connections[fd];
                if ((events[i].events & EPOLLOUT) && !(flush(c) && serve(c))) continue;
                if (connections[fd] && (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
                    readable(c);
            }
        }
        tick();
    }
}
