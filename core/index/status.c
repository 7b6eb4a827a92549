/* status.c - what the index says of itself: counters, health, and the ring of rejected input and trouble (status/errors). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"

enum { ERRORS_BYTES = 64 << 10 };

void index_note_error(struct index *ix, const char *kind, const char *where, const char *fmt, ...)
{
	char words[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	struct tm tm;
	time_t now = time(NULL);
	gmtime_r(&now, &tm);
	pthread_mutex_lock(&ix->e);
	if (ix->errors.len > ERRORS_BYTES) { /* drop the older half, at a line's end */
		uint8_t *cut = memchr(ix->errors.data + ERRORS_BYTES / 2, '\n', ix->errors.len - ERRORS_BYTES / 2);
		size_t gone = cut ? (size_t)(cut + 1 - ix->errors.data) : ix->errors.len;
		memmove(ix->errors.data, ix->errors.data + gone, ix->errors.len - gone);
		ix->errors.len -= gone;
	}
	rk_buf_printf(&ix->errors, "%04d-%02d-%02dT%02d:%02d:%02dZ\t%s\t", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		      tm.tm_sec, kind);
	rk_buf_escaped(&ix->errors, where, strlen(where));
	rk_buf_u8(&ix->errors, '\t');
	rk_buf_escaped(&ix->errors, words, strlen(words));
	rk_buf_u8(&ix->errors, '\n');
	ix->errors.bad = false;
	ix->nerrors++;
	pthread_mutex_unlock(&ix->e);
}

int index_errors_text(struct index *ix, struct rk_buf *ret)
{
	pthread_mutex_lock(&ix->e);
	int rc = rk_buf_put(ret, ix->errors.data, ix->errors.len);
	pthread_mutex_unlock(&ix->e);
	return rc;
}

static uint64_t count_pending(const struct pt_node *n)
{
	if (!n)
		return 0;
	const struct ifile *f = (const struct ifile *)n;
	return (f->dirty && !f->stream) + count_pending(n->left) + count_pending(n->right);
}

void index_get_status(struct index *ix, struct index_status *ret)
{
	*ret = (struct index_status){.health = "ok"};
	pthread_mutex_lock(&ix->w);
	if (!ix->opts.read_only)
		check_writable(ix, NULL);
	if (ix->degraded)
		ret->health = "degraded";
	else if (ix->latched)
		ret->health = "read-only";
	memcpy(ret->health_why, ix->health_why, sizeof(ret->health_why));
	ret->generation = ix->seq;
	ret->durable = ix->wal ? wal_durable(ix->wal) : 0;
	ret->next_entry = ix->wal ? wal_next(ix->wal) : ix->follow_next;
	ret->ndocs = ix->nlive;
	for (const struct ifile *f = ix->unindexed; f; f = f->next_unindexed)
		ret->ndocs += f->committed && !f->staged && !current_exists(ix, f->path, f->node.len, NULL);
	ret->nsegments = ix->nsegs;
	for (uint32_t i = 0; i < ix->nsegs; i++) {
		ret->segment_bytes += seg_get_info(ix->segs[i].seg)->bytes;
		ret->text_bytes += seg_get_info(ix->segs[i].seg)->text_bytes;
	}
	ret->memtable_bytes = memtable_bytes(ix->mem) + (ix->frozen.mem ? memtable_bytes(ix->frozen.mem) : 0);
	ret->memtable_docs = memtable_ndocs(ix->mem) + (ix->frozen.mem ? memtable_ndocs(ix->frozen.mem) : 0);
	struct memtable_stats st;
	memtable_stats(ix->mem, memtable_ndocs(ix->mem), &st);
	ret->text_bytes += st.content_bytes;
	ret->wal_bytes = ix->wal ? wal_bytes(ix->wal) : 0;
	ret->syncs = ix->wal ? wal_syncs(ix->wal) : 0;
	ret->flushes = ix->flushes;
	ret->merges = ix->merges;
	ret->puts = ix->puts;
	ret->deletes = ix->deletes;
	ret->errors = ix->nerrors;
	ret->uptime_ns = rk_mono_ns() - ix->opened_ns;
	ret->pending_files = count_pending(ix->files.root);
	ret->replayed = ix->replayed;
	memcpy(ret->recovery, ix->recovery, sizeof(ret->recovery));
	pthread_mutex_unlock(&ix->w);
}
