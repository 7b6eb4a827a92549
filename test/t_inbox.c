/* t_inbox.c - incoming/ without a mount: what each tool's sequence of calls leaves behind, and what a random history leaves, over flush, merge, reopen. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/model.h"
#include "test/tap.h"

static struct rk_dir *dir;

static struct index *reopen(struct index *ix, struct index_options o)
{
	struct rk_err err = {{0}};
	if (ix)
		CU_ASSERT_EQUAL(index_close(ix, &err), 0);
	o.foreground = true;
	int rc = index_open(dir, &o, &ix, &err);
	if (rc < 0)
		printf("# %s\n", err.msg);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return ix;
}

static struct index *fresh(struct index_options o)
{
	struct index_params p = {.analyzer = {.language = "en", .fold = true}};
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&dir, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(index_init(dir, &p, NULL), 0);
	return reopen(NULL, o);
}

static void end(struct index *ix)
{
	CU_ASSERT_EQUAL(index_close(ix, NULL), 0);
	dir->ops->close(dir);
}

/* The content of a document as queries see it; NULL: none. */
static const char *doc(struct index *ix, const char *id)
{
	static char text[4096];
	struct snapshot *s;
	const struct leaf *leaf;
	docid_t n;
	struct rk_buf buf = {0};
	struct rk_doc d;
	const char *ret = NULL;
	CU_ASSERT_EQUAL_FATAL(index_snapshot(ix, &s, NULL), 0);
	if (snapshot_find(s, id, strlen(id), false, &leaf, &n) == 1 && leaf_doc(leaf, n, &buf, &d, NULL) >= 0) {
		snprintf(text, sizeof(text), "%.*s", (int)d.content_len, (const char *)d.content);
		ret = text;
	}
	rk_buf_done(&buf);
	snapshot_unref(s);
	return ret;
}

#define IS(ix, id, want) do { const char *g_ = doc(ix, id); CU_ASSERT_PTR_NOT_NULL(g_); if (g_) CU_ASSERT_STRING_EQUAL(g_, want); } while (0)
#define GONE(ix, id) CU_ASSERT_PTR_NULL(doc(ix, id))
enum { NEW = O_WRONLY | O_CREAT | O_TRUNC };

static struct infile *opened(struct index *ix, const char *path, int flags)
{
	struct infile *h = NULL;
	CU_ASSERT_EQUAL_FATAL(inbox_open(ix, path, strlen(path), flags, 0644, 0, 0, &h, NULL), 0);
	return h;
}

static void echo_costs_one_sync(void)
{
	struct index *ix = fresh((struct index_options){0});
	struct index_status a, b;
	for (int i = 0; i < 5; i++) {
		index_get_status(ix, &a);
		CU_ASSERT_EQUAL(model_write_file(ix, "a", NEW, "hello", 1, NULL), 0);
		index_get_status(ix, &b);
		CU_ASSERT_EQUAL(b.syncs - a.syncs, 1);
		IS(ix, "a", "hello");
	}
	end(ix);
}

static void old_version_until_close(void)
{
	struct index *ix = fresh((struct index_options){0});
	model_write_file(ix, "a", NEW, "old", 1, NULL);
	struct infile *h = opened(ix, "a", NEW);
	IS(ix, "a", "old");
	CU_ASSERT_EQUAL(infile_flush(h, NULL), 0);
	IS(ix, "a", "old");
	CU_ASSERT_EQUAL(infile_write(h, 0, "new", 3, true, false, NULL), 3);
	IS(ix, "a", "old");
	CU_ASSERT_EQUAL(infile_flush(h, NULL), 0);
	IS(ix, "a", "new");
	CU_ASSERT_EQUAL(infile_write(h, 3, "er", 2, true, false, NULL), 2); /* { cat a; cat b; } > f */
	IS(ix, "a", "new");
	CU_ASSERT_EQUAL(infile_flush(h, NULL), 0);
	infile_release(h, false);
	IS(ix, "a", "newer");
	/* : > a makes it empty, and an empty file is no document. */
	h = opened(ix, "a", NEW);
	infile_flush(h, NULL);
	IS(ix, "a", "newer");
	infile_release(h, false);
	GONE(ix, "a");
	ix = reopen(ix, (struct index_options){0});
	GONE(ix, "a");
	end(ix);
}

static void appends_index_once(void)
{
	struct index *ix = fresh((struct index_options){0});
	struct index_status st;
	for (int i = 0; i < 10000; i++)
		CU_ASSERT_EQUAL_FATAL(model_write_file(ix, "log", O_WRONLY | O_CREAT | O_APPEND, "x ", 1, NULL), 0);
	CU_ASSERT_EQUAL((strlen(doc(ix, "log")) + 1) / 2 >= 2047, 1);
	index_get_status(ix, &st);
	CU_ASSERT_TRUE(st.puts < 20);
	CU_ASSERT_TRUE(st.wal_bytes < 64u << 20);
	struct in_attr a;
	CU_ASSERT_EQUAL(inbox_stat(ix, "log", 3, &a), 0);
	CU_ASSERT_EQUAL(a.size, 20000);
	end(ix);
}

