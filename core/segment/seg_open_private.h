/* seg_open_private.h - the two steps of opening a segment. */
#ifndef CORE_SEGMENT_SEG_OPEN_PRIVATE_H
#define CORE_SEGMENT_SEG_OPEN_PRIVATE_H

#include "core/segment/segment_private.h"

int seg_open_meta(struct seg *, struct rk_err *);  /* maps and proves meta, fills info, sections, fst, dict */
int seg_open_files(struct seg *, struct rk_err *); /* maps the other three and checks their lengths and headers */
const char *seg_section_name(enum seg_section);

#endif
