/* t_view.c - decoded views against text printed naively from plain arrays: every row, exact sizes, any offset, listings, damage, the log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/view.h"
#include "test/segment_model.h"
#include "test/tap.h"

static const uint32_t dfs[] = {1, 2, 127, 128, 129, 2000, 1500, 16};
static const struct model_shape shape = {.ndocs = 2000, .nterms = 9000, .dfs = dfs, .ndfs = 8, .max_content = 30};

/* A snapshot of one segment made of a model, some documents dead in it, beside an index that lends its directory. */
static struct model m;
static struct rk_dir *dir;
static struct index *ix;
static struct snapshot *snap;
static struct deadset dead;
static const char *const seg_path = "segments/7/";

static struct index *new_index(struct rk_dir *d)
{
	struct index_params p = {.analyzer = {.language = "none", .fold = true}};
	struct index_options o = {.foreground = true};
	struct index *ret = NULL;
	struct rk_err e = {{0}};
	int rc = index_init(d, &p, &e);
	rc = rc < 0 ? rc : index_open(d, &o, &ret, &e);
	if (rc < 0)
		printf("# %s\n", e.msg);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return ret;
}

static bool is_dead(uint32_t doc)
{
	return doc % 9 == 4;
}

static struct snapshot *snapshot_of(struct seg *s)
{
	struct snapshot *n = calloc(1, sizeof(*n) + sizeof(struct leaf));
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	n->refs = 1;
	n->seq = 100;
	n->nleaves = 1;
	n->leaves[0] = (struct leaf){.seg = s, .limit = m.ndocs, .dead = &dead, .any_dead = true, .norms = seg_norms(s), .seg_id = 7};
	return n;
}