static void too_large_leaves_the_old(void)
{
	struct index *ix = fresh((struct index_options){.max_document = 1000});
	model_write_file(ix, "a", NEW, "old", 1, NULL);
	char big[1001];
	memset(big, 'x', sizeof(big));
	struct infile *h = opened(ix, "a", NEW);
	CU_ASSERT_EQUAL(infile_write(h, 0, big, 600, false, false, NULL), 600);
	CU_ASSERT_EQUAL(infile_write(h, 600, big, 401, true, false, NULL), -EFBIG);
	CU_ASSERT_EQUAL(infile_write(h, 600, big, 1, true, false, NULL), -EFBIG); /* and again: a tool that tries once more prints the same reason */
	CU_ASSERT_EQUAL(infile_flush(h, NULL), 0);
	infile_release(h, false);
	IS(ix, "a", "old");
	h = opened(ix, "b", NEW);
	CU_ASSERT_EQUAL(infile_write(h, 0, big, 1000, true, false, NULL), 1000); /* exactly the limit */
	infile_flush(h, NULL);
	infile_release(h, false);
	CU_ASSERT_PTR_NOT_NULL(doc(ix, "b"));
	h = opened(ix, "c", NEW);
	CU_ASSERT_EQUAL(infile_write(h, 0, big, 1001, true, false, NULL), -EFBIG);
	infile_release(h, false);
	GONE(ix, "c");
	struct in_attr at;
	CU_ASSERT_EQUAL(inbox_stat(ix, "c", 1, &at), -ENOENT);
	ix = reopen(ix, (struct index_options){.max_document = 1000});
	IS(ix, "a", "old");
	GONE(ix, "c");
	end(ix);
}

static void staged_until_renamed(void)
{
	struct index *ix = fresh((struct index_options){0});
	model_write_file(ix, ".f.Xa1", NEW, "text", 1, NULL);
	GONE(ix, ".f.Xa1");
	ix = reopen(ix, (struct index_options){0});
	struct in_attr a;
	CU_ASSERT_EQUAL(inbox_stat(ix, ".f.Xa1", 6, &a), 0);
	CU_ASSERT_TRUE(a.staged && a.size == 4);
	CU_ASSERT_EQUAL(inbox_rename(ix, ".f.Xa1", 6, "f", 1, false, NULL), 0);
	IS(ix, "f", "text");
	CU_ASSERT_EQUAL(inbox_stat(ix, ".f.Xa1", 6, &a), -ENOENT);
	model_write_file(ix, "g", NEW, "other", 1, NULL);
	CU_ASSERT_EQUAL(inbox_rename(ix, "g", 1, "f", 1, true, NULL), -EEXIST);
	CU_ASSERT_EQUAL(inbox_rename(ix, "g", 1, "f", 1, false, NULL), 0);
	IS(ix, "f", "other");
	GONE(ix, "g");
	ix = reopen(ix, (struct index_options){0});
	IS(ix, "f", "other");
	GONE(ix, "g");
	end(ix);
}

static void streams(void)
{
	struct index *ix = fresh((struct index_options){0});
	struct infile *h = opened(ix, "x.jsonl", NEW);
	static const char good[] = "{\"id\":\"1\",\"text\":\"one\"}\n{\"id\":2,\"title\":\"t\",\"text\":\"two\"}\n{\"id\":\"3\",\"te";
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL(infile_write(h, 0, good, sizeof(good) - 1, true, false, NULL), (int64_t)sizeof(good) - 1);
	IS(ix, "1", "one");
	IS(ix, "2", "two");
	GONE(ix, "3");
	CU_ASSERT_EQUAL(infile_flush(h, NULL), 0);
	GONE(ix, "3");
	static const char more[] = "xt\":\"three\"}\nnonsense\n{\"delete\":\"1\"}\n{\"id\":\"4\",\"text\":\"four\"}";
	CU_ASSERT_EQUAL(infile_write(h, sizeof(good) - 1, more, sizeof(more) - 1, true, false, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "line 4"));
	IS(ix, "3", "three");
	GONE(ix, "1");
	GONE(ix, "4");
	CU_ASSERT_EQUAL(infile_flush(h, NULL), 0); /* a whole object as it stands */
	IS(ix, "4", "four");
	infile_release(h, false);
	struct rk_buf e = {0};
	index_errors_text(ix, &e);
	rk_buf_u8(&e, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)e.data, "jsonl\tx.jsonl\tline 4: "));
	rk_buf_done(&e);
	GONE(ix, "x.jsonl");
	ix = reopen(ix, (struct index_options){0});
	GONE(ix, "1");
	IS(ix, "3", "three");
	IS(ix, "4", "four");
	/* A staged file that gets a stream's name. */
	model_write_file(ix, ".y.jsonl.Q", NEW, "{\"id\":\"5\",\"text\":\"five\"}\n", 1, NULL);
	CU_ASSERT_EQUAL(inbox_rename(ix, ".y.jsonl.Q", 10, "y.jsonl", 7, false, NULL), 0);
	IS(ix, "5", "five");
	GONE(ix, "y.jsonl");
	end(ix);
}

