/* rename.c - mv inside incoming/: one record a document, so that a folder's rename is a row of them; durable when it returns.
 *
 * A crash in the middle of a folder's rename leaves some documents under the old and some under the new path, each whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/index_private.h"

static int rename_file(struct index *ix, const char *from, size_t from_len, const char *to, size_t to_len, uint64_t *ret_entry, struct rk_err *err)
{
	struct rename_record n = {.from = from, .to = to, .from_len = (uint32_t)from_len, .to_len = (uint32_t)to_len};
	struct rk_buf b = {0};
	int rc = record_put_rename(&n, &b);
	if (rc == 0)
		rc = index_log(ix, REC_RENAME, &b, NULL, 0, ret_entry, err);
	if (rc == 0)
		rc = ifile_apply_rename(ix, from, from_len, to, to_len, *ret_entry);
	rk_buf_done(&b);
	return rc;
}

/* Every path below a folder, NUL-terminated one behind the other: listed ones and documents. */
static int paths_below(struct index *ix, const char *dir, size_t len, struct rk_buf *ret)
{
	struct rk_buf prefix = {0};
	rk_buf_put(&prefix, dir, len);
	rk_buf_u8(&prefix, '/');
	if (prefix.bad)
		return -ENOMEM;
	for (struct pt_node *n = pt_lower(&ix->files, (char *)prefix.data, prefix.len);
	     n && n->len > prefix.len && memcmp(n->path, prefix.data, prefix.len) == 0;) {
		size_t at = ret->len;
		rk_buf_put(ret, n->path, n->len + 1);
		if (ret->bad)
			break;
		ret->data[ret->len - 1] = '/';
		n = pt_lower(&ix->files, (char *)ret->data + at, ret->len - at);
		ret->data[ret->len - 1] = 0;
	}
	struct snapshot *s = NULL;
	struct id_iter *it = NULL;
	const char *id;
	size_t id_len;
	int rc = snapshot_build(ix, &s);
	if (rc == 0)
		rc = id_iter_new(s, true, &it);
	if (rc == 0)
		rc = id_iter_seek(it, prefix.data, prefix.len);
	while (rc == 0 && (rc = id_iter_next(it, &id, &id_len, NULL, NULL)) == 1) {
		if (id_len <= prefix.len || memcmp(id, prefix.data, prefix.len) != 0) {
			rc = 0;
			break;
		}
		rc = 0;
		if (!ifile_find(ix, id, id_len)) {
			rk_buf_put(ret, id, id_len);
			rk_buf_u8(ret, 0);
		}
	}
	id_iter_free(it);
	snapshot_unref(s);
	rk_buf_done(&prefix);
	return rc < 0 ? rc : ret->bad ? -ENOMEM : 0;
}

static int rename_dir(struct index *ix, const char *from, size_t from_len, const char *to, size_t to_len, uint64_t *ret_entry, struct rk_err *err)
{
	struct rk_buf paths = {0}, name = {0};
	int rc = apply_unindexed(ix, err);
	if (rc == 0)
		rc = paths_below(ix, from, from_len, &paths);
	for (size_t at = 0; rc == 0 && at < paths.len;) {
		const char *p = (const char *)paths.data + at;
		size_t len = strlen(p);
		at += len + 1;
		name.len = 0;
		rk_buf_put(&name, to, to_len);
		rk_buf_put(&name, p + from_len, len - from_len);
		struct ifile *f = ifile_find(ix, p, len);
		rc = name.bad ? -ENOMEM : name.len > DOC_ID_MAX ? -ENAMETOOLONG : 0;
		if (rc == 0 && f && f->is_dir)
			rc = ifile_rekey(ix, f, (char *)name.data, name.len);
		else if (rc == 0)
			rc = rename_file(ix, p, len, (char *)name.data, name.len, ret_entry, err);
	}
	struct ifile *f = ifile_find(ix, from, from_len);
	if (rc == 0 && f)
		rc = ifile_rekey(ix, f, to, to_len);
	rk_buf_done(&paths);
	rk_buf_done(&name);
	return rc;
}

static int check(struct index *ix, const char *from, size_t from_len, const char *to, size_t to_len, bool noreplace, bool *is_dir, struct rk_err *err)
{
	struct in_attr a, b;
	int rc = check_writable(ix, err);
	if (rc == 0)
		rc = inbox_stat_locked(ix, from, from_len, &a);
	if (rc == 0)
		rc = a.is_dir ? (to_len > DOC_ID_MAX ? -ENAMETOOLONG : 0) : inbox_check_name(to, to_len, err);
	if (rc == 0)
		rc = inbox_check_parent(ix, to, to_len);
	if (rc < 0)
		return rc;
	*is_dir = a.is_dir;
	if (a.is_dir && to_len > from_len && memcmp(from, to, from_len) == 0 && to[from_len] == '/')
		return -EINVAL; /* into itself */
	rc = inbox_stat_locked(ix, to, to_len, &b);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (noreplace)
		return -EEXIST;
	if (a.is_dir != b.is_dir)
		return a.is_dir ? -ENOTDIR : -EISDIR;
	if (b.is_dir && inbox_below(ix, to, to_len))
		return -ENOTEMPTY;
	return 0;
}

int inbox_rename(struct index *ix, const char *from, size_t from_len, const char *to, size_t to_len, bool noreplace, struct rk_err *err)
{
	if (from_len == 0 || to_len == 0)
		return -EBUSY;
	uint64_t entry = 0;
	bool is_dir = false;
	pthread_mutex_lock(&ix->w);
	uint64_t before = ix->seq;
	int rc = check(ix, from, from_len, to, to_len, noreplace, &is_dir, err);
	if (rc == 0 && !(from_len == to_len && memcmp(from, to, to_len) == 0)) {
		struct ifile *target = is_dir ? ifile_find(ix, to, to_len) : NULL;
		if (target)
			ifile_free(ix, target);
		rc = is_dir ? rename_dir(ix, from, from_len, to, to_len, &entry, err) : rename_file(ix, from, from_len, to, to_len, &entry, err);
	}
	bool moved = ix->seq != before;
	pthread_mutex_unlock(&ix->w);
	if (moved)
		index_committed(ix);
	return rc == 0 && entry ? index_settle(ix, entry, err) : rc;
}
