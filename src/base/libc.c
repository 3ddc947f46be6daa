/* SPDX-License-Identifier: ISC */
#include "base/libc.h"

#include <limits.h>
#include <signal.h>
#include <stddef.h>

#ifndef __GLIBC__
const char *sigabbrev_np(int signal)
{
	static const char *const names[] = {
		[SIGHUP] = "HUP",	[SIGINT] = "INT",   [SIGQUIT] = "QUIT",	  [SIGILL] = "ILL",	  [SIGTRAP] = "TRAP",
		[SIGABRT] = "ABRT",	[SIGBUS] = "BUS",   [SIGFPE] = "FPE",	  [SIGKILL] = "KILL",	  [SIGUSR1] = "USR1",
		[SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2", [SIGPIPE] = "PIPE",	  [SIGALRM] = "ALRM",	  [SIGTERM] = "TERM",
		[SIGCHLD] = "CHLD",	[SIGCONT] = "CONT", [SIGSTOP] = "STOP",	  [SIGTSTP] = "TSTP",	  [SIGTTIN] = "TTIN",
		[SIGTTOU] = "TTOU",	[SIGURG] = "URG",   [SIGXCPU] = "XCPU",	  [SIGXFSZ] = "XFSZ",	  [SIGPROF] = "PROF",
		[SIGPWR] = "PWR",	[SIGSYS] = "SYS",   [SIGWINCH] = "WINCH", [SIGVTALRM] = "VTALRM", [SIGPOLL] = "POLL",
#ifdef SIGSTKFLT
		[SIGSTKFLT] = "STKFLT",
#endif
	};

	return signal >= 0 && (size_t)signal < sizeof(names) / sizeof(*names) ? names[signal] : NULL;
}

int group_member(gid_t gid)
{
	gid_t groups[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == gid)
			return 1;
	return gid == getegid();
}
#endif