static void set_up(void)
{
	struct seg *s = NULL;
	if (snap)
		return;
	model_make(&m, &shape, 21);
	/* a long row: one document with so many positions that they need several windows */
	struct model_term *t = &m.terms[m.nterms / 2];
	CU_ASSERT_EQUAL_FATAL(t->df > 0, 1);
	uint32_t more = 60000;
	m.npositions += more;
	t->cf += more;
	t->pos = realloc(t->pos, (t->cf + 1) * sizeof(*t->pos));
	uint64_t rest = t->cf - more - t->tfs[0];
	memmove(t->pos + t->tfs[0] + more, t->pos + t->tfs[0], rest * sizeof(*t->pos));
	for (uint32_t i = 0, at = t->pos[t->tfs[0] - 1]; i < more; i++)
		t->pos[t->tfs[0] + i] = at += 3;
	t->tfs[0] += more;
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&dir, NULL), 0);
	ix = new_index(dir);
	CU_ASSERT_EQUAL_FATAL(model_write(&m, dir, 7, true, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(seg_open(dir, 7, &s, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(deadset_init(&dead, m.ndocs), 0);
	for (uint32_t i = 0; i < m.ndocs; i++)
		if (is_dead(i))
			deadset_mark(&dead, i, 50);
	deadset_mark(&dead, 0, 101); /* later than the snapshot: still alive in it */
	snap = snapshot_of(s);
}

/* ---- the twin's text ---- */

static void put_escaped(struct rk_buf *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c == '\t' || c == '\n' || c == '\\')
			rk_buf_printf(b, "\\%c", c == '\t' ? 't' : c == '\n' ? 'n' : '\\');
		else if (c < 32 || c == 127)
			rk_buf_printf(b, "\\x%02x", c);
		else
			rk_buf_u8(b, c);
	}
}

static void put_id(struct rk_buf *b, uint32_t doc)
{
	put_escaped(b, m.docs[doc].doc.id, m.docs[doc].doc.id_len);
}

static void expect_documents(struct rk_buf *b)
{
	for (uint32_t i = 0; i < m.ndocs; i++) {
		rk_buf_printf(b, "%u\t", i);
		put_id(b, i);
		rk_buf_printf(b, "\t%u\t%d\n", m.docs[i].length, !is_dead(i));
	}
}

static void expect_tombstones(struct rk_buf *b)
{
	for (uint32_t i = 0; i < m.ndocs; i++) {
		if (!is_dead(i))
			continue;
		rk_buf_printf(b, "%u\t", i);
		put_id(b, i);
		rk_buf_u8(b, '\n');
	}
}

static void expect_terms(struct rk_buf *b)
{
	for (uint32_t i = 0; i < m.nterms; i++) {
		put_escaped(b, m.terms[i].bytes, m.terms[i].len);
		rk_buf_printf(b, "\t%u\t%llu\n", m.terms[i].df, (unsigned long long)m.terms[i].cf);
	}
}

static void expect_postings(struct rk_buf *b, const struct model_term *t)
{
	const uint32_t *pos = t->pos;
	for (uint32_t i = 0; i < t->df; i++) {
		put_id(b, t->docs[i]);
		rk_buf_printf(b, "\t%u\t%u\t", t->docs[i], t->tfs[i]);
		for (uint32_t k = 0; k < t->tfs[i]; k++)
			rk_buf_printf(b, k ? ",%u" : "%u", *pos++);
		rk_buf_str(b, is_dead(t->docs[i]) ? "\tdead\n" : "\n");
	}
}

static void name_of(const struct model_term *t, char *ret)
{
	bool dots = (t->len == 1 && t->bytes[0] == '.') || (t->len == 2 && memcmp(t->bytes, "..", 2) == 0);
	for (size_t i = 0; i < t->len; i++) {
		unsigned char c = (unsigned char)t->bytes[i];
		ret += sprintf(ret, dots || c == '/' || c == '%' || c == 0 ? "%%%02X" : "%c", c);
	}
	*ret = 0;
}

/* ---- comparing ---- */

static struct view *must_view(const char *path)
{
	struct view *v = NULL;
	struct rk_err e = {{0}};
	int rc = view_open(ix, snap, path, &v, &e);
	if (rc < 0)
		printf("# %s: %d %s\n", path, rc, e.msg);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return v;
}

/* The whole by pieces of a given size. */
static int64_t read_all(struct view *v, size_t piece, struct rk_buf *ret)
{
	char *p = malloc(piece);
	int64_t n;
	while ((n = view_read(v, ret->len, p, piece)) > 0)
		rk_buf_put(ret, p, (size_t)n);
	free(p);
	return n;
}

static bool same(struct view *v, const struct rk_buf *want)
{
	uint64_t seed = want->len;
	bool ok = view_size(v) == want->len;
	for (unsigned i = 0; i < 3 && ok; i++) {
		struct rk_buf got = {0};
		ok = read_all(v, i == 0 ? 1 << 20 : i == 1 ? 4096 : 70001, &got) == 0 && got.len == want->len &&
		     (got.len == 0 || memcmp(got.data, want->data, got.len) == 0);
		rk_buf_done(&got);
	}
	for (unsigned i = 0; i < 60 && ok && want->len; i++) { /* any offset */
		char p[3000];
		uint64_t off = model_random(&seed) % want->len;
		size_t n = 1 + model_random(&seed) % sizeof(p), left = want->len - off;
		n = i % 20 ? n : 1;
		ok = view_read(v, off, p, n) == (int64_t)(n < left ? n : left) && memcmp(p, want->data + off, n < left ? n : left) == 0;
	}
	char c;
	return ok && view_read(v, want->len, &c, 1) == 0 && view_read(v, UINT64_MAX, &c, 1) == 0;
}

static void compare(const char *path, void (*expect)(struct rk_buf *))
{
	char p[200];
	struct rk_buf want = {0};
	snprintf(p, sizeof(p), "%s%s", seg_path, path);
	struct view *v = must_view(p);
	expect(&want);
	if (!same(v, &want)) {
		struct rk_buf got = {0};
		size_t i = 0;
		read_all(v, 4096, &got);
		while (i < got.len && i < want.len && got.data[i] == want.data[i])
			i++;
		printf("# %s: %zu bytes, want %zu, differ at %zu\n", path, got.len, want.len, i);
		rk_buf_done(&got);
		CU_FAIL("differs");
	}
	view_close(v);
	rk_buf_done(&want);
}

static void documents_and_tombstones(void)
{
	set_up();
	compare("documents", expect_documents);
	compare("tombstones", expect_tombstones);
}

static void terms(void)
{
	set_up();
	compare("terms", expect_terms);
}

static void postings(void)
{
	set_up();
	unsigned wrong = 0;
	uint32_t long_row = m.nterms / 2;
	for (uint32_t i = 1; i < m.nterms; i += i < 20 || i == long_row ? 1 : i < long_row && i + 400 > long_row ? long_row - i : 400) {
		char path[1000];
		struct rk_buf want = {0};
		strcpy(path, "segments/7/postings/");
		name_of(&m.terms[i], path + strlen(path));
		if (strlen(path) > 260 || m.terms[i].len == 0)
			continue;
		struct view *v = must_view(path);
		expect_postings(&want, &m.terms[i]);
		if (i == long_row)
			CU_ASSERT_TRUE(want.len > 3 * 65536);
		wrong += !same(v, &want);
		view_close(v);
		rk_buf_done(&want);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void blocks(void)
{
	set_up();
	for (uint32_t i = 0; i < m.nterms; i++) {
		const struct model_term *t = &m.terms[i];
		char path[1000];
		struct rk_buf got = {0};
		uint32_t n = 0;
		if (t->df < 1000)
			continue;
		strcpy(path, "segments/7/blocks/");
		name_of(t, path + strlen(path));
		struct view *v = must_view(path);
		CU_ASSERT_EQUAL(read_all(v, 100, &got), 0);
		CU_ASSERT_EQUAL(got.len, view_size(v));
		rk_buf_u8(&got, 0);
		for (char *s = strtok((char *)got.data, "\n"); s; s = strtok(NULL, "\n"), n++) {
			unsigned block, first, last, docs, tf, len;
			CU_ASSERT_EQUAL_FATAL(sscanf(s, "%u\t%u..%u\t%u\t%u/%u", &block, &first, &last, &docs, &tf, &len), 6);
			CU_ASSERT_TRUE(block == n && first == t->docs[n * 128] && last == t->docs[n * 128 + docs - 1]);
			uint32_t most = 0;
			for (uint32_t k = 0; k < docs; k++)
				most = t->tfs[n * 128 + k] > most ? t->tfs[n * 128 + k] : most;
			CU_ASSERT_EQUAL(tf, most < 255 ? most : 255);
		}
		CU_ASSERT_EQUAL(n, (t->df + 127) / 128);
		view_close(v);
		rk_buf_done(&got);
	}
}

static void info(void)
{
	set_up();
	struct view *v = must_view("segments/7/info");
	struct rk_buf got = {0};
	char want[80];
	unsigned ndead = 0;
	for (uint32_t i = 0; i < m.ndocs; i++)
		ndead += is_dead(i);
	CU_ASSERT_EQUAL(read_all(v, 7, &got), 0);
	CU_ASSERT_EQUAL(got.len, view_size(v));
	rk_buf_u8(&got, 0);
	snprintf(want, sizeof(want), "\ndocuments\t%u\nlive\t%u\ndead\t%u\n", m.ndocs, m.ndocs - ndead, ndead);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)got.data, want));
	snprintf(want, sizeof(want), "\nterms\t%u\npostings\t%llu\n", m.nterms, (unsigned long long)m.npostings);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)got.data, want));
	view_close(v);
	rk_buf_done(&got);
}

