/* wal.c - one line a figure for the log: `bench/wal [FOLDER]` (default: the current one), on the disk that folder is on.
 *
 * Synced records a second, by one writer and by sixteen, beside the barest loop that makes the same promise (one preallocated file, pwrite, fdatasync);
 * the cost of an append, and how fast the log is read, in processor time. Not part of `make check`: `make bench/wal`.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/dir/directory.h"
#include "core/wal/wal.h"

enum { PAYLOAD = 456, RECORD = 512, SECONDS = 2, THREADS = 16, FILE_BYTES = 16 << 20 };

static char path[4096];
static uint8_t bytes[1 << 16];

static void die(const char *what, const struct rk_err *err)
{
	fprintf(stderr, "%s: %s\n", what, err ? err->msg : "failed");
	exit(1);
}

static int drop_one(void *arg, const char *name, uint64_t size)
{
	struct rk_dir *d = arg;
	(void)size;
	return d->ops->remove(d, name, NULL);
}

static struct rk_dir *fresh(void)
{
	struct rk_dir *d;
	struct rk_err err = {{0}};
	if (dir_fs_open(path, true, &d, &err) < 0)
		die("open", &err);
	d->ops->list(d, "wal/", drop_one, d, NULL);
	return d;
}

static struct wal *log_of(struct rk_dir *d)
{
	struct wal *w;
	struct rk_err err = {{0}};
	if (wal_open(d, 1, FILE_BYTES, &w, &err) < 0)
		die("log", &err);
	return w;
}

static void barest(void)
{
	char name[4200];
	snprintf(name, sizeof(name), "%s/raw", path);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, FILE_BYTES) != 0 || fsync(fd) < 0)
		die("raw", NULL);
	uint64_t end = rk_mono_ns() + SECONDS * UINT64_C(1000000000), start = rk_mono_ns(), n = 0;
	for (; rk_mono_ns() < end && (n + 1) * RECORD < FILE_BYTES; n++)
		if (pwrite(fd, bytes, RECORD, (off_t)(n * RECORD)) != RECORD || fdatasync(fd) < 0)
			die("raw", NULL);
	printf("raw pwrite+fdatasync loop        %9.0f /s\n", (double)n * 1e9 / (double)(rk_mono_ns() - start));
	close(fd);
	unlink(name);
}

struct shared {
	struct wal *w;
	pthread_mutex_t writer;
	atomic_ulong n;
	uint64_t end;
};

static void *write_synced(void *arg)
{
	struct shared *s = arg;
	while (rk_mono_ns() < s->end) {
		uint64_t e;
		pthread_mutex_lock(&s->writer);
		int rc = wal_append(s->w, 1, &(struct iovec){bytes, PAYLOAD}, 1, &e, NULL);
		pthread_mutex_unlock(&s->writer);
		if (rc < 0 || wal_sync(s->w, e, NULL) < 0)
			die("append", NULL);
		atomic_fetch_add(&s->n, 1);
	}
	return NULL;
}

static void synced(unsigned threads)
{
	struct rk_dir *d = fresh();
	struct shared s = {.w = log_of(d), .writer = PTHREAD_MUTEX_INITIALIZER};
	pthread_t t[THREADS];
	uint64_t start = rk_mono_ns();
	s.end = start + SECONDS * UINT64_C(1000000000);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, write_synced, &s);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	double ns = (double)(rk_mono_ns() - start);
	printf("log, %2u writers, all synced      %9.0f /s   %.2f syncs a record\n", threads, (double)s.n * 1e9 / ns, (double)wal_syncs(s.w) / (double)s.n);
	wal_close(s.w);
	d->ops->close(d);
}

static uint64_t cpu_ns(void) /* of this thread: others on the machine cost less that way */
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int count(void *arg, const struct wal_record *r)
{
	*(uint64_t *)arg += r->len;
	return 0;
}

static void append_and_read(size_t payload, unsigned n)
{
	struct rk_dir *d = fresh();
	struct wal *w = log_of(d);
	struct wal_report rep;
	uint64_t e = 0, sum = 0, start = cpu_ns();
	for (unsigned i = 0; i < n; i++)
		if (wal_append(w, 1, &(struct iovec){bytes, payload}, 1, &e, NULL) < 0)
			die("append", NULL);
	uint64_t appended = cpu_ns();
	if (wal_sync(w, e, NULL) < 0)
		die("sync", NULL);
	printf("append of %5zu bytes, not synced %9.0f ns\n", payload, (double)(appended - start) / n);
	start = cpu_ns();
	if (wal_read(d, 0, count, &sum, &rep, NULL) < 0)
		die("read", NULL);
	double s = (double)(cpu_ns() - start) / 1e9;
	printf("read of %3.0f MB in %5zu bytes       %9.0f MB/s  %.1f M records/s\n", (double)rep.bytes / 1e6, payload, (double)rep.bytes / 1e6 / s,
	       (double)rep.records / 1e6 / s);
	wal_close(w);
	d->ops->close(d);
}

int main(int argc, char **argv)
{
	snprintf(path, sizeof(path), "%s/bench-wal.%d", argc > 1 ? argv[1] : ".", (int)getpid());
	struct rk_dir *d = fresh();
	memset(bytes, 'x', sizeof(bytes));
	barest();
	synced(1);
	synced(THREADS);
	barest();
	synced(1);
	append_and_read(60, 800000);
	append_and_read(456, 200000);
	append_and_read(60000, 1700);
	d->ops->list(d, "", drop_one, d, NULL);
	d->ops->close(d);
	rmdir(path);
	return 0;
}
