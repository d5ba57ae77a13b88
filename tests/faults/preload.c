/* Stands between the daemon and the C library (LD_PRELOAD): counts what its processes do to files below FAULT_ROOT,
 * and at one chosen operation kills them, fails it, writes half of it or cuts the power of the file system.
 *
 * All processes share one block of memory, the file FAULT_CONTROL, which tests/faults/preload.py reads and writes.
 * Its layout stands there, too. Our own calls go to the kernel directly, so that they are neither counted nor failed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, CREATE = 4, RENAME = 8, LINK = 16, UNLINK = 32, TRUNCATE = 64, MKDIR = 128 };
enum { NOTHING, KILL_BEFORE, KILL_AFTER, KILL_ONE, TORN, FAIL, SHORT, CUT_BEFORE, CUT_AFTER, STOP };

struct control {
    uint64_t count;    /* operations that matched since it was armed */
    uint64_t at;       /* the one to break, from 1; 0: none */
    uint32_t action;
    uint32_t error;
    uint32_t mask;     /* which operations count */
    uint32_t fired;
    uint32_t trace;    /* write each into the log */
    uint32_t lasting;  /* each one from `at` on fails, not one only */
    uint32_t skipped;  /* operations that are answered with success and not done: a mistake on purpose */
    uint32_t unused;
    char match[128];   /* only paths that hold this count, or, behind a !, that do not */
    char skip[128];    /* only paths that hold this are skipped */
    char what[512];    /* what was broken */
};

#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH 2

static struct control *shared;
static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FAULT_CONTROL"), *below = getenv("FAULT_ROOT");
    char log_name[PATH_MAX];
    if (!name || !below)
        return;
    int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    void *found = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (found == MAP_FAILED)
        return;
    snprintf(root, sizeof root, "%s", below);
    root_length = strlen(root);
    snprintf(log_name, sizeof log_name, "%s.log", name);
    log_fd = syscall(SYS_openat, AT_FDCWD, log_name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    shared = found;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* --- which operations count */

static int is_below(const char *path)
{
    return !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0 && is_below(path);
}

static int path_at(int folder, const char *name, char *path)
{
    char above[PATH_MAX];
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        if (folder == AT_FDCWD) {
            if (syscall(SYS_getcwd, above, sizeof above) < 0)
                return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, above, sizeof above - 1);
            above[length > 0 ? length : 0] = 0;
        }
        if ((size_t)snprintf(path, PATH_MAX, "%s/%s", above, name) >= PATH_MAX)
            return 0;
    }
    return is_below(path);
}

static void note(uint64_t number, const char *name, const char *path, size_t size)
{
    char line[PATH_MAX + 128];
    int length = snprintf(line, sizeof line, "%llu %d %s %zu %s\n", (unsigned long long)number, (int)getpid(), name,
                          size, path + root_length);
    if (log_fd >= 0 && length > 0)
        syscall(SYS_write, log_fd, line, (size_t)length);
}

__attribute__((noreturn)) static void die(int everybody)
{
    syscall(SYS_kill, everybody ? 0 : getpid(), SIGKILL);
    for (;;)
        syscall(SYS_pause);
}

__attribute__((noreturn)) static void cut_power(void)
{
    uint32_t flags = NO_LOG_FLUSH;
    int fd = syscall(SYS_openat, AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 || syscall(SYS_ioctl, fd, EXT4_IOC_SHUTDOWN, &flags) < 0)
        snprintf(shared->what, sizeof shared->what, "the power could not be cut: errno %d", errno);
    die(1);
}

static int is_meant(const char *path)
{
    path += root_length;
    if (shared->match[0] == '!')
        return !strstr(path, shared->match + 1);
    return !shared->match[0] || strstr(path, shared->match);
}

/* What is to become of this operation: one of the actions. What comes before it is done here. */
static int fate(uint32_t kind, const char *name, const char *path, size_t size)
{
    if (!(shared->mask & kind) || !is_meant(path))
        return NOTHING;
    uint64_t number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    uint64_t at = shared->at;
    if (shared->trace)
        note(number, name, path, size);
    if (!at || (shared->lasting ? number < at : number != at))
        return NOTHING;
    if (!__atomic_fetch_add(&shared->fired, 1, __ATOMIC_SEQ_CST))
        snprintf(shared->what, sizeof shared->what, "%s %s", name, path + root_length);
    switch (shared->action) {
    case KILL_BEFORE:
        die(1);
    case KILL_ONE:
        die(0);
    case CUT_BEFORE:
        cut_power();
    case STOP:
        syscall(SYS_kill, 0, SIGSTOP);
        return NOTHING;
    }
    return shared->action;
}

static void after(int action)
{
    if (action == KILL_AFTER)
        die(1);
    if (action == CUT_AFTER)
        cut_power();
}

static int is_skipped(uint32_t kind, const char *path)
{
    return shared && (shared->skipped & kind) && strstr(path + root_length, shared->skip);
}

static int failed(void)
{
    errno = (int)shared->error;
    return -1;
}

/* --- writes: they may be torn in the middle */

static int is_file(int fd)
{
    struct stat found;
    return shared && !syscall(SYS_fstat, fd, &found) && S_ISREG(found.st_mode);
}

