/* memtable_add.c - inverts one document into the memtable: all that can fail first, then appending, then publishing.
 *
 * Phase 1 analyses into `occ` (term, position, then distance); new terms enter the table with df 0, which no reader takes for a term, so a
 * failure leaves nothing to undo. Phase 2 reserves all room, phase 3 appends and stores df (M2), the id and ndocs (M1): it cannot fail.
 * Nothing is allocated per token. Threads: the writer's. */
#include <errno.h>
#include <stdlib.h>

#include "core/index/memtable_private.h"
#include "core/segment/seg_write.h"

enum { AHEAD = 10 }; /* occurrences that memory is asked for in advance */

static int grow_array(struct memtable *m, void *at, size_t *cap, size_t size)
{
	size_t n = *cap ? *cap * 2 : 1024;
	void *p = realloc(*(void **)at, n * size);
	if (!p)
		return -ENOMEM;
	atomic_fetch_add_explicit(&m->bytes, (n - *cap) * size, memory_order_relaxed);
	*(void **)at = p;
	*cap = n;
	return 0;
}

/* Room for n bytes in pieces of at most MT_SLICE_MAX: a piece never crosses a chunk, so that much of each chunk may be lost. */
static int reserve(struct memtable *m, size_t n)
{
	size_t have = 0;
	uint32_t used = m->nchunks ? m->next & (MT_CHUNK - 1) : 0;
	uint32_t cur = m->next >> MT_CHUNK_BITS;
	if (cur < m->nchunks && MT_CHUNK - used > MT_SLICE_MAX)
		have = MT_CHUNK - used - MT_SLICE_MAX;
	for (uint32_t i = cur + 1; i < m->nchunks; i++)
		have += MT_CHUNK - MT_SLICE_MAX;
	for (; have < n; have += MT_CHUNK - MT_SLICE_MAX) {
		if (m->nchunks == MT_CHUNKS)
			return -ENOSPC;
		uint8_t *c = malloc(MT_CHUNK);
		if (!c)
			return -ENOMEM;
		m->chunks[m->nchunks++] = c;
		atomic_fetch_add_explicit(&m->bytes, MT_CHUNK, memory_order_relaxed);
	}
	return 0;
}

static uint32_t take(struct memtable *m, uint32_t n)
{
	uint32_t used = m->next & (MT_CHUNK - 1);
	if (used + n > MT_CHUNK)
		m->next = ((m->next >> MT_CHUNK_BITS) + 1) << MT_CHUNK_BITS;
	uint32_t off = m->next;
	m->next += n;
	return off;
}

static void next_slice(struct memtable *m, struct mt_stream *s)
{
	uint32_t level = s->head ? mt_level_after(s->level) : 0;
	uint32_t off = take(m, MT_SLICE_DATA[level] + 4u);
	if (s->head)
		rk_put32(mt_at(m, s->tail), off); /* tail stands behind the data: where the link is */
	else
		s->head = off;
	s->tail = off;
	s->level = (uint8_t)level;
	s->left = MT_SLICE_DATA[level];
}

static void put_slowly(struct memtable *m, struct mt_stream *s, uint32_t v)
{
	for (bool more = true; more; v >>= 7) {
		if (!s->left)
			next_slice(m, s);
		more = v >= 0x80;
		*mt_at(m, s->tail) = (uint8_t)(v | (more ? 0x80 : 0));
		s->tail++;
		s->left--;
	}
}

static inline void put(struct memtable *m, struct mt_stream *s, uint32_t v)
{
	if (s->left < 5) {
		put_slowly(m, s, v);
		return;
	}
	uint8_t *p = mt_at(m, s->tail), *q = p;
	for (; v >= 0x80; v >>= 7)
		*q++ = (uint8_t)(v | 0x80);
	*q++ = (uint8_t)v;
	s->tail += (uint32_t)(q - p);
	s->left -= (uint16_t)(q - p);
}