static int collect(void *arg, const char *name, const struct in_attr *a)
{
	rk_buf_printf(arg, "%s%s ", name, a->is_dir ? "/" : "");
	return 0;
}

static void listing(void)
{
	struct index *ix = fresh((struct index_options){0});
	CU_ASSERT_EQUAL(inbox_mkdir(ix, "a", 1, 0755, 0, 0, NULL), 0);
	CU_ASSERT_EQUAL(inbox_mkdir(ix, "a", 1, 0755, 0, 0, NULL), -EEXIST);
	CU_ASSERT_EQUAL(inbox_mkdir(ix, "no/b", 4, 0755, 0, 0, NULL), -ENOENT);
	model_write_file(ix, "a/x", NEW, "1", 1, NULL);
	model_write_file(ix, "a/y", NEW, "1", 1, NULL);
	model_write_file(ix, "a.txt", NEW, "1", 1, NULL);
	model_write_file(ix, "b", NEW, "1", 1, NULL);
	struct rk_buf b = {0};
	inbox_list(ix, "", 0, "", collect, &b);
	rk_buf_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL((char *)b.data, "a/ a.txt b ");
	b.len = 0;
	inbox_list(ix, "", 0, "a", collect, &b);
	rk_buf_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL((char *)b.data, "a.txt b ");
	b.len = 0;
	inbox_list(ix, "a", 1, "x", collect, &b);
	rk_buf_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL((char *)b.data, "y ");
	rk_buf_done(&b);
	CU_ASSERT_EQUAL(inbox_rmdir(ix, "a", 1, NULL), -ENOTEMPTY);
	CU_ASSERT_EQUAL(inbox_unlink(ix, "a/x", 3, NULL), 0);
	CU_ASSERT_EQUAL(inbox_unlink(ix, "a/y", 3, NULL), 0);
	CU_ASSERT_EQUAL(inbox_rmdir(ix, "a", 1, NULL), 0);
	GONE(ix, "a/x");
	/* A folder renamed takes its documents along. */
	inbox_mkdir(ix, "d", 1, 0755, 0, 0, NULL);
	model_write_file(ix, "d/1", NEW, "one", 1, NULL);
	CU_ASSERT_EQUAL(index_flush(ix, NULL), 0);
	model_write_file(ix, "d/2", NEW, "two", 1, NULL);
	CU_ASSERT_EQUAL(inbox_rename(ix, "d", 1, "e", 1, false, NULL), 0);
	IS(ix, "e/1", "one");
	IS(ix, "e/2", "two");
	GONE(ix, "d/1");
	end(ix);
}

static void unlisted_are_found(void)
{
	struct index *ix = fresh((struct index_options){.linger_s = UINT_MAX});
	inbox_mkdir(ix, "n", 1, 0755, 0, 0, NULL);
	model_write_file(ix, "n/a", NEW, "one", 1, NULL);
	CU_ASSERT_EQUAL(index_flush(ix, NULL), 0);
	ix = reopen(ix, (struct index_options){.linger_s = UINT_MAX});
	struct in_attr a;
	CU_ASSERT_EQUAL(inbox_stat(ix, "n/a", 3, &a), 0);
	CU_ASSERT_EQUAL(a.size, 3);
	CU_ASSERT_EQUAL(inbox_stat(ix, "n", 1, &a), 0);
	CU_ASSERT_TRUE(a.is_dir);
	CU_ASSERT_EQUAL(model_write_file(ix, "n/a", O_WRONLY | O_APPEND, " two", 1, NULL), 0);
	IS(ix, "n/a", "one two");
	CU_ASSERT_EQUAL(inbox_unlink(ix, "n/a", 3, NULL), 0);
	GONE(ix, "n/a");
	CU_ASSERT_EQUAL(inbox_stat(ix, "n", 1, &a), -ENOENT);
	end(ix);
}

