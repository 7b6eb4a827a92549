/* t_wal.c - core/wal: what was acknowledged comes back, what is damaged is named, what nobody was promised is cut; groups share a sync. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"
#include "core/dir/directory.h"
#include "core/wal/wal.h"
#include "core/wal/wal_format.h"
#include "test/tap.h"

/* ---- records whose payload is a function of their number ---- */

static size_t payload_of(uint64_t entry, uint8_t *p)
{
	size_t n = (size_t)(entry * 37 % 200);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(entry * 131 + i * 7);
	return n;
}

static int add(struct wal *w, uint64_t *ret)
{
	uint8_t p[256];
	size_t n = payload_of(wal_next(w), p), half = n / 3;
	struct iovec iov[2] = {{p, half}, {p + half, n - half}};
	return wal_append(w, 7, iov, 2, ret, NULL);
}

static void add_synced(struct wal *w, int n)
{
	uint64_t e = 0;
	for (int i = 0; i < n; i++)
		CU_ASSERT_EQUAL(add(w, &e), 0);
	CU_ASSERT_EQUAL(wal_sync(w, e, NULL), 0);
}

struct seen {
	uint64_t n, next, wrong;
};

static int check_record(void *arg, const struct wal_record *r)
{
	struct seen *s = arg;
	uint8_t p[256];
	size_t n = payload_of(r->entry, p);
	s->wrong += s->next && r->entry != s->next;
	if (r->type == WAL_TYPE_CLEAN)
		s->wrong += r->len != 0;
	else
		s->wrong += r->type != 7 || r->len != n || memcmp(r->payload, p, n) != 0;
	s->next = r->entry + 1;
	s->n++;
	return 0;
}

static struct rk_dir *mem(void)
{
	struct rk_dir *d = NULL;
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&d, NULL), 0);
	return d;
}

static struct wal *open_at(struct rk_dir *d, uint64_t next, uint64_t bytes)
{
	struct wal *w = NULL;
	struct rk_err e = {{0}};
	int rc = wal_open(d, next, bytes, &w, &e);
	if (rc < 0)
		printf("# %s\n", e.msg);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return w;
}

static int count_files(void *arg, const char *name, uint64_t size)
{
	(void)name;
	(void)size;
	++*(int *)arg;
	return 0;
}

static int files(struct rk_dir *d)
{
	int n = 0;
	CU_ASSERT_EQUAL(d->ops->list(d, "wal/", count_files, &n, NULL), 0);
	return n;
}

/* ---- round trips ---- */

static void round_trip(void)
{
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, 4096);
	struct wal_report r;
	struct seen s = {0};
	CU_ASSERT_EQUAL(wal_next(w), 1);
	add_synced(w, 500);
	CU_ASSERT_EQUAL(wal_next(w), 501);
	CU_ASSERT_EQUAL(wal_durable(w), 500);
	CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, &r, NULL), 0);
	CU_ASSERT_TRUE(s.n == 500 && s.wrong == 0 && r.first == 1 && r.last == 500 && r.records == 500 && !r.clean && r.cut_bytes == 0);
	CU_ASSERT_TRUE(files(d) > 10);
	s = (struct seen){.next = 321};
	CU_ASSERT_EQUAL(wal_read(d, 321, check_record, &s, &r, NULL), 0);
	CU_ASSERT_TRUE(s.n == 180 && s.wrong == 0);
	CU_ASSERT_EQUAL(wal_clean(w, NULL), 0);
	wal_close(w);
	s = (struct seen){0};
	CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, &r, NULL), 0);
	CU_ASSERT_TRUE(s.n == 501 && r.clean && r.last == 501);
	w = open_at(d, 502, 4096);
	add_synced(w, 3);
	wal_close(w);
	s = (struct seen){0};
	CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, &r, NULL), 0);
	CU_ASSERT_TRUE(s.n == 504 && s.wrong == 0 && !r.clean);
	d->ops->close(d);
}

