/* t_segment.c - core/segment against a naive twin: round trips, seeks, bounds, damage of every bit, failures at every step of writing. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/segment/tombstones.h"
#include "test/segment_model.h"
#include "test/tap.h"

static const uint32_t dfs[] = {1, 2, 127, 128, 129, 255, 256, 257, 1000, 3000, 5999, 6000, 16, 15, 17, 130};
static const struct model_shape large = {.ndocs = 6000, .nterms = 500, .dfs = dfs, .ndfs = 16, .max_content = 900, .huge = true};
static const struct model_shape small = {.ndocs = 140, .nterms = 20, .dfs = dfs, .ndfs = 5, .max_content = 40};

static struct rk_dir *memory(void)
{
	struct rk_dir *d = NULL;
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&d, NULL), 0);
	return d;
}

static struct seg *must_open(struct rk_dir *dir, uint64_t id)
{
	struct seg *s = NULL;
	struct rk_err e = {{0}};
	int rc = seg_open(dir, id, &s, &e);
	if (rc < 0)
		printf("# seg_open: %d %s\n", rc, e.msg);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return s;
}

static void say(void *arg, const char *invariant, const char *words)
{
	(void)arg;
	printf("# %s: %s\n", invariant, words);
}

static void quiet(void *arg, const char *invariant, const char *words)
{
	(void)words;
	if (arg)
		snprintf(arg, 8, "%s", invariant);
}

static void round_trip_of(const struct model_shape *shape, uint64_t seed, bool content)
{
	struct model m;
	struct rk_dir *dir = memory();
	struct rk_err e = {{0}};
	const char *what = "";
	model_make(&m, shape, seed);
	m.level = seed % 4 == 1 ? 2 : 0; /* with a dictionary, when the documents are large enough */
	int rc = model_write(&m, dir, 7, content, &e);
	if (rc < 0)
		printf("# write: %d %s\n", rc, e.msg);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	struct seg *s = must_open(dir, 7);
	rc = model_compare(&m, s, content, &what);
	if (rc)
		printf("# seed %llu: %s (%d)\n", (unsigned long long)seed, what, rc);
	CU_ASSERT_EQUAL(rc, 0);
	CU_ASSERT_FALSE(seg_damaged(s, NULL));
	CU_ASSERT_EQUAL(seg_check(dir, 7, true, say, NULL, &e), 0);
	s = seg_unref(s);
	CU_ASSERT_PTR_NULL(s);
	model_free(&m);
	dir->ops->close(dir);
}

static void round_trip(void)
{
	round_trip_of(&large, 1, true);
	for (uint64_t seed = 2; seed < 12; seed++) {
		struct model_shape shape = small;
		shape.ndocs = (uint32_t)(seed * seed * 11);
		shape.max_content = (uint32_t)(seed * 300);
		round_trip_of(&shape, seed, seed % 3 != 0);
	}
}

static void empty_segments(void)
{
	struct model_shape none = {0}, no_terms = {.ndocs = 3, .max_content = 10};
	round_trip_of(&none, 1, true);
	round_trip_of(&no_terms, 1, true);
	struct model_shape one = {.ndocs = 1, .nterms = 1};
	round_trip_of(&one, 3, true);
}

static void norms_are_lucenes(void)
{
	/* Values of org.apache.lucene.util.SmallFloat.intToByte4 as unsigned bytes. */
	static const uint32_t known[][2] = {{0, 0},	{1, 1},	    {23, 23},	{24, 24},      {39, 39},	{40, 40},
					    {41, 40},	{42, 41},   {56, 48},	{100, 57},     {1000, 87},	{65536, 135},
					    {INT32_MAX, 255}};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		CU_ASSERT_EQUAL(norm_encode(known[i][0]), known[i][1]);
	CU_ASSERT_EQUAL(norm_encode(UINT32_MAX), 255);
	for (unsigned n = 0; n < 256; n++)
		CU_ASSERT_EQUAL(norm_encode(norm_decode((uint8_t)n)), n);
	uint8_t before = 0;
	for (uint64_t v = 0; v < INT32_MAX; v += 1 + v / 50) {
		uint8_t n = norm_encode((uint32_t)v);
		CU_ASSERT_TRUE(n >= before && norm_decode(n) <= v && (n == 255 || norm_decode((uint8_t)(n + 1)) > v));
		before = n;
	}
}

