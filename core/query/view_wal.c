/* view_wal.c - the rows of a log file: one record a line, as wal_record_text writes it, up to the snapshot's last entry.
 *
 * The log is read through wal_read, which begins at the front of the file each time: windows are large here. Damage ends the text. */
#include "core/query/view_private.h"
#include "core/wal/wal.h"

struct wal_rows {
	struct view *v;
	struct rk_buf *out;
	bool beyond; /* a record that is not of this view was met */
};

/* A clean marker changes nothing, so no snapshot's number covers the one at the end. */
static int one(void *arg, const struct wal_record *rec)
{
	struct wal_rows *w = arg;
	struct view *v = w->v;
	w->beyond = rec->entry >= v->wal_end && !(v->wal_last && rec->type == WAL_TYPE_CLEAN);
	if (w->beyond || w->out->len >= v->window)
		return -ECANCELED;
	int rc = wal_record_text(rec, w->out);
	v->now.row = rec->entry + 1;
	return rc;
}

static int wal_rows(struct view *v, struct rk_buf *out)
{
	struct wal_rows w = {.v = v, .out = out};
	struct wal_report report;
	struct rk_err words = {{0}};
	if (!v->wal_last && v->now.row >= v->wal_end) /* what lies behind is another file's matter */
		return 0;
	int rc = wal_read(v->dir, v->now.row, one, &w, &report, &words);
	if (rc == 0 || w.beyond || (!v->wal_last && v->now.row >= v->wal_end))
		return 0;
	return rc == -ECANCELED ? 1 : rk_fail(v->err, rc == -ENOENT ? -ESTALE : rc, "%s", words.msg);
}

static int wal_seek(struct view *v, const struct view_state *s)
{
	if (s->row) /* the start is where view_open put it */
		v->now = *s;
	return 0;
}

static int wal_tell(struct view *v, struct view_state *ret)
{
	*ret = v->now;
	return 0;
}

static void wal_done(struct view *v)
{
	(void)v;
}

const struct view_ops view_wal_ops = {wal_seek, wal_rows, wal_tell, wal_done};
