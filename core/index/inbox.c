/* inbox.c - the names of incoming/: stat, list, open, rename, unlink, folders. Content and commits are infile.c's. */
#include "core/index/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"

enum { LISTED_MAX = 32768 }; /* closed files; above it listings do not linger, so that memory stays bounded */

bool inbox_is_staged(const char *path, size_t len)
{
	if (len && path[len - 1] == '~')
		return true;
	for (size_t i = 0; i < len; i++)
		if (path[i] == '.' && (i == 0 || path[i - 1] == '/'))
			return true;
	return false;
}

static void fill_attr(const struct ifile *f, struct in_attr *ret)
{
	*ret = (struct in_attr){.size = f->is_dir ? 0 : f->size,
				.mtime_ns = f->mtime_ns,
				.ctime_ns = f->ctime_ns,
				.mode = f->mode,
				.uid = f->uid,
				.gid = f->gid,
				.is_dir = f->is_dir,
				.staged = f->staged,
				.interrupted = f->interrupted,
				.uncommitted = f->dirty,
				.file_no = f->no};
}

static void dir_attr(struct in_attr *ret)
{
	*ret = (struct in_attr){.mode = 0755, .is_dir = true};
}

/* A listed name lies below the folder. */
static bool listed_below(struct index *ix, const char *dir, size_t len)
{
	char stack[512], *p = len + 1 < sizeof(stack) ? stack : malloc(len + 1);
	if (!p)
		return false;
	memcpy(p, dir, len);
	p[len] = '/';
	const struct pt_node *n = pt_lower(&ix->files, p, len + 1);
	bool below = n && n->len > len && memcmp(n->path, p, len + 1) == 0;
	if (p != stack)
		free(p);
	return below;
}

bool inbox_below(struct index *ix, const char *dir, size_t len)
{
	return listed_below(ix, dir, len) || current_below(ix, dir, len);
}

int inbox_stat_locked(struct index *ix, const char *path, size_t len, struct in_attr *ret)
{
	if (len == 0) {
		dir_attr(ret);
		return 0;
	}
	if (len > DOC_ID_MAX)
		return -ENAMETOOLONG;
	const struct ifile *f = ifile_find(ix, path, len);
	if (f) {
		fill_attr(f, ret);
		return 0;
	}
	struct seg_doc_stat st;
	if (current_exists(ix, path, len, &st)) {
		*ret = (struct in_attr){.size = st.size,
					.mtime_ns = st.mtime_ns,
					.ctime_ns = st.mtime_ns,
					.mode = st.mode ? st.mode : 0644,
					.staged = st.flags & DOC_STAGED,
					.interrupted = st.flags & DOC_INTERRUPTED};
		return 0;
	}
	if (!inbox_below(ix, path, len))
		return -ENOENT;
	dir_attr(ret);
	return 0;
}

int inbox_stat(struct index *ix, const char *path, size_t len, struct in_attr *ret)
{
	pthread_mutex_lock(&ix->w);
	int rc = inbox_stat_locked(ix, path, len, ret);
	pthread_mutex_unlock(&ix->w);
	return rc;
}

int inbox_list(struct index *ix, const char *dir, size_t len, const char *after, int (*fn)(void *, const char *, const struct in_attr *), void *arg)
{
	struct rk_buf key = {0}, name = {0};
	size_t prefix = len ? len + 1 : 0;
	rk_buf_put(&key, dir, len);
	if (len)
		rk_buf_u8(&key, '/');
	rk_buf_str(&key, after);
	int rc = key.bad ? -ENOMEM : 0;
	/* NUL, which no path holds, sorts behind '/' and before all else: it steps over `after` and everything below it. */
	if (after[0])
		rk_buf_u8(&key, 0);
	while (rc == 0) {
		struct in_attr attr = {0};
		pthread_mutex_lock(&ix->w);
		const struct pt_node *n = pt_lower(&ix->files, (char *)key.data, key.len);
		if (!n || n->len <= prefix || (prefix && (memcmp(n->path, dir, len) != 0 || n->path[len] != '/'))) {
			pthread_mutex_unlock(&ix->w);
			break;
		}
		const char *slash = memchr(n->path + prefix, '/', n->len - prefix);
		size_t full = slash ? (size_t)(slash - n->path) : n->len;
		key.len = name.len = 0;
		rk_buf_put(&key, n->path, full);
		rk_buf_put(&name, n->path + prefix, full - prefix);
		rk_buf_u8(&name, 0);
		rc = key.bad || name.bad ? -ENOMEM : inbox_stat_locked(ix, (char *)key.data, key.len, &attr);
		pthread_mutex_unlock(&ix->w);
		rk_buf_u8(&key, 0);
		if (rc == 0)
			rc = fn(arg, (char *)name.data, &attr);
	}
	rk_buf_done(&key);
	rk_buf_done(&name);
	return rc;
}

int inbox_check_parent(struct index *ix, const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);
	if (!slash)
		return 0;
	struct in_attr a;
	int rc = inbox_stat_locked(ix, path, (size_t)(slash - path), &a);
	return rc < 0 ? rc : a.is_dir ? 0 : -ENOTDIR;
}

