/* mem_order_private.h - a version of a memtable's sorted ids, as snapshot.c walks it. */
#ifndef CORE_INDEX_MEM_ORDER_PRIVATE_H
#define CORE_INDEX_MEM_ORDER_PRIVATE_H

#include "core/index/index_private.h"

struct order_version {
	_Atomic unsigned refs;
	uint32_t n;
	docid_t docs[]; /* by id, then by number; dead ones too */
};

struct order_version *mem_order_get(struct mem_order *, uint32_t limit); /* covers at least limit documents; NULL: no memory */
void order_version_unref(struct order_version *);

#endif