static void writer_refuses(void)
{
	struct rk_dir *dir = memory();
	struct seg_write_params params = {.id = 1, .store_content = true};
	static const uint32_t rising[] = {1, 5}, falling[] = {5, 1};
	for (int what = 0; what < 10; what++) {
		struct seg_writer *w;
		struct rk_doc d = {.id = "a", .id_len = 1}, bad = d;
		CU_ASSERT_EQUAL_FATAL(seg_write_new(dir, &params, &w, NULL), 0);
		CU_ASSERT_EQUAL(seg_write_doc(w, &d, 2, NULL), 0);
		d.id = "b";
		CU_ASSERT_EQUAL(seg_write_doc(w, &d, 2, NULL), 0);
		int rc = 0;
		bad.id_len = 0;
		rc = what == 0 ? seg_write_doc(w, &bad, 1, NULL) : rc;
		bad = (struct rk_doc){.id = "x\0y", .id_len = 3};
		rc = what == 1 ? seg_write_doc(w, &bad, 1, NULL) : rc;
		rc = what == 2 ? seg_write_doc(w, &d, 1, NULL) : rc; /* the id comes twice: seen at commit */
		if (what > 2) {
			CU_ASSERT_EQUAL(seg_write_term(w, "m", 1, NULL), 0);
			CU_ASSERT_EQUAL(seg_write_posting(w, 0, 2, rising, NULL), 0);
		}
		rc = what == 3 ? seg_write_posting(w, 0, 1, rising, NULL) : rc;
		rc = what == 4 ? seg_write_posting(w, 2, 1, rising, NULL) : rc;
		rc = what == 5 ? seg_write_posting(w, 1, 0, rising, NULL) : rc;
		rc = what == 6 ? seg_write_posting(w, 1, 2, falling, NULL) : rc;
		rc = what == 7 ? seg_write_term(w, "l", 1, NULL) : rc;
		rc = what == 8 ? seg_write_doc(w, &d, 1, NULL) : rc;
		if (what == 9) {
			CU_ASSERT_EQUAL(seg_write_term(w, "n", 1, NULL), 0);
			rc = seg_write_term(w, "o", 1, NULL);
		}
		CU_ASSERT_EQUAL(rc, what == 2 ? 0 : -EINVAL);
		CU_ASSERT_EQUAL(seg_write_commit(w, NULL), -EINVAL);
		struct seg *s;
		CU_ASSERT_EQUAL(seg_open(dir, 1, &s, NULL), -ENOENT);
	}
	dir->ops->close(dir);
}

static int count_object(void *arg, const char *name, uint64_t size)
{
	(void)name;
	(void)size;
	++*(int *)arg;
	return 0;
}

static int objects(struct rk_dir *dir)
{
	int n = 0;
	dir->ops->list(dir, "", count_object, &n, NULL);
	return n;
}

static void abort_leaves_nothing(void)
{
	struct rk_dir *dir = memory();
	struct seg_write_params params = {.id = 1, .store_content = true};
	struct seg_writer *w;
	struct rk_doc d = {.id = "a", .id_len = 1};
	const uint32_t pos = 0;
	CU_ASSERT_EQUAL_FATAL(seg_write_new(dir, &params, &w, NULL), 0);
	seg_write_doc(w, &d, 1, NULL);
	seg_write_term(w, "a", 1, NULL);
	seg_write_posting(w, 0, 1, &pos, NULL);
	seg_write_abort(w);
	CU_ASSERT_EQUAL(objects(dir), 0);
	/* A second segment with the same id is refused, the first stays whole. */
	struct model m;
	const char *what;
	model_make(&m, &small, 5);
	CU_ASSERT_EQUAL(model_write(&m, dir, 1, true, NULL), 0);
	CU_ASSERT_EQUAL(model_write(&m, dir, 1, true, NULL), -EEXIST);
	struct seg *s = must_open(dir, 1);
	CU_ASSERT_EQUAL(model_compare(&m, s, true, &what), 0);
	seg_unref(s);
	model_free(&m);
	dir->ops->close(dir);
}

