/* seg_ids.c - external ids to documents and back: a filter, a binary search over groups of sixteen front-coded ids, a short scan.
 *
 * Format: doc/format.md "Segment", ids. Threads: any number of readers; nothing is allocated but in the caller's buffer. */
#include "core/segment/segment_private.h"

struct id_key {
	uint32_t len;
	uint8_t bytes[DOC_ID_MAX];
};

static struct rk_rd group_at(const struct seg *s, uint32_t group)
{
	uint32_t at = rk_get32(s->sec[SEC_ID_GROUPS].p + (size_t)group * 4);
	return rk_rd_of(s->sec[SEC_IDS].p + at, s->sec[SEC_IDS].len - at);
}

static int damaged(const struct seg *s)
{
	return seg_damaged_at(s, SEG_META, (uint64_t)(s->sec[SEC_IDS].p - s->meta.bytes));
}

static int next_id(const struct seg *s, struct rk_rd *r, bool first, struct id_key *key)
{
	uint64_t shared = first ? 0 : seg_varint(r), more = seg_varint(r);
	if (!rk_rd_ok(r) || shared > key->len || more > DOC_ID_MAX - shared || shared + more == 0)
		return damaged(s);
	const uint8_t *p = rk_rd_bytes(r, more);
	if (!p)
		return damaged(s);
	memcpy(key->bytes + shared, p, more);
	key->len = (uint32_t)(shared + more);
	return 0;
}

static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int c = n ? memcmp(a, b, n) : 0;
	return c ? c : (a_len > b_len) - (a_len < b_len);
}

/* The first rank whose id is >= the key; exact tells whether it is equal. */
static int seek_id(const struct seg *s, const void *id, size_t len, uint32_t *ret, bool *exact)
{
	uint32_t lo = 0, hi = (uint32_t)(s->sec[SEC_ID_GROUPS].len / 4), ngroups = hi;
	*exact = false;
	while (lo < hi) { /* the first group that begins beyond the key */
		uint32_t mid = lo + (hi - lo) / 2;
		struct rk_rd r = group_at(s, mid);
		uint64_t n = seg_varint(&r);
		const uint8_t *p = rk_rd_bytes(&r, n);
		if (!p)
			return damaged(s);
		if (compare(p, n, id, len) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	uint32_t rank = lo * SEG_ID_GROUP;
	if (lo == 0 || ngroups == 0) {
		*ret = 0;
		return 0;
	}
	struct rk_rd r = group_at(s, lo - 1);
	struct id_key key;
	key.len = 0;
	uint32_t end = rank < s->info.ndocs ? rank : s->info.ndocs;
	for (rank -= SEG_ID_GROUP; rank < end; rank++) {
		int rc = next_id(s, &r, rank % SEG_ID_GROUP == 0, &key);
		if (rc < 0)
			return rc;
		int c = compare(key.bytes, key.len, id, len);
		if (c >= 0) {
			*exact = c == 0;
			break;
		}
	}
	*ret = rank;
	return 0;
}

static bool may_have(const struct seg *s, const void *id, size_t len)
{
	uint32_t nblocks = (uint32_t)(s->sec[SEC_BLOOM].len / SEG_BLOOM_BLOCK);
	if (!nblocks)
		return false;
	uint64_t hash = rk_checksum(id, len), probes = seg_bloom_probes(hash);
	const uint8_t *block = s->sec[SEC_BLOOM].p + (size_t)seg_bloom_block(hash, nblocks) * SEG_BLOOM_BLOCK;
	unsigned hits = 0;
	for (unsigned k = 0; k < 7; k++, probes >>= 9)
		hits += block[(probes & 511) >> 3] >> (probes & 7) & 1;
	return hits == 7;
}

int seg_find(const struct seg *s, const void *id, size_t len, docid_t *ret)
{
	uint32_t rank;
	bool exact;
	if (!may_have(s, id, len))
		return 0;
	int rc = seek_id(s, id, len, &rank, &exact);
	if (rc < 0 || !exact)
		return rc;
	*ret = seg_by_rank(s, rank);
	return 1;
}

uint32_t seg_lower_bound(const struct seg *s, const void *id, size_t len)
{
	uint32_t rank;
	bool exact;
	return seek_id(s, id, len, &rank, &exact) < 0 ? s->info.ndocs : rank;
}

int seg_id(const struct seg *s, docid_t doc, struct rk_buf *ret)
{
	if (doc >= s->info.ndocs)
		return -EINVAL;
	uint32_t rank = seg_rank(s, doc);
	struct rk_rd r = group_at(s, rank / SEG_ID_GROUP);
	struct id_key key;
	key.len = 0;
	for (uint32_t i = 0; i <= rank % SEG_ID_GROUP; i++) {
		int rc = next_id(s, &r, i == 0, &key);
		if (rc < 0)
			return rc;
	}
	return rk_buf_put(ret, key.bytes, key.len);
}
