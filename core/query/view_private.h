/* view_private.h - a decoded view as windows of text: each made by a generator from a small state, so that any of them can be made again.
 *
 * A generator appends rows to a buffer until it holds a window's bytes; where it stopped is a sync point. Opening runs it once to the end, counts, and
 * keeps the sync points; reading goes back to the one before the wanted byte. Threads: one per view. */
#ifndef CORE_QUERY_VIEW_PRIVATE_H
#define CORE_QUERY_VIEW_PRIVATE_H

#include <errno.h>
#include <string.h>

#include "core/query/view.h"

enum { VIEW_WINDOW = 64 << 10, VIEW_WAL_WINDOW = 1 << 20 };

/* Where a generator goes on. */
struct view_state {
	uint64_t row;	 /* document, block, or WAL entry */
	uint64_t within; /* the row's first positions that are written already */
	char *key;	 /* terms: the next term; owned */
	uint32_t key_len;
};

struct view_ops {
	int (*seek)(struct view *, const struct view_state *);
	/* Appends rows until out holds v->window bytes: 1 there is more, 0 the end, -errno (what is in out is good). */
	int (*rows)(struct view *, struct rk_buf *out);
	int (*tell)(struct view *, struct view_state *ret); /* ret is empty */
	void (*done)(struct view *);
};

struct view_sync {
	uint64_t off;
	struct view_state state;
};

struct view {
	const struct view_ops *ops;
	size_t window;
	struct snapshot *snap;
	const struct leaf *leaf; /* of a segment */
	struct rk_dir *dir;	 /* of the log */
	uint64_t size;
	int tail_rc; /* what stands behind the last byte: 0, or -EUCLEAN */
	struct view_sync *syncs;
	size_t nsyncs, cap;
	size_t at; /* the window in buf; SIZE_MAX: none. The generator stands behind it */
	struct rk_buf buf, id;
	/* the generators' own */
	struct view_state now;
	struct rk_buf term; /* of a list; terms: the last one written, when begun */
	struct seg_terms *terms;
	bool begun;
	bool ended; /* the list cannot be read */
	struct cursor *cursor;
	uint32_t i; /* in the cursor's block */
	uint64_t wal_end; /* the first entry that is not of the file, or beyond the snapshot */
	bool wal_last;	  /* nothing but the snapshot ends it */
	struct rk_err *err;
};

extern const struct view_ops view_info_ops, view_terms_ops, view_documents_ops, view_tombstones_ops, view_postings_ops, view_blocks_ops, view_wal_ops;

/* A path taken apart. */
enum view_kind { VIEW_ROOT, VIEW_SEGMENTS, VIEW_SEGMENT, VIEW_FILE, VIEW_POSTINGS, VIEW_BLOCKS, VIEW_LIST, VIEW_WAL, VIEW_WAL_FILE };
struct view_path {
	enum view_kind kind;
	bool is_dir;
	const struct leaf *leaf;
	const struct view_ops *ops; /* of files */
	struct rk_buf term;	    /* of lists; rk_buf_done() */
	uint64_t first, end;	    /* of a log file: its entries */
	bool last;
};
int view_path_parse(struct index *, struct snapshot *, const char *path, struct view_path *ret); /* -ENOENT */

static inline void view_number(struct rk_buf *b, uint64_t v)
{
	uint8_t t[20];
	size_t n = sizeof(t);
	do
		t[--n] = (uint8_t)('0' + v % 10);
	while (v /= 10);
	rk_buf_put(b, t + n, sizeof(t) - n);
}

#endif
