/* tombstones.c - a bitmap of deleted documents as a file that is written once per version.
 *
 * Format: doc/format.md "Tombstones", T1..T4. Threads: any. */
#include "core/segment/tombstones.h"

#include <errno.h>

#include "core/segment/seg_format_private.h"

enum { HEAD = SEG_HEADER_BYTES + 16, SUM = 8 };

void tombstones_name(uint64_t seg_id, uint64_t version, char name[96])
{
	snprintf(name, 96, "segments/segment_%016llx/tombstones_%016llx", (unsigned long long)seg_id, (unsigned long long)version);
}

static size_t words_of(uint32_t ndocs)
{
	return ((size_t)ndocs + 63) / 64;
}

static uint32_t count(const uint64_t *bits, size_t words)
{
	uint32_t n = 0;
	for (size_t i = 0; i < words; i++)
		n += (uint32_t)__builtin_popcountll(bits[i]);
	return n;
}

static bool beyond(const uint64_t *bits, uint32_t ndocs)
{
	return ndocs % 64 && bits[ndocs / 64] >> ndocs % 64;
}

int tombstones_write(struct rk_dir *dir, uint64_t seg_id, uint64_t version, const uint64_t *bits, uint32_t ndocs, struct rk_err *err)
{
	char name[96];
	struct rk_buf b = {0};
	tombstones_name(seg_id, version, name);
	if (beyond(bits, ndocs))
		return rk_fail(err, -EINVAL, "%s: a bit beyond %u documents", name, ndocs);
	if (rk_buf_reserve(&b, SEG_HEADER_BYTES) < 0)
		return rk_fail(err, -ENOMEM, "%s: out of memory", name);
	seg_header_put(b.data, SEG_TOMBSTONES, seg_id);
	b.len = SEG_HEADER_BYTES;
	rk_buf_u64(&b, version);			     /* 32-39 */
	rk_buf_u32(&b, ndocs);				     /* 40-43 */
	rk_buf_u32(&b, count(bits, words_of(ndocs)));	     /* 44-47 */
	for (size_t i = 0; i < words_of(ndocs); i++)
		rk_buf_u64(&b, bits[i]);
	rk_buf_u64(&b, rk_checksum(b.data, b.len));
	int rc = b.bad ? rk_fail(err, -ENOMEM, "%s: out of memory", name) : dir_put_new(dir, name, b.data, b.len, err);
	rk_buf_done(&b);
	return rc;
}

static int parse(const struct rk_buf *b, uint64_t seg_id, uint64_t version, uint64_t *bits, uint32_t ndocs, const char **why)
{
	const uint8_t *p = b->data;
	size_t words = words_of(ndocs);
	*why = "T1: no tombstones of this segment and version";
	if (b->len < HEAD + SUM || rk_get64(p) != SEG_MAGIC || rk_get32(p + 12) != SEG_TOMBSTONES || rk_get64(p + 16) != seg_id ||
	    rk_get64(p + 32) != version || rk_get64(p + 24) != rk_checksum(p, 24))
		return -EUCLEAN;
	*why = "T1: another format version";
	if (rk_get32(p + 8) != SEG_VERSION)
		return -EPROTONOSUPPORT;
	*why = "T2: for another number of documents";
	if (rk_get32(p + 40) != ndocs || b->len != HEAD + words * 8 + SUM)
		return -EUCLEAN;
	*why = "T3: damaged";
	if (rk_checksum(p, b->len - SUM) != rk_get64(p + b->len - SUM))
		return -EUCLEAN;
	for (size_t i = 0; i < words; i++)
		bits[i] = rk_get64(p + HEAD + i * 8);
	*why = "T4: a bit beyond the last document, or a wrong count";
	return beyond(bits, ndocs) || count(bits, words) != rk_get32(p + 44) ? -EUCLEAN : 0;
}

int tombstones_read(struct rk_dir *dir, uint64_t seg_id, uint64_t version, uint64_t *bits, uint32_t ndocs, struct rk_err *err)
{
	char name[96];
	const char *why = "";
	struct rk_buf b = {0};
	tombstones_name(seg_id, version, name);
	int rc = dir_read_all(dir, name, HEAD + SUM + words_of(ndocs) * 8, &b, err);
	if (rc == -EFBIG)
		rc = rk_wrap(err, -EUCLEAN, "T2: for another number of documents");
	if (rc >= 0) {
		rc = parse(&b, seg_id, version, bits, ndocs, &why);
		rc = rc < 0 ? rk_fail(err, rc, "%s: %s", name, why) : 0;
	}
	rk_buf_done(&b);
	return rc;
}
