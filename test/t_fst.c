/* t_fst.c - the FST against a sorted array: lookup, order, seek at every place, automata; minimal against Myhill-Nerode; hostile bytes. */
#include "core/fst/fst.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/fst/fst_private.h"
#include "test/tap.h"
#include "test/vectors.h"

struct key {
	uint8_t *p;
	size_t len;
	uint64_t value;
};

struct set {
	struct key *keys;
	size_t n;
	struct rk_buf bytes;
	struct fst fst;
};

static uint64_t seed = 2463534242u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static int compare_bytes(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
	size_t n = an < bn ? an : bn;
	int c = n ? memcmp(a, b, n) : 0;
	return c ? c : (an > bn) - (an < bn);
}

static int compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	return compare_bytes(x->p, x->len, y->p, y->len);
}

static struct key make_key(const void *p, size_t len)
{
	struct key k = {.p = malloc(len + 1), .len = len};
	if (len)
		memcpy(k.p, p, len);
	return k;
}

enum values { ORDINAL, RANDOM, FALLING };

/* Sorts, drops doubles, gives values. */
static void settle(struct set *s, enum values values)
{
	size_t n = 0;
	qsort(s->keys, s->n, sizeof(*s->keys), compare);
	for (size_t i = 0; i < s->n; i++) {
		if (n && compare(&s->keys[n - 1], &s->keys[i]) == 0)
			free(s->keys[i].p);
		else
			s->keys[n++] = s->keys[i];
	}
	s->n = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t wide = (uint64_t)rnd() << 32 | rnd();
		s->keys[i].value = values == ORDINAL ? i : values == FALLING ? UINT64_MAX - i : wide >> (rnd() % 64);
	}
}

static void build_open(struct set *s)
{
	struct fst_builder *b;
	struct rk_buf out = {0};
	CU_ASSERT_EQUAL_FATAL(fst_builder_new(&b), 0);
	for (size_t i = 0; i < s->n; i++)
		CU_ASSERT_EQUAL_FATAL(fst_builder_add(b, s->keys[i].p, s->keys[i].len, s->keys[i].value), 0);
	CU_ASSERT_EQUAL_FATAL(fst_builder_finish(b, &out), 0);
	fst_builder_free(b);
	s->bytes = (struct rk_buf){.data = malloc(out.len), .len = out.len, .cap = out.len}; /* no spare room: a sanitizer sees a load beyond */
	memcpy(s->bytes.data, out.data, out.len);
	rk_buf_done(&out);
	CU_ASSERT_EQUAL_FATAL(fst_open(s->bytes.data, s->bytes.len, &s->fst), 0);
	CU_ASSERT_EQUAL(s->fst.nkeys, s->n);
}

static void drop(struct set *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->keys[i].p);
	free(s->keys);
	rk_buf_done(&s->bytes);
	*s = (struct set){0};
}

/* Random keys over the first `letters` byte values (of a scattered order), so that prefixes and doubles are many. */
static struct set random_set(size_t n, unsigned letters, size_t longest, enum values values)
{
	struct set s = {.keys = calloc(n, sizeof(struct key)), .n = n};
	for (size_t i = 0; i < n; i++) {
		uint8_t p[300];
		size_t len = rnd() % (longest + 1);
		for (size_t k = 0; k < len; k++)
			p[k] = (uint8_t)(rnd() % letters * 167 + 97);
		s.keys[i] = make_key(p, len);
	}
	settle(&s, values);
	build_open(&s);
	return s;
}

static struct set words_set(const char *const *words, size_t n, enum values values)
{
	struct set s = {.keys = calloc(n + 1, sizeof(struct key)), .n = n};
	for (size_t i = 0; i < n; i++)
		s.keys[i] = make_key(words[i], strlen(words[i]));
	settle(&s, values);
	build_open(&s);
	return s;
}

