/* SPDX-License-Identifier: ISC */
#include "secretdir/listener.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arn.h"
#include "base/backoff.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/protocol.h"
#include "secretdir/interrupt.h"
#include "secretdir/keys.h"
#include "secretdir/program.h"
#include "secretdir/source.h"
#include "secretdir/wanted.h"
#include "secretdir/worker.h"

#define PAUSE_MAX_MS 60000
#define KILL_AFTER_MS 2000
#define SHORT_MS 30000 /* who has keys for longer than this is started again at once */
#define SUFFIX_SIZE 7  /* '-' and six characters, with which Secrets Manager ends a secret's ARN */
#define CURRENT "AWSCURRENT"

/* ---- What matters ---- */

/* The name of the secret that the ARN is of, with its suffix. */
static const char *arn_secret(const char *arn)
{
	struct arn_part resource = arn_part(arn, ARN_RESOURCE);

	return resource.text && strncmp(resource.text, "secret:", 7) == 0 ? resource.text + 7 : "";
}

/* An ARN may be written without the suffix. Where the event has no ARN its name has to do. */
static bool arn_is_of(const char *arn, const struct heard_event *event)
{
	size_t size = strlen(arn);
	const char *secret = arn_secret(arn);

	if (*event->arn)
		return strncmp(event->arn, arn, size) == 0 &&
		       (!event->arn[size] || (event->arn[size] == '-' && strlen(event->arn + size) == SUFFIX_SIZE));
	size = strlen(event->name);
	return strncmp(secret, event->name, size) == 0 &&
	       (!secret[size] || (secret[size] == '-' && strlen(secret + size) == SUFFIX_SIZE));
}

/* Where the event has no name its ARN has it, before the suffix. */
static bool name_is_of(const char *name, bool is_prefix, const struct heard_event *event)
{
	const char *heard = *event->name ? event->name : arn_secret(event->arn);
	size_t size = strlen(name);

	if (strncmp(heard, name, size) != 0)
		return false;
	return is_prefix || !heard[size] || (!*event->name && heard[size] == '-' && strlen(heard + size) == SUFFIX_SIZE);
}

static bool secret_is_of(const char *secret, bool is_prefix, const struct heard_event *event)
{
	return arn_is(secret) ? arn_is_of(secret, event) : name_is_of(secret, is_prefix, event);
}

static bool entry_is_of(const struct entry *entry, const struct heard_event *event)
{
	bool is_prefix = entry_is_prefix(entry);

	if (*entry->service)
		return false;
	return secret_is_of(entry->secret, is_prefix, event) ||
	       (*entry->failover_secret && secret_is_of(entry->failover_secret, is_prefix, event));
}

/* No event tells of the other two labels of AWS's own, which move with AWSCURRENT. */
static bool label_moves(const char *stage, const char *label)
{
	stage = *stage ? stage : CURRENT;
	if (!*label || strcmp(stage, label) == 0)
		return true;
	return strcmp(label, CURRENT) == 0 && (strcmp(stage, "AWSPREVIOUS") == 0 || strcmp(stage, "AWSPENDING") == 0);
}

/* Is just this version live already? Of a label that moved with another one nothing is known. */
static bool note_has(const struct round_note *note, const char *stage, const struct heard_event *event)
{
	bool is_any = false;

	stage = *stage ? stage : CURRENT;
	if (note->is_unknown || !*event->version || strcmp(stage, event->label) != 0)
		return false;
	for (size_t i = 0; i < note->published.count; i++) {
		const struct published_file *file = &note->published.files[i];

		if (*file->service || strcmp(*file->stage ? file->stage : CURRENT, stage) != 0 ||
		    !secret_is_of(file->source, false, event))
			continue;
		if (strcmp(file->version, event->version) != 0)
			return false;
		is_any = true;
	}
	return is_any;
}

bool listener_matches(const struct entries *entries, const struct round_note *note, const struct heard_event *event)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		const char *other = *entry->failover_stage ? entry->failover_stage : entry->stage;

		if (*entry->version || !entry_is_of(entry, event))
			continue;
		if (label_moves(entry->stage, event->label) && !note_has(note, entry->stage, event))
			return true;
		if (label_moves(other, event->label) && !note_has(note, other, event))
			return true;
	}
	return false;
}

/* ---- In the child ---- */

struct ear {
	const struct listener_plan *plan;
	int fd;
	struct entries entries;
	struct spec spec;
	struct told told;
	struct keys keys;
	struct worker worker;
	struct field field;
	struct heard heard; /* what is said next */
};

static void ear_clear(struct ear *ear)
{
	worker_clear(&ear->worker);
	keys_close(&ear->keys);
	told_clear(&ear->told);
	entries_clear(&ear->entries);
	spec_clear(&ear->spec);
	field_clear(&ear->field);
}

