/* view_status.c - status/: texts made anew at each lookup, with exact sizes, and never kept by name.
 *
 * A file that is open keeps its text. errors alone grows under a reader (`tail -f`): as long as the newer text begins with the older one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "fs/dirstream.h"
#include "fs/loop.h"
#include "fs/ops.h"
#include "fs/status.h"
#include "fs/tree.h"

static const char *const names[] = {"errors", "health", "metrics", "summary", NULL};

static int summary_text(struct index *ix, struct rk_buf *b)
{
	struct index_status s;
	index_get_status(ix, &s);
	rk_buf_printf(b, "health       %s%s%s\n", s.health, s.health_why[0] ? ": " : "", s.health_why);
	rk_buf_printf(b, "documents    %llu\n", (unsigned long long)s.ndocs);
	rk_buf_printf(b, "generation   %llu, durable up to %llu\n", (unsigned long long)s.generation, (unsigned long long)s.durable);
	rk_buf_printf(b, "segments     %u, %llu bytes for %llu bytes of text\n", s.nsegments, (unsigned long long)s.segment_bytes,
		      (unsigned long long)s.text_bytes);
	rk_buf_printf(b, "in memory    %llu documents, %llu bytes\n", (unsigned long long)s.memtable_docs, (unsigned long long)s.memtable_bytes);
	rk_buf_printf(b, "log          %llu bytes, %llu syncs\n", (unsigned long long)s.wal_bytes, (unsigned long long)s.syncs);
	rk_buf_printf(b, "incoming     %llu files not committed yet\n", (unsigned long long)s.pending_files);
	rk_buf_printf(b, "since start  %llu puts, %llu deletes, %llu flushes, %llu errors, %llu s\n", (unsigned long long)s.puts,
		      (unsigned long long)s.deletes, (unsigned long long)s.flushes, (unsigned long long)s.errors,
		      (unsigned long long)(s.uptime_ns / 1000000000u));
	rk_buf_printf(b, "recovery     %s\n", s.recovery[0] ? s.recovery : "nothing to do");
	return b->bad ? -ENOMEM : 0;
}

static void metric(struct rk_buf *b, const char *name, const char *type, const char *help, uint64_t v)
{
	rk_buf_printf(b, "# HELP rankfs_%s %s\n# TYPE rankfs_%s %s\nrankfs_%s %llu\n", name, help, name, type, name, (unsigned long long)v);
}

static void mount_metrics(struct fs *fs, struct rk_buf *b)
{
	rk_buf_str(b, "# HELP rankfs_fuse_requests_total Requests from the kernel.\n# TYPE rankfs_fuse_requests_total counter\n");
	for (unsigned op = 0; op < FS_OP_COUNT; op++)
		rk_buf_printf(b, "rankfs_fuse_requests_total{op=\"%s\"} %llu\n", fs_op_name(op), (unsigned long long)fs->requests[op]);
	metric(b, "query_evaluations_total", "counter", "Queries that were evaluated, not answered from a cache.", fs->evaluations);
	metric(b, "query_evaluation_nanoseconds_total", "counter", "Time spent evaluating them.", fs->evaluation_ns);
	metric(b, "epoch_notifications_total", "counter", "Commits the kernel had to be told of.", fs->notify.sent);
	metric(b, "nodes", "gauge", "Files and folders the kernel knows or holds open.", nodes_count(&fs->nodes));
	metric(b, "names_taken_total", "counter", "Names taken from the kernel to keep nodes few.", fs->reap.taken);
	pthread_mutex_lock(&fs->cache.lock);
	uint64_t bytes = fs->cache.bytes, evicted = fs->cache.evicted;
	pthread_mutex_unlock(&fs->cache.lock);
	metric(b, "result_cache_bytes", "gauge", "Generated contents kept for the next reader.", bytes);
	metric(b, "result_cache_evictions_total", "counter", "Contents dropped for newer ones.", evicted);
}

static int metrics_text(struct index *ix, struct fs *fs, struct rk_buf *b)
{
	struct index_status s;
	index_get_status(ix, &s);
	rk_buf_printf(b, "# HELP rankfs_healthy 1 while health is ok.\n# TYPE rankfs_healthy gauge\nrankfs_healthy %d\n", strcmp(s.health, "ok") == 0);
	metric(b, "documents", "gauge", "Live documents.", s.ndocs);
	metric(b, "generation", "counter", "Number of the last change that queries see.", s.generation);
	metric(b, "durable_entry", "counter", "Number of the last change on disk.", s.durable);
	metric(b, "segments", "gauge", "Segments.", s.nsegments);
	metric(b, "segment_bytes", "gauge", "Bytes of all segments.", s.segment_bytes);
	metric(b, "text_bytes", "gauge", "Bytes of stored text before compression.", s.text_bytes);
	metric(b, "memtable_bytes", "gauge", "Memory of documents not in a segment yet.", s.memtable_bytes);
	metric(b, "memtable_documents", "gauge", "Documents not in a segment yet.", s.memtable_docs);
	metric(b, "wal_bytes", "gauge", "Bytes of the log.", s.wal_bytes);
	metric(b, "syncs_total", "counter", "Syncs of the log.", s.syncs);
	metric(b, "flushes_total", "counter", "Segments written from memory.", s.flushes);
	metric(b, "puts_total", "counter", "Documents added or replaced.", s.puts);
	metric(b, "deletes_total", "counter", "Documents deleted.", s.deletes);
	metric(b, "errors_total", "counter", "Entries made in status/errors.", s.errors);
	metric(b, "pending_files", "gauge", "Files of incoming/ with content not committed yet.", s.pending_files);
	metric(b, "uptime_seconds", "gauge", "Since the index was opened.", s.uptime_ns / 1000000000u);
	if (fs)
		mount_metrics(fs, b);
	return b->bad ? -ENOMEM : 0;
}

int status_text(struct index *ix, struct fs *fs, const char *name, struct rk_buf *ret)
{
	struct index_status s;
	if (strcmp(name, "summary") == 0)
		return summary_text(ix, ret);
	if (strcmp(name, "metrics") == 0)
		return metrics_text(ix, fs, ret);
	if (strcmp(name, "errors") == 0)
		return index_errors_text(ix, ret);
	if (strcmp(name, "health") != 0)
		return -ENOENT;
	index_get_status(ix, &s);
	return rk_buf_printf(ret, "%s\n", s.health);
}

static bool same_text(const struct content *a, const struct rk_buf *b)
{
	return a->text.len == b->len && (b->len == 0 || memcmp(a->text.data, b->data, b->len) == 0);
}

static int status_find(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	struct rk_buf text = {0};
	int rc = status_text(fs->index, fs, name, &text);
	if (rc < 0) {
		rk_buf_done(&text);
		return rc;
	}
	struct node *old = node_find(&fs->nodes, dir, name);
	struct content *content = old ? cache_get(&fs->cache, old) : NULL;
	bool same = content && same_text(content, &text);
	content_unref(content);
	ret->entry_timeout = 0;
	if (same) {
		rk_buf_done(&text);
		ret->node = old;
		return 0;
	}
	node_unpin(&fs->nodes, old);
	content = content_of_text(&text);
	return content ? content_node(fs, &kind_status_file, dir, name, content, 0, &ret->node) : -ENOMEM;
}

static int status_list(struct fs *fs, struct dirhandle *d, const void *from, size_t len, struct window *w)
{
	(void)fs, (void)d, (void)from, (void)len;
	for (unsigned i = 0; names[i]; i++) {
		if (window_add(w, names[i], false, NULL, 0))
			break;
	}
	return 0;
}

/* The text as the newest open or stat shows it; gone from the cache: made anew, as a newer one. */
static int status_content(struct fs *fs, struct node *n, struct content **ret)
{
	struct content *c = cache_get(&fs->cache, n);
	if (c) {
		*ret = c;
		return 0;
	}
	return -ESTALE; /* open(2) then looks up again */
}

