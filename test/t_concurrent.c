/* t_concurrent.c - many writers and readers on one index with its background thread: read-your-writes, one snapshot is one state, group commit. Made to be
 * run under ThreadSanitizer. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "test/model.h"
#include "test/tap.h"

enum { WRITERS = 4, READERS = 2, ROUNDS = 150 };

static struct index *ix;
static _Atomic bool stop;
static _Atomic unsigned wrong;

static bool content_is(struct snapshot *s, const char *id, const char *want)
{
	const struct leaf *leaf;
	docid_t n;
	struct rk_buf buf = {0};
	struct rk_doc d;
	bool same = snapshot_find(s, id, strlen(id), false, &leaf, &n) == 1 && leaf_doc(leaf, n, &buf, &d, NULL) >= 0 &&
		    d.content_len == strlen(want) && memcmp(d.content, want, d.content_len) == 0;
	rk_buf_done(&buf);
	return same;
}

/* Two documents that always get the same number, one after the other: a snapshot may see the first one ahead by one, never behind. */
static void *writer(void *arg)
{
	unsigned w = (unsigned)(uintptr_t)arg;
	char a[32], b[32], text[64];
	snprintf(a, sizeof(a), "a%u", w);
	snprintf(b, sizeof(b), "b%u", w);
	for (unsigned i = 1; i <= ROUNDS; i++) {
		struct snapshot *s;
		snprintf(text, sizeof(text), "number %u of writer %u", i, w);
		if (model_write_file(ix, a, O_WRONLY | O_CREAT | O_TRUNC, text, 1 + i % 2, NULL) < 0 || index_snapshot(ix, &s, NULL) < 0) {
			wrong++;
			break;
		}
		wrong += !content_is(s, a, text); /* its own write, at once */
		snapshot_unref(s);
		if (model_write_file(ix, b, O_WRONLY | O_CREAT | O_TRUNC, text, 1, NULL) < 0)
			wrong++;
		if (i % 40 == 0 && w == 0)
			wrong += index_flush(ix, NULL) < 0;
		if (i % 70 == 0 && w == 1)
			wrong += index_merge(ix, 1, NULL) < 0;
	}
	return NULL;
}

static unsigned number(struct snapshot *s, const char *id)
{
	const struct leaf *leaf;
	docid_t n;
	struct rk_buf buf = {0};
	struct rk_doc d;
	unsigned v = 0;
	char text[64] = "";
	if (snapshot_find(s, id, strlen(id), false, &leaf, &n) == 1 && leaf_doc(leaf, n, &buf, &d, NULL) >= 0) {
		snprintf(text, sizeof(text), "%.*s", (int)(d.content_len < 60 ? d.content_len : 60), (const char *)d.content);
		sscanf(text, "number %u", &v);
	}
	rk_buf_done(&buf);
	return v;
}

static void *reader(void *arg)
{
	(void)arg;
	while (!stop) {
		struct snapshot *s;
		if (index_snapshot(ix, &s, NULL) < 0) {
			wrong++;
			continue;
		}
		for (unsigned w = 0; w < WRITERS; w++) {
			char a[32], b[32];
			snprintf(a, sizeof(a), "a%u", w);
			snprintf(b, sizeof(b), "b%u", w);
			unsigned x = number(s, a), y = number(s, b), again = number(s, a);
			wrong += x < y || x > y + 1 || again != x;
		}
		snapshot_unref(s);
	}
	return NULL;
}

static void many_at_once(void)
{
	struct rk_dir *dir;
	struct index_params p = {.analyzer = {.language = "en", .fold = true}};
	struct index_options o = {.writer_buffer = 1 << 20, .wal_file = 64 << 10};
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&dir, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(index_init(dir, &p, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(index_open(dir, &o, &ix, NULL), 0);
	pthread_t t[WRITERS], r[READERS];
	for (uintptr_t w = 0; w < WRITERS; w++)
		pthread_create(&t[w], NULL, writer, (void *)w);
	for (unsigned i = 0; i < READERS; i++)
		pthread_create(&r[i], NULL, reader, NULL);
	for (unsigned w = 0; w < WRITERS; w++)
		pthread_join(t[w], NULL);
	stop = true;
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(r[i], NULL);
	CU_ASSERT_EQUAL(wrong, 0);
	struct snapshot *s;
	index_snapshot(ix, &s, NULL);
	CU_ASSERT_EQUAL(s->nlive, 2 * WRITERS);
	for (unsigned w = 0; w < WRITERS; w++) {
		char id[32];
		snprintf(id, sizeof(id), "b%u", w);
		CU_ASSERT_EQUAL(number(s, id), ROUNDS);
	}
	snapshot_unref(s);
	CU_ASSERT_EQUAL(index_close(ix, NULL), 0);
	dir->ops->close(dir);
}

static const struct tap_test tests[] = {
	{"writers see their own writes at once, readers one state each, over flush and merge", many_at_once},
};

TAP_MAIN(tests)
