/* progress.h - the one line of long work, on a terminal only: [0:12] 43.1%  86,201 / 200,000 docs  52 MB/s  ETA 0:16 */
#ifndef FS_CLI_PROGRESS_H
#define FS_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct rk_buf;

struct progress {
	bool on; /* standard error is a terminal */
	uint64_t start_ns, last_ns;
	uint64_t bytes, docs; /* done */
	uint64_t total_bytes; /* 0: unknown */
	uint64_t total_docs;  /* 0: unknown; then it is estimated from the bytes */
};

void progress_begin(struct progress *, uint64_t total_bytes, uint64_t total_docs);
void progress_tick(struct progress *);                                           /* shows the line a few times a second */
void progress_clear(struct progress *);                                          /* before other words, and at the end */
int progress_line(const struct progress *, uint64_t now_ns, struct rk_buf *ret); /* the line itself */

#endif