static void nothing_there_is_nothing_read(void)
{
	struct rk_dir *d = mem();
	struct wal_report r;
	CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &(struct seen){0}, &r, NULL), 0);
	CU_ASSERT_EQUAL(r.records, 0);
	for (int i = 0; i < 3; i++) { /* an empty file of the same number is taken over */
		wal_close(open_at(d, 5, 4096));
		CU_ASSERT_EQUAL(files(d), 1);
		CU_ASSERT_EQUAL(wal_read(d, 5, check_record, &(struct seen){0}, &r, NULL), 0);
		CU_ASSERT_EQUAL(r.records, 0);
	}
	d->ops->close(d);
}

/* ---- what a log consists of, and damage to it ---- */

enum { FILES_MAX = 8, FILE_BYTES = 2048 };

struct image {
	struct rk_buf bytes[FILES_MAX];
	char name[FILES_MAX][WAL_NAME_BYTES];
	uint64_t first[FILES_MAX];
	int n;
};

static int keep_name(void *arg, const char *name, uint64_t size)
{
	struct image *im = arg;
	(void)size;
	CU_ASSERT_FATAL(im->n < FILES_MAX);
	snprintf(im->name[im->n], WAL_NAME_BYTES, "%s", name);
	CU_ASSERT_TRUE(wal_name_get(name, &im->first[im->n]));
	im->n++;
	return 0;
}

static void image_of(struct rk_dir *d, struct image *im)
{
	*im = (struct image){.n = 0};
	CU_ASSERT_EQUAL(d->ops->list(d, "wal/", keep_name, im, NULL), 0);
	for (int i = 0; i < im->n; i++)
		CU_ASSERT_EQUAL_FATAL(dir_read_all(d, im->name[i], 1 << 20, &im->bytes[i], NULL), 0);
}

static void image_done(struct image *im)
{
	for (int i = 0; i < im->n; i++)
		rk_buf_done(&im->bytes[i]);
}

/* The image's files but the skipped one, as a new directory. */
static struct rk_dir *dir_of(const struct image *im, int skip)
{
	struct rk_dir *d = mem();
	for (int i = 0; i < im->n; i++)
		if (i != skip)
			CU_ASSERT_EQUAL(dir_put_new(d, im->name[i], im->bytes[i].data, im->bytes[i].len, NULL), 0);
	return d;
}

struct result {
	int rc;
	struct seen seen;
	struct wal_report rep;
	struct rk_err err;
};

static struct result read_image(const struct image *im, int skip)
{
	struct result r = {0};
	struct rk_dir *d = dir_of(im, skip);
	r.rc = wal_read(d, 0, check_record, &r.seen, &r.rep, &r.err);
	d->ops->close(d);
	return r;
}

enum { ACKED = 12, TAIL = 4 };

/* Two sealed files and a last one: entries 1..12 acknowledged, 13..16 written and never synced. The tail knows that 12 was durable. */
static void make_image(struct image *im)
{
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, FILE_BYTES);
	uint64_t e;
	for (int i = 1; i <= ACKED; i++) {
		if (i == 5 || i == 9)
			CU_ASSERT_EQUAL(wal_rotate(w, NULL, NULL), 0);
		add_synced(w, 1);
	}
	for (int i = 0; i < TAIL; i++)
		CU_ASSERT_EQUAL(add(w, &e), 0);
	image_of(d, im);
	CU_ASSERT_EQUAL_FATAL(im->n, 3);
	wal_close(w);
	d->ops->close(d);
}

/* The entry whose record covers byte off of the file; 0: the header; first + count: behind the last. Walks the bytes by itself. */
static uint64_t entry_at(const struct image *im, int file, uint64_t off)
{
	uint64_t at = WAL_HEAD_BYTES, e = im->first[file];
	const struct rk_buf *b = &im->bytes[file];
	if (off < at)
		return 0;
	while (at + WAL_RECORD_BYTES <= b->len && rk_get64(b->data + at) != 0) {
		at += WAL_RECORD_BYTES + (rk_get32(b->data + at) + 7) / 8 * 8;
		if (off < at)
			break;
		e++;
	}
	return e;
}

