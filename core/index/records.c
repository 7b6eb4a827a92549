/* records.c - WAL payloads, both ways and as text; see records.h. Format: doc/format.md "WAL payloads". */
#include "core/index/records.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "core/base/rd.h"
#include "core/index/index.h"
#include "core/wal/wal.h"

static void put_bytes(struct rk_buf *b, const void *p, size_t n)
{
	rk_buf_varint(b, n);
	rk_buf_put(b, p, n);
}

static const char *get_bytes(struct rk_rd *r, uint32_t max, uint32_t *ret_len)
{
	uint64_t n = rk_rd_varint(r);
	if (n > max)
		r->bad = true;
	const uint8_t *p = rk_rd_bytes(r, (size_t)n);
	*ret_len = p ? (uint32_t)n : 0;
	return (const char *)p;
}

int record_put_doc(const struct rk_doc *d, struct rk_buf *b)
{
	rk_buf_varint(b, d->flags);
	rk_buf_u64(b, (uint64_t)d->mtime_ns);
	rk_buf_varint(b, d->mode);
	put_bytes(b, d->id, d->id_len);
	put_bytes(b, d->title, d->title_len);
	put_bytes(b, d->fields, d->fields_len);
	return b->bad ? -ENOMEM : 0;
}

int record_get_doc(const void *p, size_t n, struct rk_doc *ret)
{
	struct rk_rd r = rk_rd_of(p, n);
	struct rk_doc d = {0};
	d.flags = (uint32_t)rk_rd_varint(&r);
	d.mtime_ns = (int64_t)rk_rd_u64(&r);
	d.mode = (uint32_t)rk_rd_varint(&r);
	d.id = get_bytes(&r, DOC_ID_MAX, &d.id_len);
	d.title = get_bytes(&r, UINT32_MAX, &d.title_len);
	d.fields = get_bytes(&r, UINT32_MAX, &d.fields_len);
	d.content_len = rk_rd_left(&r);
	d.content = rk_rd_bytes(&r, (size_t)d.content_len);
	if (!rk_rd_ok(&r) || d.id_len == 0 || d.flags > 7)
		return -EUCLEAN;
	*ret = d;
	return 0;
}

int record_put_file(const struct file_record *f, struct rk_buf *b)
{
	rk_buf_varint(b, f->no);
	rk_buf_varint(b, f->flags);
	put_bytes(b, f->path, f->path_len);
	rk_buf_varint(b, f->off);
	rk_buf_u64(b, (uint64_t)f->mtime_ns);
	rk_buf_varint(b, f->mode);
	return b->bad ? -ENOMEM : 0;
}

int record_get_file(const void *p, size_t n, struct file_record *ret)
{
	struct rk_rd r = rk_rd_of(p, n);
	struct file_record f = {0};
	f.no = rk_rd_varint(&r);
	f.flags = (uint32_t)rk_rd_varint(&r);
	f.path = get_bytes(&r, DOC_ID_MAX, &f.path_len);
	f.off = rk_rd_varint(&r);
	f.mtime_ns = (int64_t)rk_rd_u64(&r);
	f.mode = (uint32_t)rk_rd_varint(&r);
	f.len = rk_rd_left(&r);
	f.bytes = rk_rd_bytes(&r, f.len);
	if (!rk_rd_ok(&r) || f.path_len == 0 || f.flags > 15 || f.off > UINT64_MAX / 2)
		return -EUCLEAN;
	*ret = f;
	return 0;
}

int record_put_rename(const struct rename_record *n, struct rk_buf *b)
{
	put_bytes(b, n->from, n->from_len);
	put_bytes(b, n->to, n->to_len);
	return b->bad ? -ENOMEM : 0;
}

int record_get_rename(const void *p, size_t n, struct rename_record *ret)
{
	struct rk_rd r = rk_rd_of(p, n);
	struct rename_record x = {0};
	x.from = get_bytes(&r, DOC_ID_MAX, &x.from_len);
	x.to = get_bytes(&r, DOC_ID_MAX, &x.to_len);
	if (!rk_rd_ok(&r) || rk_rd_left(&r) || x.from_len == 0 || x.to_len == 0)
		return -EUCLEAN;
	*ret = x;
	return 0;
}

