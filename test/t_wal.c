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

static const struct tap_test tests[] = {
	{"round trip over many files, from any entry", round_trip},
	{"an empty log reads as nothing and is taken over", nothing_there_is_nothing_read},
};

TAP_MAIN(tests)
