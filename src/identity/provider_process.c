/* SPDX-License-Identifier: ISC
 *
 * What a profile's credential_process prints. No shell; its standard error is shown, its output is wiped, its time is limited.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "identity/config.h"
#include "identity/keys.h"
#include "identity/provider.h"
#include "identity/variables.h"
#include "identity/words.h"
#include "process/loop.h"

#define TIME_LIMIT_S 60
#define OUTPUT_MAX 65536

struct process {
	const struct ini_entry *entry; /* where it stands */
	char **argv;
	struct loop loop;
	struct child child;
	bool has_ended;
	int output_fd, message_fd; /* what it prints, and what it complains of */
	struct buffer output, message;
};

static void process_clear(struct process *process)
{
	close_fd(&process->output_fd);
	close_fd(&process->message_fd);
	buffer_clear(&process->output);
	buffer_clear(&process->message);
}

/* It stays in our group, which secretdir ends with us: so what it started and left behind ends too. */
static int process_launch(struct process *process, int output_fd, int message_fd, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	const struct launch launch = { .argv = process->argv,
				       .environment = &environment,
				       .input_fd = CHILD_NULL,
				       .output_fd = output_fd,
				       .error_fd = message_fd,
				       .death_signal = SIGKILL,
				       .timeout_ms = -1 };

	variables_give(&environment);
	return child_start(&process->child, &launch, error);
}

static int process_start(struct process *process, struct atomicdir_error *error)
{
	int output[2] = { -1, -1 }, message[2] = { -1, -1 };
	int result;

	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(message, O_CLOEXEC) < 0)
		result = error_errno(error, NULL, "cannot start the credential_process");
	else
		result = process_launch(process, output[1], message[1], error);
	process->output_fd = output[0];
	process->message_fd = message[0];
	close_fd(&output[1]);
	close_fd(&message[1]);
	return result;
}

/* Of what is more than there may be, nothing is kept, and it is noticed. */
static int process_drain(int *fd, struct buffer *buffer)
{
	ssize_t size;

	if (buffer_reserve(buffer, 4096) < 0)
		return -1;
	size = read(*fd, buffer->bytes + buffer->size, 4096);
	if (size <= 0) {
		close_fd(fd);
		return 0;
	}
	if (buffer->size <= OUTPUT_MAX)
		buffer->size += (size_t)size;
	buffer->bytes[buffer->size] = '\0';
	return 0;
}

/* It has ended when it is reaped, and nobody can print for it any more. */
static int process_listen(struct process *process, struct atomicdir_error *error)
{
	int64_t end_ms = clock_ms() + TIME_LIMIT_S * 1000;

	while (process->output_fd >= 0 || process->message_fd >= 0 || !process->has_ended) {
		struct pollfd polled[] = { { process->output_fd, POLLIN, 0 }, { process->message_fd, POLLIN, 0 } };
		struct event event = loop_next(&process->loop, polled, 2, end_ms);

		if (event.kind == EVENT_TIME)
			return ini_refuse(error, process->entry,
					  "credential_process: '%.100s' took longer than %d s, and was ended", process->argv[0],
					  TIME_LIMIT_S);
		if (event.kind == EVENT_SIGNAL || event.kind == EVENT_FAILED)
			return error_errno(error, NULL, "cannot wait for the credential_process");
		process->has_ended = process->has_ended || event.kind == EVENT_CHILD;
		if (event.kind != EVENT_READY)
			continue;
		if ((polled[0].revents && process_drain(&process->output_fd, &process->output) < 0) ||
		    (polled[1].revents && process_drain(&process->message_fd, &process->message) < 0))
			return error_errno(error, NULL, "cannot listen to the credential_process");
	}
	return 0;
}

/* How it ended. What it complained of last is the reason. */
static int process_check(struct process *process, struct atomicdir_error *error)
{
	char *message = process->message.bytes ? process->message.bytes : (char[]){ "" }, *line;
	int status = process->child.status;

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

static int process_take(const struct process *process, struct credentials *credentials, struct atomicdir_error *error)
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
	if (credentials_take_json(json, "SessionToken", credentials, error) < 0)
		return -1;
	return credentials_are_expired(credentials) ? credentials_refuse_expired(credentials, error) : 1;
}

static int process_run(struct process *process, struct credentials *credentials, struct atomicdir_error *error)
{
	int result;

	if (loop_open(&process->loop) < 0)
		return error_errno(error, NULL, "cannot start the credential_process");
	result = process_start(process, error);
	if (result == 0) {
		loop_add(&process->loop, &process->child);
		result = process_listen(process, error);
	}
	loop_close(&process->loop);
	if (result < 0 || process_check(process, error) < 0 || process_take(process, credentials, error) < 0) {
		error->kind = ATOMICDIR_DENIED;
		return -1;
	}
	return 1;
}

PROVIDER(process)
{
	const struct ini_entry *entry = aws_profile_find(context->profile, "credential_process");
	cleanup(process_clear) struct process process = { .entry = entry, .output_fd = -1, .message_fd = -1 };
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
	if (context->on_wait)
		context->on_wait(context->waiter);
	return process_run(&process, credentials, error);
}
