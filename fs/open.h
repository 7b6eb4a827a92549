/* open.h - every open file and folder of the mount in one list. Threads: any. */
#ifndef FS_OPEN_H
#define FS_OPEN_H

#include "fs/fs.h"

void handle_opened(struct fs *, struct handle *);
void handle_close(struct fs *, struct handle *); /* takes it off the list and frees it with what is behind it */
void handles_close_all(struct fs *);		 /* at the end of the mount, when no request is left */

#endif
