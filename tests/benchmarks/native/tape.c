/* Records what a program does to the files below one folder, in the order in which it is done.

   LD_PRELOAD=tape.so TAPE_FOLDER=/home TAPE_LOG=/tape TAPE_ACKS=/acknowledged program

   A record is a head and its bytes. Files are named by inode in what is done to their content, by
   path in what is done to their names. Each call is made and recorded under one lock, so the
   order on the tape is the order on the disk. The program's own words about what it was promised
   are lines in the file TAPE_ACKS, and stand on the tape between the rest. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 4096
#define NEXT(name) next_##name = (typeof(next_##name))dlsym(RTLD_NEXT, #name)

struct head {
    uint8_t operation;
    uint64_t inode;
    uint64_t place; /* offset or size; where the second path begins */
    uint32_t length;
} __attribute__((packed));

static int (*next_open)(const char *, int, ...);
static int (*next_openat)(int, const char *, int, ...);
static int (*next_close)(int);
static ssize_t (*next_write)(int, const void *, size_t);
static ssize_t (*next_pwrite64)(int, const void *, size_t, off64_t);
static int (*next_fsync)(int);
static int (*next_fdatasync)(int);
static int (*next_ftruncate64)(int, off64_t);
static int (*next_rename)(const char *, const char *);
static int (*next_link)(const char *, const char *);
static int (*next_unlink)(const char *);

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char *paths[FILES]; /* of open files that are watched */
static const char *folder, *acknowledged;
static int tape = -1;

__attribute__((constructor)) static void begin(void)
{
    NEXT(open); NEXT(openat); NEXT(close); NEXT(write); NEXT(pwrite64); NEXT(fsync);
    NEXT(fdatasync); NEXT(ftruncate64); NEXT(rename); NEXT(link); NEXT(unlink);
    folder = getenv("TAPE_FOLDER");
    acknowledged = getenv("TAPE_ACKS");
    const char *log = getenv("TAPE_LOG");
    if (folder && log)
        tape = next_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length) {
        ssize_t done = next_write(tape, at, length);
        if (done <= 0)
            abort(); /* a tape with a hole tells lies */
        at += done;
        length -= done;
    }
}

static void record(char operation, uint64_t inode, uint64_t place, const void *bytes, size_t length)
{
    struct head head = {operation, inode, place, length};
    put(&head, sizeof head);
    put(bytes, length);
}

static void record_paths(char operation, uint64_t inode, const char *first, const char *second)
{
    char both[8192];
    size_t place = strlen(first);
    int length = snprintf(both, sizeof both, "%s%s", first, second);
    record(operation, inode, place, both, length);
}

static int below(const char *path)
{
    return tape >= 0 && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_acknowledged(const char *path)
{
    return tape >= 0 && path && acknowledged && strcmp(path, acknowledged) == 0;
}

static const char *watched(int file)
{
    return file >= 0 && file < FILES ? paths[file] : NULL;
}

static uint64_t inode_of(int file)
{
    struct stat found;
    return fstat(file, &found) ? 0 : found.st_ino;
}

static int opened(const char *path, int flags, mode_t mode)
{
    if (!below(path) && !is_acknowledged(path))
        return next_open(path, flags, mode);
    pthread_mutex_lock(&turn);
    int is_new = access(path, F_OK) != 0;
    int file = next_open(path, flags, mode);
    if (file >= 0 && file < FILES) {
        free(paths[file]);
        paths[file] = strdup(path);
        if (is_new && !is_acknowledged(path))
            record_paths('C', inode_of(file), path, "");
        else if (flags & O_TRUNC)
            record('T', inode_of(file), 0, "", 0);
    }
    pthread_mutex_unlock(&turn);
    return file;
}

static mode_t mode_in(int flags, va_list rest)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                    \
    int name(const char *path, int flags, ...)        \
    {                                                 \
        va_list rest;                                 \
        va_start(rest, flags);                        \
        mode_t mode = mode_in(flags, rest);           \
        va_end(rest);                                 \
        return opened(path, flags, mode);             \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                              \
    int name(int at, const char *path, int flags, ...)            \
    {                                                             \
        va_list rest;                                             \
        va_start(rest, flags);                                    \
        mode_t mode = mode_in(flags, rest);                       \
        va_end(rest);                                             \
        return *path == '/' ? opened(path, flags, mode)           \
                            : next_openat(at, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int file)
{
    pthread_mutex_lock(&turn);
    if (watched(file)) {
        free(paths[file]);
        paths[file] = NULL;
    }
    int answer = next_close(file);
    pthread_mutex_unlock(&turn);
    return answer;
}

ssize_t write(int file, const void *bytes, size_t length)
{
    if (!watched(file))
        return next_write(file, bytes, length);
    pthread_mutex_lock(&turn);
    ssize_t done = next_write(file, bytes, length);
    if (done > 0 && is_acknowledged(paths[file]))
        record('A', 0, 0, bytes, done);
    else if (done > 0)
        record('W', inode_of(file), lseek64(file, 0, SEEK_CUR) - done, bytes, done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t place)
{
    if (!watched(file))
        return next_pwrite64(file, bytes, length, place);
    pthread_mutex_lock(&turn);
    ssize_t done = next_pwrite64(file, bytes, length, place);
    if (done > 0)
        record('W', inode_of(file), place, bytes, done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t place)
{
    return pwrite64(file, bytes, length, place);
}

static int synced(int file, int (*next)(int))
{
    if (!watched(file))
        return next(file);
    pthread_mutex_lock(&turn);
    int answer = next(file);
    struct stat found;
    if (answer == 0 && fstat(file, &found) == 0) {
        if (S_ISDIR(found.st_mode))
            record_paths('D', found.st_ino, paths[file], "");
        else
            record('S', found.st_ino, 0, "", 0);
    }
    pthread_mutex_unlock(&turn);
    return answer;
}

int fsync(int file) { return synced(file, next_fsync); }
int fdatasync(int file) { return synced(file, next_fdatasync); }

int ftruncate64(int file, off64_t size)
{
    if (!watched(file))
        return next_ftruncate64(file, size);
    pthread_mutex_lock(&turn);
    int answer = next_ftruncate64(file, size);
    if (answer == 0)
        record('T', inode_of(file), size, "", 0);
    pthread_mutex_unlock(&turn);
    return answer;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int renamed(char operation, int (*next)(const char *, const char *), const char *old, const char *new)
{
    if (!below(old) && !below(new))
        return next(old, new);
    pthread_mutex_lock(&turn);
    int answer = next(old, new);
    int before = errno;
    if (answer == 0)
        record_paths(operation, 0, old, new);
    errno = before;
    pthread_mutex_unlock(&turn);
    return answer;
}

int rename(const char *old, const char *new) { return renamed('R', next_rename, old, new); }
int link(const char *old, const char *new) { return renamed('L', next_link, old, new); }

int unlink(const char *path)
{
    if (!below(path))
        return next_unlink(path);
    pthread_mutex_lock(&turn);
    int answer = next_unlink(path);
    int before = errno;
    if (answer == 0)
        record_paths('U', 0, path, "");
    errno = before;
    pthread_mutex_unlock(&turn);
    return answer;
}