int inbox_check_name(const char *path, size_t len, struct rk_err *err)
{
	if (len == 0 || len > DOC_ID_MAX)
		return rk_fail(err, -ENAMETOOLONG, "an id has 1 to %d bytes", DOC_ID_MAX);
	static const char *const vectors[] = {".fvecs", ".npy"};
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(vectors[i]);
		if (len > n && memcmp(path + len - n, vectors[i], n) == 0 && !inbox_is_staged(path, len))
			return rk_fail(err, -EINVAL, "%.*s: this index has no vectors", (int)(len > 200 ? 200 : len), path);
	}
	return 0;
}

/* The file object of a path: listed, or made for a document that is listed no more. -ENOENT: neither. */
static int get_file(struct index *ix, const char *path, size_t len, struct ifile **ret)
{
	*ret = ifile_find(ix, path, len);
	if (*ret)
		return 0;
	struct in_attr a;
	int rc = inbox_stat_locked(ix, path, len, &a);
	if (rc < 0)
		return rc;
	if (a.is_dir)
		return -EISDIR;
	struct ifile *f = ifile_new(ix, path, len);
	if (!f)
		return -ENOMEM;
	f->size = a.size;
	f->mtime_ns = a.mtime_ns;
	f->ctime_ns = a.ctime_ns;
	f->mode = a.mode;
	f->interrupted = a.interrupted;
	f->listed_until_ns = 1; /* only while it is open */
	*ret = f;
	return 0;
}

