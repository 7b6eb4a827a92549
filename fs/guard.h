/* guard.h - a small process that takes a mount away when its daemon died without a word. */
#ifndef FS_GUARD_H
#define FS_GUARD_H

/* Starts it for a mount point (absolute). Needs the right to umount2; returns the descriptor by which it sees the daemon's life, or -errno. */
int guard_start(const char *mountpoint);
/* The mount ended cleanly: the guard just goes. */
void guard_end(int guard);

#endif
