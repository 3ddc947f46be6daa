/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/libc.h"
#include "process/loop.h"
#include "process/process.h"
#include "process/run.h"
#include "process/signals.h"
#include "tap.h"

/* ---- One child of a shell's ---- */

#define SHELL(script) ((char *[]){ (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ script }, NULL })
#define PROGRAM(path) ((char *[]){ (char[]){ path }, NULL })

struct sample {
	const char *claim;
	char *const *argv;
	int64_t timeout_ms;
	enum run_signals signals;
	const char *error; /* NULL: none */
	int errnum;
};

static void prove_samples(void)
{
	const struct sample samples[] = {
		{ "a child that exits with 0 has done well", SHELL("exit 0"), -1, RUN_ENDS, NULL, 0 },
		{ "another status is an error that has it", SHELL("exit 3"), -1, RUN_ENDS, "'sh' exited with status 3", 0 },
		{ "so is 127, which is not that it could not be executed", SHELL("exit 127"), -1, RUN_ENDS,
		  "'sh' exited with status 127", 0 },
		{ "and a signal", SHELL("kill -9 $$"), -1, RUN_ENDS, "'sh' was killed by signal 9 (Killed)", 0 },
		{ "a program that is not there says so", PROGRAM("./absent"), -1, RUN_ENDS,
		  "cannot execute './absent': No such file or directory", ENOENT },
		{ "and one in no directory of PATH", PROGRAM("no-such-program"), -1, RUN_ENDS,
		  "cannot execute 'no-such-program': No such file or directory", ENOENT },
		{ "and one that may not be executed", PROGRAM("./plain"), -1, RUN_ENDS,
		  "cannot execute './plain': Permission denied", EACCES },
		{ "one that takes too long is terminated", SHELL("exec sleep 600"), 100, RUN_ENDS,
		  "'sh' timed out after 100ms and was terminated", 0 },
		{ "and killed where it does not listen", SHELL("trap '' TERM; sleep 600 & wait; sleep 600"), 500, RUN_ENDS,
		  "'sh' timed out after 500ms and was terminated", 0 },
		{ "exiting with 0 then is too late", SHELL("trap 'exit 0' TERM; while :; do sleep 0.01; done"), 1000, RUN_ENDS,
		  "'sh' timed out after 1s and was terminated", 0 },
		{ "a signal that asks us to end ends the child", SHELL("kill -TERM $PPID; exec sleep 600"), -1, RUN_ENDS,
		  "'sh' was terminated because of SIGTERM", EINTR },
		{ "where it should not, it does not", SHELL("kill -TERM $PPID; kill -INT $PPID; exit 0"), -1, RUN_GOES_ON, NULL,
		  0 },
		{ "SIGHUP is another", SHELL("kill -HUP $PPID; exec sleep 600"), -1, RUN_ENDS,
		  "'sh' was terminated because of SIGHUP", EINTR },
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *sample = &samples[i];
		struct launch launch = {
			.argv = sample->argv, .timeout_ms = sample->timeout_ms, .kill_after_ms = 100, .group = CHILD_GROUP_OWN
		};
		struct atomicdir_error error;
		const char *text;

		error_clear(&error);
		text = run_to_end(&launch, NULL, sample->signals, &error) == 0 ? NULL : error.text;
		is_text(text, sample->error, sample->claim);
		if (sample->errnum)
			is_int(error.errnum, sample->errnum, "and its number");
	}
}

/* ---- What a child is given ---- */

/* What the child prints is in *output, to its end, which comes when nobody has the pipe any more. */
static int run_reading(struct launch *launch, struct buffer *output)
{
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	launch->output_fd = ends[1];
	launch->timeout_ms = launch->timeout_ms ? launch->timeout_ms : -1;
	result = run_to_end(launch, NULL, RUN_ENDS, NULL);
	close(ends[1]);
	buffer_clear(output);
	if (read_to_end(ends[0], 100000, output) < 0)
		result = -1;
	close(ends[0]);
	return result;
}

static bool prints(struct launch *launch, const char *wanted)
{
	cleanup_buffer struct buffer output = { 0 };
	int result = run_reading(launch, &output);
	const char *got = output.bytes ? output.bytes : "";

	if (result == 0 && strcmp(got, wanted) == 0)
		return true;
	printf("# got %d, '%s', wanted '%s'\n", result, got, wanted);
	return false;
}