static int open_locked(struct index *ix, const char *path, size_t len, int flags, uint32_t mode, uid_t uid, gid_t gid, struct ifile **ret,
		       struct rk_err *err)
{
	bool writer = (flags & O_ACCMODE) != O_RDONLY;
	int rc = writer || (flags & (O_CREAT | O_TRUNC)) ? check_writable(ix, err) : 0;
	if (rc < 0)
		return rc;
	rc = get_file(ix, path, len, ret);
	if (rc == 0 && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (rc == 0 && (*ret)->is_dir)
		return -EISDIR;
	if (rc == -ENOENT && (flags & O_CREAT)) {
		rc = inbox_check_name(path, len, err);
		if (rc == -EINVAL && err)
			index_note_error(ix, "name", "incoming", "%s", err->msg);
		if (rc == 0)
			rc = inbox_check_parent(ix, path, len);
		if (rc == 0)
			rc = index_make_room(ix, err);
		if (rc < 0)
			return rc;
		*ret = ifile_new(ix, path, len);
		if (!*ret)
			return -ENOMEM;
		(*ret)->mode = mode & 07777;
		(*ret)->uid = uid;
		(*ret)->gid = gid;
		(*ret)->loaded = true;
	}
	return rc;
}

int inbox_open(struct index *ix, const char *path, size_t len, int flags, uint32_t mode, uid_t uid, gid_t gid, struct infile **ret, struct rk_err *err)
{
	struct infile *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	pthread_mutex_lock(&ix->w);
	struct ifile *f = NULL;
	int rc = open_locked(ix, path, len, flags, mode, uid, gid, &f, err);
	if (rc == 0) {
		h->ix = ix;
		h->f = f;
		h->flags = flags;
		f->opens++;
		f->writers += (flags & O_ACCMODE) != O_RDONLY;
	}
	pthread_mutex_unlock(&ix->w);
	if (rc == 0 && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY)
		rc = infile_truncate(h, 0, err);
	if (rc < 0) {
		if (h->f)
			infile_release(h, false);
		else
			free(h);
		return rc;
	}
	*ret = h;
	return 0;
}

int infile_stat(struct infile *h, struct in_attr *ret)
{
	pthread_mutex_lock(&h->ix->w);
	fill_attr(h->f, ret);
	pthread_mutex_unlock(&h->ix->w);
	return 0;
}

static int change_mtime(struct index *ix, struct ifile *f, int64_t mtime_ns, struct rk_err *err)
{
	f->mtime_ns = mtime_ns;
	if (f->dirty || f->emptied || f->unlinked || f->is_dir || f->stream || f->size == 0)
		return 0; /* the commit takes it along */
	uint64_t entry;
	int rc = ifile_load(ix, f);
	if (rc == 0)
		rc = ifile_log(ix, f, REC_FILE_ATTR, 0, 0, NULL, 0, &entry, err);
	return rc < 0 ? rc : ifile_apply_commit(ix, f, entry);
}

int inbox_setattr(struct index *ix, const char *path, size_t len, const struct in_attr *a, unsigned which, struct rk_err *err)
{
	if (len == 0)
		return -EPERM;
	if (which & IN_ATTR_SIZE) {
		struct infile *h;
		int rc = inbox_open(ix, path, len, O_WRONLY, 0, 0, 0, &h, err);
		if (rc < 0)
			return rc;
		rc = infile_truncate(h, a->size, err);
		if (rc == 0)
			rc = infile_flush(h, err);
		infile_release(h, false);
		if (rc < 0)
			return rc;
	}
	pthread_mutex_lock(&ix->w);
	uint64_t before = ix->seq;
	struct ifile *f = NULL;
	int rc = check_writable(ix, err);
	if (rc == 0)
		rc = get_file(ix, path, len, &f);
	if (rc == -EISDIR)
		rc = 0; /* a folder that is there only because documents are below it */
	if (rc == 0 && f) {
		if (which & IN_ATTR_MODE)
			f->mode = a->mode & 07777;
		if (which & IN_ATTR_UID)
			f->uid = a->uid;
		if (which & IN_ATTR_GID)
			f->gid = a->gid;
		if (which & IN_ATTR_MTIME)
			rc = change_mtime(ix, f, a->mtime_ns, err);
		f->ctime_ns = rk_wall_ns();
		ifile_settle(ix, f);
	}
	bool moved = ix->seq != before;
	pthread_mutex_unlock(&ix->w);
	if (moved)
		index_committed(ix);
	return rc;
}

int inbox_unlink(struct index *ix, const char *path, size_t len, struct rk_err *err)
{
	uint64_t entry = 0;
	struct in_attr a;
	pthread_mutex_lock(&ix->w);
	uint64_t before = ix->seq;
	int rc = check_writable(ix, err);
	if (rc == 0)
		rc = inbox_stat_locked(ix, path, len, &a);
	if (rc == 0 && a.is_dir)
		rc = -EISDIR;
	if (rc == 0) {
		struct ifile *f = ifile_find(ix, path, len);
		struct rk_buf b = {0};
		if (f && f->dirty)
			rc = ifile_log(ix, f, REC_FILE_DROP, 0, 0, NULL, 0, &entry, err);
		if (rc == 0 && ((f && f->unindexed) || current_exists(ix, path, len, NULL)))
			rc = index_log(ix, REC_DELETE_DOCUMENT, &b, path, len, &entry, err);
		if (rc == 0)
			rc = ifile_apply_unlink(ix, path, len, entry);
	}
	bool moved = ix->seq != before;
	pthread_mutex_unlock(&ix->w);
	if (moved)
		index_committed(ix);
	return rc == 0 && entry ? index_settle(ix, entry, err) : rc;
}

int inbox_mkdir(struct index *ix, const char *path, size_t len, uint32_t mode, uid_t uid, gid_t gid, struct rk_err *err)
{
	struct in_attr a;
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	if (rc == 0 && inbox_stat_locked(ix, path, len, &a) == 0)
		rc = -EEXIST;
	if (rc == 0 && (len == 0 || len > DOC_ID_MAX))
		rc = -ENAMETOOLONG;
	if (rc == 0)
		rc = inbox_check_parent(ix, path, len);
	struct ifile *f = rc == 0 ? ifile_new(ix, path, len) : NULL;
	if (rc == 0 && !f)
		rc = -ENOMEM;
	if (rc == 0) {
		f->is_dir = true;
		f->stream = false;
		f->mode = mode & 07777;
		f->uid = uid;
		f->gid = gid;
	}
	pthread_mutex_unlock(&ix->w);
	return rc;
}

int inbox_rmdir(struct index *ix, const char *path, size_t len, struct rk_err *err)
{
	struct in_attr a;
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	if (rc == 0)
		rc = len == 0 ? -EBUSY : inbox_stat_locked(ix, path, len, &a);
	if (rc == 0 && !a.is_dir)
		rc = -ENOTDIR;
	if (rc == 0 && inbox_below(ix, path, len))
		rc = rk_fail(err, -ENOTEMPTY, "%.*s: documents are below it; remove them under docs/", (int)(len > 200 ? 200 : len), path);
	struct ifile *f = rc == 0 ? ifile_find(ix, path, len) : NULL;
	if (f)
		ifile_free(ix, f);
	pthread_mutex_unlock(&ix->w);
	return rc;
}

int inbox_sync(struct index *ix, struct rk_err *err)
{
	pthread_mutex_lock(&ix->w);
	uint64_t entry = ix->last_append;
	pthread_mutex_unlock(&ix->w);
	if (!ix->wal || !entry || wal_durable(ix->wal) >= entry)
		return 0;
	return wal_sync(ix->wal, entry, err);
}

void inbox_expire(struct index *ix, uint64_t now_ns)
{
	struct pt_node *n = ix->files.root ? pt_lower(&ix->files, "", 0) : NULL;
	struct rk_buf key = {0};
	bool crowded = ix->files.n > LISTED_MAX; /* stat, open and rename find documents that are listed no more, too */
	while (n) {
		struct ifile *f = (struct ifile *)n;
		key.len = 0;
		rk_buf_put(&key, f->path, f->node.len);
		rk_buf_u8(&key, '/'); /* sorts directly behind the path itself */
		if (crowded && f->listed_until_ns)
			f->listed_until_ns = 1;
		if (f->listed_until_ns && now_ns >= f->listed_until_ns)
			ifile_settle(ix, f);
		if (key.bad)
			break;
		n = pt_lower(&ix->files, (char *)key.data, key.len);
	}
	rk_buf_done(&key);
}
