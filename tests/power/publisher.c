/* SPDX-License-Identifier: ISC */
#include "publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a file system could remember: whatever else a program calls leaves the disk's states as they are. */
static bool changes_something(const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case __NR_openat:
		return info->entry.args[2] & (O_CREAT | O_TRUNC);
	case __NR_mkdirat:
	case __NR_unlinkat:
	case __NR_symlinkat:
	case __NR_linkat:
#ifdef __NR_renameat
	case __NR_renameat:
#endif
	case __NR_renameat2:
	case __NR_write:
	case __NR_pwrite64:
	case __NR_copy_file_range:
	case __NR_ioctl:
	case __NR_ftruncate:
	case __NR_fchmod:
	case __NR_fchmodat:
	case __NR_fchown:
	case __NR_fchownat:
	case __NR_utimensat:
	case __NR_fsync:
	case __NR_fdatasync:
	case __NR_syncfs:
		return true;
	default:
		return false;
	}
}

static void become(char *const argv[], const char *directory, const char *output)
{
	int output_fd = open(output, O_WRONLY | O_CLOEXEC), error_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!getenv("POWER_VERBOSE") && error_fd >= 0)
		dup2(error_fd, 2);
	if (output_fd >= 0 && dup2(output_fd, 1) == 1 && chdir(directory) == 0 && ptrace(PTRACE_TRACEME, 0, 0, 0) == 0)
		execv(argv[0], argv);
	perror("power: the command cannot be run");
	_exit(127);
}

/* What only waits for readers, until a moment, need not be waited for: the moment becomes one that is over. */
static void pass_over_wait(pid_t child, const struct __ptrace_syscall_info *info)
{
	if (info->entry.nr != __NR_clock_nanosleep || info->entry.args[1] != TIMER_ABSTIME)
		return;
	for (size_t i = 0; i < sizeof(struct timespec); i += sizeof(long))
		ptrace(PTRACE_POKEDATA, child, info->entry.args[2] + i, 0);
}

static void interfere(pid_t child, const struct interference *interference)
{
	if (interference->sync_fd >= 0 && syncfs(interference->sync_fd) < 0)
		perror("power: syncfs");
	if (interference->is_killed)
		kill(child, SIGKILL);
}

int publisher_run(char *const argv[], const char *directory, const char *output, const struct interference *interference,
		  int *calls)
{
	pid_t child = fork();
	int status;

	*calls = 0;
	if (child == 0)
		become(argv, directory, output);
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	while (WIFSTOPPED(status)) {
		int signal = WSTOPSIG(status);
		struct __ptrace_syscall_info info;

		if (signal == (SIGTRAP | 0x80)) {
			ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
				pass_over_wait(child, &info);
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY && changes_something(&info) && ++*calls == interference->at)
				interfere(child, interference);
		}
		ptrace(PTRACE_SYSCALL, child, 0, signal == (SIGTRAP | 0x80) || signal == SIGTRAP ? 0 : signal);
		if (waitpid(child, &status, 0) < 0)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
