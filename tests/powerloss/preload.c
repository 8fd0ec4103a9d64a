// Journals what a program does to one directory, so that cut.py can build what a disk may hold after a power cut at any moment.
// POWERLOSS_DIR: the directory (absolute). POWERLOSS_JOURNAL: where the journal goes. POWERLOSS_ACKS: a file whose writes are
// acknowledgements; with POWERLOSS_REPLIES, what is sent to a socket and begins with 250 is one too. POWERLOSS_IGNORE: a kind of sync (see kind_of) that is swallowed, to see that the test finds it missing.
//
// A journal record is four little-endian numbers (type u32, handle u32, offset u64, length u64) and `length` octets. A write is journalled
// after it was done, a sync before and after, an acknowledgement before: so what the journal says is synced was written before the sync.
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    op_open = 1,
    op_write,
    op_truncate,
    op_sync_start,
    op_sync_end,
    op_rename,
    op_unlink,
    op_mkdir,
    op_ack,
    op_link
};

enum { max_files = 4096, acks_handle = -1 };

struct file {
    int handle;  // 0: not of the directory
    int is_new;
    char* path;
};

static struct file files[max_files];
static int next_handle = 1;
static int journal = -1;
static const char *directory, *acks, *ignored;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))

static void* real(const char* name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void start(void) {
    directory = getenv("POWERLOSS_DIR");
    acks = getenv("POWERLOSS_ACKS");
    ignored = getenv("POWERLOSS_IGNORE");
    const char* path = getenv("POWERLOSS_JOURNAL");
    if (directory != NULL && path != NULL) {
        journal = REAL(open)(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    }
}

static void note(
    uint32_t type, int handle, uint64_t offset, const struct iovec* pieces, int count) {
    struct {
        uint32_t type, handle;
        uint64_t offset, length;
    } head = {type, (uint32_t)handle, offset, 0};
    struct iovec all[1025];
    all[0] = (struct iovec){&head, sizeof head};
    for (int i = 0; i < count; ++i) {
        all[i + 1] = pieces[i];
        head.length += pieces[i].iov_len;
    }
    size_t want = sizeof head + head.length;
    if (REAL(writev)(journal, all, count + 1) != (ssize_t)want) {
        static const char text[] = "powerloss: cannot write the journal\n";
        (void)!REAL(write)(2, text, sizeof text - 1);
        _exit(99);
    }
}

static void note_text(uint32_t type, int handle, uint64_t offset, const char* text, size_t length) {
    struct iovec piece = {(void*)text, length};
    note(type, handle, offset, &piece, 1);
}

static int is_watched(const char* path) {
    size_t prefix = journal < 0 ? 0 : strlen(directory);
    if (prefix == 0 || strncmp(path, directory, prefix) != 0 ||
        (path[prefix] != '/' && path[prefix] != '\0')) {
        return 0;
    }
    size_t length = strlen(path);
    // Shared memory beside the database: nothing of it needs to survive.
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static struct file* file_of(int fd) {
    return journal >= 0 && fd >= 0 && fd < max_files && files[fd].handle != 0 ? &files[fd] : NULL;
}

static int opened(int fd, const char* path, int flags) {
    if (fd < 0 || fd >= max_files) {
        return fd;
    }
    if (acks != NULL && strcmp(path, acks) == 0) {
        files[fd].handle = acks_handle;
    } else if (is_watched(path)) {
        files[fd] = (struct file){next_handle++, (flags & O_CREAT) != 0, strdup(path)};
        note_text(
            op_open, files[fd].handle, (uint64_t)(flags & (O_CREAT | O_TRUNC)), path, strlen(path));
    }
    return fd;
}

static int open_noted(int folder, const char* path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    int fd = opened(REAL(openat)(folder, path, flags, mode), path, flags);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN_BODY(folder)                       \
    mode_t mode = 0;                            \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list more;                           \
        va_start(more, flags);                  \
        mode = va_arg(more, mode_t);            \
        va_end(more);                           \
    }                                           \
    return open_noted(folder, path, flags, mode)

int open(const char* path, int flags, ...) {
    OPEN_BODY(AT_FDCWD);
}

int open64(const char* path, int flags, ...) {
    OPEN_BODY(AT_FDCWD);
}

int openat(int folder, const char* path, int flags, ...) {
    OPEN_BODY(folder);
}

int openat64(int folder, const char* path, int flags, ...) {
    OPEN_BODY(folder);
}

int __open_2(const char* path, int flags) {
    return open_noted(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char* path, int flags) {
    return open_noted(AT_FDCWD, path, flags, 0);
}

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < max_files) {
        free(files[fd].path);
        files[fd] = (struct file){0, 0, NULL};
    }
    int result = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

// `offset` -1: where the file stands.
static ssize_t write_noted(int fd, const struct iovec* pieces, int count, int64_t offset) {
    struct file* file = file_of(fd);
    if (file != NULL && file->handle == acks_handle) {
        note(op_ack, 0, 0, pieces, count);
        file = NULL;
    }
    ssize_t done =
        offset >= 0 ? REAL(pwritev)(fd, pieces, count, offset) : REAL(writev)(fd, pieces, count);
    if (file == NULL || done <= 0) {
        return done;
    }
    uint64_t at = (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - done);
    struct iovec written[1024];
    ssize_t rest = done;
    int used = 0;
    for (; used < count && rest > 0; ++used) {
        written[used] = pieces[used];
        if ((ssize_t)written[used].iov_len > rest) {
            written[used].iov_len = (size_t)rest;
        }
        rest -= (ssize_t)written[used].iov_len;
    }
    note(op_write, file->handle, at, written, used);
    return done;
}

static ssize_t write_one(int fd, const void* data, size_t size, int64_t offset) {
    struct iovec piece = {(void*)data, size};
    return write_noted(fd, &piece, 1, offset);
}

ssize_t write(int fd, const void* data, size_t size) {
    return write_one(fd, data, size, -1);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
    return write_one(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
    return write_one(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec* pieces, int count) {
    return write_noted(fd, pieces, count, -1);
}

ssize_t pwritev(int fd, const struct iovec* pieces, int count, off_t offset) {
    return write_noted(fd, pieces, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec* pieces, int count, off64_t offset) {
    return write_noted(fd, pieces, count, offset);
}

int ftruncate(int fd, off_t size) {
    struct file* file = file_of(fd);
    int result = REAL(ftruncate)(fd, size);
    if (file != NULL && result == 0) {
        note(op_truncate, file->handle, (uint64_t)size, NULL, 0);
    }
    return result;
}

int ftruncate64(int fd, off64_t size) {
    return ftruncate(fd, size);
}

static const char* kind_of(const struct file* file) {
    struct stat status;
    const char* dot = strrchr(file->path, '.');
    const char* base = strrchr(file->path, '/');
    const char* dash = strrchr(base, '-');
    if (stat(file->path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return strstr(file->path, "/volumes/") != NULL ? "volume" : "folder";
    }
    if (dash != NULL) {
        return dash + 1;  // wal
    }
    if (dot != NULL && strcmp(dot, ".keys") == 0 && !file->is_new) {
        return "shredding";  // opened again to write zeros
    }
    return dot != NULL ? dot + 1 : "";
}

static int sync_noted(int fd, const char* name) {
    int (*sync)(int) = (int (*)(int))real(name);
    struct file* file = file_of(fd);
    if (file == NULL) {
        return sync(fd);
    }
    if (ignored != NULL && strcmp(kind_of(file), ignored) == 0) {
        return 0;
    }
    int handle = file->handle;
    note(op_sync_start, handle, 0, NULL, 0);
    int result = sync(fd);
    if (result == 0) {
        note(op_sync_end, handle, 0, NULL, 0);
    }
    return result;
}

int fsync(int fd) {
    return sync_noted(fd, "fsync");
}

int fdatasync(int fd) {
    return sync_noted(fd, "fdatasync");
}

int rename(const char* from, const char* to) {
    pthread_mutex_lock(&lock);
    int result = REAL(rename)(from, to);
    if (result == 0 && is_watched(from)) {
        struct iovec names[2] = {{(void*)from, strlen(from) + 1}, {(void*)to, strlen(to)}};
        note(op_rename, 0, 0, names, 2);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char* path) {
    pthread_mutex_lock(&lock);
    int result = REAL(unlink)(path);
    if (result == 0 && is_watched(path)) {
        note_text(op_unlink, 0, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdir(const char* path, mode_t mode) {
    pthread_mutex_lock(&lock);
    int result = REAL(mkdir)(path, mode);
    if (result == 0 && is_watched(path)) {
        note_text(op_mkdir, 0, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int remove(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? rmdir(path) : unlink(path);
}

int link(const char* from, const char* to) {
    pthread_mutex_lock(&lock);
    int result = REAL(link)(from, to);
    if (result == 0 && is_watched(from)) {
        struct iovec names[2] = {{(void*)from, strlen(from) + 1}, {(void*)to, strlen(to)}};
        note(op_link, 0, 0, names, 2);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static void note_reply(const struct iovec* pieces, size_t count) {
    if (journal >= 0 && getenv("POWERLOSS_REPLIES") != NULL && count > 0 && pieces[0].iov_len > 4 &&
        memcmp(pieces[0].iov_base, "250 ", 4) == 0) {
        note(op_ack, 0, 0, pieces, (int)count);
    }
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    note_reply(message->msg_iov, message->msg_iovlen);
    return REAL(sendmsg)(fd, message, flags);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
    struct iovec piece = {(void*)data, size};
    note_reply(&piece, 1);
    return REAL(send)(fd, data, size, flags);
}

// What this journal has no word for must not pass unseen.
static int refuse(const char* name) {
    fprintf(stderr, "powerloss: %s is not journalled\n", name);
    _exit(98);
}

int truncate(const char* path, off_t size) {
    return is_watched(path) ? refuse("truncate") : REAL(truncate)(path, size);
}

int renameat(int a, const char* from, int b, const char* to) {
    return is_watched(from) ? refuse("renameat") : REAL(renameat)(a, from, b, to);
}

int renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
    return is_watched(from) ? refuse("renameat2") : REAL(renameat2)(a, from, b, to, flags);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
    return file_of(fd) != NULL ? refuse("fallocate") : REAL(fallocate)(fd, mode, offset, size);
}
