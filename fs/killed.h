/* killed.h - was the process that closes a file killed by a signal? Then its last document is not finished.
 *
 * A close that exit does looks like any other FLUSH; but /proc/PID/stat shows the PF_EXITING flag and the exit code by then. */
#ifndef FS_KILLED_H
#define FS_KILLED_H

#include <stdbool.h>
#include <sys/types.h>

bool killed_by_signal(pid_t); /* false when it cannot be told */

#endif
