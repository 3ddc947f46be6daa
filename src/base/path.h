/* SPDX-License-Identifier: ISC
 *
 * Where a path leads, as an absolute path without symlinks.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* As realpath(3), on the heap; NULL with errno. It needs no call that old seccomp filters refuse, as realpath's faccessat2(2). */
char *path_absolute(const char *path);

#endif
