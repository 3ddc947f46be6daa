/* SPDX-License-Identifier: ISC */
#include "secretdir/pushed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/report.h"

#define ALONE_MS 60000	/* so long a queue may not answer before polling takes over */
#define OPEN_MS 60000	/* so long a label that was announced is looked for */
#define BURST_SETTLES 5 /* a burst wakes a round after so many times --settle, however long it lasts */

/* ---- Beginning and end ---- */

int pushed_open(struct pushed *pushed, const struct secret_options *options, struct schedule *schedule, struct loop *loop,
		struct atomicdir_error *error)
{
	*pushed = (struct pushed){ .is_wanted = options->notify_queue,
				   .options = options,
				   .schedule = schedule,
				   .loop = loop,
				   .listener = { .fd = -1, .far_fd = -1, .due_ms = -1 },
				   .alone_ms = -1,
				   .due_ms = -1 };
	if (!pushed->is_wanted)
		return 0;
	pushed->alone_ms = clock_ms() + ALONE_MS;
	return listener_open(&pushed->listener, error);
}

static void pushed_forget(struct pushed *pushed)
{
	free(pushed->events);
	free(pushed->labels);
	pushed->events = NULL;
	pushed->labels = NULL;
	pushed->count = 0;
	pushed->given = 0;
	pushed->open_ms = 0;
	pushed->is_incomplete = false;
	pushed->due_ms = -1;
}

void pushed_close(struct pushed *pushed)
{
	pushed_forget(pushed);
	if (pushed->is_wanted)
		listener_close(&pushed->listener);
}

void pushed_end(struct pushed *pushed)
{
	pushed->is_ending = true;
	if (pushed->listener.child.pid > 0)
		child_end(&pushed->listener.child);
}

void pushed_restart(struct pushed *pushed)
{
	if (pushed->listener.child.pid > 0)
		child_end(&pushed->listener.child);
}

bool pushed_take_end(struct pushed *pushed, const struct child *child)
{
	bool is_asked = child->end == CHILD_ASKED;

	if (child != &pushed->listener.child)
		return false;
	listener_take_end(&pushed->listener);
	if (is_asked)
		pushed->listener.due_ms = clock_ms();
	return true;
}

/* ---- Whether the queue answers ---- */

/* The next round is at the host's own slot of the shorter interval both ways: when a queue comes back to a hundred thousand hosts they
 * are not to ask together. */
static void pushed_set_interval(struct pushed *pushed, struct standing *standing, enum push push, int64_t now_ms)
{
	int64_t slot_ms;

	standing->push = push;
	if (pushed->options->interval_ms < 0)
		pushed->schedule->interval_ms = push == PUSH_CONNECTED ? SCHEDULE_PUSHED_MS : SCHEDULE_INTERVAL_MS;
	if (standing->next.ms < 0)
		return;
	slot_ms = schedule_slot(pushed->schedule, SCHEDULE_INTERVAL_MS, now_ms);
	if (slot_ms < standing->next.ms)
		standing->next.ms = slot_ms;
}

static void pushed_connect(struct pushed *pushed, struct standing *standing, int64_t now_ms)
{
	pushed->is_connected = true;
	pushed->alone_ms = -1;
	pushed_set_interval(pushed, standing, PUSH_CONNECTED, now_ms);
}

static void pushed_disconnect(struct pushed *pushed, const struct atomicdir_error *error, int64_t now_ms)
{
	if (pushed->is_connected)
		pushed->alone_ms = now_ms + ALONE_MS;
	pushed->is_connected = false;
	report_error(error);
}

/* ---- Events ---- */

/* Where memory runs out for one, the round that it wakes looks at all secrets. */
static void pushed_add(struct pushed *pushed, const struct heard_event *event)
{
	struct heard_event *added = pushed->is_incomplete ? NULL : array_add(&pushed->events, &pushed->count, sizeof(*added));

	if (added)
		*added = *event;
	else
		pushed->is_incomplete = true;
}

const struct label *pushed_labels(struct pushed *pushed, size_t *count)
{
	free(pushed->labels);
	pushed->labels = pushed->is_incomplete ? NULL : calloc(pushed->count + 1, sizeof(*pushed->labels));
	for (size_t i = 0; pushed->labels && i < pushed->count; i++) {
		const struct heard_event *event = &pushed->events[i];

		pushed->labels[i] = (struct label){ *event->arn ? event->arn : event->name, event->version };
	}
	*count = pushed->labels ? pushed->count : 0;
	return *count ? pushed->labels : NULL;
}

