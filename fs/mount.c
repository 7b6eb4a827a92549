/* mount.c - from options to a served mount and back; see mount.h.
 *
 * Order of a start: the child is forked (threads would not survive it later), opens and recovers the index, mounts, starts to serve, and only then tells
 * the waiting parent, which ends with the child's code. Order of an end: no new requests, running ones answered, unmounted, index closed.
 * Signals are blocked in all threads and waited for in the first. */
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "fs/guard.h"
#include "fs/loop.h"
#include "fs/open.h"
#include "fs/ops.h"
#include "fs/tree.h"

enum { MAX_THREADS = 64, DEFAULT_SLOTS = 8, GONE = SIGUSR1 };

struct mount {
	const struct mount_options *o;
	void (*say)(const char *fmt, ...);
	char index[PATH_MAX], mountpoint[PATH_MAX], holder[64];
	int ready; /* pipe to the waiting parent, -1 in the foreground */
	int guard; /* guard.h; negative: none */
	struct fs fs;
};

static void node_done(void *arg, struct node *n)
{
	struct fs *fs = arg;
	cache_drop(&fs->cache, n);
	if (n->kind->done)
		n->kind->done(n);
}

static void on_commit(void *arg, uint64_t generation)
{
	(void)generation;
	notify_publish(&((struct fs *)arg)->notify);
}

static void say_rc(struct mount *m, const char *what, int rc, const struct rk_err *err)
{
	m->say("%s: %s", what, err->msg[0] ? err->msg : strerror(-rc));
}

/* A mount whose daemon died: every access says ENOTCONN. It is taken away before anything else looks at the folder. */
static void detach_dead(const char *mountpoint)
{
	struct stat st;
	if (stat(mountpoint, &st) == 0 || errno != ENOTCONN)
		return;
	if (umount2(mountpoint, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", mountpoint, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int resolve(struct mount *m)
{
	struct stat st;
	if (!realpath(m->o->index, m->index)) {
		m->say("%s: %s", m->o->index, strerror(errno));
		return MOUNT_INDEX;
	}
	detach_dead(m->o->mountpoint);
	if (!realpath(m->o->mountpoint, m->mountpoint) || stat(m->mountpoint, &st) < 0) {
		m->say("%s: %s", m->o->mountpoint, strerror(errno));
		return MOUNT_FAILED;
	}
	if (!S_ISDIR(st.st_mode)) {
		m->say("%s: not a folder", m->o->mountpoint);
		return MOUNT_FAILED;
	}
	size_t len = strlen(m->index);
	if (strncmp(m->mountpoint, m->index, len) == 0 && (m->mountpoint[len] == '/' || !m->mountpoint[len])) {
		m->say("%s: cannot be mounted inside the index itself", m->o->mountpoint);
		return MOUNT_FAILED;
	}
	return MOUNT_OK;
}

/* The state of the tree, without index and session. */
static int fs_init(struct fs *fs, const struct mount_options *o)
{
	fs->uid = getuid();
	fs->gid = getgid();
	fs->start_ns = rk_wall_ns();
	fs->read_only = o->open.read_only;
	fs->allow_other = o->allow_other;
	fs->limits = o->limits;
	fs->limits.cancel = NULL;
	pthread_mutex_init(&fs->analyzers.lock, NULL);
	pthread_mutex_init(&fs->last_view.lock, NULL);
	pthread_mutex_init(&fs->open.lock, NULL);
	cache_init(&fs->cache, o->result_cache ? o->result_cache : 64 << 20);
	fs->query = o->query;
	notify_init(&fs->notify, o->cache_s);
	slow_init(&fs->slow, o->threads ? o->threads : DEFAULT_SLOTS);
	int rc = nodes_init(&fs->nodes, node_done, fs);
	return rc < 0 ? rc : tree_init(fs);
}

static void fs_done(struct fs *fs)
{
	handles_close_all(fs);
	nodes_done(&fs->nodes);
	for (unsigned i = 0; i < fs->analyzers.n; i++)
		analyzer_free(fs->analyzers.idle[i]);
	slow_done(&fs->slow);
	cache_done(&fs->cache);
}

static int open_index(struct mount *m)
{
	struct fs *fs = &m->fs;
	struct rk_err err = {{0}};
	struct index_options o = m->o->open;
	snprintf(m->holder, sizeof(m->holder), "rankfs mount, pid %d", (int)getpid());
	o.holder = m->holder;
	o.on_commit = on_commit;
	o.arg = fs;
	int rc = dir_fs_open(m->index, false, &fs->dir, &err);
	if (rc == 0) {
		rc = index_open(fs->dir, &o, &fs->index, &err);
		if (rc < 0)
			fs->dir->ops->close(fs->dir);
	}
	if (rc < 0)
		say_rc(m, m->o->index, rc, &err);
	return rc < 0 ? MOUNT_INDEX : MOUNT_OK;
}

static int close_index(struct mount *m)
{
	struct rk_err err = {{0}};
	int rc = index_close(m->fs.index, &err);
	m->fs.dir->ops->close(m->fs.dir);
	if (rc < 0 && m->ready < 0)
		say_rc(m, m->o->index, rc, &err);
	return rc < 0 ? MOUNT_INDEX : MOUNT_OK;
}

static int session_args(struct mount *m, struct fuse_args *args)
{
	char *opts = NULL;
	char fsname[PATH_MAX + 16];
	const struct mount_options *o = m->o;
	snprintf(fsname, sizeof(fsname), "fsname=%s", m->index);
	int rc = fuse_opt_add_arg(args, "rankfs");
	rc |= fuse_opt_add_opt(&opts, "subtype=rankfs,default_permissions,nosuid,nodev,noexec");
	rc |= fuse_opt_add_opt_escaped(&opts, fsname);
	if (o->allow_other)
		rc |= fuse_opt_add_opt(&opts, "allow_other");
	if (o->auto_unmount && geteuid() != 0) /* root has a guard of its own */
		rc |= fuse_opt_add_opt(&opts, "auto_unmount");
	if (o->open.read_only)
		rc |= fuse_opt_add_opt(&opts, "ro");
	if (rc == 0)
		rc = fuse_opt_add_arg(args, "-o") | fuse_opt_add_arg(args, opts);
	if (rc == 0 && o->debug)
		rc = fuse_opt_add_arg(args, "-d");
	free(opts);
	return rc ? -ENOMEM : 0;
}

static int mount_session(struct mount *m)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fs *fs = &m->fs;
	if (session_args(m, &args) == 0)
		fs->se = fuse_session_new(&args, &fs_ops, sizeof(fs_ops), fs);
	fuse_opt_free_args(&args);
	if (!fs->se) {
		m->say("%s: cannot make a FUSE session", m->o->mountpoint);
		return MOUNT_FAILED;
	}
	if (fuse_session_mount(fs->se, m->mountpoint) != 0) { /* libfuse has said why */
		m->say("%s: cannot be mounted", m->o->mountpoint);
		fuse_session_destroy(fs->se);
		return MOUNT_FAILED;
	}
	m->guard = m->o->auto_unmount && geteuid() == 0 ? guard_start(m->mountpoint) : -1;
	notify_start(&fs->notify, fuse_session_fd(fs->se));
	return MOUNT_OK;
}

/* One datagram to the service manager, if there is one. */
static void notify_manager(const char *words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, strlen(path));
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	close(fd);
}

/* The parent may end; nothing of its terminal is kept. */
static void tell_ready(struct mount *m)
{
	if (m->ready >= 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (chdir("/") < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || (!m->o->debug && dup2(null, 2) < 0))
			m->say("%s: cannot leave the terminal: %s", m->o->mountpoint, strerror(errno));
		if (null > 2)
			close(null);
		unsigned char code = MOUNT_OK;
		(void)!write(m->ready, &code, 1);
		close(m->ready);
	}
	notify_manager("READY=1\nSTATUS=mounted\n");
}

static void signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
	sigaddset(ret, GONE);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error to handle (EFBIG), not an end */
}