/* ---- the tree ---- */

struct names {
	uint32_t n, stop;
	uint64_t sum;
	char last[1100];
};

static int take(void *arg, const char *name, bool is_dir)
{
	struct names *x = arg;
	(void)is_dir;
	if (x->n == x->stop)
		return 1;
	x->n++;
	for (const char *p = name; *p; p++)
		x->sum = x->sum * 31 + (unsigned char)*p;
	snprintf(x->last, sizeof(x->last), "%s", name);
	return 0;
}

static void listings(void)
{
	set_up();
	struct names whole = {.stop = UINT32_MAX}, parts = {.stop = 0};
	CU_ASSERT_EQUAL(view_list(ix, snap, "segments/7/postings", "", take, &whole), 0);
	CU_ASSERT_EQUAL(whole.n, m.nterms - 1); /* the empty term has no name */
	int rc;
	do { /* 100 at a time */
		parts.stop = parts.n + 100;
		rc = view_list(ix, snap, "segments/7/postings", parts.last, take, &parts);
	} while (rc == 1);
	CU_ASSERT_EQUAL(rc, 0);
	CU_ASSERT_TRUE(parts.n == whole.n && parts.sum == whole.sum);
	struct names x = {.stop = 99};
	CU_ASSERT_EQUAL(view_list(ix, snap, "segments/7", "", take, &x), 0);
	CU_ASSERT_EQUAL(x.n, 6);
	CU_ASSERT_STRING_EQUAL(x.last, "tombstones");
	CU_ASSERT_EQUAL(view_list(ix, snap, "segments", "", take, &x), 0);
	CU_ASSERT_STRING_EQUAL(x.last, "7");
	CU_ASSERT_EQUAL(view_list(ix, snap, "segments", "7", take, &x), 0);
	CU_ASSERT_EQUAL(x.n, 7);
	CU_ASSERT_EQUAL(view_list(ix, snap, "segments/7/terms", "", take, &x), -ENOTDIR);
	CU_ASSERT_EQUAL(view_list(ix, snap, "segments/8", "", take, &x), -ENOENT);
}