static bool right(const struct image *im, int file, uint64_t off, const struct result *r)
{
	uint64_t e = entry_at(im, file, off);
	if (r->seen.wrong)
		return false;
	if (e > ACKED + TAIL) /* the zeros behind the records */
		return r->rc == 0 && r->seen.n == ACKED + TAIL && r->rep.cut_bytes == 1;
	if (e > ACKED) /* nobody was promised it */
		return r->rc == 0 && r->seen.n == e - 1 && r->rep.last == e - 1 && r->rep.cut_bytes > 0;
	if (e == 0)
		e = im->first[file];
	return r->rc == -EUCLEAN && r->seen.n == e - 1 && r->rep.bad_entry == e && r->rep.bad_last >= e && r->rep.bad_last <= ACKED &&
	       strcmp(r->rep.bad_file, im->name[file]) == 0 && strstr(r->err.msg, im->name[file]);
}

static void every_flipped_bit_is_judged_right(void)
{
	struct image im;
	unsigned wrong = 0, n = 0;
	make_image(&im);
	for (int f = 0; f < im.n; f++) {
		for (size_t bit = 0; bit < im.bytes[f].len * 8; bit++) {
			if (entry_at(&im, f, bit / 8) > ACKED + TAIL && bit % 8) /* zeros: one bit a byte will do */
				continue;
			im.bytes[f].data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			struct result r = read_image(&im, -1);
			im.bytes[f].data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			n++;
			if (right(&im, f, bit / 8, &r))
				continue;
			if (wrong++ < 5)
				printf("# %s bit %zu: rc %d, %" PRIu64 " records, bad %" PRIu64 " %s\n", im.name[f], bit, r.rc, r.seen.n, r.rep.bad_entry, r.err.msg);
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_TRUE(n > 10000);
	image_done(&im);
}

static void every_zeroed_piece_is_judged_right(void)
{
	struct image im;
	make_image(&im);
	for (size_t piece = 8; piece <= 512; piece *= 2) {
		for (int f = 0; f < im.n; f++) {
			for (size_t at = 0; at + piece <= im.bytes[f].len; at += piece) {
				uint8_t old[512];
				memcpy(old, im.bytes[f].data + at, piece);
				memset(im.bytes[f].data + at, 0, piece);
				struct result r = read_image(&im, -1);
				bool same = memcmp(old, im.bytes[f].data + at, piece) == 0;
				memcpy(im.bytes[f].data + at, old, piece);
				size_t first = 0; /* the first byte that changed says which record suffers first */
				while (first < piece && old[first] == 0)
					first++;
				uint64_t e = same ? UINT64_MAX : entry_at(&im, f, at + first);
				e = e == 0 ? im.first[f] : e;
				CU_ASSERT_EQUAL(r.seen.wrong, 0);
				CU_ASSERT_EQUAL(r.rc, e <= ACKED ? -EUCLEAN : 0);
				CU_ASSERT_EQUAL(r.seen.n, same ? ACKED + TAIL : e - 1);
			}
		}
	}
	image_done(&im);
}

static void every_truncation_is_found(void)
{
	struct image im;
	make_image(&im);
	for (int f = 0; f < im.n; f++) {
		size_t whole = im.bytes[f].len;
		for (size_t len = 0; len < whole; len++) {
			uint64_t e = entry_at(&im, f, len);
			im.bytes[f].len = len;
			struct result r = read_image(&im, -1);
			im.bytes[f].len = whole;
			CU_ASSERT_EQUAL(r.rc, -EUCLEAN);
			CU_ASSERT_EQUAL(r.seen.wrong, 0);
			CU_ASSERT_EQUAL(r.rep.bad_entry, e ? e : im.first[f]);
			CU_ASSERT_EQUAL(r.seen.n, r.rep.bad_entry - 1);
		}
	}
	for (int f = 0; f < im.n; f++) { /* a whole file: the first one may have been dropped rightly */
		struct result r = read_image(&im, f);
		CU_ASSERT_EQUAL(r.rc, f ? -EUCLEAN : 0);
		CU_ASSERT_EQUAL(r.seen.wrong, 0);
	}
	struct rk_dir *d = dir_of(&im, 0);
	CU_ASSERT_EQUAL(wal_read(d, 1, NULL, NULL, NULL, NULL), -ENOENT); /* unless somebody needs it */
	CU_ASSERT_EQUAL(wal_read(d, 5, NULL, NULL, NULL, NULL), 0);
	d->ops->close(d);
	image_done(&im);
}

static void a_clean_end_is_held_to(void)
{
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, FILE_BYTES);
	struct image im;
	add_synced(w, 3);
	CU_ASSERT_EQUAL(wal_clean(w, NULL), 0);
	wal_close(w);
	image_of(d, &im);
	d->ops->close(d);
	CU_ASSERT_EQUAL_FATAL(im.n, 1);
	struct result r = read_image(&im, -1);
	CU_ASSERT_TRUE(r.rc == 0 && r.rep.clean && r.rep.cut_bytes == 0 && r.seen.n == 4);
	CU_ASSERT_TRUE(im.bytes[0].len < FILE_BYTES); /* the preallocation was given back */
	for (size_t bit = 0; bit < im.bytes[0].len * 8; bit++) {
		im.bytes[0].data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		r = read_image(&im, -1);
		im.bytes[0].data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		CU_ASSERT_EQUAL(r.rc, -EUCLEAN); /* every record, the marker too */
	}
	for (size_t whole = im.bytes[0].len; im.bytes[0].len-- > 0;) {
		r = read_image(&im, -1);
		CU_ASSERT_EQUAL(r.rc, -EUCLEAN);
		if (im.bytes[0].len == 0) {
			im.bytes[0].len = whole;
			break;
		}
	}
	image_done(&im);
}

static void bytes_of_another_log_never_count(void)
{
	struct image a, b;
	make_image(&a);
	make_image(&b); /* the same entries, another random id */
	uint64_t at = WAL_HEAD_BYTES;
	for (int i = 0; i < 2; i++)
		at += WAL_RECORD_BYTES + wal_padded(rk_get32(a.bytes[2].data + at));
	memcpy(a.bytes[2].data + at, b.bytes[2].data + at, a.bytes[2].len - at);
	struct result r = read_image(&a, -1);
	CU_ASSERT_TRUE(r.rc == 0 && r.seen.n == 10 && r.seen.wrong == 0); /* the rest is a tail, though whole and of the right number */
	image_done(&a);
	image_done(&b);
}

/* Whole records, right in themselves, at the wrong place: a misdirected write, an old copy put back. */
static void records_out_of_place_are_found(void)
{
	enum { WHOLE = WAL_RECORD_BYTES + 16 };
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, FILE_BYTES);
	struct image im;
	uint64_t e = 0;
	for (int i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(wal_append(w, 7, &(struct iovec){(void *)(uintptr_t) "sixteen bytes...", 16}, 1, &e, NULL), 0);
		CU_ASSERT_EQUAL(wal_sync(w, e, NULL), 0);
	}
	image_of(d, &im);
	wal_close(w);
	d->ops->close(d);
	for (int from = 0; from < 7; from++) {
		for (int to = 0; to < 7; to++) {
			uint8_t *at = im.bytes[0].data + WAL_HEAD_BYTES, old[WHOLE];
			memcpy(old, at + to * WHOLE, WHOLE);
			memcpy(at + to * WHOLE, at + from * WHOLE, WHOLE);
			struct rk_dir *copy = dir_of(&im, -1);
			struct wal_report rep;
			int rc = wal_read(copy, 0, NULL, NULL, &rep, NULL);
			CU_ASSERT_EQUAL(rc, from == to ? 0 : -EUCLEAN);
			CU_ASSERT_EQUAL(rep.bad_entry, from == to ? 0 : (uint64_t)to + 1);
			copy->ops->close(copy);
			memcpy(at + to * WHOLE, old, WHOLE);
		}
	}
	image_done(&im);
}