static int new_term(struct memtable *m, uint64_t hash, const char *term, uint32_t len, uint32_t *ret)
{
	int rc = mt_table_room(m, &m->terms);
	if (rc == 0)
		rc = reserve(m, len + 1u);
	if (rc < 0)
		return rc;
	uint32_t no = m->nterms, block = no >> MT_TERM_BITS;
	if (block == MT_TERM_BLOCKS)
		return -ENOSPC;
	if (!m->blocks[block]) {
		size_t size = MT_TERM_BLOCK * sizeof(struct mt_term);
		void *p = aligned_alloc(64, size);
		if (!p)
			return -ENOMEM;
		m->blocks[block] = memset(p, 0, size);
		atomic_fetch_add_explicit(&m->bytes, size, memory_order_relaxed);
	}
	struct mt_term *t = mt_term_at(m, no);
	t->hash = (uint32_t)hash;
	t->name = take(m, len + 1);
	uint8_t *name = mt_at(m, t->name);
	name[0] = (uint8_t)len;
	memcpy(name + 1, term, len);
	m->nterms++;
	mt_table_put(atomic_load_explicit(&m->terms, memory_order_relaxed), hash, no);
	*ret = no;
	return 0;
}

static int lookup(struct memtable *m, const char *term, uint32_t len, uint32_t *ret)
{
	uint64_t hash = mt_hash(term, len);
	const struct mt_table *t = atomic_load_explicit(&m->terms, memory_order_relaxed);
	for (uint32_t i = (uint32_t)hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t slot = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
		if (!slot)
			return new_term(m, hash, term, len, ret);
		if (slot >> 32 == hash >> 32 && mt_term_is(m, mt_term_at(m, (uint32_t)slot - 1), term, len)) {
			*ret = (uint32_t)slot - 1;
			return 0;
		}
	}
}

/* The map from the analyzer's cache slots to terms holds for one analyzer and one generation of its cache. */
static void trust_slots(struct memtable *m, const struct analyzer *an)
{
	uint32_t generation = analyzer_cache_generation(an);
	if (!m->slot_terms) {
		m->slot_terms = calloc(ANALYZER_CACHE_SLOTS, sizeof(*m->slot_terms)); /* without it each word is hashed */
		if (m->slot_terms)
			atomic_fetch_add_explicit(&m->bytes, ANALYZER_CACHE_SLOTS * sizeof(*m->slot_terms), memory_order_relaxed);
	} else if (m->slots_of != an || m->slots_generation != generation) {
		memset(m->slot_terms, 0, ANALYZER_CACHE_SLOTS * sizeof(*m->slot_terms));
	}
	m->slots_of = an;
	m->slots_generation = generation;
}

static int term_no(struct memtable *m, const struct token *t, uint32_t *ret)
{
	bool cached = t->cache_slot < ANALYZER_CACHE_SLOTS && m->slot_terms;
	if (cached && m->slot_terms[t->cache_slot]) {
		*ret = m->slot_terms[t->cache_slot] - 1;
		return 0;
	}
	int rc = lookup(m, t->term, t->len, ret);
	if (rc == 0 && cached)
		m->slot_terms[t->cache_slot] = *ret + 1;
	return rc;
}

static inline uint32_t varint_bytes(uint32_t v)
{
	return v < 1u << 7 ? 1 : v < 1u << 14 ? 2 : v < 1u << 21 ? 3 : v < 1u << 28 ? 4 : 5;
}

/* Terms and positions of one field, into occ; positions begin at base. */
static int analyse(struct memtable *m, struct analyzer *an, const char *text, size_t len, uint32_t base, uint32_t *ret_end)
{
	struct token tok;
	*ret_end = base;
	analyzer_begin(an, text, len);
	trust_slots(m, an);
	while (analyzer_next(an, &tok)) {
		uint32_t no = 0;
		int rc = term_no(m, &tok, &no);
		if (rc == 0 && m->nocc == m->occ_cap)
			rc = grow_array(m, &m->occ, &m->occ_cap, sizeof(*m->occ));
		if (rc < 0)
			return rc;
		m->occ[m->nocc++] = (struct mt_occurrence){no, base + tok.pos};
		*ret_end = base + tok.pos + 1;
	}
	return 0;
}

