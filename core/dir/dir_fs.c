/* dir_fs.c - a folder of the file system: the protocol's operations (fsys_private.h) as system calls.
 *
 * No path can leave the folder: openat2 with RESOLVE_BENEATH and no symbolic links, or, where that call is missing, one O_NOFOLLOW step per part.
 * Files are 0600, folders 0700. Locks are open-file-description locks (flock where the kernel has none): they die with the descriptor, and so with the
 * process; file systems shared between machines are refused, since their locks cannot be trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <dirent.h>
#include <poll.h>
#include <stdatomic.h>

#include "core/base/clock.h"
#include "core/dir/fdir_private.h"

enum { POLL_MS = 50, ZERO_BYTES = 256 << 10 };

struct posix {
	struct fsys fs;
	int root;
	atomic_bool no_openat2;
};

#define RETRY(call)                                                                                                                         \
	({                                                                                                                                  \
		__typeof__(call) r_;                                                                                                        \
		do                                                                                                                          \
			r_ = (call);                                                                                                        \
		while (r_ < 0 && errno == EINTR);                                                                                           \
		r_ < 0 ? -errno : r_;                                                                                                       \
	})

static struct posix *of(struct fsys *fs)
{
	return (struct posix *)fs;
}

/* ---- opening below the root ---- */