/* One value, one encoding: what a record does not use is zero, also under right checksums. */
static void padding_is_zero(void)
{
	struct image im;
	make_image(&im);
	uint8_t *r = im.bytes[0].data + WAL_HEAD_BYTES;
	struct wal_rec h;
	CU_ASSERT_EQUAL_FATAL(wal_rec_get(r, &h), 0);
	CU_ASSERT_FATAL(h.len % WAL_ALIGN != 0);
	r[WAL_RECORD_BYTES + h.len] = 1;
	wal_rec_put(r, &h, r + WAL_RECORD_BYTES);
	struct result x = read_image(&im, -1);
	CU_ASSERT_TRUE(x.rc == -EUCLEAN && x.rep.bad_entry == 1);
	image_done(&im);
}

static void a_marker_vouches_for_what_is_before_it(void)
{
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, FILE_BYTES);
	struct image im;
	uint64_t e;
	CU_ASSERT_EQUAL(add(w, &e), 0); /* never synced by itself */
	CU_ASSERT_EQUAL(wal_clean(w, NULL), 0);
	image_of(d, &im); /* before the close, so that the size says nothing */
	im.bytes[0].data[WAL_HEAD_BYTES + 20] ^= 1;
	struct result r = read_image(&im, -1);
	CU_ASSERT_TRUE(r.rc == -EUCLEAN && r.rep.bad_entry == 1);
	image_done(&im);
	wal_close(w);
	d->ops->close(d);
}

