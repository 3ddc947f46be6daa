/* SPDX-License-Identifier: ISC */
#include "errnos.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define NAMES EIO, ENOSPC, EDQUOT, ENOMEM, EROFS, EPERM /* what changes a directory or an inode */
#define LOOKS EIO, ENOMEM				/* what only looks */

/* Not here, for they cannot fail as we use them, or nothing is wrong after it: munmap, madvise, rt_sigaction, rt_sigprocmask, kill,
 * setpgid, prctl, prlimit64, uname, getpid and its kind, exit_group; and brk, which says by its value that it failed (allocations
 * are failed by allocation.c). fcntl and openat depend on their arguments. */
static const struct row {
	long number;
	const char *name;
	int errnos[ERRNOS_MAX];
} rows[] = {
	{ SYS_openat, "openat", { EIO, EMFILE, ENOMEM, EINTR, EPERM, ENOSPC, EDQUOT, EROFS } },
	{ SYS_openat2, "openat2", { EIO, EMFILE, ENOMEM, EAGAIN } },
	{ SYS_mkdirat, "mkdirat", { NAMES } },
	{ SYS_symlinkat, "symlinkat", { NAMES } },
	{ SYS_linkat, "linkat", { EIO, ENOSPC, EPERM, EMLINK, EXDEV, EDQUOT, EROFS, ENOMEM } },
	{ SYS_unlinkat, "unlinkat", { NAMES } },
	{ SYS_renameat, "renameat", { NAMES } },
	{ SYS_renameat2, "renameat2", { NAMES } },
	{ SYS_fchmod, "fchmod", { NAMES } },
	{ SYS_fchmodat, "fchmodat", { NAMES } },
	{ SYS_fchown, "fchown", { NAMES } },
	{ SYS_fchownat, "fchownat", { NAMES } },
	{ SYS_utimensat, "utimensat", { NAMES } },
	{ SYS_fremovexattr, "fremovexattr", { NAMES } },
	{ SYS_ftruncate, "ftruncate", { NAMES } },
	{ SYS_write, "write", { EIO, ENOSPC, EDQUOT, EINTR, ENOMEM, EPERM } },
	{ SYS_pwrite64, "pwrite64", { EIO, ENOSPC, EDQUOT, EINTR, ENOMEM, EPERM } },
	{ SYS_read, "read", { EIO, EINTR, ENOMEM } },
	{ SYS_pread64, "pread64", { EIO, EINTR, ENOMEM } },
	{ SYS_copy_file_range, "copy_file_range", { EIO, ENOSPC, EDQUOT, EINTR, ENOMEM, EPERM } },
	{ SYS_ioctl, "ioctl", { EIO, ENOSPC, EDQUOT, EINTR, EROFS, EPERM } },
	{ SYS_fsync, "fsync", { EIO, ENOSPC, EDQUOT, EINTR, EROFS } },
	{ SYS_syncfs, "syncfs", { EIO, ENOSPC, EDQUOT, EINTR, EROFS } },
	{ SYS_flock, "flock", { EIO, EINTR, ENOMEM, ENOLCK } },
	{ SYS_getdents64, "getdents64", { LOOKS } },
	{ SYS_newfstatat, "newfstatat", { LOOKS } },
	{ SYS_statx, "statx", { LOOKS } },
	{ SYS_fstat, "fstat", { LOOKS } },
	{ SYS_statfs, "statfs", { LOOKS } },
	{ SYS_fstatfs, "fstatfs", { LOOKS } },
	{ SYS_readlinkat, "readlinkat", { LOOKS } },
	{ SYS_faccessat, "faccessat", { LOOKS, EROFS } },
	{ SYS_faccessat2, "faccessat2", { LOOKS, EROFS } },
	{ SYS_lseek, "lseek", { EIO } },
	{ SYS_close, "close", { EIO, EINTR, ENOSPC, EDQUOT } },
	{ SYS_fcntl, "fcntl", { EMFILE } },
	{ SYS_dup3, "dup3", { EMFILE, EINTR } },
	{ SYS_pipe2, "pipe2", { EMFILE, ENFILE, ENOMEM } },
	{ SYS_fchdir, "fchdir", { LOOKS } },
	{ SYS_chdir, "chdir", { LOOKS } },
	{ SYS_getcwd, "getcwd", { ENOMEM } },
	{ SYS_clone, "clone", { EAGAIN, ENOMEM } },
	{ SYS_clone3, "clone3", { EAGAIN, ENOMEM } },
	{ SYS_execve, "execve", { EIO, ENOMEM, EMFILE, EPERM } },
	{ SYS_wait4, "wait4", { EINTR } },
	{ SYS_rt_sigtimedwait, "rt_sigtimedwait", { EINTR, EAGAIN } },
	{ SYS_clock_nanosleep, "clock_nanosleep", { EINTR } },
	{ SYS_mmap, "mmap", { ENOMEM } },
	{ SYS_mremap, "mremap", { ENOMEM } },
	{ SYS_mprotect, "mprotect", { ENOMEM } },
	{ SYS_mlockall, "mlockall", { ENOMEM, EPERM } },
	{ SYS_getrandom, "getrandom", { EINTR } },
#ifdef __x86_64__
	{ SYS_open, "open", { EIO, EMFILE, ENOMEM, EINTR, EPERM } },
	{ SYS_stat, "stat", { LOOKS } },
	{ SYS_lstat, "lstat", { LOOKS } },
	{ SYS_access, "access", { LOOKS, EROFS } },
	{ SYS_readlink, "readlink", { LOOKS } },
	{ SYS_dup2, "dup2", { EMFILE, EINTR } },
	{ SYS_fork, "fork", { EAGAIN, ENOMEM } },
	{ SYS_vfork, "vfork", { EAGAIN, ENOMEM } },
	{ SYS_poll, "poll", { EINTR, ENOMEM } },
#endif
	{ SYS_ppoll, "ppoll", { EINTR, ENOMEM } },
};