static size_t lower_bound(const struct set *s, const uint8_t *p, size_t len)
{
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (compare_bytes(s->keys[mid].p, s->keys[mid].len, p, len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_key(const struct set *s, size_t i, const struct fst_iter *it)
{
	return i < s->n && compare_bytes(s->keys[i].p, s->keys[i].len, it->key.data, it->key.len) == 0 && s->keys[i].value == it->value;
}

static void check_lookup(const struct set *s, const uint8_t *p, size_t len)
{
	uint64_t v = 7;
	size_t i = lower_bound(s, p, len);
	bool have = i < s->n && compare_bytes(s->keys[i].p, s->keys[i].len, p, len) == 0;
	CU_ASSERT_EQUAL(fst_get(&s->fst, p, len, &v), have);
	CU_ASSERT_EQUAL(v, have ? s->keys[i].value : 7);
}

static void check_seek(const struct set *s, struct fst_iter *it, const uint8_t *p, size_t len, unsigned steps)
{
	size_t i = lower_bound(s, p, len);
	CU_ASSERT_EQUAL_FATAL(fst_iter_seek(it, &s->fst, p, len), 0);
	for (unsigned k = 0; k < steps; k++, i++) {
		int rc = fst_iter_next(it);
		CU_ASSERT_EQUAL_FATAL(rc, i < s->n);
		if (rc == 0)
			break;
		CU_ASSERT_TRUE(is_key(s, i, it));
	}
}

/* Every key, and its neighbours: cut, prolonged, the last byte one more or less. */
static void check_all(const struct set *s)
{
	struct fst_iter it = {0};
	uint8_t p[70000];
	check_seek(s, &it, NULL, 0, (unsigned)s->n + 2);
	for (size_t i = 0; i < s->n; i++) {
		size_t len = s->keys[i].len;
		if (len)
			memcpy(p, s->keys[i].p, len);
		check_lookup(s, p, len);
		check_seek(s, &it, p, len, 3);
		p[len] = (uint8_t)rnd();
		check_lookup(s, p, len + 1);
		check_seek(s, &it, p, len + 1, 2);
		if (!len)
			continue;
		check_lookup(s, p, len - 1);
		check_seek(s, &it, p, len - 1, 2);
		for (int d = -1; d <= 1; d += 2) {
			p[len - 1] = (uint8_t)(s->keys[i].p[len - 1] + d);
			check_lookup(s, p, len);
			check_seek(s, &it, p, len, 2);
		}
	}
	fst_iter_done(&it);
}

static void against_an_array(void)
{
	static const unsigned letters[] = {1, 2, 3, 10, 26, 40, 70, 256};
	for (unsigned l = 0; l < 8; l++) {
		for (unsigned v = ORDINAL; v <= FALLING; v++) {
			for (unsigned again = 0; again < 6; again++) {
				struct set s = random_set(1 + rnd() % 700, letters[l], again % 2 ? 4 : 12, v);
				check_all(&s);
				drop(&s);
			}
		}
	}
}

static void special_sets(void)
{
	static const char *const words[] = {"", "a", "aa", "aaa", "aaaa", "b", "ba"};
	for (size_t n = 0; n <= 7; n++) {
		for (unsigned v = ORDINAL; v <= FALLING; v++) {
			struct set s = words_set(words, n, v);
			check_all(&s);
			drop(&s);
			s = words_set(words + 1, n ? n - 1 : 0, v);
			check_all(&s);
			drop(&s);
		}
	}
	struct set s = {.keys = calloc(600, sizeof(struct key)), .n = 600}; /* very long keys; one root of 256 */
	uint8_t *p = malloc(65536);
	for (size_t i = 0; i < 600; i++) {
		uint8_t b = (uint8_t)i;
		memset(p, 'x', 65535);
		p[65534] = (uint8_t)i;
		s.keys[i] = i < 256 ? make_key(&b, 1) : i < 259 ? make_key(p, 65535) : make_key(p, i);
	}
	settle(&s, RANDOM);
	build_open(&s);
	check_all(&s);
	CU_ASSERT_EQUAL(fst_get(&s.fst, p, 65536, &(uint64_t){0}), 0);
	drop(&s);
	free(p);
}

static void the_builder_refuses(void)
{
	struct fst_builder *b;
	struct rk_buf out = {0}, kept = {0};
	struct fst f;
	uint8_t *big = calloc(1, 65536);
	uint64_t v;
	CU_ASSERT_EQUAL_FATAL(fst_builder_new(&b), 0);
	CU_ASSERT_EQUAL(fst_builder_add(b, "b", 1, 1), 0);
	CU_ASSERT_EQUAL(fst_builder_add(b, "b", 1, 2), -EINVAL);
	CU_ASSERT_EQUAL(fst_builder_add(b, "a", 1, 2), -EINVAL);
	CU_ASSERT_EQUAL(fst_builder_add(b, "", 0, 2), -EINVAL);
	memset(big, 'c', 65536);
	CU_ASSERT_EQUAL(fst_builder_add(b, big, 65536, 2), -EINVAL);
	CU_ASSERT_EQUAL(fst_builder_add(b, "b\0", 2, 2), 0); /* a refusal did no harm */
	rk_buf_str(&kept, "kept");
	CU_ASSERT_EQUAL(fst_builder_finish(b, &kept), 0);
	CU_ASSERT_EQUAL(memcmp(kept.data, "kept", 4), 0);
	CU_ASSERT_EQUAL_FATAL(fst_open(kept.data + 4, kept.len - 4, &f), 0);
	CU_ASSERT_EQUAL(fst_get(&f, "b\0", 2, &v), 1);
	CU_ASSERT_EQUAL(v, 2);
	CU_ASSERT_TRUE(fst_builder_add(b, "z", 1, 2) < 0); /* finished */
	CU_ASSERT_TRUE(fst_builder_finish(b, &out) < 0);
	fst_builder_free(b);
	rk_buf_done(&out);
	rk_buf_done(&kept);
	free(big);
}

/* ---- minimal: as many nodes as there are different right languages (suffix -> value less the smallest), by Myhill and Nerode ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *right_language(const struct set *s, size_t from, size_t to, size_t depth)
{
	struct rk_buf b = {0};
	uint64_t least = UINT64_MAX;
	for (size_t i = from; i < to; i++)
		least = s->keys[i].value < least ? s->keys[i].value : least;
	if (depth == 0)
		least = 0; /* nothing lies above the root */
	for (size_t i = from; i < to; i++) {
		rk_buf_escaped(&b, s->keys[i].p + depth, s->keys[i].len - depth);
		rk_buf_printf(&b, "\t%llu\n", (unsigned long long)(s->keys[i].value - least));
	}
	rk_buf_u8(&b, 0);
	return (char *)b.data;
}

static size_t classes(const struct set *s)
{
	char **all = malloc(sizeof(*all) * (s->n * 301 + 1));
	size_t n = 0, distinct = 0;
	for (size_t i = 0; i < s->n; i++) {
		for (size_t d = 0; d <= s->keys[i].len; d++) {
			size_t j = i;
			if (i && s->keys[i - 1].len >= d && memcmp(s->keys[i - 1].p, s->keys[i].p, d) == 0)
				continue; /* this prefix was met with an earlier key */
			while (j < s->n && s->keys[j].len >= d && memcmp(s->keys[j].p, s->keys[i].p, d) == 0)
				j++;
			all[n++] = right_language(s, i, j, d);
		}
	}
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || strcmp(all[i - 1], all[i]) != 0;
	for (size_t i = 0; i < n; i++)
		free(all[i]);
	free(all);
	return distinct;
}

static void mark(const struct fst *f, size_t at, uint8_t *seen, size_t *n)
{
	struct fst_node node;
	if (seen[at])
		return;
	seen[at] = 1;
	++*n;
	CU_ASSERT_EQUAL_FATAL(fst_node_read(f->bytes, at, &node), 0);
	for (unsigned i = 0; i < node.n; i++) {
		int64_t target = fst_node_target(&node, i);
		CU_ASSERT_TRUE_FATAL(target >= 0 && (size_t)target < node.start);
		mark(f, (size_t)target, seen, n);
	}
}

static void minimal(void)
{
	for (unsigned again = 0; again < 300; again++) {
		struct set s = random_set(1 + rnd() % 80, 1 + rnd() % 4, 1 + rnd() % 6, again % 3);
		uint8_t *seen = calloc(1, s.bytes.len);
		size_t n = 0;
		mark(&s.fst, s.fst.root, seen, &n);
		CU_ASSERT_EQUAL(n, classes(&s));
		free(seen);
		drop(&s);
	}
}

/* ---- automata: random ones, against running them over the array ---- */

struct table {
	int next[6][8]; /* by byte & 7 */
	bool accepts[6];
};

static int table_start(void *arg)
{
	(void)arg;
	return 0;
}

static int table_step(void *arg, int state, uint8_t byte)
{
	return ((struct table *)arg)->next[state][byte & 7];
}

static bool table_accepts(void *arg, int state)
{
	return ((struct table *)arg)->accepts[state];
}

static int dead_start(void *arg)
{
	(void)arg;
	return -1;
}

static bool table_matches(const struct table *t, const struct key *k)
{
	int state = 0;
	for (size_t i = 0; i < k->len && state >= 0; i++)
		state = t->next[state][k->p[i] & 7];
	return state >= 0 && t->accepts[state];
}

static void automata(void)
{
	struct fst_iter it = {0};
	for (unsigned again = 0; again < 60; again++) {
		struct set s = random_set(300, again % 2 ? 5 : 100, 6, RANDOM);
		struct table t;
		for (unsigned i = 0; i < 48; i++)
			t.next[i / 8][i % 8] = (int)(rnd() % 9) - 3 < 0 ? -1 : (int)(rnd() % 6);
		for (unsigned i = 0; i < 6; i++)
			t.accepts[i] = rnd() % 2;
		struct fst_automaton a = {table_start, table_step, table_accepts, &t};
		CU_ASSERT_EQUAL_FATAL(fst_iter_match(&it, &s.fst, &a), 0);
		for (size_t i = 0; i < s.n; i++) {
			if (!table_matches(&t, &s.keys[i]))
				continue;
			CU_ASSERT_EQUAL_FATAL(fst_iter_next(&it), 1);
			CU_ASSERT_TRUE(is_key(&s, i, &it));
		}
		CU_ASSERT_EQUAL(fst_iter_next(&it), 0);
		CU_ASSERT_EQUAL(fst_iter_next(&it), 0);
		a.start = dead_start;
		CU_ASSERT_EQUAL(fst_iter_match(&it, &s.fst, &a), 0);
		CU_ASSERT_EQUAL(fst_iter_next(&it), 0);
		drop(&s);
	}
	fst_iter_done(&it);
}

/* ---- hostile bytes ---- */

/* Everything a reader can do; whatever the bytes, it ends. */
static void use(const struct set *s, const uint8_t *bytes, size_t len, size_t most)
{
	struct fst f;
	struct fst_iter it = {0};
	uint64_t v;
	size_t n = 0;
	int rc = fst_open(bytes, len, &f);
	CU_ASSERT_TRUE(rc == 0 || rc == -EUCLEAN);
	if (rc < 0)
		return;
	for (size_t i = 0; i < s->n; i++) {
		rc = fst_get(&f, s->keys[i].p, s->keys[i].len, &v);
		CU_ASSERT_TRUE(rc == 0 || rc == 1 || rc == -EUCLEAN);
	}
	for (size_t i = 0; i < 3; i++) {
		const struct key *k = &s->keys[i * (s->n - 1) / 2];
		rc = fst_iter_seek(&it, &f, k->p, i == 0 ? 0 : k->len);
		for (n = 0; rc >= 0 && n < most && (rc = fst_iter_next(&it)) == 1; n++)
			;
		CU_ASSERT_TRUE(rc == 0 || rc == 1 || rc == -EUCLEAN);
	}
	fst_iter_done(&it);
}

static void flips_do_no_harm(void)
{
	for (unsigned again = 0; again < 4; again++) {
		struct set s = random_set(again == 3 ? 150 : 40, again == 3 ? 256 : 3 + again * 10, 5, again ? RANDOM : ORDINAL);
		for (size_t bit = 0; bit < 8 * s.bytes.len; bit++) {
			s.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			use(&s, s.bytes.data, s.bytes.len, 2000);
			s.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		check_all(&s);
		drop(&s);
	}
}

static void garbage_does_no_harm(void) /* bytes at random below a footer that fits: nearly every node is nonsense */
{
	struct set s = random_set(100, 20, 8, ORDINAL);
	for (unsigned again = 0; again < 3000; again++) {
		size_t len = FST_FOOTER + 4 + rnd() % 300;
		uint8_t *p = malloc(len);
		for (size_t i = 0; i < len; i++)
			p[i] = (uint8_t)(rnd() % (again % 2 ? 256 : 8));
		p[0] = 0;
		memcpy(p + len - FST_FOOTER, s.bytes.data + s.bytes.len - FST_FOOTER, FST_FOOTER);
		rk_put64(p + len - FST_FOOTER + 8, len - FST_FOOTER - 1);
		use(&s, p, len, 200);
		free(p);
	}
	drop(&s);
}

static void every_cut_is_refused(void)
{
	struct set s = random_set(200, 26, 8, ORDINAL);
	struct fst f;
	for (size_t n = 0; n < s.bytes.len; n++) {
		uint8_t *exact = malloc(n + !n);
		memcpy(exact, s.bytes.data, n);
		CU_ASSERT_EQUAL(fst_open(exact, n, &f), -EUCLEAN);
		free(exact);
	}
	CU_ASSERT_EQUAL(fst_open(s.bytes.data + 1, s.bytes.len - 1, &f), -EUCLEAN); /* nor a piece lost in front */
	for (size_t bit = 64; bit < 8 * FST_FOOTER; bit++) { /* all of the footer but nkeys and max_len is checked by itself */
		uint8_t *at = s.bytes.data + s.bytes.len - FST_FOOTER + bit / 8;
		*at ^= (uint8_t)(1u << bit % 8);
		if (bit < 128 || bit >= 160)
			CU_ASSERT_EQUAL(fst_open(s.bytes.data, s.bytes.len, &f), -EUCLEAN);
		*at ^= (uint8_t)(1u << bit % 8);
	}
	drop(&s);
}

static int die_at_18(void *arg, int state, uint8_t byte)
{
	(void)arg;
	(void)byte;
	return state < 18 ? state + 1 : -1;
}

static void a_bomb_of_paths_is_stopped(void) /* 2^20 keys in 300 bytes that claim to be 100 */
{
	struct set s = {.keys = calloc(1 << 20, sizeof(struct key)), .n = 1 << 20};
	for (size_t i = 0; i < s.n; i++) {
		uint8_t p[20];
		for (size_t k = 0; k < 20; k++)
			p[k] = i >> (19 - k) & 1 ? 'b' : 'a';
		s.keys[i] = make_key(p, 20);
	}
	build_open(&s);
	CU_ASSERT_TRUE(s.bytes.len < 300);
	rk_put64(s.bytes.data + s.bytes.len - FST_FOOTER, 100);
	struct fst_iter it = {0};
	struct table t;
	struct fst_automaton a = {table_start, die_at_18, table_accepts, &t};
	unsigned n = 0;
	CU_ASSERT_EQUAL_FATAL(fst_open(s.bytes.data, s.bytes.len, &s.fst), 0);
	CU_ASSERT_EQUAL(fst_iter_seek(&it, &s.fst, NULL, 0), 0);
	while (fst_iter_next(&it) == 1)
		n++;
	CU_ASSERT_EQUAL(n, 100);
	CU_ASSERT_EQUAL(fst_iter_next(&it), -EUCLEAN);
	CU_ASSERT_EQUAL(fst_iter_match(&it, &s.fst, &a), 0);
	CU_ASSERT_EQUAL(fst_iter_next(&it), -EUCLEAN);
	fst_iter_done(&it);
	drop(&s);
}

/* Nodes written by hand, closed by a right footer; -EUCLEAN from the walk, not from opening. */
static void walk_is_refused(struct rk_buf *nodes, uint64_t nkeys, uint32_t max_len)
{
	struct fst f;
	struct fst_iter it = {0};
	uint64_t root = nodes->len - 1;
	int rc = 0;
	rk_buf_u64(nodes, nkeys);
	rk_buf_u64(nodes, root);
	rk_buf_u32(nodes, max_len);
	rk_buf_u32(nodes, 0);
	rk_buf_u32(nodes, FST_VERSION);
	rk_buf_u32(nodes, FST_MAGIC);
	CU_ASSERT_EQUAL_FATAL(fst_open(nodes->data, nodes->len, &f), 0);
	rc = fst_iter_seek(&it, &f, NULL, 0);
	while (rc >= 0 && (rc = fst_iter_next(&it)) == 1)
		;
	CU_ASSERT_EQUAL(rc, -EUCLEAN);
	fst_iter_done(&it);
	rk_buf_done(nodes);
}

static void nodes_by_hand(void)
{
	struct rk_buf b = {0};
	size_t below;
	rk_buf_put(&b, "\0\0\0\0", 4); /* at 3 a node without transitions and without a key */
	for (below = 3; below < 250; below = b.len - 1) { /* 2^30 paths, none of which leads to a key (F2) */
		uint8_t delta = (uint8_t)(b.len - below);
		uint8_t node[] = {delta, delta, 'a', 'b', 0x10, 2};
		rk_buf_put(&b, node, sizeof(node));
	}
	walk_is_refused(&b, UINT64_MAX, 65535);
	rk_buf_put(&b, "\0\0\0ba\x10\x02", 7); /* labels fall */
	walk_is_refused(&b, 2, 1);
	rk_buf_put(&b, "\0\0\0aa\x10\x02", 7); /* or stay */
	walk_is_refused(&b, 2, 1);
	rk_buf_put(&b, "\0\x83\xc2", 3); /* "ta", longer than it claims; its byte of delta is missing below, too */
	walk_is_refused(&b, 1, 2);
	rk_buf_put(&b, "\0\xc3\xc2", 3); /* "ta" */
	walk_is_refused(&b, 1, 1);
	rk_buf_put(&b, "\0\0\x05\0ab\x10\x02", 8); /* a target that lies above (F1) */
	walk_is_refused(&b, 2, 3);
}

/* ---- vectors made elsewhere ---- */

static void one_vector(char *line)
{
	struct set s = {.keys = calloc(64, sizeof(struct key))};
	unsigned char want[1024], key[128];
	char *word = strtok(line, " \n");
	int len = word ? vectors_hex(word, want, sizeof(want)) : -1;
	CU_ASSERT_TRUE_FATAL(len > 0);
	while ((word = strtok(NULL, " \n"))) {
		char *eq = strchr(word, '=');
		CU_ASSERT_TRUE_FATAL(eq != NULL && s.n < 64);
		*eq = 0;
		int klen = vectors_hex(word, key, sizeof(key));
		CU_ASSERT_TRUE_FATAL(klen >= 0);
		s.keys[s.n] = make_key(key, (size_t)klen);
		s.keys[s.n++].value = strtoull(eq + 1, NULL, 10);
	}
	build_open(&s);
	CU_ASSERT_EQUAL(s.bytes.len, (size_t)len);
	CU_ASSERT_TRUE(s.bytes.len == (size_t)len && memcmp(s.bytes.data, want, (size_t)len) == 0);
	check_all(&s);
	drop(&s);
}

static void vectors(void)
{
	FILE *f = vectors_open("fst.txt");
	char line[8192];
	unsigned n = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		one_vector(line);
		n++;
	}
	CU_ASSERT_TRUE(n >= 6);
	fclose(f);
}

static const struct tap_test tests[] = {
	{"fst: random keys against a sorted array: lookup, order, seek", against_an_array},
	{"fst: no key, the empty key, prefixes, very long keys, 256 transitions", special_sets},
	{"fst: the builder refuses keys that do not rise or are too long", the_builder_refuses},
	{"fst: minimal: one node a right language", minimal},
	{"fst: random automata against running them over the array", automata},
	{"fst: every flipped bit does no harm", flips_do_no_harm},
	{"fst: garbage does no harm", garbage_does_no_harm},
	{"fst: every cut is refused", every_cut_is_refused},
	{"fst: a bomb of paths is stopped", a_bomb_of_paths_is_stopped},
	{"fst: nodes by hand that break one rule each", nodes_by_hand},
	{"fst: vectors made by another program", vectors},
};

TAP_MAIN(tests)