static int status_open(struct call *c, struct node *n, struct fuse_file_info *fi, struct handle **ret)
{
	struct content *content;
	int rc = status_content(c->fs, n, &content);
	if (rc == 0)
		rc = content_open(c, n, content, fi, ret);
	if (rc == 0 && strcmp(n->name, "errors") == 0)
		fi->keep_cache = 0;
	return rc;
}

/* `tail -f` asks for the size again and again: the text may have grown. */
static int status_stat(struct fs *fs, struct node *n, struct stat *st)
{
	struct rk_buf text = {0};
	if (strcmp(n->name, "errors") != 0 || index_errors_text(fs->index, &text) < 0) {
		rk_buf_done(&text);
		return 0;
	}
	struct content *old = cache_get(&fs->cache, n);
	if (old && text.len > old->text.len && (old->text.len == 0 || memcmp(text.data, old->text.data, old->text.len) == 0)) {
		struct content *newer = content_of_text(&text);
		if (newer) {
			cache_put(&fs->cache, n, newer);
			content_unref(newer);
		}
	}
	content_unref(old);
	rk_buf_done(&text);
	old = cache_get(&fs->cache, n);
	if (old)
		st->st_size = (off_t)content_size(old);
	content_unref(old);
	return 0;
}

/* What is read is the node's newest text, which begins with what the handle was opened on. */
static int status_read(struct call *c, struct handle *h, uint64_t off, size_t n, struct span *ret)
{
	struct content *content = cache_get(&c->fs->cache, h->node);
	if (!content)
		return content_read(c, h, off, n, ret);
	size_t size = content->text.len, want = off < size ? (n < size - off ? n : size - off) : 0;
	char *p = want ? malloc(want) : NULL;
	if (p) {
		memcpy(p, content->text.data + off, want);
		*ret = (struct span){.p = p, .n = want, .owned = p};
	}
	content_unref(content);
	return want && !p ? -ENOMEM : 0;
}

const struct kind kind_status = {
	.name = "status", .node_size = sizeof(struct node), .mode = S_IFDIR | 0555, .list_live = true, .attr_timeout = FS_LONG_TIMEOUT,
	.find = status_find, .list = status_list,
};

const struct kind kind_status_file = {
	.name = "status file", .node_size = sizeof(struct node), .mode = S_IFREG | 0444, .attr_timeout = 0,
	.stat = status_stat, .open = status_open, .read = status_read, .release = content_release,
};
