/* id_write.c - the ids of a segment: sorted and front-coded, their order both ways, and a filter for those that are not there.
 *
 * Format: doc/format.md "Segment", ids. The filter is blocked (Putze et al. 2007, "Cache-, hash- and space-efficient Bloom filters"): one cache
 * line a question. Threads: one. */
#include "core/segment/seg_write_private.h"

#include <errno.h>
#include <stdlib.h>

struct sort_id {
	uint64_t prefix; /* first eight bytes, big-endian: most comparisons end here */
	const uint8_t *id;
	uint32_t len, doc;
};

int id_writer_add(struct id_writer *w, const void *id, size_t len)
{
	if (rk_buf_put(&w->bytes, id, len) < 0)
		return -ENOMEM;
	uint64_t end = w->bytes.len;
	w->n++;
	return rk_buf_put(&w->ends, &end, sizeof(end));
}

static int compare(const void *pa, const void *pb)
{
	const struct sort_id *a = pa, *b = pb;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int c = memcmp(a->id, b->id, a->len < b->len ? a->len : b->len);
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static struct sort_id *sorted_ids(const struct id_writer *w)
{
	struct sort_id *s = calloc(w->n ? w->n : 1, sizeof(*s));
	uint64_t from = 0, end;
	for (uint32_t i = 0; s && i < w->n; i++, from = end) {
		uint8_t first[8] = {0};
		memcpy(&end, w->ends.data + i * sizeof(end), sizeof(end));
		s[i] = (struct sort_id){.id = w->bytes.data + from, .len = (uint32_t)(end - from), .doc = i};
		memcpy(first, s[i].id, s[i].len < 8 ? s[i].len : 8);
		for (unsigned k = 0; k < 8; k++)
			s[i].prefix = s[i].prefix << 8 | first[k];
	}
	if (s)
		qsort(s, w->n, sizeof(*s), compare);
	return s;
}

static uint32_t shared_prefix(const struct sort_id *a, const struct sort_id *b)
{
	uint32_t n = a->len < b->len ? a->len : b->len, i = 0;
	while (i < n && a->id[i] == b->id[i])
		i++;
	return i;
}

static void front_code(struct id_writer *w, const struct sort_id *s)
{
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t shared = 0;
		if (i % SEG_ID_GROUP == 0) {
			rk_buf_u32(&w->groups, (uint32_t)w->sorted.len);
		} else {
			shared = shared_prefix(&s[i - 1], &s[i]);
			rk_buf_varint(&w->sorted, shared);
		}
		rk_buf_varint(&w->sorted, s[i].len - shared);
		rk_buf_put(&w->sorted, s[i].id + shared, s[i].len - shared);
	}
}

static int fill_filter(struct id_writer *w, const struct sort_id *s)
{
	uint64_t bits = (uint64_t)w->n * SEG_BLOOM_BITS_PER_ID;
	uint32_t nblocks = (uint32_t)((bits + SEG_BLOOM_BLOCK * 8 - 1) / (SEG_BLOOM_BLOCK * 8));
	size_t bytes = (size_t)nblocks * SEG_BLOOM_BLOCK;
	if (rk_buf_reserve(&w->bloom, bytes) < 0)
		return -ENOMEM;
	if (bytes)
		memset(w->bloom.data, 0, bytes);
	w->bloom.len = bytes;
	for (uint32_t i = 0; i < w->n; i++) {
		uint64_t hash = rk_checksum(s[i].id, s[i].len), probes = seg_bloom_probes(hash);
		uint8_t *block = w->bloom.data + (size_t)seg_bloom_block(hash, nblocks) * SEG_BLOOM_BLOCK;
		for (unsigned k = 0; k < 7; k++, probes >>= 9)
			block[(probes & 511) >> 3] |= (uint8_t)(1u << (probes & 7));
	}
	return 0;
}

int id_writer_finish(struct id_writer *w, struct rk_err *err)
{
	struct sort_id *s = sorted_ids(w);
	if (!s || rk_buf_reserve(&w->rank, (size_t)w->n * 4) < 0)
		goto no_memory;
	w->rank.len = (size_t)w->n * 4;
	for (uint32_t i = 0; i < w->n; i++) {
		if (i && compare(&s[i - 1], &s[i]) == 0) {
			int rc = rk_fail(err, -EINVAL, "id \"%.*s\" came twice", (int)(s[i].len < 200 ? s[i].len : 200), (const char *)s[i].id);
			free(s);
			return rc;
		}
		rk_buf_u32(&w->by_rank, s[i].doc);
		rk_put32(w->rank.data + (size_t)s[i].doc * 4, i);
	}
	front_code(w, s);
	if (w->sorted.len > UINT32_MAX) {
		free(s);
		return rk_fail(err, -EFBIG, "ids over 4 GiB");
	}
	if (fill_filter(w, s) < 0 || w->by_rank.bad || w->groups.bad || w->sorted.bad)
		goto no_memory;
	free(s);
	return 0;
no_memory:
	free(s);
	return rk_fail(err, -ENOMEM, "ids: out of memory");
}

void id_writer_done(struct id_writer *w)
{
	struct rk_buf *all[] = {&w->bytes, &w->ends, &w->sorted, &w->groups, &w->by_rank, &w->rank, &w->bloom};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		rk_buf_done(all[i]);
}
