/* SPDX-License-Identifier: ISC
 *
 * Which events wake the supervisor. With arguments it is a supervisor that does nothing but hear: listener_test URL LINK ENTRY...
 * prints what it hears, a line each, and ends when it is asked to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "process/signals.h"
#include "secretdir/listener.h"
#include "secretdir/surroundings.h"
#include "secretdir/wanted.h"
#include "tap.h"

#define ARN "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"

/* What is live: v1 of each. */
static const struct {
	const char *source, *service, *stage, *version;
} live[] = {
	{ "db", "", "", "v1" },
	{ "db", "", "AWSPREVIOUS", "v0" },
	{ "db", "", "MINE", "v1" },
	{ "app/a", "", "", "v1" },
	{ "twice", "", "", "v1" },
	{ "twice", "", "", "v0" },
	{ ARN "full-AbCdEf", "", "", "v1" },
	{ ARN "part", "", "", "v1" },
	{ "host", "ssm", "", "v1" },
};

static const struct {
	const char *entry, *arn, *name, *version, *label;
	bool is_match;
	const char *claim;
} rows[] = {
	{ "db", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", true, "a version that is not live wakes" },
	{ "db", ARN "db-AbCdEf", "db", "v1", "AWSCURRENT", false, "the one that is live does not" },
	{ "db,stage=AWSCURRENT", ARN "db-AbCdEf", "db", "v1", "AWSCURRENT", false, "nor where the entry says its label" },
	{ "x=db:password", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", true, "a key of it" },
	{ "other", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", false, "a secret that no entry takes does not" },
	{ "d", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", false, "nor one whose name only begins so" },
	{ "db2", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", false, "nor one whose name goes on" },
	{ "new", ARN "new-AbCdEf", "new", "v1", "AWSCURRENT", true, "one that is not live at all wakes" },
	{ "new,optional", ARN "new-AbCdEf", "new", "v1", "AWSCURRENT", true, "an optional one that comes to be" },
	{ "db", ARN "db-AbCdEf", "db", "", "AWSCURRENT", true, "an event without a version" },
	{ "db", ARN "db-AbCdEf", "db", "v1", "", true, "one without a label" },
	{ "db", "", "db", "v2", "AWSCURRENT", true, "one without an ARN" },
	{ "db", "", "db", "v1", "AWSCURRENT", false, "unless its version is live" },
	{ "db", ARN "db-AbCdEf", "", "v2", "AWSCURRENT", true, "one without a name" },
	{ "db", ARN "db-AbCdEf", "", "v1", "AWSCURRENT", false, "unless its version is live" },
	{ "db", ARN "db2-AbCdEf", "", "v2", "AWSCURRENT", false, "or its ARN is another's" },
	{ "db", ARN "db-AbCdEf", "db", "v2", "MINE", false, "another label than the entry's does not" },
	{ "db,stage=MINE", ARN "db-AbCdEf", "db", "v2", "MINE", true, "the entry's own does" },
	{ "db,stage=MINE", ARN "db-AbCdEf", "db", "v1", "MINE", false, "unless that version is live" },
	{ "db,stage=MINE", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", false, "AWSCURRENT moves no label of one's own" },
	{ "db,stage=AWSPREVIOUS", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", true, "but AWSPREVIOUS, which no event is of" },
	{ "db,stage=AWSPREVIOUS", ARN "db-AbCdEf", "db", "v0", "AWSCURRENT", true, "whatever its version" },
	{ "db,stage=AWSPENDING", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", true, "and AWSPENDING" },
	{ "db,version=00000000-0000-0000-0000-000000000001", ARN "db-AbCdEf", "db", "v2", "AWSCURRENT", false,
	  "a version that the entry names cannot move" },
	{ "app/=app/", ARN "app/a-AbCdEf", "app/a", "v2", "AWSCURRENT", true, "one of a prefix wakes" },
	{ "app/=app/", ARN "app/a-AbCdEf", "app/a", "v1", "AWSCURRENT", false, "unless its version is live" },
	{ "app/=app/", ARN "app/new-AbCdEf", "app/new", "v1", "AWSCURRENT", true, "a new one of it" },
	{ "app/=app/", ARN "apps-AbCdEf", "apps", "v1", "AWSCURRENT", false, "one beside it does not" },
	{ "app/=app/", ARN "app/new-AbCdEf", "", "v1", "AWSCURRENT", true, "by its ARN alone" },
	{ "x=" ARN "full-AbCdEf", ARN "full-AbCdEf", "full", "v2", "AWSCURRENT", true, "an entry's ARN" },
	{ "x=" ARN "full-AbCdEf", ARN "full-AbCdEf", "full", "v1", "AWSCURRENT", false, "unless its version is live" },
	{ "x=" ARN "full-AbCdEf", ARN "full-GhIjKl", "full", "v2", "AWSCURRENT", false,
	  "another secret of that name is another" },
	{ "x=" ARN "full-AbCdEf", "", "full", "v2", "AWSCURRENT", true, "an event without an ARN is taken by its name" },
	{ "x=" ARN "full-AbCdEf", "", "ful", "v2", "AWSCURRENT", false, "all of it" },
	{ "x=" ARN "part", ARN "part-AbCdEf", "part", "v2", "AWSCURRENT", true, "an ARN without its suffix" },
	{ "x=" ARN "part", ARN "part-AbCdEf", "part", "v1", "AWSCURRENT", false, "unless its version is live" },
	{ "x=" ARN "part", ARN "part-more-AbCdEf", "part-more", "v2", "AWSCURRENT", false, "is not of one whose name goes on" },
	{ "x=" ARN "full-AbCdEf", "arn:aws:secretsmanager:us-east-1:123456789012:secret:full-AbCdEf", "full", "v2",
	  "AWSCURRENT", false, "an ARN of another region is another's" },
	{ "host,service=ssm", ARN "host-AbCdEf", "host", "v2", "AWSCURRENT", false, "a parameter of that name is none" },
	{ "twice", ARN "twice-AbCdEf", "twice", "v1", "AWSCURRENT", true, "where files are of two versions it wakes" },
};

static void set(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

static bool row_matches(size_t i, const struct round_note *note)
{
	cleanup(entries_clear) struct entries entries = { 0 };
	struct atomicdir_error error;
	struct heard_event event;

	set(event.arn, sizeof(event.arn), rows[i].arn);
	set(event.name, sizeof(event.name), rows[i].name);
	set(event.version, sizeof(event.version), rows[i].version);
	set(event.label, sizeof(event.label), rows[i].label);
	if (entries_add(&entries, "unconcerned", &error) < 0 || entries_add(&entries, rows[i].entry, &error) < 0) {
		printf("# %s: %s\n", rows[i].entry, error.text);
		return !rows[i].is_match;
	}
	return listener_matches(&entries, note, &event);
}

static void make_note(struct round_note *note)
{
	for (size_t i = 0; i < sizeof(live) / sizeof(*live); i++) {
		struct published_file *file = published_add(&note->published);

		published_set(&file->path, "x");
		published_set(&file->source, live[i].source);
		published_set(&file->service, live[i].service);
		published_set(&file->stage, live[i].stage);
		published_set(&file->version, live[i].version);
	}
}

static void test_matches(void)
{
	cleanup(round_note_clear) struct round_note note = { 0 };
	char claim[300];

	make_note(&note);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(claim, sizeof(claim), "%s: %s", rows[i].entry, rows[i].claim);
		ok(row_matches(i, &note) == rows[i].is_match, claim);
	}
	note.is_unknown = true;
	ok(row_matches(1, &note), "where the note cannot be read every event of a secret wakes");
	ok(!row_matches(4, &note), "but none of others");
}

/* ---- A supervisor ---- */

static void print_heard(const struct heard *heard)
{
	switch (heard->kind) {
	case HEARD_EVENT:
		printf("event %s %s %s\n", heard->event.name, heard->event.version, heard->event.label);
		break;
	case HEARD_CONNECTED:
		puts("connected");
		break;
	case HEARD_DISCONNECTED:
		printf("disconnected %d %s\n", heard->error.kind, heard->error.text);
		break;
	case HEARD_IGNORED:
		printf("ignored %lld\n", (long long)heard->ignored);
		break;
	case HEARD_WARNING:
		printf("warning %s\n", heard->error.text);
		break;
	}
	fflush(stdout);
}

static int supervise(const struct listener_plan *plan)
{
	struct atomicdir_error error;
	struct listener listener;
	struct heard heard;
	struct loop loop;
	bool is_ending = false;

	if (listener_open(&listener, &error) < 0 || loop_open(&loop) < 0)
		return 1;
	while (!is_ending) {
		struct pollfd polled = { .fd = listener.fd, .events = POLLIN };
		struct event event;

		if (listener.due_ms >= 0)
			event = loop_next(&loop, &polled, 1, listener.due_ms);
		else
			event = loop_next(&loop, &polled, 1, -1);
		while (listener_next(&listener, &heard))
			print_heard(&heard);
		if (event.kind == EVENT_TIME && listener_start(&listener, plan, &loop, &error) == 0) {
			printf("started %d\n", (int)listener.child.pid);
			fflush(stdout);
		}
		if (event.kind == EVENT_CHILD) {
			listener_take_end(&listener);
			puts("ended");
			fflush(stdout);
		}
		is_ending = event.kind == EVENT_SIGNAL || event.kind == EVENT_FAILED;
	}
	child_end(&listener.child);
	while (listener.child.pid > 0)
		loop_next(&loop, NULL, 0, -1);
	listener_close(&listener);
	loop_close(&loop);
	return 0;
}

static int hear(char **arguments, int count)
{
	struct secret_options options = { .notify_queue = arguments[0] };
	cleanup(entries_clear) struct entries entries = { 0 };
	cleanup(spec_clear) struct spec spec = { 0 };
	cleanup_fd int fd = memfd_create("entries", MFD_CLOEXEC);
	struct listener_plan plan = { &options, arguments[1], fd };
	struct atomicdir_error error;

	signals_begin();
	surroundings_take();
	for (int i = 2; i < count; i++)
		if (entries_add(&entries, arguments[i], &error) < 0)
			return 2;
	if (wanted_write(&entries, &spec, fd, &error) < 0)
		return 1;
	return supervise(&plan);
}

int main(int argc, char **argv)
{
	if (argc > 3)
		return hear(argv + 1, argc - 1);
	test_matches();
	return done();
}