/* A directory whose n-th step of writing fails. */
struct faulty {
	struct rk_dir dir; /* first */
	struct rk_dir *in;
	long left;
	bool after; /* a failing commit is done all the same: its answer was lost */
};
struct faulty_put {
	struct rk_put put;
	struct rk_put *in;
};

static bool trips(struct faulty *f)
{
	return f->left-- == 0;
}

static int faulty_begin(struct rk_dir *d, const char *name, struct rk_put **ret, struct rk_err *err)
{
	struct faulty *f = (struct faulty *)d;
	if (trips(f))
		return -ENOSPC;
	struct faulty_put *p = calloc(1, sizeof(*p));
	p->put.dir = d;
	int rc = f->in->ops->put_begin(f->in, name, &p->in, err);
	if (rc < 0)
		free(p);
	else
		*ret = &p->put;
	return rc;
}

static int faulty_write(struct rk_put *put, const void *p, size_t n, struct rk_err *err)
{
	struct faulty *f = (struct faulty *)put->dir;
	struct rk_put *in = ((struct faulty_put *)put)->in;
	return trips(f) ? -EIO : in->dir->ops->put_write(in, p, n, err);
}

static int faulty_commit(struct rk_put *put, struct rk_err *err)
{
	struct faulty *f = (struct faulty *)put->dir;
	struct rk_put *in = ((struct faulty_put *)put)->in;
	int rc = 0;
	free(put);
	if (!trips(f))
		return in->dir->ops->put_commit(in, err);
	if (f->after)
		rc = in->dir->ops->put_commit(in, err);
	else
		in->dir->ops->put_abort(in);
	return rc < 0 ? rc : -EIO;
}

static void faulty_abort(struct rk_put *put)
{
	struct rk_put *in = ((struct faulty_put *)put)->in;
	in->dir->ops->put_abort(in);
	free(put);
}

static int faulty_remove(struct rk_dir *d, const char *name, struct rk_err *err)
{
	struct faulty *f = (struct faulty *)d;
	return f->in->ops->remove(f->in, name, err);
}

static const struct rk_dir_ops faulty_ops = {
	.put_begin = faulty_begin,
	.put_write = faulty_write,
	.put_commit = faulty_commit,
	.put_abort = faulty_abort,
	.remove = faulty_remove,
};

static void every_step_fails_once(void)
{
	struct model m;
	struct model_shape shape = small;
	shape.ndocs = 300;
	shape.max_content = 4000; /* more than one buffer of store */
	model_make(&m, &shape, 9);
	for (int after = 0; after < 2; after++) {
		bool done = false;
		long n = 0;
		for (; !done && n < 10000; n++) {
			struct rk_dir *mem = memory();
			struct faulty f = {.dir = {&faulty_ops}, .in = mem, .left = n, .after = after};
			struct seg *s = NULL;
			done = model_write(&m, &f.dir, 3, true, NULL) == 0;
			CU_ASSERT_EQUAL(seg_open(mem, 3, &s, NULL), done ? 0 : -ENOENT);
			CU_ASSERT_EQUAL(objects(mem), done ? 4 : 0);
			seg_unref(s);
			mem->ops->close(mem);
		}
		CU_ASSERT_TRUE(done && n > 12);
	}
	model_free(&m);
}

