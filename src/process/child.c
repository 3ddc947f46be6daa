/* SPDX-License-Identifier: ISC */
#include "process/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/libc.h"
#include "process/signals.h"

#define FIRST_PASSED (STDERR_FILENO + 1)
#define EXIT_NOT_EXECUTED 127

/* ---- In the child, before it is another program ---- */

/* Kernels before 5.11 cannot mark a range. */
static int launch_close_each_fd(void)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!directory)
		return -1;
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);

		if (fd >= FIRST_PASSED)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	return closedir(directory);
}

static int launch_close_fds(void)
{
	return close_range(FIRST_PASSED, ~0U, CLOSE_RANGE_CLOEXEC) == 0 ? 0 : launch_close_each_fd();
}

/* Duplicates a descriptor to a number above all those that the child's descriptors will have. */
static int launch_lift_fd(const struct launch *launch, int fd)
{
	cleanup_fd int null_fd = -1;

	if (fd == CHILD_NULL)
		fd = null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_PASSED + (int)launch->passed_count);
}

/* All are duplicated upwards before the first is put in its place, since one may have the number that another is to get. */
static int launch_place_fds(const struct launch *launch)
{
	int fds[FIRST_PASSED + CHILD_PASSED_MAX] = { launch->input_fd, launch->output_fd, launch->error_fd };
	int count = FIRST_PASSED + (int)launch->passed_count;

	for (int i = 0; i < count; i++) {
		int fd = i < FIRST_PASSED ? fds[i] : launch->passed_fds[i - FIRST_PASSED];

		fds[i] = launch_lift_fd(launch, fd ? fd : i);
		if (fds[i] < 0)
			return -1;
	}
	if (launch_close_fds() < 0)
		return -1;
	for (int i = 0; i < count; i++)
		if (dup2(fds[i], i) < 0)
			return -1;
	return 0;
}

/* Returns if it cannot be executed. */
static void launch_execute(const struct launch *launch)
{
	if (launch->directory_fd && fchdir(launch->directory_fd) < 0)
		return;
	if (launch_place_fds(launch) < 0)
		return;
	signals_restore();
	execvpe(launch->argv[0], launch->argv, launch->environment ? launch->environment->items : environ);
}

static void launch_become(const struct launch *launch, pid_t parent, int failure_fd)
{
	int why;

	/* A child that outlived us would write into what the next run works on. */
	if (launch->death_signal)
		prctl(PR_SET_PDEATHSIG, launch->death_signal);
	if (getppid() != parent)
		_exit(EXIT_NOT_EXECUTED);
	if (launch->group == CHILD_GROUP_OWN)
		setpgid(0, 0);
	if (launch->terminal)
		terminal_give(launch->terminal, getpid());
	if (launch->group == CHILD_GROUP_SESSION)
		setsid();
	if (!launch->argv) {
		close(failure_fd);
		_exit(launch->run(launch->context));
	}
	failure_fd = launch_lift_fd(launch, failure_fd);
	launch_execute(launch);
	why = errno;
	if (write(failure_fd, &why, sizeof(why)) != sizeof(why))
		_exit(EXIT_NOT_EXECUTED - 1);
	_exit(EXIT_NOT_EXECUTED);
}

/* ---- Starting it ---- */

