/* replay_private.h - the callback that recovery and read-only handles give to wal_read. */
#ifndef CORE_INDEX_REPLAY_PRIVATE_H
#define CORE_INDEX_REPLAY_PRIVATE_H

#include "core/index/index_private.h"

int replay_record(void *index, const struct wal_record *);

#endif