/* Opens and compares; 0 equal, negative refused, 1 wrong. */
static int judge(const struct model *m, struct flat *f)
{
	struct seg *s = NULL;
	const char *what;
	struct rk_err e = {{0}};
	int rc = seg_open(&f->dir, f->id, &s, &e);
	if (rc < 0) {
		CU_ASSERT_NOT_EQUAL(e.msg[0], 0);
		return rc == -EUCLEAN || rc == -EPROTONOSUPPORT ? rc : 1;
	}
	rc = model_compare(m, s, true, &what);
	if (rc < 0)
		CU_ASSERT_TRUE(seg_damaged(s, NULL));
	if (rc == 1)
		printf("# %s\n", what);
	seg_unref(s);
	return rc;
}

static void golden(struct model *m, struct flat *f)
{
	struct rk_dir *dir = memory();
	model_make(m, &small, 4);
	CU_ASSERT_EQUAL_FATAL(model_write(m, dir, 9, true, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(flat_init(f, dir, 9), 0);
	dir->ops->close(dir);
	CU_ASSERT_EQUAL(judge(m, f), 0);
}

static void every_flip_is_seen(void)
{
	struct model m;
	struct flat f;
	golden(&m, &f);
	for (unsigned file = 0; file < FLAT_COUNT; file++) {
		unsigned wrong = 0, equal = 0;
		for (size_t bit = 0; bit < f.file[file].len * 8; bit++) {
			f.file[file].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			int rc = judge(&m, &f);
			f.file[file].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			wrong += rc == 1;
			equal += rc == 0;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(equal, 0); /* no byte of any file is without a checksum, and all are read */
	}
	flat_done(&f);
	model_free(&m);
}

static void every_cut_is_seen(void)
{
	struct model m;
	struct flat f;
	golden(&m, &f);
	f.fresh = true;
	for (unsigned file = 0; file < FLAT_COUNT; file++) {
		size_t len = f.file[file].len;
		unsigned bad = 0;
		for (f.file[file].len = 0; f.file[file].len < len; f.file[file].len++)
			bad += judge(&m, &f) >= 0;
		CU_ASSERT_EQUAL(bad, 0);
		rk_buf_u8(&f.file[file], 0); /* and a byte too many */
		CU_ASSERT_TRUE(judge(&m, &f) < 0);
		f.file[file].len = len;
	}
	flat_done(&f);
	model_free(&m);
}

static void other_files_are_refused(void)
{
	struct model m;
	struct flat f;
	struct seg *s;
	struct rk_err e = {{0}};
	golden(&m, &f);
	CU_ASSERT_EQUAL(seg_open(&f.dir, 10, &s, NULL), -EUCLEAN); /* of another segment */
	rk_put32(f.file[FLAT_META].data + 8, 2);		   /* of a later version */
	flat_forge(&f);
	CU_ASSERT_EQUAL(seg_open(&f.dir, 9, &s, &e), -EPROTONOSUPPORT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "version 2"));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "version 1"));
	flat_done(&f);
	model_free(&m);
}

static void damage_stays_where_it_is(void)
{
	struct model m;
	struct flat f;
	struct rk_dir *dir = memory();
	struct rk_buf b = {0};
	struct rk_doc doc;
	struct rk_err e = {{0}};
	char invariant[8] = "";
	model_make(&m, &large, 3);
	CU_ASSERT_EQUAL_FATAL(model_write(&m, dir, 2, true, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(flat_init(&f, dir, 2), 0);
	f.file[FLAT_STORE].data[f.file[FLAT_STORE].len - 1] ^= 4;
	struct seg *s = must_open(&f.dir, 2);
	CU_ASSERT_EQUAL(seg_doc(s, 0, &b, &doc, NULL), 0);
	CU_ASSERT_FALSE(seg_damaged(s, NULL));
	CU_ASSERT_EQUAL(seg_doc(s, m.ndocs - 1, &b, &doc, &e), -EUCLEAN);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "document 5999"));
	e.msg[0] = 0;
	CU_ASSERT_TRUE(seg_damaged(s, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "segments/segment_0000000000000002/store: damaged"));
	CU_ASSERT_EQUAL(seg_doc(s, m.ndocs - 1, &b, &doc, NULL), -EUCLEAN); /* sticky */
	CU_ASSERT_EQUAL(seg_doc(s, 0, &b, &doc, NULL), 0);
	seg_unref(s);
	CU_ASSERT_TRUE(seg_check(&f.dir, 2, false, quiet, invariant, NULL) >= 1);
	CU_ASSERT_STRING_EQUAL(invariant, "S12");
	rk_buf_done(&b);
	flat_done(&f);
	model_free(&m);
	dir->ops->close(dir);
}

