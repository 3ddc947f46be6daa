/* SPDX-License-Identifier: ISC
 *
 * What a profile's credential_process prints. No shell; its standard error is shown, its output is wiped, its time is limited.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/credentials.h"
#include "fetch/words.h"

#define TIME_LIMIT_S 60
#define OUTPUT_MAX 65536

struct process {
	const struct ini_entry *entry; /* where it stands */
	char **argv;
	pid_t pid;
	int output_fd, message_fd; /* what it prints, and what it complains of */
	struct buffer output, message;
};

static void process_clear(struct process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	close_fd(&process->output_fd);
	close_fd(&process->message_fd);
	buffer_clear(&process->output);
	buffer_clear(&process->message);
}

/* In the child. Of our descriptors it gets none but these. It stays in our group, which secretdir ends with us: so what it started and
 * left behind ends too. */
static void become(const struct process *process, int output_fd, int message_fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
	    dup2(message_fd, STDERR_FILENO) < 0)
		_exit(127);
	close_range(3, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	execvp(process->argv[0], process->argv);
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(127);
}

static int start(struct process *process, struct atomicdir_error *error)
{
	int output[2] = { -1, -1 }, message[2] = { -1, -1 };
	pid_t parent = getpid();

	if (pipe2(output, O_CLOEXEC) == 0 && pipe2(message, O_CLOEXEC) == 0)
		process->pid = fork();
	if (process->pid == 0)
		become(process, output[1], message[1], parent);
	process->output_fd = output[0];
	process->message_fd = message[0];
	close_fd(&output[1]);
	close_fd(&message[1]);
	return process->pid < 0 ? error_errno(error, NULL, "cannot start the credential_process") : 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Of what is more than there may be, nothing is kept, and it is noticed. */
static int drain(int *fd, struct buffer *buffer)
{
	ssize_t size;

	if (buffer_reserve(buffer, 4096) < 0)
		return -1;
	size = read(*fd, buffer->bytes + buffer->size, 4096);
	if (size <= 0) {
		if (size < 0 && errno == EINTR)
			return 0;
		close_fd(fd);
		return 0;
	}
	if (buffer->size <= OUTPUT_MAX)
		buffer->size += (size_t)size;
	buffer->bytes[buffer->size] = '\0';
	return 0;
}

static int listen_to(struct process *process, struct atomicdir_error *error)
{
	int64_t end = now_ms() + TIME_LIMIT_S * 1000;

	while (process->output_fd >= 0 || process->message_fd >= 0) {
		struct pollfd polled[] = { { process->output_fd, POLLIN, 0 }, { process->message_fd, POLLIN, 0 } };
		int64_t left = end - now_ms();

		if (left <= 0 || poll(polled, 2, (int)left) == 0)
			return ini_refuse(error, process->entry,
					  "credential_process: '%.100s' took longer than %d s, and was ended", process->argv[0],
					  TIME_LIMIT_S);
		if ((polled[0].revents && drain(&process->output_fd, &process->output) < 0) ||
		    (polled[1].revents && drain(&process->message_fd, &process->message) < 0))
			return error_errno(error, NULL, "cannot listen to the credential_process");
	}
	return 0;
}

/* How it ended. What it complained of last is the reason. */
static int reap(struct process *process, struct atomicdir_error *error)
{
	char *message = process->message.bytes ? process->message.bytes : (char[]){ "" }, *line;
	int status = 0;

	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	process->pid = -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	for (size_t size = strlen(message); size && strchr("\r\n ", message[size - 1]);)
		message[--size] = '\0';
	line = strrchr(message, '\n');
	ini_refuse(error, process->entry, "credential_process: '%.100s' ended with %s %d%s%.160s", process->argv[0],
		   WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		   *message ? ": " : "", line ? line + 1 : message);
	return -1;
}

static int take(const struct process *process, struct credentials *credentials, struct atomicdir_error *error)
{
	const char *why = "it is no object";
	cleanup_json struct json *json =
		json_parse(process->output.bytes ? process->output.bytes : "", process->output.size, &why);
	const struct json *version = json ? json_member(json, "Version", 7) : NULL;

	if (process->output.size > OUTPUT_MAX)
		return ini_refuse(error, process->entry, "credential_process: '%.100s' prints more than %d bytes",
				  process->argv[0], OUTPUT_MAX);
	if (!json || json->type != JSON_OBJECT)
		return ini_refuse(error, process->entry, "credential_process: '%.100s' prints no JSON object: %.80s",
				  process->argv[0], json ? "it is something else" : why);
	if (!version || version->type != JSON_NUMBER || strtod(version->text, NULL) != 1)
		return ini_refuse(error, process->entry, "credential_process: '%.100s' prints no \"Version\": 1",
				  process->argv[0]);
	if (credentials_take(json, "SessionToken", credentials, error) < 0)
		return -1;
	return credentials_are_expired(credentials) ? credentials_refuse_expired(credentials, error) : 1;
}

static int run(struct process *process, struct credentials *credentials, struct atomicdir_error *error)
{
	int result;

	if (start(process, error) < 0)
		return -1;
	result = listen_to(process, error) < 0 || reap(process, error) < 0 ? -1 : take(process, credentials, error);
	if (result < 0 && error)
		error->kind = ATOMICDIR_DENIED;
	return result;
}

PROVIDER(process)
{
	const struct ini_entry *entry = aws_profile_find(context->profile, "credential_process");
	cleanup(process_clear) struct process process = { .entry = entry, .pid = -1, .output_fd = -1, .message_fd = -1 };
	cleanup(words_clear) struct words words = { 0 };
	int split;

	if (!entry)
		return 0;
	split = words_split(entry->value, &words);
	if (split < 0)
		return error_errno(error, NULL, "cannot start the credential_process");
	if (split || !words.count)
		return ini_refuse(error, entry, "credential_process %s",
				  split ? "has a quote that is not closed" : "names no program");
	snprintf(credentials->from, sizeof(credentials->from), "credential_process of profile '%.64s'", context->profile);
	process.argv = words.items;
	return run(&process, credentials, error);
}
