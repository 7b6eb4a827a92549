/* fst_build.c - one pass over rising keys: what the next key cannot change any more is written, children before parents.
 *
 *   add "car"=5, then "cat"=7:   (root) -c/5-> ( ) -a-> ( ) -r-> ((end))        open nodes lie on the path of the last key;
 *                                                       -t/2-> ((end))        "r" is written as soon as "cat" parts from "car"
 *
 * B1: outputs sit as near to the root as they can: what two keys share, the smaller of the two values, is on the shared path. B2: the open
 * nodes' transitions are one stack, the deepest node's on top; only the last of each node has no target yet.
 * Memory: the bytes written, the register (bounded), the open path.
 */
#include "core/fst/fst.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fst/fst_private.h"
#include "core/fst/fst_register.h"

struct open_node {
	size_t first; /* its first transition in `trans` */
	uint64_t final_out;
	bool final;
};

struct fst_builder {
	struct rk_buf bytes, last; /* the FST so far; the last key */
	struct fst_register reg;
	struct fst_trans *trans;
	size_t ntrans, trans_cap;
	struct open_node *path; /* path[d]: the open node behind d bytes of the last key */
	size_t path_cap;
	uint64_t nkeys;
	size_t max_len;
	int failed;
};

int fst_builder_new(struct fst_builder **ret)
{
	struct fst_builder *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->path_cap = b->trans_cap = 64;
	b->path = calloc(b->path_cap, sizeof(*b->path));
	b->trans = calloc(b->trans_cap, sizeof(*b->trans));
	if (!b->path || !b->trans || fst_register_init(&b->reg) < 0 || rk_buf_u8(&b->bytes, 0) < 0) {
		fst_builder_free(b);
		return -ENOMEM;
	}
	*ret = b;
	return 0;
}

void fst_builder_free(struct fst_builder *b)
{
	if (!b)
		return;
	rk_buf_done(&b->bytes);
	rk_buf_done(&b->last);
	fst_register_done(&b->reg);
	free(b->trans);
	free(b->path);
	free(b);
}

uint64_t fst_builder_memory(const struct fst_builder *b)
{
	return sizeof(*b) + b->bytes.cap + b->last.cap + fst_register_memory(&b->reg) + b->trans_cap * sizeof(*b->trans) +
	       b->path_cap * sizeof(*b->path);
}

static int room(void *array, size_t *cap, size_t want, size_t size)
{
	void **p = array;
	if (want <= *cap)
		return 0;
	size_t n = *cap + *cap / 2 + 64;
	n = n < want ? want : n;
	void *q = realloc(*p, n * size);
	if (!q)
		return -ENOMEM;
	*p = q;
	*cap = n;
	return 0;
}

/* Writes the node (or finds an equal one); its transitions leave the stack. */
static int freeze(struct fst_builder *b, size_t depth, bool root, size_t *ret)
{
	struct open_node *o = &b->path[depth];
	const struct fst_trans *t = b->trans + o->first;
	unsigned n = (unsigned)(b->ntrans - o->first);
	size_t at = 0;
	b->ntrans = o->first;
	if (!root && n == 0 && o->final_out == 0) {
		*ret = 0; /* terminal */
		return 0;
	}
	uint64_t hash = fst_register_hash(t, n, o->final, o->final_out);
	if (!root)
		at = fst_register_find(&b->reg, hash, b->bytes.data, t, n, o->final, o->final_out);
	if (!at) {
		at = fst_node_write(&b->bytes, t, n, o->final, o->final_out);
		if (!at)
			return -ENOMEM;
		fst_register_put(&b->reg, hash, at);
	}
	*ret = at;
	return 0;
}

/* Writes all open nodes deeper than `depth`. */
static int freeze_below(struct fst_builder *b, size_t depth)
{
	for (size_t d = b->last.len; d > depth; d--) {
		size_t at;
		int rc = freeze(b, d, false, &at);
		if (rc < 0)
			return rc;
		b->trans[b->ntrans - 1].target = at; /* the last of path[d - 1] leads here */
	}
	b->last.len = depth;
	return 0;
}

