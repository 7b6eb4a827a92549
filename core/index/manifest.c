/* manifest.c - encodes, checks and switches the manifest; see manifest.h.
 *
 * Format: doc/format.md "Manifest". M1: checksum over all before it; M2: segment ids rise; M3: wal_from > seq; M4: next_segment above every id.
 */
#include "core/index/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rd.h"
#include "core/codec/checksum.h"

static const char magic[8] = "RKMANIF";

int manifest_encode(const struct manifest *m, struct rk_buf *out)
{
	size_t start = out->len;
	rk_buf_u64(out, m->generation);
	rk_buf_put(out, magic, sizeof(magic));
	rk_buf_u32(out, MANIFEST_VERSION);
	rk_buf_u32(out, m->nsegments);
	rk_buf_u64(out, m->wal_from);
	rk_buf_u64(out, m->seq);
	rk_buf_u64(out, m->next_segment);
	rk_buf_u64(out, m->nlive);
	char language[16] = {0};
	memcpy(language, m->params.analyzer.language, strnlen(m->params.analyzer.language, sizeof(language) - 1));
	rk_buf_put(out, language, sizeof(language));
	rk_buf_u32(out, (m->params.analyzer.stop ? 1u : 0) | (m->params.analyzer.fold ? 2u : 0));
	rk_buf_u32(out, 0);
	for (uint32_t i = 0; i < m->nsegments; i++) {
		rk_buf_u64(out, m->segments[i].id);
		rk_buf_u64(out, m->segments[i].tombstones);
		rk_buf_u32(out, m->segments[i].ndocs);
		rk_buf_u32(out, m->segments[i].ndead);
	}
	if (out->bad)
		return -ENOMEM;
	return rk_buf_u64(out, rk_checksum(out->data + start, out->len - start));
}

int manifest_decode(const void *bytes, size_t len, struct manifest *ret, struct rk_err *err)
{
	struct rk_rd r = rk_rd_of(bytes, len);
	struct manifest m = {.generation = rk_rd_u64(&r)};
	const uint8_t *mg = rk_rd_bytes(&r, sizeof(magic));
	uint32_t version = rk_rd_u32(&r);
	if (!mg || memcmp(mg, magic, sizeof(magic)) != 0)
		return rk_fail(err, -EUCLEAN, "manifest: not the manifest of a rankfs index");
	if (version != MANIFEST_VERSION)
		return rk_fail(err, -EUCLEAN, "manifest: format version %u; this program knows version %u", version, MANIFEST_VERSION);
	if (len < 16 || rk_checksum(bytes, len - 8) != rk_get64((const uint8_t *)bytes + len - 8)) /* M1 */
		return rk_fail(err, -EUCLEAN, "manifest: checksum does not match");
	m.nsegments = rk_rd_u32(&r);
	m.wal_from = rk_rd_u64(&r);
	m.seq = rk_rd_u64(&r);
	m.next_segment = rk_rd_u64(&r);
	m.nlive = rk_rd_u64(&r);
	const uint8_t *language = rk_rd_bytes(&r, sizeof(m.params.analyzer.language));
	uint32_t flags = rk_rd_u32(&r);
	uint32_t zero = rk_rd_u32(&r);
	if (!rk_rd_ok(&r) || language[sizeof(m.params.analyzer.language) - 1] || flags > 3 || zero || m.nsegments > MANIFEST_MAX_SEGMENTS ||
	    m.wal_from <= m.seq || rk_rd_left(&r) != (size_t)m.nsegments * 24 + 8)
		return rk_fail(err, -EUCLEAN, "manifest: fields are out of range");
	memcpy(m.params.analyzer.language, language, sizeof(m.params.analyzer.language));
	m.params.analyzer.stop = flags & 1;
	m.params.analyzer.fold = flags & 2;
	m.segments = calloc(m.nsegments ? m.nsegments : 1, sizeof(*m.segments));
	if (!m.segments)
		return -ENOMEM;
	for (uint32_t i = 0; i < m.nsegments; i++) {
		struct manifest_segment *s = &m.segments[i];
		s->id = rk_rd_u64(&r);
		s->tombstones = rk_rd_u64(&r);
		s->ndocs = rk_rd_u32(&r);
		s->ndead = rk_rd_u32(&r);
		if ((i && s->id <= s[-1].id) || s->id >= m.next_segment || s->ndead > s->ndocs) { /* M2, M4 */
			free(m.segments);
			return rk_fail(err, -EUCLEAN, "manifest: entry of segment %llu is out of range", (unsigned long long)s->id);
		}
	}
	*ret = m;
	return 0;
}

int manifest_load(struct rk_dir *dir, struct manifest *ret, struct rk_err *err)
{
	struct rk_buf b = {0};
	int rc = dir_read_all(dir, "manifest", (size_t)MANIFEST_MAX_SEGMENTS * 24 + 4096, &b, err);
	if (rc >= 0)
		rc = manifest_decode(b.data, b.len, ret, err);
	rk_buf_done(&b);
	return rc < 0 ? rc : 0;
}

int manifest_store(struct rk_dir *dir, const struct manifest *m, struct rk_err *err)
{
	struct rk_buf b = {0};
	int rc = manifest_encode(m, &b);
	if (rc == 0)
		rc = dir->ops->cas(dir, "manifest", m->generation - 1, b.data, b.len, err);
	rk_buf_done(&b);
	return rc;
}

void manifest_done(struct manifest *m)
{
	free(m->segments);
	*m = (struct manifest){0};
}