static void another_version_is_refused(void)
{
	struct image im;
	make_image(&im);
	rk_put32(im.bytes[1].data + 8, 2);
	rk_put64(im.bytes[1].data + 56, rk_checksum(im.bytes[1].data, 56));
	struct result r = read_image(&im, -1);
	CU_ASSERT_EQUAL(r.rc, -ENOTSUP);
	CU_ASSERT_PTR_NOT_NULL(strstr(r.err.msg, "version 2"));
	CU_ASSERT_PTR_NOT_NULL(strstr(r.err.msg, "version 1"));
	image_done(&im);
}

/* ---- writing on ---- */

static void a_cut_tail_stays_cut(void)
{
	struct image im;
	make_image(&im);
	uint64_t at = WAL_HEAD_BYTES;
	while (entry_at(&im, 2, at) < 14)
		at++;
	im.bytes[2].data[at + 9] ^= 1; /* entry 14 is torn; 15 and 16 behind it are whole */
	struct rk_dir *d = dir_of(&im, -1);
	for (uint64_t next = 14; next < 40; next += 5) { /* five lives, each goes on behind the last */
		struct seen s = {0};
		struct wal_report rep;
		CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, &rep, NULL), 0);
		CU_ASSERT_TRUE(s.wrong == 0 && rep.last == next - 1);
		struct wal *w = open_at(d, next, FILE_BYTES);
		add_synced(w, 5);
		wal_close(w);
	}
	d->ops->close(d);
	image_done(&im);
}

static void opening_checks_its_place(void)
{
	struct image im;
	struct wal *w;
	make_image(&im);
	struct rk_dir *d = dir_of(&im, -1);
	CU_ASSERT_EQUAL(wal_open(d, 0, FILE_BYTES, &w, NULL), -EINVAL);
	CU_ASSERT_EQUAL(wal_open(d, 9, FILE_BYTES, &w, NULL), -EINVAL);	 /* there is a file of that number, with entries */
	CU_ASSERT_EQUAL(wal_open(d, 15, FILE_BYTES, &w, NULL), -EINVAL); /* 15 and 16 are there */
	CU_ASSERT_EQUAL(files(d), 3);
	wal_close(open_at(d, 17, FILE_BYTES));
	CU_ASSERT_EQUAL(files(d), 4);
	d->ops->close(d);
	image_done(&im);
}

static void rotating_and_dropping(void)
{
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, 1 << 16);
	uint64_t first = 0, bytes;
	struct wal_report rep;
	CU_ASSERT_EQUAL(wal_rotate(w, &first, NULL), 0);
	CU_ASSERT_TRUE(first == 1 && files(d) == 1); /* an empty file is a new file */
	for (int i = 0; i < 4; i++) {
		uint64_t e = 0;
		CU_ASSERT_EQUAL(add(w, &e), 0);
		CU_ASSERT_EQUAL(add(w, &e), 0);
		CU_ASSERT_EQUAL(wal_rotate(w, &first, NULL), 0); /* syncs */
		CU_ASSERT_TRUE(first == e + 1 && wal_durable(w) == e);
	}
	CU_ASSERT_EQUAL(files(d), 5);
	bytes = wal_bytes(w);
	CU_ASSERT_EQUAL(wal_drop(w, 4, NULL), 0); /* 3..4 holds 4 */
	CU_ASSERT_EQUAL(files(d), 4);
	CU_ASSERT_TRUE(wal_bytes(w) < bytes);
	CU_ASSERT_EQUAL(wal_drop(w, 100, NULL), 0);
	CU_ASSERT_EQUAL(files(d), 1); /* never the current one */
	CU_ASSERT_EQUAL(wal_bytes(w), WAL_HEAD_BYTES);
	add_synced(w, 3);
	CU_ASSERT_EQUAL(wal_read(d, 9, NULL, NULL, &rep, NULL), 0);
	CU_ASSERT_TRUE(rep.first == 9 && rep.last == 11);
	CU_ASSERT_EQUAL(wal_read(d, 8, NULL, NULL, &rep, NULL), -ENOENT);
	wal_close(w);
	w = open_at(d, 12, 1 << 16);
	CU_ASSERT_EQUAL(wal_drop(w, 12, NULL), 0); /* those of an earlier life too */
	CU_ASSERT_EQUAL(files(d), 1);
	wal_close(w);
	d->ops->close(d);
}