static int serve(struct mount *m)
{
	struct fs *fs = &m->fs;
	struct rk_err err = {{0}};
	sigset_t set;
	int sig, rc = loop_new(fs->se, MAX_THREADS, &fs->loop, &err);
	signals(&set);
	if (rc == 0)
		rc = reap_start(fs);
	if (rc == 0)
		rc = loop_start(fs->loop, GONE, &err);
	if (rc < 0) {
		say_rc(m, m->o->mountpoint, rc, &err);
		reap_stop(fs);
		loop_free(fs->loop);
		return MOUNT_FAILED;
	}
	tell_ready(m);
	while (sigwait(&set, &sig) != 0)
		;
	notify_manager("STOPPING=1\n");
	slow_stop(&fs->slow);
	reap_stop(fs);
	loop_stop(fs->loop);
	loop_free(fs->loop);
	return MOUNT_OK;
}

static int run(struct mount *m)
{
	struct fs *fs = &m->fs;
	sigset_t set;
	signals(&set); /* before core starts threads */
	int rc = fs_init(fs, m->o);
	int code = rc < 0 ? MOUNT_FAILED : open_index(m);
	if (code != MOUNT_OK) {
		fs_done(fs);
		return code;
	}
	code = mount_session(m);
	if (code == MOUNT_OK) {
		code = serve(m);
		notify_stop(&fs->notify);
		fuse_session_unmount(fs->se);
		guard_end(m->guard);
		fuse_session_destroy(fs->se);
	}
	fs_done(fs); /* contents hold snapshots: they go before the index */
	int closed = close_index(m);
	return code != MOUNT_OK ? code : closed;
}

/* In the parent: the code is what the child says, or what it ended with. */
static int wait_ready(int fd, pid_t pid)
{
	unsigned char code;
	int status;
	ssize_t n;
	do
		n = read(fd, &code, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	if (n == 1)
		return code;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : MOUNT_FAILED;
}

int mount_run(const struct mount_options *o, void (*say)(const char *fmt, ...))
{
	int fds[2];
	struct mount *m = calloc(1, sizeof(*m));
	if (!m)
		return MOUNT_FAILED;
	m->o = o;
	m->say = say;
	m->ready = -1;
	int code = resolve(m);
	if (code == MOUNT_OK && !o->foreground && pipe2(fds, O_CLOEXEC) < 0) {
		say("%s", strerror(errno));
		code = MOUNT_FAILED;
	} else if (code == MOUNT_OK && !o->foreground) {
		pid_t pid = fork();
		if (pid != 0) {
			close(fds[1]);
			if (pid < 0)
				say("%s", strerror(errno));
			code = pid < 0 ? MOUNT_FAILED : wait_ready(fds[0], pid);
			free(m);
			return code;
		}
		close(fds[0]);
		setsid();
		m->ready = fds[1];
	}
	if (code == MOUNT_OK)
		code = run(m);
	free(m);
	return code;
}
