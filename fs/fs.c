/* fs.c - small services that every kind of node uses: analyzers, paths. */
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