/* With right checksums over wrong content only the check can tell: each lie is named by the invariant that it breaks. */
static void the_check_names_the_lie(void)
{
	enum { TABLE = 17 * 32 + 32 };
	static const struct {
		unsigned section;
		size_t at;
		uint8_t flip;
		const char *invariant;
	} lies[] = {
		{0, 0, 1, "S5"}, /* one document more */
		{0, 24, 1, "S14"},   /* one posting more */
		{0, 8, 1, "S13"},    /* total length */
		{6, 0, 1, "S6"},     /* a rank */
		{9, 3, 1, "S13"},    /* a length byte */
		{10, 4, 1, "S13"},   /* a length */
		{12, 0, 1, "S7"},    /* a block's offset */
		{3, 24, 0x80, "S8"}, /* an anchor */
	};
	struct model m;
	struct flat f;
	golden(&m, &f);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		char invariant[8] = "";
		uint8_t *meta = f.file[FLAT_META].data, *table = meta + f.file[FLAT_META].len - TABLE;
		uint8_t *p = meta + rk_get64(table + lies[i].section * 32) + lies[i].at;
		*p ^= lies[i].flip;
		flat_forge(&f);
		CU_ASSERT_TRUE(seg_check(&f.dir, 9, true, quiet, invariant, NULL) >= 1);
		if (strcmp(invariant, lies[i].invariant) != 0)
			printf("# lie %zu: %s\n", i, invariant);
		CU_ASSERT_STRING_EQUAL(invariant, lies[i].invariant);
		*p ^= lies[i].flip;
		flat_forge(&f);
	}
	CU_ASSERT_EQUAL(seg_check(&f.dir, 9, true, say, NULL, NULL), 0);
	flat_done(&f);
	model_free(&m);
}

static void removed_when_unused(void)
{
	struct model m;
	struct rk_dir *dir = memory();
	const char *what;
	uint64_t bits[3] = {1, 0, 0};
	model_make(&m, &small, 8);
	CU_ASSERT_EQUAL(model_write(&m, dir, 1, true, NULL), 0);
	CU_ASSERT_EQUAL(model_write(&m, dir, 2, true, NULL), 0);
	CU_ASSERT_EQUAL(tombstones_write(dir, 1, 3, bits, m.ndocs, NULL), 0);
	CU_ASSERT_EQUAL(objects(dir), 9);
	struct seg *s = must_open(dir, 1), *again = seg_ref(s);
	seg_remove_when_unused(s);
	seg_unref(s);
	CU_ASSERT_EQUAL(objects(dir), 9);
	CU_ASSERT_EQUAL(model_compare(&m, again, true, &what), 0);
	seg_unref(again);
	CU_ASSERT_EQUAL(objects(dir), 4);
	s = must_open(dir, 2);
	seg_unref(s);
	model_free(&m);
	dir->ops->close(dir);
}

struct reader {
	const struct model *m;
	struct seg *s;
	int rc;
};

static void *read_it(void *arg)
{
	struct reader *r = arg;
	const char *what;
	r->rc = model_compare(r->m, r->s, true, &what);
	return NULL;
}

