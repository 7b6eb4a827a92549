/* tombstones.h - the deleted documents of a segment as a file of their own, versioned: segments/segment_<id>/tombstones_<version, 16 hex>. */
#ifndef CORE_SEGMENT_TOMBSTONES_H
#define CORE_SEGMENT_TOMBSTONES_H

#include "core/dir/directory.h"
#include "core/segment/cursor.h"

/* bits: (ndocs + 63) / 64 words, bit i of word i / 64 set when document i is dead. */
int tombstones_write(struct rk_dir *, uint64_t seg_id, uint64_t version, const uint64_t *bits, uint32_t ndocs, struct rk_err *);
int tombstones_read(struct rk_dir *, uint64_t seg_id, uint64_t version, uint64_t *bits, uint32_t ndocs, struct rk_err *);
void tombstones_name(uint64_t seg_id, uint64_t version, char name[96]);

#endif
