/* fst_node.c - writes a node behind those it points to, reads it back, compares it with one not yet written.
 *
 * Two shapes: "one" (a single transition without output: most nodes, one byte where the target is the node before) and "many".
 */
#include "core/fst/fst_private.h"

#include <string.h>

const uint8_t fst_common[64] = {
	0,
	'e', 't', 'a', 'o', 'i', 'n', 's', 'r', 'h', 'l', 'd', 'c', 'u', 'm', 'f', 'p', 'g', 'w', 'y', 'b', 'v', 'k', 'x', 'j', 'q', 'z',
	'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '\'', '-', '.', '_', ' ',
	/* UTF-8: Latin, Greek and Cyrillic leads, then frequent second bytes */
	0xc2, 0xc3, 0xc4, 0xc5, 0xce, 0xcf, 0xd0, 0xd1, 0xb0, 0xb5, 0xb8, 0xbb, 0xbd, 0xbe, 0x80, 0x81, 0x82, 0x83, 0xa4, 0xa9, 0xb6, 0xbc,
};

static unsigned code_of(uint8_t label) /* 0: none */
{
	static const uint8_t codes[256] = {
		['e'] = 1,   ['t'] = 2,	  ['a'] = 3,   ['o'] = 4,   ['i'] = 5,	 ['n'] = 6,   ['s'] = 7,   ['r'] = 8,	['h'] = 9,
		['l'] = 10,  ['d'] = 11,  ['c'] = 12,  ['u'] = 13,  ['m'] = 14,	 ['f'] = 15,  ['p'] = 16,  ['g'] = 17,	['w'] = 18,
		['y'] = 19,  ['b'] = 20,  ['v'] = 21,  ['k'] = 22,  ['x'] = 23,	 ['j'] = 24,  ['q'] = 25,  ['z'] = 26,	['0'] = 27,
		['1'] = 28,  ['2'] = 29,  ['3'] = 30,  ['4'] = 31,  ['5'] = 32,	 ['6'] = 33,  ['7'] = 34,  ['8'] = 35,	['9'] = 36,
		['\''] = 37, ['-'] = 38,  ['.'] = 39,  ['_'] = 40,  [' '] = 41,	 [0xc2] = 42, [0xc3] = 43, [0xc4] = 44, [0xc5] = 45,
		[0xce] = 46, [0xcf] = 47, [0xd0] = 48, [0xd1] = 49, [0xb0] = 50, [0xb5] = 51, [0xb8] = 52, [0xbb] = 53, [0xbd] = 54,
		[0xbe] = 55, [0x80] = 56, [0x81] = 57, [0x82] = 58, [0x83] = 59, [0xa4] = 60, [0xa9] = 61, [0xb6] = 62, [0xbc] = 63,
	};
	return codes[label];
}

static unsigned bytes_of(uint64_t v)
{
	return v ? 8 - (unsigned)__builtin_clzll(v) / 8 : 0;
}

static uint8_t *put_number(uint8_t *p, uint64_t v, unsigned width)
{
	uint8_t b[8];
	rk_put64(b, v);
	memcpy(p, b, width);
	return p + width;
}

static uint64_t delta_of(size_t start, uint64_t target)
{
	return target ? start - target : 0;
}

/* Bytes of 7 bits, the lowest bits at the highest address, where a reader that goes down meets them first. */
static uint8_t *put_varint_down(uint8_t *p, uint64_t v)
{
	unsigned n = 1;
	while (n < 10 && v >> (7 * n))
		n++;
	for (unsigned i = n; i-- > 0;)
		*p++ = (uint8_t)((v >> (7 * i) & 0x7f) | (i + 1 < n ? 0x80 : 0));
	return p;
}

static size_t write_one(struct rk_buf *b, const struct fst_trans *t)
{
	size_t start = b->len;
	unsigned code = code_of(t->label);
	bool next = t->target == start - 1;
	uint8_t *p = b->data + start;
	if (!next)
		p = put_varint_down(p, delta_of(start, t->target));
	if (!code)
		*p++ = t->label;
	*p++ = (uint8_t)(FST_ONE | (next ? FST_NEXT : 0) | code);
	b->len = (size_t)(p - b->data);
	return b->len - 1;
}

static uint8_t *put_labels(uint8_t *p, const struct fst_trans *t, unsigned n)
{
	if (n < FST_BITMAP) {
		for (unsigned i = 0; i < n; i++)
			*p++ = t[i].label;
		return p;
	}
	memset(p, 0, 32);
	for (unsigned i = 0; i < n; i++)
		p[t[i].label >> 3] |= (uint8_t)(1u << (t[i].label & 7));
	return p + 32;
}

