/* control.c - the file control: one command a line; a bad one fails the write and says why in status/errors. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs/loop.h"
#include "fs/tree.h"

static int do_commit(struct call *c)
{
	loop_step_aside();
	int rc = index_flush(c->fs->index, &c->err);
	notify_publish(&c->fs->notify);
	return rc;
}

static int do_merge(struct call *c)
{
	loop_step_aside();
	int rc = index_flush(c->fs->index, &c->err); /* so that what was deleted can go */
	if (rc == 0)
		rc = index_merge(c->fs->index, 1, &c->err);
	notify_publish(&c->fs->notify);
	return rc;
}

static int do_later(struct call *c)
{
	return rk_fail(&c->err, -EINVAL, "not in this version");
}

static const struct command {
	const char *word;
	int (*run)(struct call *);
} commands[] = {
	{"commit", do_commit},
	{"flush", do_commit},
	{"merge", do_merge},
	{"checkpoint", do_later},
	{"drop", do_later},
};

static int run_line(struct call *c, const char *line, size_t len)
{
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	while (len && strchr(" \t", *line))
		line++, len--;
	if (len == 0 || *line == '#')
		return 0;
	size_t word = 0;
	while (word < len && line[word] && !strchr(" \t", line[word]))
		word++;
	int rc = -EINVAL;
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strlen(commands[i].word) == word && memcmp(commands[i].word, line, word) == 0) {
			bool alone = word == len || commands[i].run == do_later;
			rc = alone ? commands[i].run(c) : rk_fail(&c->err, -EINVAL, "takes no argument");
			goto out;
		}
	}
	rk_fail(&c->err, rc, "no such command; known: commit, flush, merge");
out:
	if (rc < 0) {
		struct rk_buf words = {0};
		rk_buf_escaped(&words, line, len < 80 ? len : 80);
		index_note_error(c->fs->index, "control", "control", "%.*s: %s", (int)words.len, (const char *)words.data, c->err.msg);
		rk_buf_done(&words);
	}
	return rc;
}

/* All lines of one write(2); the last needs no newline. The first that fails ends it. */
static int64_t control_write(struct call *c, struct handle *h, uint64_t off, const void *p, size_t n, int flags)
{
	(void)h, (void)off, (void)flags;
	const char *s = p, *end = s + n;
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		const char *stop = nl ? nl : end;
		int rc = run_line(c, s, (size_t)(stop - s));
		if (rc < 0)
			return rc;
		s = nl ? nl + 1 : end;
	}
	return (int64_t)n;
}

static int control_open(struct call *c, struct node *n, struct fuse_file_info *fi, struct handle **ret)
{
	(void)n;
	if (c->fs->read_only && (fi->flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	struct handle *h = calloc(1, sizeof(*h));
	fi->direct_io = 1;
	fi->noflush = 1;
	*ret = h;
	return h ? 0 : -ENOMEM;
}

/* Programs that walk the tree as root read everything: there is nothing here. */
static int control_read(struct call *c, struct handle *h, uint64_t off, size_t n, struct span *ret)
{
	(void)c, (void)h, (void)off, (void)n, (void)ret;
	return 0;
}

/* `>` and touch are harmless. */
static int control_setattr(struct call *c, struct node *n, const struct stat *st, int which, struct handle *h)
{
	(void)n, (void)st, (void)h;
	if (c->fs->read_only)
		return -EROFS;
	return which & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID) ? -EPERM : 0;
}

const struct kind kind_control = {
	.name = "control", .node_size = sizeof(struct node), .mode = S_IFREG | 0200, .attr_timeout = FS_LONG_TIMEOUT,
	.open = control_open, .read = control_read, .write = control_write, .setattr = control_setattr,
};
