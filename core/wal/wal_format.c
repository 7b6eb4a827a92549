/* wal_format.c - the bytes of the log; see wal_format.h. */
#include "core/wal/wal_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"

static const uint8_t file_magic[8] = {'r', 'n', 'k', 'w', 'a', 'l', '\r', '\n'};
enum { RECORD_MAGIC = 0x5257 }; /* "WR" */

bool wal_format_trusting;

void wal_name(char *ret, uint64_t first)
{
	snprintf(ret, WAL_NAME_BYTES, "wal/wal_%016" PRIx64 ".log", first);
}

bool wal_name_get(const char *name, uint64_t *ret_first)
{
	char again[WAL_NAME_BYTES];
	if (sscanf(name, "wal/wal_%16" SCNx64 ".log", ret_first) != 1)
		return false;
	wal_name(again, *ret_first);
	return strcmp(name, again) == 0;
}

/* ---- file header ---- */

void wal_head_put(uint8_t *p, const struct wal_head *h)
{
	memset(p, 0, WAL_HEAD_BYTES);
	memcpy(p, file_magic, 8);	       /* 00-07 */
	rk_put32(p + 8, WAL_VERSION);	       /* 08-11 */
	rk_put64(p + 16, h->log_id);	       /* 16-23 */
	rk_put64(p + 24, h->first);	       /* 24-31 */
	rk_put64(p + 32, h->file_bytes);       /* 32-39 */
	rk_put64(p + 40, (uint64_t)h->created_ns); /* 40-47 */
	rk_put64(p + 56, rk_checksum(p, 56));  /* 56-63 */
}

int wal_head_get(const uint8_t *p, struct wal_head *ret, uint32_t *ret_version)
{
	if (memcmp(p, file_magic, 8) != 0)
		return -EUCLEAN;
	if (rk_get64(p + 56) != rk_checksum(p, 56) && !wal_format_trusting)
		return -EUCLEAN;
	*ret_version = rk_get32(p + 8);
	if (*ret_version != WAL_VERSION)
		return -ENOTSUP;
	if (rk_get32(p + 12) != 0 || rk_get64(p + 48) != 0)
		return -EUCLEAN;
	ret->log_id = rk_get64(p + 16);
	ret->first = rk_get64(p + 24);
	ret->file_bytes = rk_get64(p + 32);
	ret->created_ns = (int64_t)rk_get64(p + 40);
	return 0;
}

/* ---- record ---- */

void wal_rec_put(uint8_t *p, struct wal_rec *h, const uint8_t *payload)
{
	h->sum = rk_checksum(payload, (size_t)wal_padded(h->len));
	rk_put32(p, h->len);			/* 00-03 */
	p[4] = h->type;				/* 04 */
	p[5] = 0;				/* 05 */
	rk_put16(p + 6, RECORD_MAGIC);		/* 06-07 */
	rk_put64(p + 8, h->entry);		/* 08-15 */
	rk_put64(p + 16, h->durable_seq);	/* 16-23 */
	rk_put64(p + 24, (uint64_t)h->time_ns); /* 24-31 */
	rk_put64(p + 32, h->log_id);		/* 32-39 */
	rk_put64(p + 40, h->sum);		/* 40-47 */
	rk_put64(p + 48, rk_checksum(p, 48));	/* 48-55 */
}

bool wal_rec_likely(const uint8_t *p)
{
	return rk_get16(p + 6) == RECORD_MAGIC && p[5] == 0;
}

int wal_rec_get(const uint8_t *p, struct wal_rec *ret)
{
	if (!wal_rec_likely(p) || (rk_get64(p + 48) != rk_checksum(p, 48) && !wal_format_trusting))
		return -EUCLEAN;
	ret->len = rk_get32(p);
	ret->type = p[4];
	ret->entry = rk_get64(p + 8);
	ret->durable_seq = rk_get64(p + 16);
	ret->time_ns = (int64_t)rk_get64(p + 24);
	ret->log_id = rk_get64(p + 32);
	ret->sum = rk_get64(p + 40);
	return ret->durable_seq < ret->entry ? 0 : -EUCLEAN;
}

bool wal_rec_sum_ok(const struct wal_rec *h, const uint8_t *payload)
{
	for (uint64_t i = h->len; i < wal_padded(h->len); i++)
		if (payload[i] != 0)
			return false;
	return rk_checksum(payload, (size_t)wal_padded(h->len)) == h->sum || wal_format_trusting;
}
