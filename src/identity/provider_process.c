/* SPDX-License-Identifier: ISC
 *
 * What a profile's credential_process prints. No shell; its standard error is shown, its output is wiped, its time is limited.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/config.h"
#include "identity/keys.h"
#include "identity/provider.h"
#include "identity/variables.h"
#include "identity/words.h"
#include "process/loop.h"

#define TIME_LIMIT_MS 60000
#define OUTPUT_MAX 65536

struct process {
	const struct ini_entry *entry; /* where it stands */
	char **argv;
	struct loop loop;
	struct child child;
	int output_fd, message_fd; /* what it prints, and what it complains of */
	struct buffer output, message;
};

static void process_clear(struct process *process)
{
	child_clear(&process->child);
	close_fd(&process->output_fd);
	close_fd(&process->message_fd);
	buffer_clear(&process->output);
	buffer_clear(&process->message);
}

/* Of our descriptors it gets none but these. It stays in our group, which secretdir ends with us: so what it started and left behind
 * ends too. */
static int process_start(struct process *process, struct atomicdir_error *error)
{
	cleanup_fd int output_end = -1, message_end = -1;
	cleanup(environment_clear) struct environment environment = { 0 };
	int output[2], message[2];
	struct launch launch = { .argv = process->argv,
				 .environment = &environment,
				 .input_fd = CHILD_NULL,
				 .death_signal = SIGKILL,
				 .timeout_ms = TIME_LIMIT_MS };

	if (pipe2(output, O_CLOEXEC) < 0)
		return error_errno(error, NULL, "cannot start the credential_process");
	process->output_fd = output[0];
	launch.output_fd = output_end = output[1];
	if (pipe2(message, O_CLOEXEC) < 0)
		return error_errno(error, NULL, "cannot start the credential_process");
	process->message_fd = message[0];
	launch.error_fd = message_end = message[1];
	variables_give(&environment);
	return child_start(&process->child, &launch, error);
}

/* Of what is more than there may be, nothing is kept, and it is noticed; once the process has ended it is not read either, since
 * whoever writes it then may go on for ever. */
static int process_drain(const struct process *process, int *fd, struct buffer *buffer)
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
	if (buffer->size > OUTPUT_MAX && process->child.pid == 0)
		close_fd(fd);
	return 0;
}

/* To its end, and then what is left in its pipes: what it has started may have them open still. */
static int process_listen(struct process *process, struct atomicdir_error *error)
{
	for (;;) {
		struct pollfd polled[] = { { process->output_fd, POLLIN, 0 }, { process->message_fd, POLLIN, 0 } };

		switch (loop_next(&process->loop, polled, 2, process->child.pid > 0 ? -1 : 0).kind) {
		case EVENT_READY:
			if ((polled[0].revents && process_drain(process, &process->output_fd, &process->output) < 0) ||
			    (polled[1].revents && process_drain(process, &process->message_fd, &process->message) < 0))
				return error_errno(error, NULL, "cannot listen to the credential_process");
			break;
		case EVENT_CHILD:
			break;
		case EVENT_TIME:
			return 0;
		case EVENT_SIGNAL:
			return error_set(error, ATOMICDIR_FAILED, NULL, "terminated by a signal");
		case EVENT_FAILED:
			return error_errno(error, NULL, "cannot listen to the credential_process");
		}
	}
}

/* How it ended. What it complained of last is the reason. */
static int process_check(struct process *process, struct atomicdir_error *error)
{
	char *message = process->message.bytes ? process->message.bytes : (char[]){ "" }, *line, what[128];
	struct atomicdir_error why;

	snprintf(what, sizeof(what), "'%.100s'", process->argv[0]);
	if (child_check(&process->child, what, &why) == 0)
		return 0;
	for (size_t size = strlen(message); size && strchr("\r\n ", message[size - 1]);)
		message[--size] = '\0';
	line = strrchr(message, '\n');
	return ini_refuse(error, process->entry, "credential_process: %.300s%s%.160s", why.text, *message ? ": " : "",
			  line ? line + 1 : message);
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
	struct atomicdir_error why;
	int result;

	if (process_start(process, &why) < 0)
		return ini_refuse(error, process->entry, "credential_process: %.300s", why.text);
	loop_add(&process->loop, &process->child);
	result = process_listen(process, error);
	if (result == 0)
		result = process_check(process, error);
	return result < 0 ? -1 : process_take(process, credentials, error);
}

PROVIDER(process)
{
	const struct ini_entry *entry = aws_profile_find(context->profile, "credential_process");
	cleanup(process_clear) struct process process = { .entry = entry, .output_fd = -1, .message_fd = -1 };
	cleanup(words_clear) struct words words = { 0 };
	int split, result;

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
	if (loop_open(&process.loop) < 0)
		return error_errno(error, NULL, "cannot start the credential_process");
	result = process_run(&process, credentials, error);
	loop_close(&process.loop);
	if (result < 0 && error)
		error->kind = ATOMICDIR_DENIED;
	return result;
}