static void paths(void)
{
	static const struct {
		const char *path;
		int want;
	} known[] = {
		{"segments", 1},	  {"wal", 1},		      {"segments/7", 1},	{"segments/7/postings", 1}, {"segments/7/blocks", 1},
		{"segments/7/info", 0},	  {"segments/7/terms", 0},    {"segments/7/documents", 0}, {"segments/7/tombstones", 0}, {"wal/1", 0},
		{"segments/07", -ENOENT}, {"segments/", -ENOENT},     {"segments/7/", -ENOENT}, {"segments/7/x", -ENOENT},  {"segment", -ENOENT},
		{"wal/2", -ENOENT},	  {"wal/x", -ENOENT},	      {"wal/", -ENOENT},	{"segments/7/terms/a", -ENOENT}, {"x", -ENOENT},
		{"segments/7/postings/nothere", -ENOENT}, {"segments/7/postings/%", -ENOENT}, {"segments/7/postings/%4", -ENOENT},
		{"segments/7/postings/", -ENOENT},	  {"segments/99999999999999999999999", -ENOENT},
	};
	set_up();
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int rc = view_is_dir(ix, snap, known[i].path);
		if (rc != known[i].want)
			printf("# %s: %d\n", known[i].path, rc);
		CU_ASSERT_EQUAL(rc, known[i].want);
		struct view *v = NULL;
		rc = view_open(ix, snap, known[i].path, &v, NULL);
		CU_ASSERT_EQUAL(rc, known[i].want == 1 ? -EISDIR : known[i].want);
		view_close(v);
	}
}

static void good_part_then_error(void)
{
	set_up();
	struct flat f;
	struct seg *s = NULL;
	struct snapshot *mine, *whole = snap;
	struct rk_buf want = {0}, got = {0};
	CU_ASSERT_EQUAL_FATAL(flat_init(&f, dir, 7), 0);
	f.file[FLAT_POSITIONS].data[f.file[FLAT_POSITIONS].len / 2] ^= 1;
	CU_ASSERT_EQUAL_FATAL(seg_open(&f.dir, 7, &s, NULL), 0);
	mine = snapshot_of(s);
	unsigned cut = 0;
	for (uint32_t i = 1; i < m.nterms; i++) {
		char path[1000];
		strcpy(path, "segments/7/postings/");
		name_of(&m.terms[i], path + strlen(path));
		if (strlen(path) > 260)
			continue;
		snap = mine;
		struct view *v = must_view(path);
		snap = whole;
		want.len = got.len = 0;
		expect_postings(&want, &m.terms[i]);
		int64_t end = read_all(v, 5000, &got);
		CU_ASSERT_TRUE(got.len == view_size(v) && memcmp(got.data, want.data, got.len) == 0);
		CU_ASSERT_TRUE(end == 0 ? got.len == want.len : end == -EUCLEAN && got.len < want.len);
		cut += end < 0;
		view_close(v);
	}
	CU_ASSERT_TRUE(cut > 0);
	snapshot_unref(mine);
	flat_done(&f);
	rk_buf_done(&want);
	rk_buf_done(&got);
}

