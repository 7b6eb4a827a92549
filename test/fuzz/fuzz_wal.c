/* fuzz_wal.c - libFuzzer: any bytes as log files, with checksums as they are or made right. Reading must end, give entries that rise by one, and say one
 * of few things; and where it says that the log is good, going on with it must give the same records and one more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"
#include "core/dir/directory.h"
#include "core/wal/wal.h"
#include "core/wal/wal_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int fine)
{
	if (!fine)
		abort();
}

struct seen {
	uint64_t n, last, sum;
};

static int check(void *arg, const struct wal_record *r)
{
	struct seen *s = arg;
	must(s->n == 0 || r->entry == s->last + 1);
	must(r->durable_seq < r->entry);
	s->last = r->entry;
	s->sum = s->sum * 31 + rk_checksum(r->payload, r->len) + r->type;
	s->n++;
	return 0;
}

/* The header is ours; a record whose first two bits ask for it gets its checksums, its log id and the number that is due. */
static void make_right(uint8_t *p, size_t n, uint64_t first)
{
	struct wal_head h = {.log_id = 7, .first = first, .file_bytes = n / 2};
	uint64_t entry = first;
	if (n < WAL_HEAD_BYTES)
		return;
	wal_head_put(p, &h);
	for (size_t at = WAL_HEAD_BYTES; at + WAL_RECORD_BYTES <= n;) {
		uint8_t *r = p + at;
		struct wal_rec rec = {.log_id = 7, .len = rk_get16(r), .type = r[4], .entry = entry, .durable_seq = rk_get64(r + 16)};
		uint64_t whole = WAL_RECORD_BYTES + wal_padded(rec.len);
		if (r[2] & 1 || whole > n - at) /* as it is */
			return;
		if (rec.durable_seq >= entry)
			rec.durable_seq = entry - 1;
		memset(r + WAL_RECORD_BYTES + rec.len, 0, (size_t)(wal_padded(rec.len) - rec.len));
		wal_rec_put(r, &rec, r + WAL_RECORD_BYTES);
		entry += !(r[2] & 2);
		at += (size_t)whole;
	}
}

static void put_file(struct rk_dir *d, uint64_t first, const uint8_t *data, size_t n, bool right)
{
	char name[WAL_NAME_BYTES];
	uint8_t *p = malloc(n + 1);
	if (!p)
		return;
	memcpy(p, data, n);
	if (right)
		make_right(p, n, first);
	wal_name(name, first);
	must(dir_put_new(d, name, p, n, NULL) == 0);
	free(p);
}

static void go_on(struct rk_dir *d, const struct seen *before)
{
	struct wal *w;
	struct seen after = {0};
	struct wal_report rep;
	int rc = wal_open(d, before->last + 1, 1024, &w, NULL);
	if (rc < 0) { /* an empty file of a later number, or a damaged header at the place */
		must(rc == -EINVAL || rc == -EUCLEAN);
		return;
	}
	uint64_t entry;
	must(wal_append(w, 9, &(struct iovec){(void *)(uintptr_t) "more", 4}, 1, &entry, NULL) == 0);
	must(entry == before->last + 1 && wal_sync(w, entry, NULL) == 0);
	wal_close(w);
	must(wal_read(d, 0, check, &after, &rep, NULL) == 0);
	must(after.n == before->n + 1 && after.last == entry && rep.cut_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rk_dir *d;
	if (size < 4)
		return 0;
	must(dir_mem_open(&d, NULL) == 0);
	uint8_t how = data[0];
	uint64_t second = 2 + data[1] % 8;
	size_t cut = rk_get16(data + 2);
	data += 4;
	size -= 4;
	cut = how & 1 && cut < size ? cut : size;
	put_file(d, 1, data, cut, how & 2);
	if (cut < size)
		put_file(d, second, data + cut, size - cut, how & 4);
	struct seen s = {0};
	struct wal_report rep;
	int rc = wal_read(d, 0, check, &s, &rep, NULL);
	must(rc == 0 || (rc == -EUCLEAN && rep.bad_entry && rep.bad_last >= rep.bad_entry && rep.bad_file[0]) || rc == -ENOTSUP);
	must(rep.records == s.n && rep.last == s.last);
	if (rc == 0 && s.last < UINT64_MAX)
		go_on(d, &s);
	d->ops->close(d);
	return 0;
}