static void prove_descriptors(void)
{
	int inherited = fcntl(STDERR_FILENO, F_DUPFD, 70), first[2], second[2];
	struct launch launch = { .argv = SHELL("test ! -e /proc/self/fd/70 && test ! -e /proc/self/fd/3") };

	ok(inherited == 70 && prints(&launch, ""),
	   "a child gets no descriptor beyond the standard ones, not even one that is inherited");
	if (pipe2(first, O_CLOEXEC) < 0 || pipe2(second, O_CLOEXEC) < 0)
		return;
	write_all(first[1], "one", 3);
	write_all(second[1], "two", 3);
	close(first[1]);
	close(second[1]);
	/* Each stands where the other is to be. */
	dup3(first[0], 4, O_CLOEXEC);
	dup3(second[0], 3, O_CLOEXEC);
	launch = (struct launch){ .argv = SHELL("cat <&3; cat <&4; test ! -e /proc/self/fd/70"),
				  .passed_fds = (const int[]){ 4, 3 },
				  .passed_count = 2 };
	ok(prints(&launch, "onetwo"), "a child gets the descriptors that are passed, in their order, from 3 on");
	close_range(3, 100, 0);
	launch = (struct launch){ .argv = SHELL("! read line && echo lost >&2"),
				  .input_fd = CHILD_NULL,
				  .error_fd = CHILD_NULL };
	ok(prints(&launch, ""), "/dev/null stands in for what it is not to have");
}

static void prove_environment(void)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	struct launch launch = { .argv = PROGRAM("/usr/bin/env"), .environment = &environment };

	ok(prints(&launch, ""), "an empty environment is empty");
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("LC_ALL", "C", 1);
	setenv("AWS_KEY", "secret", 1);
	setenv("AWSOME", "1", 1);
	environment_inherit(&environment, (const char *const[]){ "PATH", "LC_*", "AWS", NULL });
	ok(prints(&launch, "PATH=/usr/bin:/bin\nLC_ALL=C\n"), "one by patterns has what they name, exactly");
	environment_clear(&environment);
	environment_inherit(&environment, NULL);
	environment_remove(&environment, "AWS_*");
	environment_set(&environment, "LC_ALL", "other");
	environment_set(&environment, "NEW", "");
	ok(prints(&launch, "PATH=/usr/bin:/bin\nAWSOME=1\nLC_ALL=other\nNEW=\n"),
	   "variables are taken out, replaced and added");
	ok(getenv("AWS_KEY") && strcmp(getenv("LC_ALL"), "C") == 0 && !getenv("NEW"),
	   "a child's variables do not change our own environment");
}

static void prove_surroundings(void)
{
	char where[4096], wanted[4200];
	cleanup_fd int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct launch launch = { .argv = PROGRAM("pwd"), .directory_fd = fd };
	struct launch session = {
		.argv = SHELL("test $$ = $(cut -d' ' -f5 </proc/$$/stat) && test $$ = $(cut -d' ' -f6 </proc/$$/stat)"),
		.group = CHILD_GROUP_SESSION,
		.timeout_ms = -1
	};
	struct launch group = {
		.argv = SHELL("test $$ = $(cut -d' ' -f5 </proc/$$/stat) && test $$ != $(cut -d' ' -f6 </proc/$$/stat)"),
		.group = CHILD_GROUP_OWN,
		.timeout_ms = -1
	};

	snprintf(wanted, sizeof(wanted), "%s\n", getcwd(where, sizeof(where)));
	ok(chdir("/") == 0 && prints(&launch, wanted), "a child runs in the working directory that it is given");
	if (fchdir(fd) < 0)
		return;
	ok(run_to_end(&group, NULL, RUN_ENDS, NULL) == 0, "a child is in a group of its own if that is asked for");
	ok(run_to_end(&session, NULL, RUN_ENDS, NULL) == 0, "a child is in a session of its own if that is asked for");
}

/* ---- Groups ---- */

static void prove_groups(void)
{
	cleanup_buffer struct buffer output = { 0 };
	struct launch late = { .argv = SHELL("sleep 600 & echo $!; sleep 600"), .group = CHILD_GROUP_OWN, .timeout_ms = 500 };
	struct launch kept = { .argv = SHELL("(read line <&3; echo $line) & exit 0"), .group = CHILD_GROUP_OWN };
	struct launch killed = { .argv = SHELL("sleep 600 & exit 0"), .group = CHILD_GROUP_OWN, .is_group_killed = true };
	int ends[2];

	/* The output ends when all have ended. */
	ok(run_reading(&late, &output) < 0 && output.size > 1, "what a child has started ends with it when it takes too long");
	ok(run_reading(&killed, &output) == 0, "what a child has started ends when the child ends, if that is asked for");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	write_all(ends[1], "still here\n", 11);
	kept.passed_fds = &ends[0];
	kept.passed_count = 1;
	ok(prints(&kept, "still here\n"), "else what it leaves running goes on");
	close(ends[0]);
	close(ends[1]);
}

