/* t_dir.c - core/dir: one table of conformance tests that runs unchanged over every backend, and what only a real folder can show. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/dir/dir_sim.h"
#include "core/dir/directory.h"
#include "test/tap.h"

/* ---- backends ---- */

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static struct rk_dir *fs_open(void)
{
	struct rk_dir *d = NULL;
	strcpy(folder, "t_dir.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	CU_ASSERT_EQUAL_FATAL(dir_fs_open(folder, true, &d, NULL), 0);
	return d;
}

static void fs_close(struct rk_dir *d)
{
	d->ops->close(d);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct rk_dir *mem_open(void)
{
	struct rk_dir *d = NULL;
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&d, NULL), 0);
	return d;
}

static void plain_close(struct rk_dir *d)
{
	d->ops->close(d);
}

static struct sim *disk;

static struct rk_dir *sim_dir_open(void)
{
	struct rk_dir *d = NULL;
	CU_ASSERT_EQUAL_FATAL(sim_new(&disk), 0);
	CU_ASSERT_EQUAL_FATAL(sim_open(disk, &d, NULL), 0);
	return d;
}

static void sim_dir_close(struct rk_dir *d)
{
	d->ops->close(d);
	sim_free(disk);
}

/* ---- helpers ---- */

static int put(struct rk_dir *d, const char *name, const char *text)
{
	return dir_put_new(d, name, text, strlen(text), NULL);
}

static bool holds(struct rk_dir *d, const char *name, const void *p, size_t n)
{
	struct rk_buf b = {0};
	bool yes = dir_read_all(d, name, 1 << 24, &b, NULL) == 0 && b.len == n && (n == 0 || memcmp(b.data, p, n) == 0);
	rk_buf_done(&b);
	return yes;
}

static int add_name(void *arg, const char *name, uint64_t size)
{
	rk_buf_printf(arg, "%s:%llu ", name, (unsigned long long)size);
	return 0;
}

static bool lists(struct rk_dir *d, const char *prefix, const char *want)
{
	struct rk_buf b = {0};
	bool yes = d->ops->list(d, prefix, add_name, &b, NULL) == 0 && rk_buf_u8(&b, 0) == 0 && strcmp((char *)b.data, want) == 0;
	if (!yes)
		printf("# listed %s\n", (char *)b.data);
	rk_buf_done(&b);
	return yes;
}

/* ---- the conformance table ---- */

static void put_is_there_once(struct rk_dir *d)
{
	CU_ASSERT_EQUAL(put(d, "a/b/c", "one"), 0);
	CU_ASSERT_TRUE(holds(d, "a/b/c", "one", 3));
	struct rk_err e = {{0}};
	CU_ASSERT_EQUAL(dir_put_new(d, "a/b/c", "two", 3, &e), -EEXIST);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "a/b/c"));
	CU_ASSERT_TRUE(holds(d, "a/b/c", "one", 3));
	CU_ASSERT_EQUAL(put(d, "empty", ""), 0);
	CU_ASSERT_TRUE(holds(d, "empty", "", 0));
	CU_ASSERT_TRUE(lists(d, "", "a/b/c:3 empty:0 ")); /* and no temporaries */
}

