/* segment.c - opens and verifies a segment, counts its users, and remembers damage.
 *
 * Format: doc/format.md "Segment"; the invariants cited are its. Opening proves S2..S12 of meta; chunks of the other files are proven by
 * seg_verify_chunk when first touched. Owner: reference-counted. Threads: any. */
#include "core/segment/segment_private.h"

#include <stdlib.h>

#include "core/segment/impacts_private.h"
#include "core/segment/seg_open_private.h"

int seg_damaged_at(const struct seg *s, enum seg_kind kind, uint64_t off)
{
	uint64_t none = 0;
	atomic_compare_exchange_strong(&s->live->damage, &none, (uint64_t)kind << 56 | (off + 1));
	return -EUCLEAN;
}

bool seg_damaged(const struct seg *s, struct rk_err *where)
{
	uint64_t d = atomic_load(&s->live->damage);
	if (!d)
		return false;
	char name[SEG_NAME_BYTES];
	seg_file_name(s->info.id, (enum seg_kind)(d >> 56), name);
	rk_fail(where, -EUCLEAN, "%s: damaged at or behind byte %llu", name, (unsigned long long)((d & (UINT64_MAX >> 8)) - 1));
	return true;
}

int seg_verify_chunk(const struct seg *s, const struct seg_file *f, uint64_t chunk)
{
	uint8_t state = atomic_load_explicit(&f->state[chunk], memory_order_relaxed);
	if (state == CHUNK_UNKNOWN) {
		uint64_t off = chunk << SEG_CHUNK_BITS, n = f->len - off < SEG_CHUNK ? f->len - off : SEG_CHUNK;
		state = rk_checksum(f->map.bytes + off, n) == rk_get64(f->sums + 8 * chunk) ? CHUNK_GOOD : CHUNK_BAD;
		atomic_store_explicit(&f->state[chunk], state, memory_order_relaxed);
	}
	return state == CHUNK_GOOD ? 0 : seg_damaged_at(s, f->kind, chunk << SEG_CHUNK_BITS);
}

struct seg *seg_ref(struct seg *s)
{
	atomic_fetch_add_explicit(&s->live->refs, 1, memory_order_relaxed);
	return s;
}

void seg_remove_when_unused(struct seg *s)
{
	atomic_store(&s->live->remove, true);
}

const struct seg_info *seg_get_info(const struct seg *s)
{
	return &s->info;
}

static int keep_name(void *arg, const char *name, uint64_t size)
{
	(void)size;
	return rk_buf_put(arg, name, strlen(name) + 1);
}

/* meta first: without it the rest is no segment, so a crash in between leaves nothing half there. */
static void remove_files(struct rk_dir *dir, uint64_t id)
{
	char name[SEG_NAME_BYTES];
	struct rk_buf names = {0};
	seg_file_name(id, SEG_META, name);
	if (dir->ops->remove(dir, name, NULL) < 0)
		return;
	*strrchr(name, 'm') = '\0'; /* the folder */
	(void)dir->ops->list(dir, name, keep_name, &names, NULL);
	for (size_t at = 0; at < names.len; at += strlen((char *)names.data + at) + 1)
		(void)dir->ops->remove(dir, (char *)names.data + at, NULL);
	rk_buf_done(&names);
}

struct seg *seg_unref(struct seg *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->live->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	struct seg_file *files[] = {&s->store, &s->postings, &s->positions};
	for (unsigned i = 0; i < 3; i++) {
		if (files[i]->map.bytes)
			s->dir->ops->unmap(s->dir, &files[i]->map);
		free((void *)files[i]->state);
	}
	if (s->meta.bytes)
		s->dir->ops->unmap(s->dir, &s->meta);
	for (unsigned i = 0; i < SEG_SLOTS; i++)
		store_slot_free(atomic_load(&s->live->slots[i]));
	zdict_free(s->dict);
	if (atomic_load(&s->live->remove))
		remove_files(s->dir, s->info.id);
	free(s->live);
	free(s);
	return NULL;
}

int seg_open(struct rk_dir *dir, uint64_t id, struct seg **ret, struct rk_err *err)
{
	struct seg *s = calloc(1, sizeof(*s));
	struct seg_live *live = calloc(1, sizeof(*live));
	if (!s || !live) {
		free(s);
		free(live);
		return rk_fail(err, -ENOMEM, "opening segment %llu: out of memory", (unsigned long long)id);
	}
	s->live = live;
	atomic_store(&live->refs, 1);
	s->dir = dir;
	s->info.id = id;
	int rc = seg_open_meta(s, err);
	rc = rc < 0 ? rc : seg_open_files(s, err);
	if (rc < 0) {
		seg_unref(s);
		return rk_wrap(err, rc, "segment %llu", (unsigned long long)id);
	}
	impacts_weights(s->info.nindexed, s->info.total_length, s->weight);
	*ret = s;
	return 0;
}

const uint8_t *seg_norms(const struct seg *s)
{
	return s->sec[SEC_NORMS].p;
}

uint32_t seg_length(const struct seg *s, docid_t doc)
{
	return doc < s->info.ndocs ? rk_get32(s->sec[SEC_LENGTHS].p + (size_t)doc * 4) : 0;
}

uint32_t seg_rank(const struct seg *s, docid_t doc)
{
	return doc < s->info.ndocs ? rk_get32(s->sec[SEC_RANK].p + (size_t)doc * 4) : s->info.ndocs;
}

docid_t seg_by_rank(const struct seg *s, uint32_t rank)
{
	return rank < s->info.ndocs ? rk_get32(s->sec[SEC_BY_RANK].p + (size_t)rank * 4) : DOC_END;
}
