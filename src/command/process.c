/* SPDX-License-Identifier: ISC */
#include "command/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

#define KILL_AFTER_MS 5000

extern char **environ;

static void drop_aws(void)
{
	for (char **entry = environ; *entry;) {
		char name[128];
		size_t size = strcspn(*entry, "=");

		if (strncmp(*entry, "AWS_", 4) != 0 || size >= sizeof(name)) {
			entry++;
			continue;
		}
		memcpy(name, *entry, size);
		name[size] = '\0';
		unsetenv(name);
	}
}

/* In the child. What it cannot do it reports as env(1) does: 126 and 127. */
static void become(const struct process *process, const sigset_t *mask, pid_t parent)
{
	/* A program that outlives us would write where the next run writes. */
	prctl(PR_SET_PDEATHSIG, process->is_hook ? SIGTERM : SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (process->is_hook) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		setpgid(0, 0);
		drop_aws();
		if (null >= 0)
			dup2(null, STDIN_FILENO);
	}
	if (process->is_hook || process->output_to_error)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	if (process->directory_fd >= 0 && fchdir(process->directory_fd) < 0)
		_exit(126);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(process->argv[0], process->argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(const struct process *process, pid_t pid, int signal_number)
{
	kill(process->is_hook ? -pid : pid, signal_number);
}

/* Until it has ended. 1: its time was over. */
static int wait_for(const struct process *process, pid_t pid, const sigset_t *signals, int *status, int *caught)
{
	int64_t end_ms = process->timeout_ms < 0 ? -1 : now_ms() + process->timeout_ms;
	bool is_over = false;

	for (;;) {
		struct timespec pause = { 1, 0 };
		int number;

		if (waitpid(pid, status, WNOHANG) == pid)
			return is_over;
		if (end_ms >= 0 && end_ms - now_ms() < 1000)
			pause = (struct timespec){ 0, 20000000 };
		number = sigtimedwait(signals, NULL, &pause);
		if (number > 0 && number != SIGCHLD) {
			*caught = number;
			if (!process->is_hook) {
				end(process, pid, SIGTERM);
				end_ms = now_ms() + KILL_AFTER_MS;
				is_over = true;
			}
		}
		if (end_ms >= 0 && now_ms() >= end_ms) {
			end(process, pid, is_over ? SIGKILL : SIGTERM);
			end_ms = now_ms() + KILL_AFTER_MS;
			is_over = true;
		}
	}
}

static int tell(const struct process *process, int status, bool is_over, struct atomicdir_error *error)
{
	const char *name = process->is_hook ? process->argv[2] : process->argv[0];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (is_over)
		return error_set(error, ATOMICDIR_FAILED, name, "its time was over, and it was ended");
	if (WIFSIGNALED(status))
		return error_set(error, ATOMICDIR_FAILED, name, "it died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (!process->is_hook && WEXITSTATUS(status) >= 126)
		return error_set(error, ATOMICDIR_FAILED, name, WEXITSTATUS(status) == 127 ? "no such command (status %d)"
				 : "it cannot be executed (status %d)", WEXITSTATUS(status));
	return error_set(error, ATOMICDIR_FAILED, name, "it failed with status %d", WEXITSTATUS(status));
}

int process_run(const struct process *process, int *caught, struct atomicdir_error *error)
{
	sigset_t signals, old;
	pid_t parent = getpid(), pid;
	int status = 0, number = 0, is_over;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &old);
	pid = fork();
	if (pid == 0)
		become(process, &old, parent);
	is_over = pid < 0 ? -1 : wait_for(process, pid, &signals, &status, &number);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return error_errno(error, process->argv[0], "cannot start a process");
	if (caught)
		*caught = number;
	if (number && !process->is_hook)
		return error_set(error, ATOMICDIR_FAILED, NULL, "ended by %s", strsignal(number));
	return tell(process, status, is_over, error);
}