struct sizes {
	unsigned n, wrong;
};

static int check_size(void *arg, const struct wal_record *r)
{
	struct sizes *s = arg;
	size_t want = (size_t)((r->entry * 7919) % 5000);
	s->wrong += r->len != want;
	for (size_t i = 0; i < r->len && i < want; i++)
		s->wrong += r->payload[i] != (uint8_t)(i + r->entry);
	s->n++;
	return 0;
}

static void records_larger_than_a_file(void)
{
	struct rk_dir *d = mem();
	struct wal *w = open_at(d, 1, 512);
	static uint8_t p[5000];
	uint64_t e = 0;
	struct sizes s = {0};
	for (uint64_t k = 1; k <= 60; k++) {
		size_t n = (size_t)((k * 7919) % 5000);
		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)(i + k);
		CU_ASSERT_EQUAL(wal_append(w, 3, &(struct iovec){p, n}, 1, &e, NULL), 0);
	}
	CU_ASSERT_EQUAL(wal_sync(w, e, NULL), 0);
	CU_ASSERT_EQUAL(wal_read(d, 0, check_size, &s, NULL, NULL), 0);
	CU_ASSERT_TRUE(s.n == 60 && s.wrong == 0);
	wal_close(w);
	d->ops->close(d);
}

/* ---- groups, counted on a disk that counts ---- */

static struct rk_dir_ops slow_ops;
static const struct rk_dir_ops *real_ops;
static atomic_uint log_syncs;

static int slow_sync(struct rk_log *l, struct rk_err *err)
{
	atomic_fetch_add(&log_syncs, 1);
	struct timespec t = {.tv_nsec = 300000};
	nanosleep(&t, NULL);
	return real_ops->log_sync(l, err);
}

struct crowd {
	struct wal *w;
	pthread_mutex_t writer;
	atomic_uint undurable;
};

enum { WRITERS = 8, EACH = 40 };

static void *write_and_wait(void *arg)
{
	struct crowd *c = arg;
	for (int i = 0; i < EACH; i++) {
		uint64_t e = 0;
		pthread_mutex_lock(&c->writer);
		int rc = add(c->w, &e);
		pthread_mutex_unlock(&c->writer);
		if (rc < 0 || wal_sync(c->w, e, NULL) < 0 || wal_durable(c->w) < e)
			atomic_fetch_add(&c->undurable, 1);
	}
	return NULL;
}

static void groups_share_a_sync(void)
{
	struct rk_dir *d = mem();
	real_ops = d->ops;
	slow_ops = *d->ops;
	slow_ops.log_sync = slow_sync;
	d->ops = &slow_ops;
	atomic_store(&log_syncs, 0);
	struct crowd c = {.w = open_at(d, 1, 1 << 14), .writer = PTHREAD_MUTEX_INITIALIZER};
	CU_ASSERT_EQUAL(log_syncs, 0);
	add_synced(c.w, 1);
	CU_ASSERT_EQUAL(log_syncs, 1); /* a serial writer: one each */
	add_synced(c.w, 1);
	CU_ASSERT_EQUAL(log_syncs, 2);
	CU_ASSERT_EQUAL(wal_sync(c.w, 2, NULL), 0);
	CU_ASSERT_EQUAL(log_syncs, 2); /* nothing to do */
	pthread_t t[WRITERS];
	for (int i = 0; i < WRITERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, write_and_wait, &c), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	unsigned n = log_syncs - 2;
	CU_ASSERT_EQUAL(c.undurable, 0);
	CU_ASSERT_EQUAL(wal_durable(c.w), 2 + WRITERS * EACH);
	CU_ASSERT_EQUAL(wal_syncs(c.w), log_syncs);
	CU_ASSERT_TRUE(n >= EACH && n <= WRITERS * EACH / 2); /* far fewer than one each */
	struct seen s = {0};
	CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, NULL, NULL), 0);
	CU_ASSERT_TRUE(s.n == 2 + WRITERS * EACH && s.wrong == 0);
	wal_close(c.w);
	d->ops = real_ops;
	d->ops->close(d);
}

