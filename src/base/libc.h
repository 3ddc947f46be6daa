/* SPDX-License-Identifier: ISC
 *
 * What the GNU C library has and others, as musl, lack: calls of Linux without a function there, names of signals, and a look at
 * the caller's groups. It is included by who uses them; with a C library that has them it declares nothing.
 */
#ifndef BASE_LIBC_H
#define BASE_LIBC_H

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* musl has these two since 1.2.5. */
#ifndef RENAME_NOREPLACE
#include <linux/fs.h>
static inline int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}
#endif

#ifndef STATX_TYPE
#include <linux/stat.h>
static inline int statx(int dir_fd, const char *path, int flags, unsigned int mask, struct statx *status)
{
	return (int)syscall(SYS_statx, dir_fd, path, flags, mask, status);
}
#endif

#ifndef CLOSE_RANGE_CLOEXEC
#include <linux/close_range.h>
static inline int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#endif

#ifndef __GLIBC__
/* "TERM" for SIGTERM; NULL: no such signal. */
const char *sigabbrev_np(int signal);
/* Is this process in this group? */
int group_member(gid_t gid);
#endif

#endif
