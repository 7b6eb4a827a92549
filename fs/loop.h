/* loop.h - one thread reads requests at a time; a handler that may wait hands that role to another thread first and finishes on its own.
 *
 * A single dispatcher is the fastest way to serve requests, and a request that needs no waiting is answered where it was read, without a hand-over.
 * Before a sync or an evaluation the handler calls loop_step_aside(): an idle thread (woken while this one works) becomes the reader. So sixteen writers
 * wait for the same group commit, and a lone one pays for one futex wake that runs beside its sync. Threads are made as needed up to a limit; at the
 * limit the reader itself waits, which is the back-pressure.
 */
#ifndef FS_LOOP_H
#define FS_LOOP_H

#include "core/base/err.h"

struct fuse_session;
struct loop;
int loop_new(struct fuse_session *, unsigned max_threads, struct loop **ret, struct rk_err *err);
/* Starts reading. When the mount goes away, `gone_signal` is sent to the thread that called this. */
int loop_start(struct loop *, int gone_signal, struct rk_err *err);
void loop_stop(struct loop *); /* no new requests; returns when all running ones were answered */
void loop_free(struct loop *);

void loop_step_aside(void); /* from a handler; nothing when called twice or from another thread */

#endif
