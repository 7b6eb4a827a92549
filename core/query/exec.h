/* exec.h - runs an opened plan over the leaves of a snapshot; exact top k with dynamic pruning. */
#ifndef CORE_QUERY_EXEC_H
#define CORE_QUERY_EXEC_H

#include "core/query/plan.h"
#include "core/query/topk.h"

/* -EINTR, -ETIMEDOUT, or what a cursor of leaf *ret_bad said. */
int exec_run(const struct plan *, const struct ranking *, struct topk *, const struct query_limits *, uint64_t start_ns, const bool *skip,
	     uint32_t *ret_bad, struct rk_err *err);

#endif