/* Our child, which dies while its own child would run for ever. */
static int die_before_child(void *context)
{
	struct launch launch = { .argv = SHELL("echo begun; exec sleep 600"),
				 .output_fd = *(int *)context,
				 .death_signal = SIGKILL,
				 .timeout_ms = -1 };
	struct child child;

	/* It has been executed by then, so nothing is lost. */
	return child_start(&child, &launch, NULL) < 0 ? 1 : 7;
}

static void prove_death_signal(void)
{
	cleanup_buffer struct buffer output = { 0 };
	struct atomicdir_error error;
	struct launch launch = { .run = die_before_child, .timeout_ms = -1 };
	struct child child;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	launch.context = &ends[1];
	ok(child_start(&child, &launch, &error) == 0, "a function of ours runs as a child");
	child_wait(&child);
	close(ends[1]);
	ok(child_check(&child, "it", &error) < 0 && strcmp(error.text, "it exited with status 7") == 0,
	   "a function that runs as a child gives its result as the status");
	ok(read_to_end(ends[0], 100, &output) == 0, "a child with a death signal does not outlive its parent");
	close(ends[0]);
}

/* ---- The loop ---- */

static bool is_end_of(struct event event, const struct child *child, int status)
{
	return event.kind == EVENT_CHILD && event.child == child && child->pid == 0 && WIFEXITED(child->status) &&
	       WEXITSTATUS(child->status) == status;
}

static void prove_two_children(void)
{
	struct launch three = { .argv = SHELL("exit 3"), .timeout_ms = -1 },
		      five = { .argv = SHELL("exit 5"), .timeout_ms = -1 };
	struct child one, other;
	struct event first, second;
	struct loop loop;

	if (loop_open(&loop) < 0 || child_start(&one, &three, NULL) < 0 || child_start(&other, &five, NULL) < 0)
		return;
	loop_add(&loop, &one);
	loop_add(&loop, &other);
	first = loop_next(&loop, NULL, 0, -1);
	second = loop_next(&loop, NULL, 0, -1);
	ok((is_end_of(first, &one, 3) && is_end_of(second, &other, 5)) ||
		   (is_end_of(first, &other, 5) && is_end_of(second, &one, 3)),
	   "each of two children has its own end");
	ok(loop_next(&loop, NULL, 0, 0).kind == EVENT_TIME, "after both children have ended there is no further event");
	loop_close(&loop);
}

/* The inner one lasts until the outer one has ended: its loop reads the SIGCHLD of both. */
static void prove_nested_loops(void)
{
	struct launch outer = { .argv = SHELL("exit 3"), .timeout_ms = -1 };
	struct launch inner = { .argv = SHELL("cat <&3"), .timeout_ms = -1 };
	struct child child;
	struct loop loop;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || loop_open(&loop) < 0)
		return;
	outer.passed_fds = &ends[1];
	inner.passed_fds = &ends[0];
	outer.passed_count = inner.passed_count = 1;
	if (child_start(&child, &outer, NULL) < 0)
		return;
	close(ends[1]);
	loop_add(&loop, &child);
	ok(run_to_end(&inner, NULL, RUN_ENDS, NULL) == 0, "a child can be run to its end while another one ends");
	ok(is_end_of(loop_next(&loop, NULL, 0, -1), &child, 3), "the other child's end is not lost by that");
	loop_close(&loop);
	close(ends[0]);
}

/* The child is dead when the loop looks, and both signals wait: as at a terminal, which sends SIGINT to both. */
static void prove_signal_first(void)
{
	struct launch launch = { .argv = SHELL("kill -INT $PPID; kill -INT $$"), .timeout_ms = -1 };
	struct child child;
	struct event first, second;
	struct loop loop;

	if (loop_open(&loop) < 0 || child_start(&child, &launch, NULL) < 0)
		return;
	loop_add(&loop, &child);
	while (!child_has_ended(&child))
		;
	first = loop_next(&loop, NULL, 0, -1);
	ok(child.pid > 0, "a child that has ended is reaped only when its end is told");
	second = loop_next(&loop, NULL, 0, -1);
	ok(first.kind == EVENT_SIGNAL && first.signal == SIGINT && second.kind == EVENT_CHILD,
	   "a signal that ends a child as well is known before its end");
	loop_close(&loop);
}

