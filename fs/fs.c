/* fs.c - small services that every kind of node uses: analyzers, paths, attributes. */
#include "fs/fs.h"

#include <errno.h>

int fs_analyzer_take(struct fs *fs, struct analyzer **ret, struct rk_err *err)
{
	struct analyzers *a = &fs->analyzers;
	struct analyzer *got = NULL;
	pthread_mutex_lock(&a->lock);
	if (a->n)
		got = a->idle[--a->n];
	pthread_mutex_unlock(&a->lock);
	int rc = got ? 0 : analyzer_new(&index_get_params(fs->index)->analyzer, &got, err);
	if (rc == 0)
		*ret = got;
	return rc;
}

void fs_analyzer_give(struct fs *fs, struct analyzer *analyzer)
{
	struct analyzers *a = &fs->analyzers;
	pthread_mutex_lock(&a->lock);
	if (a->n < sizeof(a->idle) / sizeof(a->idle[0])) {
		a->idle[a->n++] = analyzer;
		analyzer = NULL;
	}
	pthread_mutex_unlock(&a->lock);
	analyzer_free(analyzer);
}

int fs_path(struct fs *fs, struct node *n, const char *name, struct rk_buf *ret)
{
	int rc = node_path(&fs->nodes, n, ret);
	if (rc == 0 && name && ret->len)
		rc = rk_buf_u8(ret, '/');
	if (rc == 0 && name)
		rc = rk_buf_str(ret, name);
	if (rc == 0)
		rc = rk_buf_reserve(ret, 1);
	if (rc == 0)
		ret->data[ret->len] = '\0';
	return rc;
}

static struct timespec time_of(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

int fs_stat(struct fs *fs, struct node *n, struct stat *st)
{
	*st = (struct stat){.st_ino = n->ino, .st_mode = n->kind->mode, .st_uid = fs->uid, .st_gid = fs->gid, .st_size = (off_t)n->size};
	st->st_nlink = S_ISDIR(st->st_mode) ? 2 : 1;
	st->st_mtim = time_of(n->mtime_ns);
	st->st_ctim = st->st_mtim;
	int rc = n->kind->stat ? n->kind->stat(fs, n, st) : 0;
	st->st_atim = st->st_mtim;
	st->st_blksize = 4096;
	st->st_blocks = (st->st_size + 511) / 512;
	return rc;
}

struct fuse_entry_param fs_entry(struct fs *fs, const struct found *f)
{
	struct fuse_entry_param e = {.entry_timeout = f->entry_timeout};
	if (f->node) {
		e.ino = f->node->ino;
		fs_stat(fs, f->node, &e.attr);
		e.attr_timeout = f->node->kind->attr_timeout;
		if (node_known(&fs->nodes, f->node) > REAP_LIMIT)
			reap_ask(fs);
	}
	return e;
}