static void threads_read_a_cold_segment(void)
{
	enum { N = 4 };
	struct model m;
	struct model_shape shape = small;
	struct rk_dir *dir = memory();
	struct reader r[N];
	pthread_t t[N];
	shape.ndocs = 400;
	shape.max_content = 3000;
	model_make(&m, &shape, 12);
	CU_ASSERT_EQUAL_FATAL(model_write(&m, dir, 1, true, NULL), 0);
	struct seg *s = must_open(dir, 1);
	for (int i = 0; i < N; i++) {
		r[i] = (struct reader){&m, seg_ref(s), 1};
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, read_it, &r[i]), 0);
	}
	seg_unref(s);
	for (int i = 0; i < N; i++) {
		pthread_join(t[i], NULL);
		CU_ASSERT_EQUAL(r[i].rc, 0);
		seg_unref(r[i].s);
	}
	model_free(&m);
	dir->ops->close(dir);
}

static void tombstones_round_trip(void)
{
	struct rk_dir *dir = memory();
	uint64_t seed = 1, bits[20], got[20];
	struct rk_buf b = {0};
	char name[96];
	for (uint32_t n = 0; n < 1200; n += 61) {
		for (unsigned i = 0; i < 20; i++)
			bits[i] = model_random(&seed);
		if (n % 64)
			bits[n / 64] &= (UINT64_C(1) << n % 64) - 1;
		CU_ASSERT_EQUAL(tombstones_write(dir, 5, n, bits, n, NULL), 0);
		CU_ASSERT_EQUAL(tombstones_write(dir, 5, n, bits, n, NULL), -EEXIST);
		memset(got, 0, sizeof(got));
		CU_ASSERT_EQUAL(tombstones_read(dir, 5, n, got, n, NULL), 0);
		CU_ASSERT_EQUAL(memcmp(got, bits, (n + 63) / 64 * 8), 0);
		CU_ASSERT_EQUAL(tombstones_read(dir, 5, n, got, n + 1, NULL), -EUCLEAN);
		CU_ASSERT_EQUAL(tombstones_read(dir, 5, n + 1, got, n, NULL), -ENOENT);
	}
	bits[0] = 8;
	CU_ASSERT_EQUAL(tombstones_write(dir, 5, 9999, bits, 3, NULL), -EINVAL);
	tombstones_name(5, 122, name);
	CU_ASSERT_EQUAL(dir_read_all(dir, name, 1 << 20, &b, NULL), 0);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		char other[96];
		tombstones_name(5, 122, other);
		b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		dir->ops->remove(dir, other, NULL);
		CU_ASSERT_EQUAL(dir_put_new(dir, other, b.data, b.len, NULL), 0);
		int rc = tombstones_read(dir, 5, 122, got, 122, NULL);
		CU_ASSERT_EQUAL(rc, -EUCLEAN);
		b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < b.len; n++) {
		dir->ops->remove(dir, name, NULL);
		CU_ASSERT_EQUAL(dir_put_new(dir, name, b.data, n, NULL), 0);
		CU_ASSERT_EQUAL(tombstones_read(dir, 5, 122, got, 122, NULL), -EUCLEAN);
	}
	rk_buf_done(&b);
	dir->ops->close(dir);
}

static const struct tap_test tests[] = {
	{"round trip: lists of 1 to 6000, tf over 65535, positions to 2^32, documents of 0 bytes to 3 MB, seeks, bounds, ids", round_trip},
	{"no documents, no terms, one of each", empty_segments},
	{"length bytes are Lucene's", norms_are_lucenes},
	{"the writer refuses what is out of order, and stays refused", writer_refuses},
	{"abort leaves nothing, a taken id is refused", abort_leaves_nothing},
	{"each step of writing fails once: nothing is left, nothing readable", every_step_fails_once},
	{"every flipped bit of every file is seen", every_flip_is_seen},
	{"every cut of every file is seen", every_cut_is_seen},
	{"files of other segments and versions are refused", other_files_are_refused},
	{"damage stays where it is: what lies beside it is read", damage_stays_where_it_is},
	{"the check names each lie under right checksums", the_check_names_the_lie},
	{"a removed segment lives as long as its users", removed_when_unused},
	{"threads read a segment that nobody has touched", threads_read_a_cold_segment},
	{"tombstones: round trip, every flip and cut is seen", tombstones_round_trip},
};

TAP_MAIN(tests)
