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

#include "base/cleanup.h"
#include "base/error.h"

#define KILL_AFTER_MS 10000

extern char **environ;

static const int changed_signals[] = { SIGXFSZ, SIGPIPE, SIGCHLD };
static struct sigaction inherited[3];

void process_begin(void)
{
	int fd;

	/* Not writable: what is printed to a closed descriptor is to fail, not to vanish. */
	while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
		;
	close_fd(&fd);
	for (int i = 0; i < 3; i++) {
		struct sigaction action = { .sa_handler = changed_signals[i] == SIGCHLD ? SIG_DFL : SIG_IGN };

		sigaction(changed_signals[i], &action, &inherited[i]);
	}
}

void process_restore(void)
{
	for (int i = 0; i < 3; i++)
		sigaction(changed_signals[i], &inherited[i], NULL);
}

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

static void become_hook(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	drop_aws();
	if (null >= 0)
		dup2(null, STDIN_FILENO);
}

/* In the child. Why it cannot is written to `failure_fd`, which a program that was started closes. */
static void become(const struct process *process, const sigset_t *mask, pid_t parent, int failure_fd)
{
	int why;

	/* A program that outlives us would write where the next run writes. */
	prctl(PR_SET_PDEATHSIG, process->is_hook ? SIGTERM : SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (process->is_hook)
		become_hook();
	if (((!process->is_hook && !process->output_to_error) || dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) &&
	    (!process->input_fd || dup2(process->input_fd, STDIN_FILENO) >= 0) &&
	    (!process->output_fd || dup2(process->output_fd, STDOUT_FILENO) >= 0) &&
	    (process->directory_fd < 0 || fchdir(process->directory_fd) == 0)) {
		process_restore();
		sigprocmask(SIG_SETMASK, mask, NULL);
		execvp(process->argv[0], process->argv);
	}
	why = errno;
	if (write(failure_fd, &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How a process that we wait for is doing. */
struct waiting {
	const struct process *process;
	pid_t pid;
	sigset_t signals;
	int64_t end_ms;		 /* when to send the next one; -1: never */
	bool is_ending, is_late; /* it was sent a signal; because its time was over */
	int caught;
};

static void end(struct waiting *waiting)
{
	kill(waiting->process->is_hook ? -waiting->pid : waiting->pid, waiting->is_ending ? SIGKILL : SIGTERM);
	waiting->is_ending = true;
	waiting->end_ms = now_ms() + KILL_AFTER_MS;
}

static struct timespec pause_for(const struct waiting *waiting)
{
	int64_t ms = waiting->end_ms < 0 ? 1000 : waiting->end_ms - now_ms();

	ms = ms < 0 ? 0 : ms > 1000 ? 1000 : ms;
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

static void take_signal(struct waiting *waiting)
{
	struct timespec pause = pause_for(waiting);
	int number = sigtimedwait(&waiting->signals, NULL, &pause);

	if (number > 0 && number != SIGCHLD && !waiting->process->is_waited_for) {
		waiting->caught = number;
		if (!waiting->is_ending)
			end(waiting);
	}
	if (waiting->end_ms >= 0 && now_ms() >= waiting->end_ms) {
		waiting->is_late = waiting->is_late || !waiting->is_ending;
		end(waiting);
	}
}

static int wait_for(struct waiting *waiting)
{
	int status;

	while (waitpid(waiting->pid, &status, WNOHANG) != waiting->pid)
		take_signal(waiting);
	/* What it left running in its group would go on without anyone knowing. */
	if (waiting->process->is_hook && waiting->is_ending)
		kill(-waiting->pid, SIGKILL);
	return status;
}

static int tell(const struct waiting *waiting, int status, int why, struct atomicdir_error *error)
{
	const struct process *process = waiting->process;
	const char *name = process->is_hook ? process->argv[2] : process->argv[0];

	errno = why;
	if (why)
		return error_errno(error, name, "it cannot be executed");
	if (waiting->caught) {
		error_set(error, ATOMICDIR_FAILED, name, "ended, because of signal %d (%s)", waiting->caught,
			  strsignal(waiting->caught));
		if (error)
			error->errnum = EINTR;
		return -1;
	}
	if (waiting->is_late)
		return error_set(error, ATOMICDIR_FAILED, name, "its time was over, and it was ended");
	if (WIFSIGNALED(status))
		return error_set(error, ATOMICDIR_FAILED, name, "it died of signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return error_set(error, ATOMICDIR_FAILED, name, "it failed with status %d", WEXITSTATUS(status));
	return 0;
}

/* A signal that is ignored, as nohup(1) and a shell's `&` have it, stays ignored: blocked it would be caught. */
static void choose_signals(sigset_t *signals)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP };

	sigemptyset(signals);
	sigaddset(signals, SIGCHLD);
	for (int i = 0; i < 3; i++) {
		struct sigaction action;

		if (sigaction(ours[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(signals, ours[i]);
	}
}

static int start(struct waiting *waiting, const sigset_t *mask, int failure[2])
{
	pid_t parent = getpid();

	if (pipe2(failure, O_CLOEXEC) < 0)
		return -1;
	waiting->pid = fork();
	if (waiting->pid == 0)
		become(waiting->process, mask, parent, failure[1]);
	/* Both do it, since either may be first. */
	if (waiting->pid > 0 && waiting->process->is_hook)
		setpgid(waiting->pid, waiting->pid);
	close_fd(&failure[1]);
	return waiting->pid < 0 ? -1 : 0;
}

int process_run(const struct process *process, struct atomicdir_error *error)
{
	struct waiting waiting = { .process = process };
	cleanup_fd int failure_fd = -1;
	int failure[2] = { -1, -1 }, status, why = 0;
	sigset_t old;

	choose_signals(&waiting.signals);
	sigprocmask(SIG_BLOCK, &waiting.signals, &old);
	waiting.end_ms = process->timeout_ms < 0 ? -1 : now_ms() + process->timeout_ms;
	status = start(&waiting, &old, failure);
	failure_fd = failure[0];
	if (status == 0)
		status = wait_for(&waiting);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (waiting.pid <= 0)
		return error_errno(error, process->argv[0], "cannot start a process");
	/* The parent's write end is closed, and the child has ended: nothing here waits. */
	if (read(failure_fd, &why, sizeof(why)) != sizeof(why))
		why = 0;
	return tell(&waiting, status, why, error);
}