#define WRITING(name, size, whole, half) \
    REAL(name); \
    char path[PATH_MAX]; \
    if (!is_file(fd) || !path_of(fd, path)) \
        return whole; \
    if (is_skipped(WRITE, path)) \
        return (ssize_t)(size); \
    int action = fate(WRITE, #name, path, size); \
    if (action == FAIL) \
        return failed(); \
    if (action == TORN) { \
        half; \
        die(1); \
    } \
    if (action == SHORT && (size) > 1) \
        return half; \
    ssize_t done = whole; \
    after(action); \
    return done

ssize_t write(int fd, const void *data, size_t size) { WRITING(write, size, real(fd, data, size), real(fd, data, size / 2)); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    WRITING(pwrite, size, real(fd, data, size, at), real(fd, data, size / 2, at));
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    WRITING(pwrite64, size, real(fd, data, size, at), real(fd, data, size / 2, at));
}

static size_t total(const struct iovec *parts, int count)
{
    size_t size = 0;
    for (int at = 0; at < count; at++)
        size += parts[at].iov_len;
    return size;
}

static ssize_t first_half(int fd, const struct iovec *parts, off64_t at)
{
    size_t size = parts[0].iov_len / 2;
    return at < 0 ? syscall(SYS_write, fd, parts[0].iov_base, size)
                  : syscall(SYS_pwrite64, fd, parts[0].iov_base, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    WRITING(writev, total(parts, count), real(fd, parts, count), first_half(fd, parts, -1));
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    WRITING(pwritev, total(parts, count), real(fd, parts, count, at), first_half(fd, parts, at));
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    WRITING(pwritev64, total(parts, count), real(fd, parts, count, at), first_half(fd, parts, at));
}
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
    WRITING(pwritev2, total(parts, count), real(fd, parts, count, at, flags), first_half(fd, parts, at));
}
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t at, int flags)
{
    WRITING(pwritev64v2, total(parts, count), real(fd, parts, count, at, flags), first_half(fd, parts, at));
}
#define COPYING(name, call) \
    REAL(name); \
    char path[PATH_MAX]; \
    if (!is_file(fd) || !path_of(fd, path)) \
        return call; \
    int action = fate(WRITE, #name, path, size); \
    if (action == FAIL) \
        return failed(); \
    if (action == TORN) \
        die(1); \
    ssize_t done = call; \
    after(action); \
    return done
ssize_t sendfile(int fd, int source, off_t *at, size_t size) { COPYING(sendfile, real(fd, source, at, size)); }
ssize_t sendfile64(int fd, int source, off64_t *at, size_t size) { COPYING(sendfile64, real(fd, source, at, size)); }

/* --- all the others */

#define DOING(kind, name, call) \
    if (is_skipped(kind, path)) \
        return 0; \
    int action = fate(kind, name, path, 0); \
    if (action == FAIL) \
        return failed(); \
    int done = call; \
    after(action); \
    return done

#define BY_FD(kind, name, call) \
    REAL(name); \
    char path[PATH_MAX]; \
    if (!shared || !path_of(fd, path)) \
        return call; \
    DOING(kind, #name, call)

#define BY_PATH(kind, name, folder, entry, call) \
    REAL(name); \
    char path[PATH_MAX]; \
    if (!shared || !path_at(folder, entry, path)) \
        return call; \
    DOING(kind, #name, call)

int fsync(int fd) { BY_FD(SYNC, fsync, real(fd)); }
int fdatasync(int fd) { BY_FD(SYNC, fdatasync, real(fd)); }
int ftruncate(int fd, off_t size) { BY_FD(TRUNCATE, ftruncate, real(fd, size)); }
int ftruncate64(int fd, off64_t size) { BY_FD(TRUNCATE, ftruncate64, real(fd, size)); }
int rename(const char *old, const char *new) { BY_PATH(RENAME, rename, AT_FDCWD, new, real(old, new)); }
int renameat(int from, const char *old, int to, const char *new)
{
    BY_PATH(RENAME, renameat, to, new, real(from, old, to, new));
}
int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
    BY_PATH(RENAME, renameat2, to, new, real(from, old, to, new, flags));
}
int link(const char *old, const char *new) { BY_PATH(LINK, link, AT_FDCWD, new, real(old, new)); }
int linkat(int from, const char *old, int to, const char *new, int flags)
{
    BY_PATH(LINK, linkat, to, new, real(from, old, to, new, flags));
}
int unlink(const char *name) { BY_PATH(UNLINK, unlink, AT_FDCWD, name, real(name)); }
int unlinkat(int folder, const char *name, int flags) { BY_PATH(UNLINK, unlinkat, folder, name, real(folder, name, flags)); }
int rmdir(const char *name) { BY_PATH(UNLINK, rmdir, AT_FDCWD, name, real(name)); }
int mkdir(const char *name, mode_t mode) { BY_PATH(MKDIR, mkdir, AT_FDCWD, name, real(name, mode)); }
int mkdirat(int folder, const char *name, mode_t mode) { BY_PATH(MKDIR, mkdirat, folder, name, real(folder, name, mode)); }

/* --- open: only what may make a file counts */

#define OPENING(name, folder, entry, call) \
    REAL(name); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    } \
    char path[PATH_MAX]; \
    if (!shared || !(flags & (O_CREAT | O_TRUNC)) || !path_at(folder, entry, path)) \
        return call; \
    DOING(CREATE, #name, call)

int open(const char *name, int flags, ...) { OPENING(open, AT_FDCWD, name, real(name, flags, mode)); }
int open64(const char *name, int flags, ...) { OPENING(open64, AT_FDCWD, name, real(name, flags, mode)); }
int openat(int folder, const char *name, int flags, ...) { OPENING(openat, folder, name, real(folder, name, flags, mode)); }
int openat64(int folder, const char *name, int flags, ...)
{
    OPENING(openat64, folder, name, real(folder, name, flags, mode));
}