static void interrupted_is_marked(void)
{
	struct index *ix = fresh((struct index_options){0});
	struct infile *h = opened(ix, "a", NEW);
	CU_ASSERT_EQUAL(infile_write(h, 0, "half", 4, true, false, NULL), 4);
	infile_flush(h, NULL);
	infile_release(h, true);
	IS(ix, "a", "half");
	struct snapshot *s;
	const struct leaf *leaf;
	docid_t n;
	struct seg_doc_stat st;
	index_snapshot(ix, &s, NULL);
	CU_ASSERT_EQUAL(snapshot_find(s, "a", 1, false, &leaf, &n), 1);
	CU_ASSERT_EQUAL(leaf_doc_stat(leaf, n, &st), 0);
	CU_ASSERT_TRUE(st.flags & DOC_INTERRUPTED);
	snapshot_unref(s);
	end(ix);
}

static void history(uint64_t seed, struct index_options o)
{
	struct index *ix = fresh(o);
	struct model m;
	char words[512] = "";
	model_init(&m, seed);
	for (int i = 0; i < 1500; i++) {
		int rc = model_step(&m, ix);
		CU_ASSERT_EQUAL_FATAL(rc, 0);
		uint32_t dice = model_rand(&m, 100);
		if (dice < 4)
			CU_ASSERT_EQUAL(index_flush(ix, NULL), 0);
		if (dice == 4)
			CU_ASSERT_EQUAL(index_merge(ix, 1 + model_rand(&m, 3), NULL), 0);
		if (dice == 5)
			ix = reopen(ix, o);
		if (dice < 20 && model_compare(&m, ix, words) < 0) {
			printf("# seed %llu, operation %d: %s\n", (unsigned long long)seed, i, words);
			CU_FAIL("the index differs from the model");
			break;
		}
	}
	ix = reopen(ix, o);
	CU_ASSERT_EQUAL(model_compare(&m, ix, words), 0);
	model_done(&m);
	end(ix);
}

static void histories(void)
{
	for (uint64_t seed = 1; seed <= 6; seed++)
		history(seed, (struct index_options){.linger_s = seed % 2 ? UINT_MAX : 60});
}

static void print_finding(void *arg, const char *invariant, const char *words)
{
	(void)arg;
	printf("# %s: %s\n", invariant, words);
}

static void check_is_clean(void)
{
	struct index *ix = fresh((struct index_options){0});
	struct model m;
	model_init(&m, 99);
	for (int i = 0; i < 300; i++) {
		CU_ASSERT_EQUAL_FATAL(model_step(&m, ix), 0);
		if (i % 70 == 69)
			index_flush(ix, NULL);
	}
	index_close(ix, NULL);
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL(index_check(dir, true, print_finding, NULL, &err), 0);
	model_done(&m);
	dir->ops->close(dir);
}

static void reader_follows(void)
{
	struct index *w = fresh((struct index_options){0}), *r, *second;
	struct rk_err err = {{0}};
	model_write_file(w, "a", NEW, "one", 1, NULL);
	struct index_options ro = {.read_only = true};
	CU_ASSERT_EQUAL_FATAL(index_open(dir, &ro, &r, &err), 0);
	IS(r, "a", "one");
	CU_ASSERT_EQUAL(index_open(dir, &(struct index_options){.foreground = true}, &second, &err), -EAGAIN);
	struct infile *h;
	CU_ASSERT_EQUAL(inbox_open(r, "z", 1, NEW, 0644, 0, 0, &h, NULL), -EROFS);
	for (int i = 0; i < 5; i++) {
		char text[32];
		snprintf(text, sizeof(text), "version %d", i);
		model_write_file(w, "a", NEW, text, 1, NULL);
		if (i % 2)
			index_flush(w, NULL);
		struct timespec t = {.tv_nsec = 30000000};
		nanosleep(&t, NULL); /* a reader looks every 20 ms */
		IS(r, "a", text);
	}
	index_close(r, NULL);
	end(w);
}

static const struct tap_test tests[] = {
	{"echo: visible at once, one sync", echo_costs_one_sync},
	{"the old version stays until close, an emptied file goes", old_version_until_close},
	{"ten thousand appends are indexed a few times", appends_index_once},
	{"a document over the limit is refused at the write, the old stays whole", too_large_leaves_the_old},
	{"staged names wait for their rename", staged_until_renamed},
	{"streams: lines count when complete, bad ones fail their write", streams},
	{"listings in order, folders, rename of a folder", listing},
	{"documents that are listed no more are found, appended to, removed", unlisted_are_found},
	{"a killed writer's document is marked", interrupted_is_marked},
	{"random histories over flush, merge, reopen equal a plain map", histories},
	{"check --deep is clean after a history", check_is_clean},
	{"a read-only handle follows; a second writer is refused", reader_follows},
};

TAP_MAIN(tests)
