/* store_write.c - stored documents: records packed into blocks of about 16 KiB, each compressed by itself.
 *
 * Format: doc/format.md "Segment", store. Records of a block follow each other; a record that is larger than a block has one of its own, so that
 * reading one document decodes one small block. From level 2 on a dictionary is trained on the first records. Measured on English text, it saves
 * 3.6 % of the store and costs 70 % of the compression's time: not for a flush at level 1, nor for a segment below half a megabyte, where it takes
 * more room than it saves. */
#include "core/segment/seg_write_private.h"

#include <errno.h>

enum { TRAIN_BYTES = 512 << 10, SAMPLE_MAX = 4 << 10, DICT_BYTES = 8 << 10, TRAIN_LEVEL = 2 };

int store_writer_init(struct store_writer *s, int level)
{
	s->level = level ? level : 1;
	s->direct = s->level < TRAIN_LEVEL;
	return zcodec_new(s->level, &s->codec);
}

static int flush_block(struct store_writer *s, struct seg_out *out, struct rk_err *err)
{
	if (!s->block.len)
		return 0;
	s->packed.len = 0;
	int rc = zblock_put(s->codec, s->zdict, s->block.data, s->block.len, &s->packed);
	if (rc < 0)
		return rk_fail(err, rc, "%s: packing a block of %zu bytes", out->name, s->block.len);
	rk_buf_u64(&s->table, out->len);
	rk_buf_u32(&s->table, s->first);
	rk_buf_u32(&s->table, (uint32_t)s->block.len);
	if (s->table.bad)
		return rk_fail(err, -ENOMEM, "%s: out of memory", out->name);
	s->block.len = 0;
	s->first = s->next;
	return seg_out_put(out, s->packed.data, s->packed.len, err);
}

static int add_record(struct store_writer *s, struct seg_out *out, const uint8_t *p, size_t n, struct rk_err *err)
{
	int rc = s->block.len && s->block.len + n > SEG_STORE_BLOCK ? flush_block(s, out, err) : 0;
	if (rc < 0)
		return rc;
	if (rk_buf_put(&s->block, p, n) < 0)
		return rk_fail(err, -ENOMEM, "%s: out of memory", out->name);
	s->next++;
	return s->block.len >= SEG_STORE_BLOCK ? flush_block(s, out, err) : 0;
}

/* Cuts the records into samples of equal weight: a long document must not be the whole dictionary. */
static int train(struct store_writer *s)
{
	struct rk_buf pieces = {0};
	const size_t *sizes = (const size_t *)(const void *)s->sizes.data;
	unsigned n = 0;
	for (size_t i = 0; i < s->sizes.len / sizeof(size_t); i++) {
		for (size_t left = sizes[i]; left; n++) {
			size_t piece = left < SAMPLE_MAX ? left : SAMPLE_MAX;
			rk_buf_put(&pieces, &piece, sizeof(piece));
			left -= piece;
		}
	}
	int rc = pieces.bad ? -ENOMEM : zdict_train(s->samples.data, (const size_t *)(const void *)pieces.data, n, DICT_BYTES, &s->dict);
	rk_buf_done(&pieces);
	if (rc == -ENODATA)
		return 0;
	return rc < 0 ? rc : zdict_new(s->dict.data, s->dict.len, s->level, &s->zdict);
}

static int go_direct(struct store_writer *s, struct seg_out *out, struct rk_err *err)
{
	int rc = s->samples.len >= TRAIN_BYTES ? train(s) : 0;
	if (rc < 0)
		return rk_fail(err, rc, "%s: training a dictionary", out->name);
	s->direct = true;
	const size_t *sizes = (const size_t *)(const void *)s->sizes.data;
	size_t at = 0;
	for (size_t i = 0; rc == 0 && i < s->sizes.len / sizeof(size_t); at += sizes[i++])
		rc = add_record(s, out, s->samples.data + at, sizes[i], err);
	rk_buf_done(&s->samples);
	rk_buf_done(&s->sizes);
	return rc;
}

int store_writer_doc(struct store_writer *s, struct seg_out *out, const struct rk_doc *doc, bool content, struct rk_err *err)
{
	s->record.len = 0;
	rk_buf_varint(&s->record, doc->title_len);
	rk_buf_varint(&s->record, doc->fields_len);
	rk_buf_put(&s->record, doc->title, doc->title_len);
	rk_buf_put(&s->record, doc->fields, doc->fields_len);
	if (content)
		rk_buf_put(&s->record, doc->content, (size_t)doc->content_len);
	size_t n = s->record.len;
	if (!s->record.bad && s->direct)
		return add_record(s, out, s->record.data, n, err);
	if (s->record.bad || rk_buf_put(&s->samples, s->record.data, n) < 0 || rk_buf_put(&s->sizes, &n, sizeof(n)) < 0)
		return rk_fail(err, -ENOMEM, "%s: out of memory", out->name);
	return s->samples.len >= TRAIN_BYTES ? go_direct(s, out, err) : 0;
}

int store_writer_finish(struct store_writer *s, struct seg_out *out, struct rk_err *err)
{
	int rc = s->direct ? 0 : go_direct(s, out, err);
	return rc < 0 ? rc : flush_block(s, out, err);
}

void store_writer_done(struct store_writer *s)
{
	zcodec_free(s->codec);
	zdict_free(s->zdict);
	struct rk_buf *all[] = {&s->samples, &s->sizes, &s->record, &s->block, &s->packed, &s->table, &s->dict};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		rk_buf_done(all[i]);
}
