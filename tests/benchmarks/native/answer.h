/* Reads an HTTP answer piece by piece, as it comes out of a socket. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum framing { HEAD, LENGTH, CHUNK_SIZE, CHUNK, CHUNK_END, UNTIL_CLOSE, COMPLETE };

struct answer {
    enum framing framing;
    size_t left; /* of the body, or of the chunk */
    bool last_chunk, close_after;
    int status;
    char head[8192];
    size_t head_length;
};

struct piece {
    size_t used, length; /* `used` of what was given, with `length` bytes of the body in it */
    const char *body;
};

static void expect(struct answer *a) {
    a->framing = HEAD;
    a->head_length = a->left = 0;
    a->last_chunk = a->close_after = false;
    a->status = 0;
}

static void read_head(struct answer *a) {
    a->head[a->head_length] = 0;
    a->status = atoi(a->head + strlen("HTTP/1.1 "));
    const char *length = strcasestr(a->head, "\r\ncontent-length:");
    a->close_after = strcasestr(a->head, "\r\nconnection: close") != NULL;
    if (strcasestr(a->head, "\r\ntransfer-encoding: chunked")) {
        a->framing = CHUNK_SIZE;
    } else if (length) {
        a->left = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
        a->framing = a->left ? LENGTH : COMPLETE;
    } else {
        a->framing = UNTIL_CLOSE;
    }
}

static void read_chunk_size(struct answer *a, char byte) {
    if (byte == '\n') { /* no extensions here */
        a->last_chunk = a->left == 0;
        a->framing = a->last_chunk ? CHUNK_END : CHUNK;
    } else if (byte != '\r') {
        a->left = a->left * 16 + (size_t)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
    }
}

/* Take the next piece of `data`, which is not empty; call until all is used or COMPLETE. */
static struct piece take(struct answer *a, const char *data, size_t length) {
    struct piece piece = {.used = 1, .body = data};
    switch (a->framing) {
    case HEAD:
        if (a->head_length == sizeof a->head - 1) {
            fprintf(stderr, "an answer's head is longer than %zu bytes\n", sizeof a->head);
            exit(1);
        }
        a->head[a->head_length++] = *data;
        if (a->head_length >= 4 && !memcmp(a->head + a->head_length - 4, "\r\n\r\n", 4))
            read_head(a);
        break;
    case CHUNK_SIZE:
        read_chunk_size(a, *data);
        break;
    case CHUNK_END:
        if (*data == '\n') a->framing = a->last_chunk ? COMPLETE : CHUNK_SIZE;
        break;
    case LENGTH:
    case CHUNK:
        piece.used = piece.length = length < a->left ? length : a->left;
        a->left -= piece.used;
        if (!a->left) a->framing = a->framing == LENGTH ? COMPLETE : CHUNK_END;
        break;
    case UNTIL_CLOSE:
        piece.used = piece.length = length;
        break;
    case COMPLETE:
        piece.used = length;
        break;
    }
    return piece;
}