/* -1: a signal came, or nobody is there. */
static int ear_say(struct ear *ear)
{
	struct pollfd polled = { .fd = ear->fd, .events = POLLOUT };

	while (send(ear->fd, &ear->heard, sizeof(ear->heard), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		switch (interrupt_next(&polled, 1, -1).kind) {
		case EVENT_SIGNAL:
		case EVENT_FAILED:
			return -1;
		default:
			break;
		}
	}
	return 0;
}

static int ear_say_kind(struct ear *ear, int kind, const struct atomicdir_error *error)
{
	ear->heard = (struct heard){ .kind = kind };
	if (error)
		ear->heard.error = *error;
	return ear_say(ear);
}

static int ear_refuse(struct ear *ear, const char *why, struct atomicdir_error *error)
{
	return worker_refuse(&ear->worker, why, error);
}

/* ---- What listen-aws says ---- */

static int ear_read(struct ear *ear, struct atomicdir_error *error)
{
	int got = worker_read(&ear->worker, &ear->field);

	if (got > 0)
		return field_text(&ear->field) ? 0 : ear_refuse(ear, "a field is no text", error);
	if (interrupt_check(error) < 0 || worker_reap(&ear->worker, error) < 0)
		return -1;
	return ear_refuse(ear, "it ended before it was done", error);
}

static int ear_read_part(struct ear *ear, const char *name, char *text, size_t size, struct atomicdir_error *error)
{
	if (ear_read(ear, error) < 0)
		return -1;
	if (!field_is(&ear->field, name) || ear->field.value.size >= size)
		return ear_refuse(ear, "an event is not whole", error);
	memcpy(text, field_text(&ear->field), ear->field.value.size + 1);
	return 0;
}

/* The note is read anew for each event: rounds go on meanwhile. */
static int ear_take_event(struct ear *ear, struct atomicdir_error *error)
{
	cleanup(round_note_clear) struct round_note note = { 0 };
	struct heard_event *event = &ear->heard.event;

	ear->heard = (struct heard){ .kind = HEARD_EVENT };
	if (ear_read_part(ear, WORD_ARN, event->arn, sizeof(event->arn), error) < 0 ||
	    ear_read_part(ear, WORD_NAME, event->name, sizeof(event->name), error) < 0 ||
	    ear_read_part(ear, WORD_VERSION, event->version, sizeof(event->version), error) < 0 ||
	    ear_read_part(ear, WORD_LABEL, event->label, sizeof(event->label), error) < 0 ||
	    round_note_read(ear->plan->link, &note, error) < 0)
		return -1;
	if (listener_matches(&ear->entries, &note, event))
		return ear_say(ear);
	ear->heard = (struct heard){ .kind = HEARD_IGNORED, .ignored = 1 };
	return ear_say(ear);
}

static int ear_take_ignored(struct ear *ear)
{
	ear->heard = (struct heard){ .kind = HEARD_IGNORED, .ignored = strtoll(field_text(&ear->field), NULL, 10) };
	return ear_say(ear);
}

static int ear_take_failure(struct ear *ear, struct atomicdir_error *error)
{
	struct atomicdir_error why;

	error_clear(&why);
	if (protocol_take_error(field_text(&ear->field), &why) < 0)
		return ear_refuse(ear, "an error has no kind that is known, or no text", error);
	return ear_say_kind(ear, HEARD_DISCONNECTED, &why);
}

static int ear_take_warning(struct ear *ear)
{
	struct atomicdir_error warning;

	protocol_take_text(field_text(&ear->field), &warning);
	return ear_say_kind(ear, HEARD_WARNING, &warning);
}

static int ear_take_error(struct ear *ear, struct atomicdir_error *error)
{
	if (protocol_take_error(field_text(&ear->field), error) < 0)
		return ear_refuse(ear, "an error has no kind that is known, or no text", error);
	worker_reap(&ear->worker, NULL);
	return -1;
}

/* 1: it is done. */
static int ear_take(struct ear *ear, struct atomicdir_error *error)
{
	if (field_is(&ear->field, WORD_EVENT))
		return ear_take_event(ear, error);
	if (field_is(&ear->field, WORD_CONNECTED))
		return ear_say_kind(ear, HEARD_CONNECTED, NULL);
	if (field_is(&ear->field, WORD_DISCONNECTED))
		return ear_take_failure(ear, error);
	if (field_is(&ear->field, WORD_IGNORED))
		return ear_take_ignored(ear);
	if (field_is(&ear->field, WORD_WARNING))
		return ear_take_warning(ear);
	/* The rounds say what cannot be confined. */
	if (field_is(&ear->field, WORD_UNCONFINED))
		return 0;
	if (field_is(&ear->field, WORD_EXPIRED))
		return keys_hand_anew(&ear->keys, &ear->worker, &ear->told, field_text(&ear->field), error);
	if (field_is(&ear->field, WORD_ERROR))
		return ear_take_error(ear, error);
	if (!field_is(&ear->field, WORD_DONE))
		return ear_refuse(ear, "a field comes where none may be", error);
	return worker_reap(&ear->worker, error) < 0 ? -1 : 1;
}

/* ---- Its beginning and end ---- */

static int ear_make_request(const struct ear *ear, struct buffer *request)
{
	const char *url = ear->plan->options->notify_queue;
	cleanup_buffer struct buffer option = { 0 };

	if (field_add_text(request, WORD_LISTEN, PROTOCOL_VERSION) < 0 ||
	    buffer_printf(&option, "%s=%s", OPTION_QUEUE_URL, url) < 0 ||
	    field_add_text(request, WORD_OPTION, option.bytes) < 0)
		return -1;
	return field_add_text(request, WORD_END, "");
}

static int ear_find_program(char path[static PATH_MAX], struct atomicdir_error *error)
{
	int found = program_find("listen", "aws", path, error);

	if (!found)
		error_set(error, ATOMICDIR_USAGE, NULL,
			  "listen-aws, which listens to the queue, is missing; install it as '%s'", path);
	return found <= 0 ? -1 : 0;
}

static int ear_open(struct ear *ear, struct atomicdir_error *error)
{
	const struct secret_options *options = ear->plan->options;
	cleanup_buffer struct buffer request = { 0 };
	char path[PATH_MAX];

	if (wanted_load(ear->plan->wanted_fd, &ear->entries, &ear->spec, error) < 0 || ear_find_program(path, error) < 0)
		return -1;
	if (source_tell(&ear->told, options, &ear->spec, &ear->entries) < 0 ||
	    told_add_value(&ear->told, OPTION_QUEUE_URL, options->notify_queue, strlen(options->notify_queue)) < 0 ||
	    ear_make_request(ear, &request) < 0)
		return error_errno(error, NULL, "cannot listen");
	if (keys_start(&ear->keys, &ear->worker, "listen-aws", path, error) < 0 ||
	    worker_tell(&ear->worker, &request, error) < 0)
		return -1;
	return keys_hand(&ear->keys, &ear->worker, &ear->told, error);
}

static int ear_listen(struct ear *ear, struct atomicdir_error *error)
{
	int taken = interrupt_begin(error) < 0 || ear_open(ear, error) < 0 ? -1 : 0;

	while (taken == 0)
		taken = ear_read(ear, error) < 0 ? -1 : ear_take(ear, error);
	return taken < 0 ? -1 : 0;
}

struct listener_context {
	const struct listener_plan *plan;
	int fd;
};

/* Where it was asked to end nobody wants to know why. */
static int listener_run(void *context)
{
	const struct listener_context *its = context;
	struct ear ear = { .plan = its->plan, .fd = its->fd, .keys = KEYS_INIT };
	struct atomicdir_error error;
	int result;

	error_clear(&error);
	result = ear_listen(&ear, &error);
	if (result < 0 && error.text[0] && interrupt_check(NULL) == 0)
		ear_say_kind(&ear, HEARD_DISCONNECTED, &error);
	ear_clear(&ear);
	interrupt_end();
	return result < 0 ? ATOMICDIR_FAILED : ATOMICDIR_OK;
}

/* ---- In the supervisor ---- */

int listener_open(struct listener *listener, struct atomicdir_error *error)
{
	int fds[2];

	*listener = (struct listener){ .fd = -1, .far_fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return error_errno(error, NULL, "cannot listen");
	listener->fd = fds[0];
	listener->far_fd = fds[1];
	return 0;
}

static void listener_plan_start(struct listener *listener, bool has_failed)
{
	listener->failures = has_failed ? listener->failures + 1 : 0;
	listener->due_ms = clock_ms();
	if (has_failed)
		listener->due_ms += backoff_ms(listener->failures, PAUSE_MAX_MS, backoff_random());
}

int listener_start(struct listener *listener, const struct listener_plan *plan, struct loop *loop,
		   struct atomicdir_error *error)
{
	struct listener_context context = { plan, listener->far_fd };
	struct launch launch = { .run = listener_run,
				 .context = &context,
				 .group = CHILD_GROUP_OWN,
				 .death_signal = SIGKILL,
				 .timeout_ms = -1,
				 .kill_after_ms = KILL_AFTER_MS };

	if (child_start(&listener->child, &launch, error) < 0) {
		listener_plan_start(listener, true);
		return -1;
	}
	loop_add(loop, &listener->child);
	listener->started_ms = clock_ms();
	listener->due_ms = -1;
	return 0;
}

bool listener_next(struct listener *listener, struct heard *heard)
{
	if (recv(listener->fd, heard, sizeof(*heard), MSG_DONTWAIT) != sizeof(*heard))
		return false;
	return true;
}

/* One that was asked to end is started again at once: with other entries, or not at all. Keys that do not last would have it asked for
 * others all the time. */
void listener_take_end(struct listener *listener)
{
	bool is_done = WIFEXITED(listener->child.status) && WEXITSTATUS(listener->child.status) == ATOMICDIR_OK;
	bool is_short = clock_ms() - listener->started_ms < SHORT_MS;

	listener_plan_start(listener, listener->child.end == CHILD_BY_ITSELF && (!is_done || is_short));
}

void listener_close(struct listener *listener)
{
	if (listener->child.pid > 0)
		child_clear(&listener->child);
	close_fd(&listener->fd);
	close_fd(&listener->far_fd);
}