/* Positions to distances, frequencies, and the room that appending may take: slices double, so twice the bytes and the next slice. */
static int tally(struct memtable *m, size_t *need)
{
	for (size_t i = 0; i < m->nocc; i++) {
		struct mt_occurrence *o = &m->occ[i];
		if (i + AHEAD < m->nocc)
			__builtin_prefetch(mt_term_at(m, m->occ[i + AHEAD].term), 1);
		if (m->ntouched == m->touched_cap) {
			int rc = grow_array(m, &m->touched, &m->touched_cap, sizeof(*m->touched));
			if (rc < 0)
				return rc;
		}
		struct mt_term *t = mt_term_at(m, o->term);
		uint32_t pos = o->delta;
		if (!t->cur_tf++) {
			m->touched[m->ntouched++] = o->term;
			t->cur_pos = 0;
			*need += 2u * MT_SLICE_DATA[mt_level_after(t->docs.level)] + 2u * MT_SLICE_DATA[mt_level_after(t->positions.level)] + 64;
		}
		o->delta = pos - t->cur_pos;
		*need += 3 * varint_bytes(o->delta);
		t->cur_pos = pos;
	}
	return 0;
}

static void forget(struct memtable *m)
{
	for (size_t i = 0; i < m->ntouched; i++)
		mt_term_at(m, m->touched[i])->cur_tf = 0;
	m->ntouched = m->nocc = 0;
	if (m->occ_cap > 1 << 20) { /* a giant document's: give it back */
		atomic_fetch_sub_explicit(&m->bytes, m->occ_cap * sizeof(*m->occ), memory_order_relaxed);
		free(m->occ);
		m->occ = NULL;
		m->occ_cap = 0;
	}
}

/* The frontier of (tf, norm) pairs, highest tf first; beyond four, the two neighbours that differ least become one bound. */
static uint64_t frontier_add(uint64_t old, uint8_t tf, uint8_t norm)
{
	struct impact f[5] = {{0}};
	unsigned n = 0;
	bool placed = false;
	for (unsigned i = 0; i < 4; i++) {
		struct impact o = {(uint8_t)(old >> (16 * i)), (uint8_t)(old >> (16 * i + 8))};
		if (!o.tf)
			break;
		if (o.tf >= tf && o.norm <= norm)
			return old;
		if (!placed && o.tf <= tf) {
			f[n++] = (struct impact){tf, norm};
			placed = true;
		}
		if (!(o.tf <= tf && o.norm >= norm))
			f[n++] = o;
	}
	if (!placed)
		f[n++] = (struct impact){tf, norm};
	if (n > 4) {
		unsigned best = 0, cost = UINT32_MAX;
		for (unsigned i = 0; i + 1 < n; i++) {
			unsigned c = (f[i].tf - f[i + 1].tf) * 64u / f[i].tf + (unsigned)(f[i].norm - f[i + 1].norm);
			if (c < cost)
				cost = c, best = i;
		}
		f[best].norm = f[best + 1].norm;
		for (unsigned i = best + 1; i + 1 < n; i++)
			f[i] = f[i + 1];
		n--;
	}
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)(f[i].tf | f[i].norm << 8) << (16 * i);
	return v;
}

static inline void prefetch_tail(const struct memtable *m, const struct mt_stream *s)
{
	if (s->tail)
		__builtin_prefetch(mt_at(m, s->tail), 1);
}

static void append(struct memtable *m, docid_t doc, uint8_t norm)
{
	for (size_t i = 0; i < m->nocc; i++) {
		if (i + AHEAD < m->nocc)
			prefetch_tail(m, &mt_term_at(m, m->occ[i + AHEAD].term)->positions);
		put(m, &mt_term_at(m, m->occ[i].term)->positions, m->occ[i].delta);
	}
	for (size_t i = 0; i < m->ntouched; i++) {
		if (i + AHEAD < m->ntouched)
			prefetch_tail(m, &mt_term_at(m, m->touched[i + AHEAD])->docs);
		struct mt_term *t = mt_term_at(m, m->touched[i]);
		uint32_t tf = t->cur_tf, last = atomic_load_explicit(&t->last_doc, memory_order_relaxed);
		put(m, &t->docs, (doc - last) << 1 | (tf == 1));
		if (tf != 1)
			put(m, &t->docs, tf);
		uint64_t impacts = atomic_load_explicit(&t->impacts, memory_order_relaxed);
		uint64_t better = frontier_add(impacts, (uint8_t)(tf < 255 ? tf : 255), norm);
		if (better != impacts)
			atomic_store_explicit(&t->impacts, better, memory_order_relaxed);
		atomic_store_explicit(&t->last_doc, doc, memory_order_relaxed); /* M2: before cf and df */
		atomic_store_explicit(&t->cf, atomic_load_explicit(&t->cf, memory_order_relaxed) + tf, memory_order_release);
		atomic_store_explicit(&t->df, atomic_load_explicit(&t->df, memory_order_relaxed) + 1, memory_order_release);
	}
}

