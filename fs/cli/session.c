/* session.c - opens an index for a command, and says in whose hands it is when it cannot be written; see session.h. */
#include "fs/cli/session.h"

#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool mounted_at(const char *index, char *ret, size_t cap)
{
	char real[PATH_MAX], line[2 * PATH_MAX];
	struct mntent m;
	bool found = false;
	FILE *f = realpath(index, real) ? setmntent("/proc/self/mounts", "r") : NULL;
	while (f && !found && getmntent_r(f, &m, line, sizeof(line))) {
		found = !strcmp(m.mnt_type, "fuse.rankfs") && !strcmp(m.mnt_fsname, real) && strlen(m.mnt_dir) < cap;
		if (found)
			strcpy(ret, m.mnt_dir);
	}
	if (f)
		endmntent(f);
	return found;
}

void session_say(const struct session *s, int rc, const struct rk_err *err)
{
	say("%s: %s: %s", s->command, s->path, err->msg[0] ? err->msg : strerror(-rc));
}

static void say_held(const struct session *s, const struct rk_err *err)
{
	char mnt[PATH_MAX];
	bool known = mounted_at(s->path, mnt, sizeof(mnt));
	session_say(s, -EAGAIN, err);
	say("%s: one writer at a time; to add documents now, write into %s/incoming/", s->command, known ? mnt : "the mount's MNT");
}

static int load_settings(struct session *s, const struct opt_list *o, struct rk_err *err)
{
	config_init(&s->config);
	int rc = config_load(&s->config, s->path, err);
	for (unsigned i = 0; o && i < o->n && rc == 0; i++)
		rc = config_set_words(&s->config, o->v[i], "-o", err);
	return rc;
}

int session_open(struct session *s, const struct command *c, const char *path, enum session_mode mode, const struct opt_list *o,
		 int *ret_code)
{
	struct rk_err err = {{0}};
	memset(s, 0, sizeof(*s));
	s->command = c->name;
	s->path = path;
	int rc = load_settings(s, o, &err);
	*ret_code = EXIT_TROUBLE;
	if (rc < 0) {
		say("%s: %s", c->name, err.msg[0] ? err.msg : strerror(-rc));
		return rc;
	}
	snprintf(s->holder, sizeof(s->holder), "rankfs %s, pid %ld", c->name, (long)getpid());
	struct index_options io = s->config.index;
	io.holder = s->holder;
	io.foreground = true;
	io.read_only = mode == SESSION_READ || io.read_only;
	rc = dir_fs_open(path, false, &s->dir, &err);
	if (rc == 0)
		rc = index_open(s->dir, &io, &s->index, &err);
	if (rc == 0)
		return 0;
	if (rc == -EAGAIN)
		say_held(s, &err);
	else
		session_say(s, rc, &err);
	(void)session_close(s, 0);
	return rc;
}

int session_snapshot(struct session *s)
{
	struct rk_err err = {{0}};
	s->snapshot = snapshot_unref(s->snapshot);
	int rc = index_snapshot(s->index, &s->snapshot, &err);
	if (rc == 0 && !s->analyzer)
		rc = analyzer_new(&index_get_params(s->index)->analyzer, &s->analyzer, &err);
	if (rc < 0)
		session_say(s, rc, &err);
	return rc;
}

int session_close(struct session *s, int code)
{
	struct rk_err err = {{0}};
	snapshot_unref(s->snapshot);
	analyzer_free(s->analyzer);
	int rc = s->index ? index_close(s->index, &err) : 0;
	if (rc < 0) {
		session_say(s, rc, &err);
		code = EXIT_TROUBLE;
	}
	if (s->dir)
		s->dir->ops->close(s->dir);
	memset(s, 0, sizeof(*s));
	return code;
}