static void put_is_invisible_until_commit(struct rk_dir *d)
{
	struct rk_put *p, *q;
	CU_ASSERT_EQUAL_FATAL(d->ops->put_begin(d, "x/y", &p, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(d->ops->put_begin(d, "x/y", &q, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->put_write(p, "abc", 3, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->put_write(q, "Q", 1, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->size(d, "x/y", NULL), -ENOENT);
	CU_ASSERT_EQUAL(d->ops->put_write(p, "def", 3, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->put_commit(p, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->put_commit(q, NULL), -EEXIST);
	CU_ASSERT_TRUE(holds(d, "x/y", "abcdef", 6));
	CU_ASSERT_EQUAL_FATAL(d->ops->put_begin(d, "x/z", &p, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->put_write(p, "abc", 3, NULL), 0);
	d->ops->put_abort(p);
	CU_ASSERT_TRUE(lists(d, "", "x/y:6 "));
}

static void put_of_many_sizes(struct rk_dir *d)
{
	static const size_t pieces[] = {1, 4095, 70000, 262143, 262144, 262145, 1, 600000, 7};
	struct rk_buf all = {0};
	struct rk_put *p;
	CU_ASSERT_EQUAL_FATAL(d->ops->put_begin(d, "big", &p, NULL), 0);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		size_t at = all.len;
		CU_ASSERT_EQUAL_FATAL(rk_buf_reserve(&all, pieces[i]), 0);
		for (size_t k = 0; k < pieces[i]; k++)
			all.data[all.len++] = (uint8_t)(at * 31 + k * 7 + i);
		CU_ASSERT_EQUAL(d->ops->put_write(p, all.data + at, pieces[i], NULL), 0);
	}
	CU_ASSERT_EQUAL(d->ops->put_commit(p, NULL), 0);
	CU_ASSERT_TRUE(holds(d, "big", all.data, all.len));
	uint8_t part[100];
	CU_ASSERT_EQUAL(d->ops->read(d, "big", 4090, part, 100, NULL), 100);
	CU_ASSERT_EQUAL(memcmp(part, all.data + 4090, 100), 0);
	CU_ASSERT_EQUAL(d->ops->read(d, "big", all.len - 10, part, 100, NULL), 10);
	CU_ASSERT_EQUAL(d->ops->read(d, "big", all.len + 10, part, 100, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->read(d, "big", UINT64_MAX, part, 100, NULL), 0);
	CU_ASSERT_EQUAL(dir_read_all(d, "big", 1000, &(struct rk_buf){0}, NULL), -EFBIG);
	rk_buf_done(&all);
}

static void names_are_checked(struct rk_dir *d)
{
	static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a b", "a\n", "\xc3\xa4", "a\\b", "*"};
	struct rk_put *p;
	struct rk_log *l;
	struct rk_map m;
	struct rk_lease *s;
	char longest[1000];
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CU_ASSERT_EQUAL(d->ops->put_begin(d, longest, &p, NULL), -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CU_ASSERT_EQUAL(d->ops->put_begin(d, bad[i], &p, NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->log_create(d, bad[i], 10, "", 0, false, &l, NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->cas(d, bad[i], 0, "12345678", 8, NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->map(d, bad[i], &m, NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->size(d, bad[i], NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->read(d, bad[i], 0, longest, 1, NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->remove(d, bad[i], NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->lease_take(d, bad[i], RK_LEASE_SHARED, "", &s, NULL), -EINVAL);
		CU_ASSERT_EQUAL(d->ops->watch(d, bad[i], 0), -EINVAL);
	}
	CU_ASSERT_EQUAL(put(d, "..a/-b_.c/0", "x"), 0);
	CU_ASSERT_TRUE(lists(d, "", "..a/-b_.c/0:1 "));
}

static void absent_is_enoent(struct rk_dir *d)
{
	struct rk_map m;
	struct rk_err e = {{0}};
	char c;
	CU_ASSERT_EQUAL(d->ops->map(d, "no", &m, &e), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "no"));
	CU_ASSERT_EQUAL(d->ops->size(d, "no/no", NULL), -ENOENT);
	CU_ASSERT_EQUAL(d->ops->read(d, "no", 0, &c, 1, NULL), -ENOENT);
	CU_ASSERT_EQUAL(d->ops->remove(d, "no", NULL), -ENOENT);
	CU_ASSERT_EQUAL(d->ops->remove(d, "no/no", NULL), -ENOENT);
	CU_ASSERT_TRUE(lists(d, "", ""));
	CU_ASSERT_TRUE(lists(d, "no/", ""));
}

static void list_is_in_byte_order(struct rk_dir *d)
{
	static const char *const names[] = {"b", "a/z", "a/b/c", "a-b", "a.b", "a0", "B", "a/b-c", "_"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		CU_ASSERT_EQUAL(put(d, names[i], "xy"), 0);
	CU_ASSERT_TRUE(lists(d, "", "B:2 _:2 a-b:2 a.b:2 a/b-c:2 a/b/c:2 a/z:2 a0:2 b:2 "));
	CU_ASSERT_TRUE(lists(d, "a/", "a/b-c:2 a/b/c:2 a/z:2 "));
	CU_ASSERT_TRUE(lists(d, "a/b/", "a/b/c:2 "));
	CU_ASSERT_TRUE(lists(d, "a/b", "a/b-c:2 a/b/c:2 "));
	CU_ASSERT_EQUAL(d->ops->list(d, "../", add_name, NULL, NULL), -EINVAL);
}

static int stop_at_second(void *arg, const char *name, uint64_t size)
{
	(void)name;
	(void)size;
	return ++*(int *)arg == 2 ? 42 : 0;
}

static void list_stops(struct rk_dir *d)
{
	int n = 0;
	for (char c = 'a'; c < 'f'; c++)
		put(d, (char[]){c, 0}, "");
	CU_ASSERT_EQUAL(d->ops->list(d, "", stop_at_second, &n, NULL), 42);
	CU_ASSERT_EQUAL(n, 2);
}

static void unfinished_put_lists_as_temporary(struct rk_dir *d)
{
	struct rk_put *p;
	struct rk_buf b = {0};
	CU_ASSERT_EQUAL_FATAL(d->ops->put_begin(d, "s/meta", &p, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->list(d, "", add_name, &b, NULL), 0);
	rk_buf_u8(&b, 0);
	CU_ASSERT_TRUE(b.len == 1 || strstr((char *)b.data, ".tmp:")); /* invisible, or known by its end */
	rk_buf_done(&b);
	d->ops->put_abort(p);
}

static void maps_outlive_removal(struct rk_dir *d)
{
	struct rk_map m, n;
	put(d, "m", "mapped bytes");
	CU_ASSERT_EQUAL_FATAL(d->ops->map(d, "m", &m, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(d->ops->map(d, "m", &n, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->remove(d, "m", NULL), 0);
	CU_ASSERT_EQUAL(d->ops->size(d, "m", NULL), -ENOENT);
	CU_ASSERT_EQUAL(m.len, 12);
	d->ops->unmap(d, &n);
	CU_ASSERT_EQUAL(memcmp(m.bytes, "mapped bytes", 12), 0);
	d->ops->unmap(d, &m);
	put(d, "e", "");
	CU_ASSERT_EQUAL(d->ops->map(d, "e", &m, NULL), 0);
	CU_ASSERT_EQUAL(m.len, 0);
	d->ops->unmap(d, &m);
}

static void log_grows_and_is_sealed(struct rk_dir *d)
{
	struct rk_log *l;
	uint8_t zero[4096] = {0};
	CU_ASSERT_EQUAL_FATAL(d->ops->log_create(d, "wal/1.log", 4096, "hel", 3, false, &l, NULL), 0);
	memcpy(zero, "hel", 3);
	CU_ASSERT_TRUE(holds(d, "wal/1.log", zero, 4096)); /* the head, preallocated, zero, visible */
	CU_ASSERT_EQUAL(l->end, 3);
	CU_ASSERT_EQUAL(d->ops->log_append(l, "lo ", 3, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->log_append(l, "world", 5, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->log_sync(l, NULL), 0);
	CU_ASSERT_EQUAL(l->end, 11);
	memcpy(zero, "hello world", 11);
	CU_ASSERT_TRUE(holds(d, "wal/1.log", zero, 4096));
	struct rk_map m;
	CU_ASSERT_EQUAL_FATAL(d->ops->map(d, "wal/1.log", &m, NULL), 0);
	CU_ASSERT_EQUAL(memcmp(m.bytes, "hello world", 12), 0);
	d->ops->unmap(d, &m);
	struct rk_log *again;
	CU_ASSERT_EQUAL(d->ops->log_create(d, "wal/1.log", 10, "", 0, false, &again, NULL), -EEXIST);
	CU_ASSERT_EQUAL(d->ops->log_seal(l, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->log_append(l, "x", 1, NULL), -EROFS);
	d->ops->log_close(l);
	CU_ASSERT_TRUE(holds(d, "wal/1.log", "hello world", 11));
}

static void log_grows_beyond_its_preallocation(struct rk_dir *d)
{
	struct rk_log *l;
	uint8_t b[3000], all[30000];
	CU_ASSERT_EQUAL_FATAL(d->ops->log_create(d, "l", 1000, "", 0, false, &l, NULL), 0);
	for (unsigned i = 0; i < 10; i++) {
		memset(b, (int)i + 1, sizeof(b));
		memcpy(all + i * sizeof(b), b, sizeof(b));
		CU_ASSERT_EQUAL(d->ops->log_append(l, b, sizeof(b), NULL), 0);
	}
	CU_ASSERT_EQUAL(d->ops->log_sync(l, NULL), 0);
	d->ops->log_close(l);
	CU_ASSERT_TRUE(holds(d, "l", all, sizeof(all)));
	CU_ASSERT_EQUAL(d->ops->remove(d, "l", NULL), 0);
	CU_ASSERT_EQUAL(d->ops->log_create(d, "l", 0, "", 0, false, &l, NULL), 0);
	d->ops->log_close(l);
	CU_ASSERT_TRUE(holds(d, "l", "", 0));
	CU_ASSERT_EQUAL(d->ops->log_create(d, "l", 0, "new", 3, true, &l, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->log_append(l, "er", 2, NULL), 0);
	d->ops->log_close(l);
	CU_ASSERT_TRUE(holds(d, "l", "newer", 5));
}

static void cas_switches_by_generation(struct rk_dir *d)
{
	uint8_t g[20] = "........generation";
	rk_put64(g, 5);
	CU_ASSERT_EQUAL(d->ops->cas(d, "m/now", 4, g, sizeof(g), NULL), -ESTALE);
	CU_ASSERT_EQUAL(d->ops->cas(d, "m/now", 0, g, sizeof(g), NULL), 0);
	CU_ASSERT_TRUE(holds(d, "m/now", g, sizeof(g)));
	rk_put64(g, 6);
	CU_ASSERT_EQUAL(d->ops->cas(d, "m/now", 0, g, sizeof(g), NULL), -ESTALE);
	CU_ASSERT_EQUAL(d->ops->cas(d, "m/now", 4, g, sizeof(g), NULL), -ESTALE);
	CU_ASSERT_EQUAL(d->ops->cas(d, "m/now", 6, g, sizeof(g), NULL), -EINVAL);
	struct rk_map m;
	CU_ASSERT_EQUAL_FATAL(d->ops->map(d, "m/now", &m, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->cas(d, "m/now", 5, g, 9, NULL), 0);
	CU_ASSERT_TRUE(holds(d, "m/now", g, 9));
	CU_ASSERT_TRUE(m.len == sizeof(g) && rk_get64(m.bytes) == 5); /* the old one stays for those who hold it */
	d->ops->unmap(d, &m);
	CU_ASSERT_TRUE(lists(d, "", "m/now:9 "));
}

static void removed_folders_come_back(struct rk_dir *d)
{
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(put(d, "s/1/meta", "x"), 0);
		CU_ASSERT_EQUAL(put(d, "s/1/store", "x"), 0);
		CU_ASSERT_EQUAL(d->ops->remove(d, "s/1/meta", NULL), 0);
		CU_ASSERT_TRUE(lists(d, "", "s/1/store:1 "));
		CU_ASSERT_EQUAL(d->ops->remove(d, "s/1/store", NULL), 0);
		CU_ASSERT_EQUAL(d->ops->remove(d, "s/1/store", NULL), -ENOENT);
	}
	CU_ASSERT_EQUAL(put(d, "s", "a file where a folder was"), 0);
}

static void leases_exclude(struct rk_dir *d)
{
	struct rk_lease *a, *b, *c;
	struct rk_err e = {{0}};
	CU_ASSERT_EQUAL_FATAL(d->ops->lease_take(d, "locks/w", RK_LEASE_EXCLUSIVE, "mount, pid 12", &a, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->lease_take(d, "locks/w", RK_LEASE_EXCLUSIVE, "other", &b, &e), -EAGAIN);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "mount, pid 12"));
	CU_ASSERT_EQUAL(d->ops->lease_take(d, "locks/w", RK_LEASE_SHARED, "other", &b, NULL), -EAGAIN);
	CU_ASSERT_EQUAL(d->ops->lease_take(d, "locks/v", RK_LEASE_EXCLUSIVE, "", &b, NULL), 0);
	d->ops->lease_drop(b);
	d->ops->lease_drop(a);
	CU_ASSERT_EQUAL_FATAL(d->ops->lease_take(d, "locks/w", RK_LEASE_SHARED, "r1", &a, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(d->ops->lease_take(d, "locks/w", RK_LEASE_SHARED, "r2", &b, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->lease_take(d, "locks/w", RK_LEASE_EXCLUSIVE, "", &c, NULL), -EAGAIN);
	d->ops->lease_drop(a);
	CU_ASSERT_EQUAL(d->ops->lease_take(d, "locks/w", RK_LEASE_EXCLUSIVE, "", &c, NULL), -EAGAIN);
	d->ops->lease_drop(b);
	CU_ASSERT_EQUAL_FATAL(d->ops->lease_take(d, "locks/w", RK_LEASE_EXCLUSIVE, "last", &c, NULL), 0);
	d->ops->lease_drop(c);
	CU_ASSERT_TRUE(holds(d, "locks/w", "last", 4));
}

static void *switch_later(void *arg)
{
	struct rk_dir *d = arg;
	uint8_t g[8];
	usleep(30000);
	rk_put64(g, 2);
	CU_ASSERT_EQUAL(d->ops->cas(d, "now", 1, g, 8, NULL), 0);
	return NULL;
}

static void watch_sees_a_switch(struct rk_dir *d)
{
	uint8_t g[8];
	pthread_t t;
	CU_ASSERT_EQUAL(d->ops->watch(d, "now", 0), 0); /* not there */
	rk_put64(g, 1);
	CU_ASSERT_EQUAL(d->ops->cas(d, "now", 0, g, 8, NULL), 0);
	CU_ASSERT_EQUAL(d->ops->watch(d, "now", 0), 1);
	CU_ASSERT_EQUAL(d->ops->watch(d, "now", 0), 0);
	CU_ASSERT_EQUAL(d->ops->watch(d, "now", 10), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, switch_later, d), 0);
	CU_ASSERT_EQUAL(d->ops->watch(d, "now", 5000), 1);
	pthread_join(t, NULL);
	CU_ASSERT_EQUAL(d->ops->watch(d, "now", 0), 0);
}

static void space_is_told(struct rk_dir *d)
{
	uint64_t f = 0, total = 0;
	CU_ASSERT_EQUAL(d->ops->space(d, &f, &total, NULL), 0);
	CU_ASSERT_TRUE(f > 0 && f <= total);
}

static void *put_and_remove(void *arg)
{
	struct rk_dir *d = arg;
	char name[32];
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "t/x/%lx_%d", (unsigned long)pthread_self(), i);
		CU_ASSERT_EQUAL(put(d, name, name), 0);
		CU_ASSERT_TRUE(holds(d, name, name, strlen(name)));
		CU_ASSERT_EQUAL(d->ops->remove(d, name, NULL), 0);
	}
	return NULL;
}

static void threads_share_it(struct rk_dir *d)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, put_and_remove, d), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CU_ASSERT_TRUE(lists(d, "", ""));
}

/* ---- a real folder only ---- */

static void nothing_leaves_the_folder(void)
{
	struct rk_dir *d = fs_open();
	char path[300], outside[80], text[16] = "";
	struct rk_lease *lease;
	snprintf(outside, sizeof(outside), "%s.out", folder);
	FILE *f = fopen(outside, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs("secret", f);
	fclose(f);
	snprintf(path, sizeof(path), "../%s", outside);
	CU_ASSERT_EQUAL(d->ops->size(d, path, NULL), -EINVAL);
	snprintf(path, sizeof(path), "%s/link", folder);
	char target[160];
	snprintf(target, sizeof(target), "../%s", outside);
	CU_ASSERT_EQUAL(symlink(target, path), 0);
	snprintf(path, sizeof(path), "%s/up", folder);
	CU_ASSERT_EQUAL(symlink("..", path), 0);
	CU_ASSERT_EQUAL(d->ops->size(d, "link", NULL), -ELOOP);
	CU_ASSERT_EQUAL(d->ops->lease_take(d, "link", RK_LEASE_EXCLUSIVE, "me", &lease, NULL), -ELOOP);
	snprintf(path, sizeof(path), "up/%s", outside);
	CU_ASSERT_TRUE(d->ops->size(d, path, NULL) < 0);
	CU_ASSERT_TRUE(d->ops->remove(d, path, NULL) < 0);
	CU_ASSERT_TRUE(put(d, "up/planted", "x") < 0);
	CU_ASSERT_TRUE(lists(d, "", "")); /* links are none of ours */
	snprintf(path, sizeof(path), "%s/fifo", folder);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL(d->ops->size(d, "fifo", NULL), -EINVAL); /* and does not hang */
	f = fopen(outside, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), f));
	CU_ASSERT_STRING_EQUAL(text, "secret");
	fclose(f);
	unlink(outside);
	fs_close(d);
}

static unsigned mode_of(const char *name)
{
	char path[128];
	struct stat st = {0};
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void modes_are_private(void)
{
	mode_t old = umask(0);
	struct rk_dir *d = fs_open();
	struct rk_log *l;
	struct rk_lease *s;
	put(d, "s/1/meta", "x");
	CU_ASSERT_EQUAL_FATAL(d->ops->log_create(d, "wal/1", 100, "", 0, false, &l, NULL), 0);
	d->ops->log_close(l);
	CU_ASSERT_EQUAL_FATAL(d->ops->lease_take(d, "h/1", RK_LEASE_SHARED, "", &s, NULL), 0);
	d->ops->lease_drop(s);
	CU_ASSERT_EQUAL(mode_of("s"), 0700);
	CU_ASSERT_EQUAL(mode_of("s/1"), 0700);
	CU_ASSERT_EQUAL(mode_of("s/1/meta"), 0600);
	CU_ASSERT_EQUAL(mode_of("wal/1"), 0600);
	CU_ASSERT_EQUAL(mode_of("h"), 0700);
	CU_ASSERT_EQUAL(mode_of("h/1"), 0600);
	fs_close(d);
	umask(old);
}

/* Two handles are two processes; and the lock of a dead process is free. */
static void leases_die_with_their_process(void)
{
	struct rk_dir *d = fs_open(), *other;
	struct rk_lease *a, *b;
	int up[2], status = 0;
	char c;
	CU_ASSERT_EQUAL_FATAL(dir_fs_open(folder, false, &other, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(d->ops->lease_take(d, "w", RK_LEASE_EXCLUSIVE, "first", &a, NULL), 0);
	CU_ASSERT_EQUAL(other->ops->lease_take(other, "w", RK_LEASE_EXCLUSIVE, "second", &b, NULL), -EAGAIN);
	d->ops->lease_drop(a);
	CU_ASSERT_EQUAL_FATAL(pipe(up), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct rk_dir *mine;
		bool ok = dir_fs_open(folder, false, &mine, NULL) == 0 &&
			  mine->ops->lease_take(mine, "w", RK_LEASE_EXCLUSIVE, "child", &a, NULL) == 0;
		(void)!write(up[1], ok ? "y" : "n", 1);
		pause();
		_exit(0);
	}
	CU_ASSERT_EQUAL(read(up[0], &c, 1), 1);
	CU_ASSERT_EQUAL(c, 'y');
	CU_ASSERT_EQUAL(other->ops->lease_take(other, "w", RK_LEASE_EXCLUSIVE, "second", &b, NULL), -EAGAIN);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(up[0]);
	close(up[1]);
	CU_ASSERT_EQUAL_FATAL(other->ops->lease_take(other, "w", RK_LEASE_EXCLUSIVE, "second", &b, NULL), 0);
	other->ops->lease_drop(b);
	other->ops->close(other);
	fs_close(d);
}

static void left_over_temporaries_do_no_harm(void)
{
	struct rk_dir *d = fs_open();
	char path[128];
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/a.%d.tmp", folder, i);
		fclose(fopen(path, "w"));
	}
	CU_ASSERT_EQUAL(put(d, "a", "x"), 0);
	CU_ASSERT_TRUE(lists(d, "", "a:1 a.0.tmp:0 a.1.tmp:0 a.2.tmp:0 "));
	CU_ASSERT_EQUAL(d->ops->remove(d, "a.1.tmp", NULL), 0);
	fs_close(d);
}

static void absent_folder_is_told(void)
{
	struct rk_dir *d;
	struct rk_err e = {{0}};
	CU_ASSERT_EQUAL(dir_fs_open("t_dir.none", false, &d, &e), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "t_dir.none"));
}

/* ---- the table over the backends ---- */

#define CONFORMANCE(X)                                                                                                                      \
	X(put_is_there_once)                                                                                                                \
	X(put_is_invisible_until_commit)                                                                                                    \
	X(put_of_many_sizes)                                                                                                                \
	X(names_are_checked)                                                                                                                \
	X(absent_is_enoent)                                                                                                                 \
	X(list_is_in_byte_order)                                                                                                            \
	X(list_stops)                                                                                                                       \
	X(unfinished_put_lists_as_temporary)                                                                                                \
	X(maps_outlive_removal)                                                                                                             \
	X(log_grows_and_is_sealed)                                                                                                          \
	X(log_grows_beyond_its_preallocation)                                                                                               \
	X(cas_switches_by_generation)                                                                                                       \
	X(removed_folders_come_back)                                                                                                        \
	X(leases_exclude)                                                                                                                   \
	X(watch_sees_a_switch)                                                                                                              \
	X(space_is_told)                                                                                                                    \
	X(threads_share_it)

#define OVER(backend, open, close, test)                                                                                                    \
	static void backend##_##test(void)                                                                                                  \
	{                                                                                                                                   \
		struct rk_dir *d = open();                                                                                                  \
		test(d);                                                                                                                    \
		close(d);                                                                                                                   \
	}
#define OVER_FS(test) OVER(fs, fs_open, fs_close, test)
#define OVER_MEM(test) OVER(mem, mem_open, plain_close, test)
#define OVER_SIM(test) OVER(sim, sim_dir_open, sim_dir_close, test)
CONFORMANCE(OVER_FS)
CONFORMANCE(OVER_MEM)
CONFORMANCE(OVER_SIM)

#define ROW_FS(test) {"fs: " #test, fs_##test},
#define ROW_MEM(test) {"mem: " #test, mem_##test},
#define ROW_SIM(test) {"sim: " #test, sim_##test},
static const struct tap_test tests[] = {
	/* clang-format off */
	CONFORMANCE(ROW_FS)
	CONFORMANCE(ROW_MEM)
	CONFORMANCE(ROW_SIM)
	/* clang-format on */
	{"fs: nothing leaves the folder", nothing_leaves_the_folder},
	{"fs: files 0600, folders 0700", modes_are_private},
	{"fs: leases die with their process", leases_die_with_their_process},
	{"fs: left-over temporaries do no harm", left_over_temporaries_do_no_harm},
	{"fs: an absent folder is told", absent_folder_is_told},
};

TAP_MAIN(tests)