static int64_t pushed_find_splay(const struct pushed *pushed)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		return 0;
	return (int64_t)((uint64_t)random * (uint64_t)pushed->options->notify_splay_ms >> 32);
}

/* Each event lets the others of its burst come, but no burst lasts for ever. */
static void pushed_take_event(struct pushed *pushed, const struct heard_event *event, int64_t now_ms)
{
	int64_t settle_ms = pushed->options->settle_ms, last_ms;

	if (pushed->due_ms < 0) {
		pushed->first_ms = now_ms;
		pushed->due_ms = now_ms + settle_ms + pushed_find_splay(pushed);
	} else {
		last_ms = pushed->first_ms + BURST_SETTLES * settle_ms;
		if (pushed->due_ms < now_ms + settle_ms)
			pushed->due_ms = now_ms + settle_ms < last_ms ? now_ms + settle_ms : last_ms;
	}
	pushed_add(pushed, event);
}

void pushed_hear(struct pushed *pushed, struct standing *standing, int64_t now_ms)
{
	struct heard heard;

	while (pushed->is_wanted && listener_next(&pushed->listener, &heard)) {
		if (heard.kind == HEARD_EVENT)
			pushed_take_event(pushed, &heard.event, now_ms);
		else if (heard.kind == HEARD_CONNECTED)
			pushed_connect(pushed, standing, now_ms);
		else if (heard.kind == HEARD_DISCONNECTED)
			pushed_disconnect(pushed, &heard.error, now_ms);
		else if (heard.kind == HEARD_IGNORED)
			standing->ignored += heard.ignored;
		else
			report_warning(&pushed->options->shared, &heard.error);
	}
}

/* What comes while the round is under way is another burst. */
void pushed_begin_round(struct pushed *pushed)
{
	pushed->given = pushed->count;
	pushed->due_ms = -1;
}

/* What the round has seen to. What came since stays. */
static void pushed_drop_given(struct pushed *pushed)
{
	pushed->count -= pushed->given;
	if (pushed->given)
		memmove(pushed->events, pushed->events + pushed->given, pushed->count * sizeof(*pushed->events));
	pushed->given = 0;
	pushed->open_ms = 0;
	if (!pushed->count && pushed->due_ms < 0)
		pushed_forget(pushed);
}

/* A label that has not moved yet is looked for again, with longer and longer waits. Where a round failed the next one looks at
 * everything anyway. */
void pushed_take_round(struct pushed *pushed, const struct standing *standing, bool is_of_labels, int64_t now_ms)
{
	if (is_of_labels && standing->is_event_open && !pushed->open_ms)
		pushed->open_ms = now_ms;
	if (!is_of_labels || !standing->is_event_open || now_ms - pushed->open_ms >= OPEN_MS)
		pushed_drop_given(pushed);
	else if (pushed->due_ms < 0 || standing->next.ms < pushed->due_ms)
		pushed->due_ms = standing->next.ms;
}

/* ---- What is due ---- */

void pushed_do_due(struct pushed *pushed, struct rounds *rounds, int64_t now_ms)
{
	struct listener_plan plan = { pushed->options, rounds->link, rounds->wanted_fd };
	struct atomicdir_error error;

	if (!pushed->is_wanted || pushed->is_ending)
		return;
	if (pushed->alone_ms >= 0 && pushed->alone_ms <= now_ms) {
		pushed->alone_ms = -1;
		pushed_set_interval(pushed, rounds->standing, PUSH_POLLING, now_ms);
	}
	error_clear(&error);
	if (pushed->listener.child.pid <= 0 && pushed->listener.due_ms >= 0 && pushed->listener.due_ms <= now_ms &&
	    listener_start(&pushed->listener, &plan, pushed->loop, &error) < 0)
		report_error(&error);
}

int64_t pushed_find_due(const struct pushed *pushed)
{
	int64_t due_ms = pushed->listener.child.pid > 0 ? -1 : pushed->listener.due_ms;

	if (!pushed->is_wanted)
		return -1;
	if (pushed->alone_ms >= 0 && (due_ms < 0 || pushed->alone_ms < due_ms))
		due_ms = pushed->alone_ms;
	return due_ms;
}