static void the_log(void)
{
	struct rk_dir *d;
	struct snapshot *s, *mine = snap;
	struct index *its, *other = ix;
	uint64_t seq = 0;
	char word[400];
	memset(word, 'w', sizeof(word));
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&d, NULL), 0);
	its = new_index(d);
	enum { N = 9000 };
	for (unsigned i = 0; i < N; i++) {
		char id[20];
		int n = snprintf(id, sizeof(id), "doc%u", i);
		struct rk_doc doc = {.id = id, .id_len = (uint32_t)n, .content = (uint8_t *)word, .content_len = sizeof(word)};
		CU_ASSERT_EQUAL_FATAL(index_put(its, &doc, &seq, NULL), 0);
	}
	CU_ASSERT_EQUAL(index_snapshot(its, &s, NULL), 0);
	struct names x = {.stop = 9};
	CU_ASSERT_EQUAL(view_list(its, s, "wal", "", take, &x), 0);
	CU_ASSERT_TRUE(x.n >= 1);
	struct rk_err e = {{0}};
	struct view *v = NULL;
	char path[1200];
	snprintf(path, sizeof(path), "wal/%s", x.last);
	CU_ASSERT_EQUAL_FATAL(view_open(its, s, path, &v, &e), 0);
	/* what comes later is not in it */
	struct rk_doc later = {.id = "later", .id_len = 5};
	CU_ASSERT_EQUAL(index_put(its, &later, &seq, NULL), 0);
	struct rk_buf got = {0};
	CU_ASSERT_EQUAL(read_all(v, 33333, &got), 0);
	CU_ASSERT_EQUAL(got.len, view_size(v));
	unsigned lines = 0;
	for (size_t i = 0; i < got.len; i++)
		lines += got.data[i] == '\n';
	CU_ASSERT_TRUE(lines >= N);
	rk_buf_u8(&got, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)got.data, "doc8999"));
	CU_ASSERT_PTR_NULL(strstr((char *)got.data, "later"));
	got.len--;
	CU_ASSERT_TRUE(got.len > (2 << 20)); /* several windows */
	CU_ASSERT_TRUE(same(v, &got));
	view_close(v);
	snapshot_unref(s);
	rk_buf_done(&got);
	/* the mark of a clean end is a line of its own */
	CU_ASSERT_EQUAL(index_close(its, NULL), 0);
	struct index_options o = {.read_only = true};
	CU_ASSERT_EQUAL_FATAL(index_open(d, &o, &its, NULL), 0);
	CU_ASSERT_EQUAL(index_snapshot(its, &s, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(view_open(its, s, path, &v, &e), 0);
	CU_ASSERT_EQUAL(read_all(v, 1 << 20, &got), 0);
	unsigned after = 0;
	for (size_t i = 0; i < got.len; i++)
		after += got.data[i] == '\n';
	CU_ASSERT_EQUAL(after, lines + 2);
	CU_ASSERT_EQUAL(got.len, view_size(v));
	view_close(v);
	snapshot_unref(s);
	rk_buf_done(&got);
	CU_ASSERT_EQUAL(index_close(its, NULL), 0);
	d->ops->close(d);
	snap = mine;
	ix = other;
}

static void tear_down(void)
{
	snapshot_unref(snap);
	CU_ASSERT_EQUAL(index_close(ix, NULL), 0);
	deadset_done(&dead);
	dir->ops->close(dir);
	model_free(&m);
}

static const struct tap_test tests[] = {
	{"documents, tombstones: every row, exact size, any offset", documents_and_tombstones},
	{"terms: the same", terms},
	{"postings: the same, dead ones marked, a row longer than a window", postings},
	{"blocks: bounds of each block", blocks},
	{"info", info},
	{"listings restart anywhere, nothing twice, nothing missing", listings},
	{"paths: folders, files, nothing", paths},
	{"damage: the good part, then the error", good_part_then_error},
	{"the log: a line a record, up to the snapshot", the_log},
	{"all is given back", tear_down},
};

TAP_MAIN(tests)