/* B1 along the shared path: returns what of the value is left behind it. */
static uint64_t share_outputs(struct fst_builder *b, size_t depth, uint64_t value)
{
	for (size_t d = 0; d < depth; d++) {
		struct fst_trans *t = &b->trans[b->path[d + 1].first - 1];
		uint64_t common = t->out < value ? t->out : value, rest = t->out - common;
		value -= common;
		if (!rest)
			continue;
		t->out = common;
		struct open_node *o = &b->path[d + 1];
		size_t last = d + 1 < depth ? b->path[d + 2].first : b->ntrans;
		for (size_t i = o->first; i < last; i++)
			b->trans[i].out += rest;
		o->final_out += o->final ? rest : 0;
	}
	return value;
}

static void extend(struct fst_builder *b, const uint8_t *key, size_t depth, size_t len, uint64_t value)
{
	for (size_t d = depth; d < len; d++) {
		b->trans[b->ntrans++] = (struct fst_trans){.label = key[d], .out = d == depth ? value : 0};
		b->path[d + 1] = (struct open_node){.first = b->ntrans};
	}
	b->path[len].final = true;
	b->path[len].final_out = len == depth ? value : 0; /* only the empty key, the first of all, is wholly shared */
}

static int reserve(struct fst_builder *b, size_t len)
{
	if (room(&b->path, &b->path_cap, len + 2, sizeof(*b->path)) < 0 || room(&b->trans, &b->trans_cap, b->ntrans + len, sizeof(*b->trans)) < 0)
		return -ENOMEM;
	return rk_buf_reserve(&b->last, len);
}

int fst_builder_add(struct fst_builder *b, const void *key, size_t len, uint64_t value)
{
	const uint8_t *k = key, *last = b->last.data;
	size_t both = len < b->last.len ? len : b->last.len, shared = 0;
	if (b->failed)
		return b->failed;
	while (shared < both && k[shared] == last[shared])
		shared++;
	bool rising = b->nkeys == 0 || (shared < len && (shared == b->last.len || k[shared] > last[shared]));
	if (!rising || len > FST_KEY_MAX)
		return -EINVAL;
	if (reserve(b, len) < 0)
		return b->failed = -ENOMEM;
	int rc = freeze_below(b, shared);
	if (rc < 0)
		return b->failed = rc;
	value = share_outputs(b, shared, value);
	extend(b, k, shared, len, value);
	if (len > shared)
		rk_buf_put(&b->last, k + shared, len - shared);
	b->nkeys++;
	b->max_len = len > b->max_len ? len : b->max_len;
	return 0;
}

static int put_footer(struct fst_builder *b, size_t root)
{
	struct rk_buf *f = &b->bytes;
	rk_buf_u64(f, b->nkeys);
	rk_buf_u64(f, root);
	rk_buf_u32(f, (uint32_t)b->max_len);
	rk_buf_u32(f, 0);
	rk_buf_u32(f, FST_VERSION);
	return rk_buf_u32(f, FST_MAGIC) < 0 || f->bad ? -ENOMEM : 0;
}

int fst_builder_finish(struct fst_builder *b, struct rk_buf *out)
{
	size_t root;
	int rc = b->failed ? b->failed : freeze_below(b, 0);
	if (rc == 0)
		rc = freeze(b, 0, true, &root);
	if (rc == 0)
		rc = put_footer(b, root);
	b->failed = rc < 0 ? rc : -EINVAL; /* finished */
	if (rc < 0)
		return rc;
	if (out->cap == 0) { /* nothing to keep: hand over the bytes instead of copying them */
		*out = b->bytes;
		b->bytes = (struct rk_buf){0};
		return 0;
	}
	return rk_buf_put(out, b->bytes.data, b->bytes.len);
}