static const struct row *row_of(const struct call *call)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].number == call->number)
			return &rows[i];
	return NULL;
}

static bool is_sanitized(void)
{
	const char *text = getenv("SAN");

	return text && *text;
}

void errnos_of(const struct call *call, int errnos[ERRNOS_MAX])
{
	const struct row *row = row_of(call);
	int count = ERRNOS_MAX;

	memset(errnos, 0, sizeof(int) * ERRNOS_MAX);
	if (!row)
		return;
	/* A sanitizer ends the program for want of memory of its own. */
	if (is_sanitized() && (call->number == SYS_mmap || call->number == SYS_mremap || call->number == SYS_mprotect))
		return;
	if (call->number == SYS_fcntl && call->arguments[1] != F_DUPFD && call->arguments[1] != F_DUPFD_CLOEXEC)
		return;
	/* What only reads does not run out of space, or meet a read-only file system. */
	if (call->number == SYS_openat && (call->arguments[2] & O_ACCMODE) == O_RDONLY && !(call->arguments[2] & O_CREAT))
		count = 5;
	memcpy(errnos, row->errnos, sizeof(int) * (size_t)count);
}

enum fault_kind errnos_kind(const struct call *call)
{
	/* The descriptor is gone whatever close(2) says. */
	return call->number == SYS_close ? FAULT_LIE : FAULT_FAIL;
}

bool errnos_can_lie(const struct call *call)
{
	return call->number == SYS_mkdirat || call->number == SYS_symlinkat || call->number == SYS_unlinkat ||
	       call->number == SYS_renameat || call->number == SYS_renameat2;
}

const char *errnos_name(const struct call *call, char text[32])
{
	const struct row *row = row_of(call);

	if (row)
		return row->name;
	snprintf(text, 32, "call %ld", call->number);
	return text;
}
