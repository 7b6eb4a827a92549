/* cmd_umount.c - rankfs umount: takes a mount down and returns when its daemon is gone, so that the index is free for the next command. */
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "fs/cli/session.h"

extern char **environ;

struct umount_args {
	bool lazy;
};

static const struct opt opts[] = {
	{'z', "lazy", NULL, "detach now, end when the last user of the mount has gone", OPT_FLAG, offsetof(struct umount_args, lazy)},
	{0},
};

/* The index behind a mount, "" when it is not one of ours, and whether it writes there. */
static void find_index(const char *mnt, char index[PATH_MAX], bool *ret_writes)
{
	char line[2 * PATH_MAX];
	struct mntent m;
	FILE *f = setmntent("/proc/self/mounts", "r");
	index[0] = '\0';
	while (f && getmntent_r(f, &m, line, sizeof(line))) {
		if (!strcmp(m.mnt_type, "fuse.rankfs") && !strcmp(m.mnt_dir, mnt)) {
			snprintf(index, PATH_MAX, "%s", m.mnt_fsname);
			*ret_writes = !hasmntopt(&m, MNTOPT_RO);
		}
	}
	if (f)
		endmntent(f);
}

static int with_fusermount(const char *mnt, bool lazy)
{
	char *argv[] = {(char *)"fusermount3", (char *)"-u", (char *)(lazy ? "-z" : "-q"), (char *)"--", (char *)mnt, NULL};
	pid_t pid;
	int status;
	int rc = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (rc)
		return -rc;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

static int take_down(const char *mnt, bool lazy)
{
	if (umount2(mnt, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) == 0)
		return 0;
	return errno == EPERM ? with_fusermount(mnt, lazy) : -errno;
}

/* Who holds the index for writing; "" for nobody. A shared lease is refused exactly while a writer has its own. */
static void find_writer(const char *index, char words[128])
{
	struct rk_dir *dir;
	struct rk_lease *lease;
	words[0] = '\0';
	if (dir_fs_open(index, false, &dir, NULL) < 0)
		return;
	int rc = dir->ops->lease_take(dir, INDEX_WRITER_LOCK, RK_LEASE_SHARED, "", &lease, NULL);
	if (rc == 0) {
		dir->ops->lease_drop(lease);
	} else if (rc == -EAGAIN) {
		int64_t n = dir->ops->read(dir, INDEX_WRITER_LOCK, 0, words, 127, NULL);
		snprintf(words + (n > 0 ? n : 0), 2, "%s", n > 0 ? "" : "?");
	}
	dir->ops->close(dir);
}

/* The daemon still writes its last bytes when the mount is gone already: it is gone when its lock is, or is another's. */
static void wait_for_writer(const char *index, const char *writer)
{
	const struct timespec nap = {.tv_nsec = 2000000};
	uint64_t end = rk_mono_ns() + UINT64_C(60) * 1000000000u;
	char now[128];
	for (find_writer(index, now); *writer && !strcmp(now, writer) && rk_mono_ns() < end; find_writer(index, now))
		nanosleep(&nap, NULL);
}

/* The mount point as the kernel's table has it. A dead mount cannot be entered, so only what is above it is resolved. */
static void resolve(const char *path, char mnt[PATH_MAX])
{
	char above[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (realpath(path, mnt))
		return;
	snprintf(above, sizeof(above), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	if (!realpath(above, mnt))
		mnt[0] = '\0';
	size_t len = strlen(mnt);
	snprintf(mnt + len, PATH_MAX - len, "/%s", slash ? slash + 1 : path);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct umount_args a = {0};
	char mnt[PATH_MAX], index[PATH_MAX], writer[128];
	bool writes = false;
	int n, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, 1)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	resolve(argv[1], mnt);
	find_index(mnt, index, &writes);
	if (!index[0]) {
		say("umount: %s: no rankfs is mounted here", argv[1]);
		return EXIT_TROUBLE;
	}
	find_writer(index, writer);
	rc = take_down(mnt, a.lazy);
	if (rc < 0) {
		say("umount: %s: %s%s", argv[1], strerror(-rc),
		    rc == -EBUSY ? ": a program has it open (or stands in it); --lazy detaches anyway" : "");
		return EXIT_TROUBLE;
	}
	if (writes && !a.lazy) /* the writer of an index that is mounted read-only here is somebody else */
		wait_for_writer(index, writer);
	return EXIT_OK;
}

const struct command cmd_umount = {
	"umount", "[--lazy] MNT", "take a mount down", "Returns when the daemon has ended and the index is free.", opts, 0, run};