static const char *type_name(uint8_t type)
{
	switch (type) {
	case WAL_TYPE_CLEAN:
		return "Clean";
	case REC_ADD_DOCUMENT:
		return "AddDocument";
	case REC_DELETE_DOCUMENT:
		return "DeleteDocument";
	case REC_ADD_SEGMENT:
		return "AddSegment";
	case REC_FILE_WRITE:
		return "FileWrite";
	case REC_FILE_TRUNCATE:
		return "FileTruncate";
	case REC_FILE_COMMIT:
		return "FileCommit";
	case REC_RENAME:
		return "Rename";
	case REC_FILE_ATTR:
		return "FileAttr";
	case REC_FILE_DROP:
		return "FileDrop";
	case REC_STREAM_WRITE:
		return "StreamWrite";
	}
	return "Unknown";
}

static void text_field(struct rk_buf *out, const char *key, const void *p, size_t n)
{
	rk_buf_printf(out, "\t%s=", key);
	rk_buf_escaped(out, p, n);
}

static void text_file(struct rk_buf *out, const struct wal_record *rec)
{
	struct file_record f;
	if (record_get_file(rec->payload, rec->len, &f) < 0) {
		rk_buf_str(out, "\tmalformed");
		return;
	}
	text_field(out, "path", f.path, f.path_len);
	rk_buf_printf(out, "\tfile=%llu\tflags=%s%s%s%s", (unsigned long long)f.no, f.flags & FILE_NEW ? "new" : "", f.flags & FILE_BASE ? "base" : "",
		      f.flags & FILE_INTERRUPTED ? "interrupted" : "", f.flags & FILE_ACKED ? "acked" : "");
	if (rec->type == REC_FILE_WRITE)
		rk_buf_printf(out, "\toffset=%llu", (unsigned long long)f.off);
	if (rec->type == REC_FILE_TRUNCATE)
		rk_buf_printf(out, "\tsize=%llu", (unsigned long long)f.off);
	if (rec->type == REC_FILE_WRITE || rec->type == REC_STREAM_WRITE) {
		rk_buf_printf(out, "\tbytes=%zu", f.len);
		text_field(out, "data", f.bytes, f.len);
	}
}

int wal_record_text(const struct wal_record *rec, struct rk_buf *out)
{
	struct tm tm;
	time_t s = (time_t)(rec->time_ns / 1000000000);
	gmtime_r(&s, &tm);
	rk_buf_printf(out, "%llu\t%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\t%s", (unsigned long long)rec->entry, tm.tm_year + 1900, tm.tm_mon + 1,
		      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(rec->time_ns % 1000000000 / 1000), type_name(rec->type));
	struct rk_doc d;
	struct rename_record n;
	switch (rec->type) {
	case REC_ADD_DOCUMENT:
		if (record_get_doc(rec->payload, rec->len, &d) < 0) {
			rk_buf_str(out, "\tmalformed");
			break;
		}
		text_field(out, "id", d.id, d.id_len);
		if (d.title_len)
			text_field(out, "title", d.title, d.title_len);
		if (d.fields_len)
			text_field(out, "fields", d.fields, d.fields_len);
		rk_buf_printf(out, "\tbytes=%llu", (unsigned long long)d.content_len);
		text_field(out, "data", d.content, (size_t)d.content_len);
		break;
	case REC_DELETE_DOCUMENT:
		text_field(out, "id", rec->payload, rec->len);
		break;
	case REC_ADD_SEGMENT:
		if (rec->len == 16)
			rk_buf_printf(out, "\tsegment=%llu\tcovers=%llu", (unsigned long long)rk_get64(rec->payload),
				      (unsigned long long)rk_get64(rec->payload + 8));
		break;
	case REC_RENAME:
		if (record_get_rename(rec->payload, rec->len, &n) == 0) {
			text_field(out, "from", n.from, n.from_len);
			text_field(out, "to", n.to, n.to_len);
		}
		break;
	case WAL_TYPE_CLEAN:
		break;
	default:
		text_file(out, rec);
	}
	rk_buf_u8(out, '\n');
	return out->bad ? -ENOMEM : 0;
}