static int stepwise(struct posix *px, const char *path, int flags, mode_t mode)
{
	int at = px->root, fd;
	for (;;) {
		char part[PART_BYTES_MAX + 64];
		size_t n = strcspn(path, "/");
		if (n >= sizeof(part))
			fd = -ENAMETOOLONG;
		else if (!path[n])
			fd = RETRY(openat(at, path, flags | O_NOFOLLOW, mode));
		else
			fd = RETRY(openat(at, (memcpy(part, path, n), part[n] = '\0', part), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
		if (at != px->root)
			close(at);
		if (fd < 0 || !path[n])
			return fd;
		at = fd;
		path += n + 1;
	}
}

static int beneath(struct posix *px, const char *path, int flags, mode_t mode)
{
	flags |= O_CLOEXEC;
	if (!*path)
		path = ".";
	if (!atomic_load_explicit(&px->no_openat2, memory_order_relaxed)) {
		struct open_how how = {
			.flags = (uint64_t)(unsigned)flags,
			.mode = mode,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
		};
		int fd = (int)RETRY(syscall(SYS_openat2, px->root, path, &how, sizeof(how)));
		if (fd != -ENOSYS && fd != -EPERM && fd != -EAGAIN)
			return fd;
		if (fd == -ENOSYS)
			atomic_store_explicit(&px->no_openat2, true, memory_order_relaxed);
	}
	return stepwise(px, path, flags, mode);
}

/* The folder of path, and the last part: for the calls that take a folder and a name. */
static int parent(struct posix *px, const char *path, const char **ret_base)
{
	const char *slash = strrchr(path, '/');
	char folder[NAME_BYTES_MAX + 32];
	size_t n = slash ? (size_t)(slash - path) : 0;
	if (n >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, n);
	folder[n] = '\0';
	*ret_base = slash ? slash + 1 : path;
	return beneath(px, folder, O_PATH | O_DIRECTORY, 0);
}

static int posix_open(struct fsys *fs, const char *path, enum fsys_how how)
{
	static const int flags[] = {
		[FSYS_READ] = O_RDONLY | O_NONBLOCK, /* a planted FIFO must not hold us */
		[FSYS_CREATE] = O_RDWR | O_CREAT | O_EXCL,
		[FSYS_LOCK] = O_RDWR | O_CREAT | O_NONBLOCK,
	};
	int fd = beneath(of(fs), path, flags[how] | O_NOFOLLOW, flags[how] & O_CREAT ? 0600 : 0);
	struct stat st;
	if (fd < 0)
		return fd;
	int rc = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

static void posix_close(struct fsys *fs, int file)
{
	(void)fs;
	close(file); /* what must be durable was synced before */
}

/* ---- bytes ---- */

static int64_t posix_pread(struct fsys *fs, int file, void *p, size_t n, uint64_t off)
{
	(void)fs;
	return RETRY(pread(file, p, n, (off_t)off));
}

static int64_t posix_pwrite(struct fsys *fs, int file, const void *p, size_t n, uint64_t off)
{
	(void)fs;
	int64_t rc = RETRY(pwrite(file, p, n, (off_t)off));
	return rc == -EFBIG ? -ENOSPC : rc; /* a limit on file sizes is one more way to be full */
}

static int64_t posix_size(struct fsys *fs, int file)
{
	struct stat st;
	(void)fs;
	return fstat(file, &st) < 0 ? -errno : st.st_size;
}

static int posix_allocate(struct fsys *fs, int file, uint64_t size)
{
	int rc = RETRY(fallocate(file, 0, 0, (off_t)size));
	if (rc != -EOPNOTSUPP && rc != -ENOSYS)
		return rc == -EFBIG ? -ENOSPC : rc;
	void *zero = calloc(1, ZERO_BYTES);
	rc = zero ? 0 : -ENOMEM;
	for (uint64_t off = 0; off < size && rc == 0; off += ZERO_BYTES)
		rc = fdir_pwrite_all(fs, file, zero, size - off < ZERO_BYTES ? (size_t)(size - off) : ZERO_BYTES, off);
	free(zero);
	return rc;
}

static int posix_truncate(struct fsys *fs, int file, uint64_t size)
{
	(void)fs;
	return RETRY(ftruncate(file, (off_t)size));
}

static int posix_sync(struct fsys *fs, int file, bool data_only)
{
	(void)fs;
	return RETRY(data_only ? fdatasync(file) : fsync(file));
}

static int posix_map(struct fsys *fs, int file, size_t len, const uint8_t **ret)
{
	(void)fs;
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, file, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

static void posix_unmap(struct fsys *fs, const uint8_t *p, size_t len)
{
	(void)fs;
	munmap((void *)(uintptr_t)p, len);
}

static bool shared_between_machines(int file)
{
	enum { SMB2 = 0xfe534d42, CIFS = 0xff534d42, CEPH = 0x00c36400, LUSTRE = 0x0bd00bd0 };
	struct statfs s;
	if (fstatfs(file, &s) < 0)
		return false;
	switch ((unsigned)s.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case AFS_FS_MAGIC:
	case CODA_SUPER_MAGIC:
	case V9FS_MAGIC:
	case (unsigned)SMB2:
	case (unsigned)CIFS:
	case (unsigned)CEPH:
	case (unsigned)LUSTRE:
		return true;
	default:
		return false;
	}
}

static int posix_lock(struct fsys *fs, int file, bool exclusive)
{
	struct flock whole = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
	(void)fs;
	if (exclusive && shared_between_machines(file))
		return -ENOLCK;
	int rc = RETRY(fcntl(file, F_OFD_SETLK, &whole));
	if (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP)
		rc = RETRY(flock(file, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB));
	return rc == -EACCES ? -EAGAIN : rc == -EOPNOTSUPP || rc == -ENOSYS ? -ENOLCK : rc;
}

/* ---- names ---- */

/* Without renameat2's flag: a second name, then the first one away. A crash between leaves a temporary that recovery removes. */
static int link_unlink(int at, const char *from, const char *to)
{
	if (linkat(at, from, at, to, 0) < 0)
		return -errno;
	return unlinkat(at, from, 0) < 0 ? -errno : 0;
}

static int posix_rename(struct fsys *fs, const char *from, const char *to, bool replace)
{
	const char *base, *new_base = strrchr(to, '/');
	int at = parent(of(fs), from, &base);
	if (at < 0)
		return at;
	new_base = new_base ? new_base + 1 : to;
	int rc = replace ? renameat(at, base, at, new_base) : renameat2(at, base, at, new_base, RENAME_NOREPLACE);
	rc = rc < 0 ? -errno : 0;
	if (!replace && (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP))
		rc = link_unlink(at, base, new_base);
	close(at);
	return rc;
}

static int posix_unlink(struct fsys *fs, const char *path)
{
	const char *base;
	int at = parent(of(fs), path, &base);
	if (at < 0)
		return at;
	int rc = unlinkat(at, base, 0) < 0 ? -errno : 0;
	close(at);
	return rc;
}

static int posix_mkdir(struct fsys *fs, const char *path)
{
	const char *base;
	int at = parent(of(fs), path, &base);
	if (at < 0)
		return at;
	int rc = mkdirat(at, base, 0700) < 0 ? -errno : 0;
	close(at);
	return rc;
}

static int posix_rmdir(struct fsys *fs, const char *path)
{
	const char *base;
	int at = parent(of(fs), path, &base);
	if (at < 0)
		return at;
	int rc = unlinkat(at, base, AT_REMOVEDIR) < 0 ? -errno : 0;
	close(at);
	return rc;
}

static int posix_sync_dir(struct fsys *fs, const char *path)
{
	int fd = beneath(of(fs), path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	int rc = RETRY(fsync(fd));
	close(fd);
	return rc;
}

static int posix_list(struct fsys *fs, const char *path, fsys_each *fn, void *arg)
{
	int fd = beneath(of(fs), path, O_RDONLY | O_DIRECTORY, 0), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		rc = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (rc == 0) {
		struct stat st;
		errno = 0;
		const struct dirent *e = readdir(dir);
		if (!e) {
			rc = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* removed meanwhile */
		if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			rc = fn(arg, e->d_name, S_ISDIR(st.st_mode), S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	}
	closedir(dir);
	return rc;
}

/* ---- the rest ---- */

/* An inotify descriptor on the folder; -1 when there is none to be had: then the loop polls. */
static int notifier(struct posix *px, const char *path)
{
	char proc[64];
	int fd = beneath(px, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return -1;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (in >= 0 && inotify_add_watch(in, proc, IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_CLOSE_WRITE) < 0) {
		close(in);
		in = -1;
	}
	close(fd);
	return in;
}

static int posix_wait(struct fsys *fs, const char *path, int timeout_ms, bool (*changed)(void *), void *arg)
{
	uint64_t end = rk_mono_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000u;
	int in = timeout_ms > 0 ? notifier(of(fs), path) : -1, yes;
	for (;;) {
		uint64_t now = rk_mono_ns();
		yes = changed(arg);
		if (yes || now >= end)
			break;
		int left = (int)((end - now) / 1000000u) + 1;
		struct pollfd p = {.fd = in, .events = POLLIN};
		poll(&p, 1, in < 0 && left > POLL_MS ? POLL_MS : left); /* a descriptor below 0 is only a sleep */
		char events[4096];
		while (in >= 0 && read(in, events, sizeof(events)) > 0)
			;
	}
	if (in >= 0)
		close(in);
	return yes;
}

static int posix_space(struct fsys *fs, uint64_t *ret_free, uint64_t *ret_total)
{
	struct statvfs s;
	if (RETRY(fstatvfs(of(fs)->root, &s)) < 0)
		return -errno;
	*ret_free = (uint64_t)s.f_bavail * s.f_frsize;
	*ret_total = (uint64_t)s.f_blocks * s.f_frsize;
	return 0;
}

static void posix_free(struct fsys *fs)
{
	close(of(fs)->root);
	free(fs);
}

static const struct fsys_ops ops = {
	.open = posix_open,
	.close = posix_close,
	.pread = posix_pread,
	.pwrite = posix_pwrite,
	.size = posix_size,
	.allocate = posix_allocate,
	.truncate = posix_truncate,
	.sync = posix_sync,
	.map = posix_map,
	.unmap = posix_unmap,
	.lock = posix_lock,
	.rename = posix_rename,
	.unlink = posix_unlink,
	.mkdir = posix_mkdir,
	.rmdir = posix_rmdir,
	.sync_dir = posix_sync_dir,
	.list = posix_list,
	.wait = posix_wait,
	.space = posix_space,
	.free = posix_free,
};

/* The index folder itself, its entry durable in the folder above. */
static int make_root(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	int up = RETRY(openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int rc = up < 0 ? up : RETRY(fsync(up));
	if (up >= 0)
		close(up);
	close(fd);
	return rc == -EACCES ? 0 : rc; /* a parent that we may not read was made by another */
}

int dir_fs_open(const char *path, bool create, struct rk_dir **ret, struct rk_err *err)
{
	int rc = create ? make_root(path) : 0;
	if (rc < 0)
		return rk_fail(err, rc, "%s: %s", path, strerror(-rc));
	int root = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (root < 0)
		return rk_fail(err, root, "%s: %s", path, strerror(-root));
	struct posix *px = calloc(1, sizeof(*px));
	if (!px) {
		close(root);
		return rk_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	px->fs.ops = &ops;
	px->root = root;
	return fdir_new(&px->fs, ret, err);
}