/* ---- the latch ---- */

static atomic_int sync_error, append_error;

static int failing_sync(struct rk_log *l, struct rk_err *err)
{
	struct timespec t = {.tv_nsec = 20000000};
	int e = atomic_load(&sync_error);
	if (!e)
		return real_ops->log_sync(l, err);
	nanosleep(&t, NULL); /* so that others queue behind */
	return rk_fail(err, -e, "the disk is gone");
}

static int failing_append(struct rk_log *l, const void *p, size_t n, struct rk_err *err)
{
	int e = atomic_load(&append_error);
	return e ? rk_fail(err, -e, "no writing") : real_ops->log_append(l, p, n, err);
}

struct waiter {
	struct wal *w;
	uint64_t entry;
	int rc;
};

static void *wait_sync(void *arg)
{
	struct waiter *x = arg;
	x->rc = wal_sync(x->w, x->entry, NULL);
	return NULL;
}

static struct rk_dir *failing(void)
{
	struct rk_dir *d = mem();
	real_ops = d->ops;
	slow_ops = *d->ops;
	slow_ops.log_sync = failing_sync;
	slow_ops.log_append = failing_append;
	d->ops = &slow_ops;
	atomic_store(&sync_error, 0);
	atomic_store(&append_error, 0);
	return d;
}

static void a_failed_sync_latches(void)
{
	struct rk_dir *d = failing();
	struct wal *w = open_at(d, 1, 1 << 14);
	struct waiter x[4];
	pthread_t t[4];
	uint64_t e = 0;
	add_synced(w, 2);
	atomic_store(&sync_error, EIO);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(add(w, &e), 0);
		x[i] = (struct waiter){.w = w, .entry = e};
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, wait_sync, &x[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		CU_ASSERT_TRUE(x[i].rc == -EIO || x[i].rc == -EROFS); /* EROFS: it came after the failure */
	}
	CU_ASSERT_EQUAL(x[0].rc, -EIO);
	atomic_store(&sync_error, 0); /* the disk seems well again: nobody may believe it */
	CU_ASSERT_TRUE(wal_latched(w));
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL(wal_sync(w, e, &err), -EROFS);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "the disk is gone"));
	CU_ASSERT_EQUAL(wal_sync(w, 2, NULL), 0); /* that one is durable */
	CU_ASSERT_EQUAL(add(w, &e), -EROFS);
	CU_ASSERT_EQUAL(wal_rotate(w, NULL, NULL), -EROFS);
	CU_ASSERT_EQUAL(wal_clean(w, NULL), -EROFS);
	CU_ASSERT_EQUAL(wal_durable(w), 2);
	wal_close(w);
	struct seen s = {0};
	struct wal_report rep;
	CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, &rep, NULL), 0);
	CU_ASSERT_FALSE(rep.clean);
	w = open_at(d, rep.last + 1, 1 << 14); /* only a restart releases it */
	add_synced(w, 1);
	wal_close(w);
	d->ops = real_ops;
	d->ops->close(d);
}

