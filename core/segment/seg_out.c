/* seg_out.c - one output file of a segment: header first, then bytes in order, a checksum for every chunk. See seg_write_private.h. */
#include "core/segment/seg_write_private.h"

#include <errno.h>
#include <stdlib.h>

enum { OUT_BUFFER = 8 * SEG_CHUNK };

int seg_out_begin(struct seg_out *o, struct rk_dir *dir, uint64_t id, enum seg_kind kind, struct rk_err *err)
{
	uint8_t header[SEG_HEADER_BYTES];
	o->dir = dir;
	seg_file_name(id, kind, o->name);
	o->buf = malloc(OUT_BUFFER);
	if (!o->buf)
		return rk_fail(err, -ENOMEM, "%s: out of memory", o->name);
	int rc = dir->ops->put_begin(dir, o->name, &o->put, err);
	if (rc < 0)
		return rc;
	seg_header_put(header, kind, id);
	return seg_out_put(o, header, sizeof(header), err);
}

static int flush(struct seg_out *o, struct rk_err *err)
{
	for (size_t at = 0; at < o->n; at += SEG_CHUNK)
		rk_buf_u64(&o->sums, rk_checksum(o->buf + at, o->n - at < SEG_CHUNK ? o->n - at : SEG_CHUNK));
	if (o->sums.bad)
		return rk_fail(err, -ENOMEM, "%s: out of memory", o->name);
	int rc = o->n ? o->dir->ops->put_write(o->put, o->buf, o->n, err) : 0;
	o->n = 0;
	return rc;
}

int seg_out_put(struct seg_out *o, const void *p, size_t n, struct rk_err *err)
{
	const uint8_t *from = p;
	o->len += n;
	while (n) {
		size_t room = OUT_BUFFER - o->n, take = n < room ? n : room;
		memcpy(o->buf + o->n, from, take);
		o->n += take;
		from += take;
		n -= take;
		int rc = o->n == OUT_BUFFER ? flush(o, err) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

int seg_out_commit(struct seg_out *o, struct rk_err *err)
{
	int rc = flush(o, err);
	if (rc < 0)
		return rc;
	struct rk_put *put = o->put;
	o->put = NULL;
	rc = o->dir->ops->put_commit(put, err);
	o->committed = rc != -EEXIST; /* then it is another's */
	return rc;
}

void seg_out_done(struct seg_out *o, bool keep)
{
	if (o->put)
		o->dir->ops->put_abort(o->put);
	if (o->committed && !keep)
		(void)o->dir->ops->remove(o->dir, o->name, NULL);
	free(o->buf);
	rk_buf_done(&o->sums);
	*o = (struct seg_out){0};
}