static size_t write_many(struct rk_buf *b, const struct fst_trans *t, unsigned n, bool final, uint64_t final_out)
{
	size_t start = b->len;
	uint64_t outs = final_out, deltas = 0; /* or-ed: as wide as the widest */
	for (unsigned i = 0; i < n; i++) {
		outs |= t[i].out;
		deltas |= delta_of(start, t[i].target);
	}
	unsigned out_width = bytes_of(outs), target_width = bytes_of(deltas);
	uint8_t *p = b->data + start;
	for (unsigned i = 0; i < n; i++)
		p = put_number(p, t[i].out, out_width);
	if (final)
		p = put_number(p, final_out, out_width);
	for (unsigned i = 0; i < n; i++)
		p = put_number(p, delta_of(start, t[i].target), target_width);
	p = put_labels(p, t, n);
	*p++ = (uint8_t)(target_width << 4 | out_width);
	bool small = n > 0 && n <= FST_LOW;
	if (!small)
		*p++ = (uint8_t)(n ? n - 1 : 0);
	*p++ = (uint8_t)((final ? FST_FINAL : 0) | (small ? n : 0));
	b->len = (size_t)(p - b->data);
	return b->len - 1;
}

size_t fst_node_write(struct rk_buf *b, const struct fst_trans *t, unsigned n, bool final, uint64_t final_out)
{
	if (rk_buf_reserve(b, 16 * (size_t)n + 64 + FST_SLACK) < 0)
		return 0;
	if (n == 1 && !final && t->out == 0)
		return write_one(b, t);
	return write_many(b, t, n, final, final_out);
}

static int read_one(const uint8_t *bytes, size_t at, struct fst_node *node)
{
	uint8_t head = bytes[at];
	size_t p = at;
	node->labels = &fst_common[head & FST_LOW];
	if (!(head & FST_LOW))
		node->labels = &bytes[--p];
	if (p == 0)
		return -EUCLEAN;
	if (head & FST_NEXT) {
		node->one_target = p - 1;
	} else {
		uint64_t delta = 0;
		uint8_t b;
		unsigned shift = 0;
		do {
			if (--p == 0 || shift > 56)
				return -EUCLEAN;
			b = bytes[p];
			delta |= (uint64_t)(b & 0x7f) << shift;
			shift += 7;
		} while (b & 0x80);
		if (delta >= p) /* F1 */
			return -EUCLEAN;
		node->one_target = delta ? p - delta : 0;
	}
	node->n = 1;
	node->single = true;
	node->start = p;
	node->outs = bytes;
	return 0;
}

static int read_many(const uint8_t *bytes, size_t at, struct fst_node *node)
{
	uint8_t head = bytes[at];
	size_t p = at;
	unsigned n = head & FST_LOW;
	if (at < 3) /* the smallest has three bytes */
		return -EUCLEAN;
	if (!n) {
		unsigned count = bytes[--p];
		n = count ? count + 1 : 0;
		if (n && n <= FST_LOW) /* one way to write a number */
			return -EUCLEAN;
	}
	unsigned sizes = bytes[--p], tw = sizes >> 4, ow = sizes & 15;
	bool final = head & FST_FINAL;
	size_t nlabels = n < FST_BITMAP ? n : 32;
	size_t below = nlabels + (size_t)n * (tw + ow) + (final ? ow : 0);
	if (tw > 8 || ow > 8 || below >= p)
		return -EUCLEAN;
	node->labels = bytes + p - nlabels;
	if (n >= FST_BITMAP && fst_rank(node->labels, 192) + (unsigned)__builtin_popcountll(rk_get64(node->labels + 24)) != n)
		return -EUCLEAN;
	node->targets = node->labels - (size_t)n * tw;
	node->final = final;
	node->final_out = final ? fst_number(node->targets - ow, ow) : 0;
	node->start = p - below;
	node->outs = bytes + node->start;
	node->n = n;
	node->target_width = (uint8_t)tw;
	node->out_width = (uint8_t)ow;
	return 0;
}

int fst_node_read(const uint8_t *bytes, size_t at, struct fst_node *ret)
{
	*ret = (struct fst_node){.outs = bytes, .final = at == 0};
	if (at == 0)
		return 0;
	return bytes[at] & FST_ONE ? read_one(bytes, at, ret) : read_many(bytes, at, ret);
}

bool fst_node_equals(const uint8_t *bytes, size_t at, const struct fst_trans *t, unsigned n, bool final, uint64_t final_out)
{
	struct fst_node node;
	if (fst_node_read(bytes, at, &node) < 0 || node.n != n || node.final != final || node.final_out != final_out)
		return false;
	for (unsigned i = 0; i < n; i++) {
		bool label = n < FST_BITMAP ? node.labels[i] == t[i].label : fst_bit(node.labels, t[i].label);
		if (!label || fst_node_target(&node, i) != (int64_t)t[i].target || fst_node_out(&node, i) != t[i].out)
			return false;
	}
	return true;
}