static void a_failed_write_latches_but_a_full_disk_heals(void)
{
	static const struct {
		int error, rc;
		bool latched;
	} cases[] = {{EIO, -EIO, true}, {ENOSPC, -ENOSPC, false}, {EDQUOT, -EDQUOT, false}, {EROFS, -EROFS, true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rk_dir *d = failing();
		struct wal *w = open_at(d, 1, 1 << 14);
		uint64_t e = 0;
		add_synced(w, 2);
		atomic_store(&append_error, cases[i].error);
		CU_ASSERT_EQUAL(add(w, &e), cases[i].rc);
		CU_ASSERT_EQUAL(wal_latched(w), cases[i].latched);
		atomic_store(&append_error, 0);
		CU_ASSERT_EQUAL(add(w, &e), cases[i].latched ? -EROFS : 0);
		if (!cases[i].latched) {
			CU_ASSERT_EQUAL(e, 3); /* the same number, at the same place */
			CU_ASSERT_EQUAL(wal_sync(w, e, NULL), 0);
		}
		wal_close(w);
		struct seen s = {0};
		CU_ASSERT_EQUAL(wal_read(d, 0, check_record, &s, NULL, NULL), 0);
		CU_ASSERT_TRUE(s.n == (cases[i].latched ? 2 : 3) && s.wrong == 0);
		d->ops = real_ops;
		d->ops->close(d);
	}
}

/* ---- a reader beside the writer ---- */

struct live {
	struct rk_dir *d;
	atomic_ulong acked;
	atomic_bool stop;
	atomic_uint wrong, reads;
};

static void *read_live(void *arg)
{
	struct live *l = arg;
	while (!atomic_load(&l->stop)) {
		struct seen s = {0};
		struct rk_err err = {{0}};
		uint64_t acked = atomic_load(&l->acked);
		int rc = wal_read(l->d, 0, check_record, &s, NULL, &err);
		if (rc < 0 || s.wrong || s.n < acked) {
			if (atomic_fetch_add(&l->wrong, 1) < 3)
				printf("# rc %d, %" PRIu64 " read, %" PRIu64 " acknowledged: %s\n", rc, s.n, acked, err.msg);
		}
		atomic_fetch_add(&l->reads, 1);
	}
	return NULL;
}

static void a_reader_of_a_growing_log_sees_a_prefix(void)
{
	struct live l = {.d = mem()};
	struct wal *w = open_at(l.d, 1, 8192);
	pthread_t t;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, read_live, &l), 0);
	for (int i = 0; i < 3000 || (i < 100000 && atomic_load(&l.reads) < 20); i++) {
		uint64_t e = 0;
		if (add(w, &e) < 0 || wal_sync(w, e, NULL) < 0)
			CU_FAIL_FATAL("append");
		atomic_store(&l.acked, e);
		if (i % 300 == 299)
			CU_ASSERT_EQUAL(wal_rotate(w, NULL, NULL), 0);
		if (i % 170 == 169) { /* as after SIGKILL: the last file is written anew under the reader's eyes */
			uint64_t next = wal_next(w);
			wal_close(w);
			w = open_at(l.d, next, 8192);
		}
	}
	atomic_store(&l.stop, true);
	pthread_join(t, NULL);
	CU_ASSERT_EQUAL(l.wrong, 0);
	CU_ASSERT_TRUE(l.reads >= 5);
	wal_close(w);
	l.d->ops->close(l.d);
}

static const struct tap_test tests[] = {
	{"round trip over many files, from any entry", round_trip},
	{"an empty log reads as nothing and is taken over", nothing_there_is_nothing_read},
	{"every flipped bit: rot named, tail cut", every_flipped_bit_is_judged_right},
	{"every zeroed piece: rot named, tail cut", every_zeroed_piece_is_judged_right},
	{"every truncation, every missing file is found", every_truncation_is_found},
	{"a clean end is held to", a_clean_end_is_held_to},
	{"bytes of another log never count", bytes_of_another_log_never_count},
	{"records out of place are found", records_out_of_place_are_found},
	{"padding is zero", padding_is_zero},
	{"a clean marker vouches for what is before it", a_marker_vouches_for_what_is_before_it},
	{"another version is refused, both named", another_version_is_refused},
	{"a cut tail stays cut, life after life", a_cut_tail_stays_cut},
	{"opening checks its place", opening_checks_its_place},
	{"rotate and drop", rotating_and_dropping},
	{"records larger than a file", records_larger_than_a_file},
	{"groups share a sync", groups_share_a_sync},
	{"a failed sync latches", a_failed_sync_latches},
	{"a failed write latches, a full disk heals", a_failed_write_latches_but_a_full_disk_heals},
	{"a reader of a growing log sees a prefix", a_reader_of_a_growing_log_sees_a_prefix},
};

TAP_MAIN(tests)
