/* readme.h - the text of MNT/README. Its examples work as typed in the folder of the mount (integration/10-echo.sh types them). */
#ifndef FS_README_H
#define FS_README_H

extern const char readme_text[];

#endif