static void prove_events(void)
{
	struct pollfd polled[1];
	struct launch talking = { .argv = SHELL("exec yes"), .timeout_ms = 100 };
	struct child child;
	struct event event;
	struct loop loop;
	int ends[2];
	char bytes[4096];

	if (pipe2(ends, O_CLOEXEC) < 0 || loop_open(&loop) < 0)
		return;
	talking.output_fd = ends[1];
	polled[0] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	raise(SIGTERM);
	event = loop_next(&loop, polled, 1, 0);
	ok(event.kind == EVENT_SIGNAL && event.signal == SIGTERM, "a signal is an event, and kills nobody");
	ok(loop_next(&loop, polled, 1, 0).kind == EVENT_TIME, "once");
	write_all(ends[1], "x", 1);
	event = loop_next(&loop, polled, 1, 0);
	ok(event.kind == EVENT_READY && polled[0].revents == POLLIN, "a descriptor that can be read is an event");
	if (child_start(&child, &talking, NULL) < 0)
		return;
	loop_add(&loop, &child);
	while ((event = loop_next(&loop, polled, 1, -1)).kind == EVENT_READY)
		if (read(ends[0], bytes, sizeof(bytes)) < 0)
			break;
	ok(event.kind == EVENT_CHILD && child.end == CHILD_TIMED_OUT,
	   "a child whose output never ends is terminated in time as well");
	child_end(&child);
	child_clear(&child);
	ok(child.pid == 0 && loop_next(&loop, NULL, 0, 0).kind == EVENT_TIME, "one that was reaped is signalled no more");
	loop_close(&loop);
	close(ends[0]);
	close(ends[1]);
}

/* ---- Signals ---- */

static bool is_default(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

static void prove_ignored(void)
{
	struct launch launch = { .argv = SHELL("kill -HUP $PPID; kill -HUP $$; exit 0"), .timeout_ms = -1 };

	signal(SIGHUP, SIG_IGN);
	ok(run_to_end(&launch, NULL, RUN_ENDS, NULL) == 0, "a SIGHUP that is ignored ends neither us nor the child");
	signal(SIGHUP, SIG_DFL);
}

static void prove_mask(void)
{
	sigset_t after;
	struct loop loop;

	if (loop_open(&loop) < 0)
		return;
	loop_close(&loop);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ok(!sigismember(&after, SIGTERM) && !sigismember(&after, SIGCHLD) && is_default(SIGTERM) && is_default(SIGCHLD),
	   "a closed loop leaves neither a mask nor a handler");
}

/* The signal comes before the call blocks, which is the worst moment. */
static void prove_catch(void)
{
	struct loop loop;
	int ends[2], result, number;
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0 || loop_open(&loop) < 0)
		return;
	signals_catch();
	raise(SIGTERM);
	result = (int)read(ends[0], &byte, 1);
	number = errno;
	ok(result < 0 && number == EINTR && signals_caught() == SIGTERM, "a signal that is caught ends a call that blocks");
	ok(is_default(SIGTERM) && is_default(SIGALRM), "no handler is left after signals_caught()");
	signals_catch();
	ok(signals_caught() == 0, "no signal is pending after signals_caught()");
	loop_close(&loop);
	close(ends[0]);
	close(ends[1]);
}

/* What /proc/self/status says of blocked and ignored signals. */
static void read_signals(struct buffer *lines)
{
	cleanup_buffer struct buffer status = { 0 };
	const char *begin, *end;

	if (read_path("/proc/self/status", 100000, &status) < 0 || !(begin = strstr(status.bytes, "SigBlk")) ||
	    !(end = strstr(begin, "SigCgt")))
		return;
	buffer_add(lines, begin, (size_t)(end - begin));
}

int main(void)
{
	char directory[] = "/tmp/process-test-XXXXXX";
	struct launch launch = { .argv = SHELL("exec grep -E '^Sig(Blk|Ign)' /proc/self/status") };
	cleanup_buffer struct buffer before = { 0 };

	/* Whoever runs this may ignore them. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	read_signals(&before);
	process_begin();
	if (!mkdtemp(directory) || chdir(directory) < 0 || write_file_at(AT_FDCWD, "plain", 0644, "x", 1) < 0)
		return 1;
	prove_samples();
	prove_descriptors();
	prove_surroundings();
	prove_groups();
	prove_death_signal();
	prove_two_children();
	prove_nested_loops();
	prove_signal_first();
	prove_events();
	prove_ignored();
	prove_mask();
	prove_catch();
	ok(prints(&launch, before.bytes), "a child blocks and ignores the signals that we were started with, and no others");
	prove_environment();
	return unlink("plain") < 0 || chdir("/") < 0 || rmdir(directory) < 0 || done();
}