static int child_fork(struct child *child, const struct launch *launch, int *failure_fd)
{
	cleanup_fd int read_fd = -1, write_fd = -1;
	pid_t parent = getpid();
	int ends[2];

	if (launch->environment && launch->environment->is_incomplete) {
		errno = ENOMEM;
		return -1;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	read_fd = ends[0];
	write_fd = ends[1];
	child->pid = fork();
	if (child->pid == 0)
		launch_become(launch, parent, write_fd);
	*failure_fd = take_fd(&read_fd);
	return child->pid < 0 ? -1 : 0;
}

/* The errno of an execve(2) that failed; 0: it succeeded, which has closed the other end of the pipe. */
static int child_read_failure(int failure_fd)
{
	int why = 0;
	ssize_t size;

	do
		size = read(failure_fd, &why, sizeof(why));
	while (size < 0 && errno == EINTR);
	return size == sizeof(why) ? why : 0;
}

int child_start(struct child *child, const struct launch *launch, struct atomicdir_error *error)
{
	cleanup_fd int failure_fd = -1;
	const char *name = launch->argv ? launch->argv[0] : NULL;

	*child = (struct child){ .due_ms = launch->timeout_ms < 0 ? -1 : clock_ms() + launch->timeout_ms,
				 .timeout_ms = launch->timeout_ms,
				 .kill_after_ms = launch->kill_after_ms ? launch->kill_after_ms : CHILD_KILL_AFTER_MS,
				 .is_leader = launch->group != CHILD_GROUP_SHARED,
				 .is_group_killed = launch->is_group_killed,
				 .terminal = launch->terminal };
	if (child_fork(child, launch, &failure_fd) < 0) {
		child->pid = 0;
		return error_system(error, errno, name, "cannot start a process");
	}
	errno = child_read_failure(failure_fd);
	if (!errno)
		return 0;
	error_system(error, errno, name, "cannot execute");
	child_wait(child);
	return -1;
}

/* ---- Its end ---- */

/* A child may have left its group, so SIGKILL is sent to the child itself too. */
void child_send(const struct child *child, int number)
{
	if (child->pid <= 0)
		return;
	if (!child->is_leader || kill(-child->pid, number) < 0 || number == SIGKILL)
		kill(child->pid, number);
}

void child_end(struct child *child)
{
	if (child->end != CHILD_BY_ITSELF) {
		child_kill(child);
		return;
	}
	child->end = CHILD_ASKED;
	child->due_ms = clock_ms() + child->kill_after_ms;
	child_send(child, SIGTERM);
}

void child_time_out(struct child *child)
{
	bool is_first = child->end == CHILD_BY_ITSELF;

	child_end(child);
	if (is_first)
		child->end = CHILD_TIMED_OUT;
}

void child_limit(struct child *child, int64_t timeout_ms)
{
	int64_t due_ms = clock_ms() + timeout_ms;

	if (child->pid <= 0 || (child->due_ms >= 0 && child->due_ms <= due_ms))
		return;
	child->due_ms = due_ms;
	child->timeout_ms = timeout_ms;
}

void child_kill(struct child *child)
{
	if (child->end == CHILD_BY_ITSELF)
		child->end = CHILD_ASKED;
	child->due_ms = -1;
	child_send(child, SIGKILL);
}

/* It is left to be reaped. */
static bool child_look(const struct child *child, int options)
{
	siginfo_t info = { 0 };

	if (child->pid <= 0)
		return true;
	while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT | options) < 0)
		if (errno != EINTR)
			return false;
	return info.si_pid;
}

bool child_has_ended(const struct child *child)
{
	return child_look(child, WNOHANG);
}

/* Kills what is left of the group before it reaps the child: only until then the pid, and so the group's id, cannot be
 * reused. */
void child_wait(struct child *child)
{
	if (child->pid <= 0 || !child_look(child, 0))
		return;
	if (child->is_leader && (child->is_group_killed || child->end != CHILD_BY_ITSELF))
		child_send(child, SIGKILL);
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

void child_follow_stop(struct child *child)
{
	siginfo_t info = { 0 };

	if (!child->terminal || child->pid <= 0 || waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG) < 0 ||
	    !info.si_pid || terminal_follow_stop(child->terminal, child->pid, info.si_status) == 0)
		return;
	child_end(child);
	child->end = CHILD_WITHOUT_TERMINAL;
	/* A stopped process acts on SIGTERM only when it is continued. */
	child_send(child, SIGCONT);
}

int child_keep_no_fds(void)
{
	return launch_close_fds();
}

void child_adopt_orphans(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

pid_t child_find_ended(void)
{
	siginfo_t info = { 0 };

	return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) < 0 ? 0 : info.si_pid;
}

void child_reap_stranger(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG);
}

void child_clear(struct child *child)
{
	child_kill(child);
	child_wait(child);
}

/* ---- How it ended ---- */

int child_check(const struct child *child, const char *what, struct atomicdir_error *error)
{
	char time[32];
	int status = child->status;

	if (child->end == CHILD_TIMED_OUT) {
		clock_show(time, child->timeout_ms);
		return error_set(error, ATOMICDIR_FAILED, NULL, "%s timed out after %s and was terminated", what, time);
	}
	if (child->end == CHILD_WITHOUT_TERMINAL)
		return error_set(error, ATOMICDIR_FAILED, NULL,
				 "%s asked for the terminal, which it cannot have in the background, and was terminated", what);
	if (WIFSIGNALED(status))
		return error_set(error, ATOMICDIR_FAILED, NULL, "%s was killed by signal %d (%s)", what, WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return error_set(error, ATOMICDIR_FAILED, NULL, "%s exited with status %d", what, WEXITSTATUS(status));
	return 0;
}