static struct mt_doc *copy_doc(struct memtable *m, const struct rk_doc *d)
{
	size_t before = m->store.total;
	size_t size = sizeof(struct mt_doc) + d->id_len + d->title_len + d->fields_len + 3 + (size_t)d->content_len;
	struct mt_doc *n = size < d->content_len ? NULL : rk_arena_alloc(&m->store, size);
	if (!n)
		return NULL;
	char *p = (char *)(n + 1);
	n->doc = *d;
	n->doc.id = memcpy(p, d->id, d->id_len);
	p += d->id_len + 1;
	n->doc.title = d->title_len ? memcpy(p, d->title, d->title_len) : p;
	p += d->title_len + 1;
	n->doc.fields = d->fields_len ? memcpy(p, d->fields, d->fields_len) : p;
	p += d->fields_len + 1;
	n->doc.content = d->content_len ? memcpy(p, d->content, d->content_len) : (uint8_t *)p;
	atomic_fetch_add_explicit(&m->bytes, m->store.total - before, memory_order_relaxed);
	return n;
}

static void publish(struct memtable *m, docid_t doc, struct mt_doc *d)
{
	const struct mt_doc *prev = doc ? m->docs[doc - 1] : &(struct mt_doc){0};
	d->length = (uint32_t)m->nocc;
	d->nindexed = prev->nindexed + (m->nocc != 0);
	d->total_length = prev->total_length + m->nocc;
	d->content_bytes = prev->content_bytes + d->doc.content_len;
	m->docs[doc] = d;
	uint64_t hash = mt_hash(d->doc.id, d->doc.id_len);
	_Atomic uint64_t *slot = mt_find_id(m, hash, d->doc.id, d->doc.id_len);
	if (slot) {
		d->older = (uint32_t)atomic_load_explicit(slot, memory_order_relaxed);
		atomic_store_explicit(slot, (hash >> 32 << 32) | (doc + 1), memory_order_release);
	} else {
		mt_table_put(atomic_load_explicit(&m->ids, memory_order_relaxed), hash, doc);
	}
	atomic_store_explicit(&m->ndocs, doc + 1, memory_order_release);
}

int memtable_add(struct memtable *m, struct analyzer *an, const struct rk_doc *doc, docid_t *ret)
{
	docid_t no = atomic_load_explicit(&m->ndocs, memory_order_relaxed);
	if (no >= MEMTABLE_MAX_DOCS)
		return -ENOSPC;
	size_t need = 0;
	uint32_t end = 0;
	int rc = 0;
	if (!(doc->flags & DOC_STAGED)) {
		rc = analyse(m, an, doc->title_len ? doc->title : "", doc->title_len, 0, &end);
		if (rc == 0)
			rc = analyse(m, an, (const char *)doc->content, (size_t)doc->content_len, end ? end + MT_TITLE_GAP : 0, &end);
		if (rc == 0)
			rc = tally(m, &need);
	}
	if (rc == 0)
		rc = reserve(m, need);
	if (rc == 0)
		rc = mt_table_room(m, &m->ids);
	struct mt_doc *d = rc == 0 ? copy_doc(m, doc) : NULL;
	if (rc == 0 && !d)
		rc = -ENOMEM;
	if (rc == 0) {
		m->norms[no] = norm_encode((uint32_t)m->nocc);
		append(m, no, m->norms[no]);
		publish(m, no, d);
		*ret = no;
	}
	forget(m);
	return rc;
}
