/* SPDX-License-Identifier: ISC */
#include "secretdir/spec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "base/protocol.h"
#include "command/report.h"
#include "process/run.h"
#include "secretdir/input.h"
#include "secretdir/program.h"
#include "secretdir/surroundings.h"

#define SPEC_MAX (1 << 20)
#define TIME_LIMIT_MS 30000 /* the largest spec takes a tenth of a second */

/* What is being read, and where it goes. */
struct reading {
	const char *name;
	struct spec *spec;
	const struct options *options; /* for its warnings */
	struct entries *entries;
	size_t count; /* of the entries that came */
	struct atomicdir_error *error;
};

void spec_clear(struct spec *spec)
{
	free(spec->region);
	free(spec->failover_region);
	*spec = (struct spec){ 0 };
}

/* ---- Asking ---- */

static int spec_write_request(int fd, const char *name, const struct buffer *content, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer request = { 0 };

	if (field_add_text(&request, WORD_SPEC, PROTOCOL_VERSION) < 0 || field_add_text(&request, WORD_NAME, name) < 0 ||
	    field_add(&request, WORD_CONTENT, content->bytes, content->size) < 0 ||
	    field_add_text(&request, WORD_END, "") < 0 || write_all(fd, request.bytes, request.size) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(error, name, "cannot read the spec");
	return 0;
}

/* Request and reply are memfds, not pipes: neither program can wait for the other, however long they are. */
static int spec_ask(const char *name, const struct buffer *content, int reply_fd, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	cleanup_fd int request_fd = memfd_create("request", MFD_CLOEXEC);
	char path[PATH_MAX];
	int found;
	char *const argv[] = { path, NULL };
	const struct launch launch = { .argv = argv,
				       .environment = &environment,
				       .input_fd = request_fd,
				       .output_fd = reply_fd,
				       .death_signal = SIGKILL,
				       .timeout_ms = TIME_LIMIT_MS };

	if (request_fd < 0 || reply_fd < 0)
		return error_errno(error, name, "cannot read the spec");
	found = program_find("spec", "yaml", path, error);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "cannot read the spec '%s': spec-yaml is missing; install it as '%s'", name, path);
	if (spec_write_request(request_fd, name, content, error) < 0)
		return -1;
	program_inherit(&environment);
	if (run_to_end(&launch, NULL, RUN_ENDS, error) < 0)
		return error_prefix(error, "cannot read the spec '%s'", name);
	return lseek(reply_fd, 0, SEEK_SET) < 0 ? error_errno(error, name, "cannot read the spec") : 0;
}

/* ---- Listening ---- */

static int reading_garbled(struct reading *reading)
{
	error_set(reading->error, ATOMICDIR_FAILED, NULL,
		  "spec-yaml does not follow the protocol; is it from the same version as secretdir?");
	return error_prefix(reading->error, "cannot read the spec '%s'", reading->name);
}

static int reading_take_error(struct reading *reading, const char *text)
{
	return protocol_take_error(text, reading->error) < 0 ? reading_garbled(reading) : -1;
}

static int reading_take_option(struct reading *reading, const char *text)
{
	char **place;

	if (strncmp(text, OPTION_REGION "=", 7) == 0)
		place = &reading->spec->region;
	else if (strncmp(text, OPTION_FAILOVER_REGION "=", 16) == 0)
		place = &reading->spec->failover_region;
	else
		return reading_garbled(reading);
	free(*place);
	*place = strdup(strchr(text, '=') + 1);
	return *place ? 0 : error_errno(reading->error, NULL, "cannot read the spec");
}

static void reading_take_warning(struct reading *reading, const char *text)
{
	struct atomicdir_error warning;

	protocol_take_text(text, &warning);
	report_warning(reading->options, &warning);
}

static void reading_take_unconfined(struct reading *reading, const char *text)
{
	struct atomicdir_error notice;

	protocol_take_text(text, &notice);
	report_verbose(reading->options, "%s", notice.text);
}

static int reading_end_entry(struct reading *reading)
{
	return reading->count ? entries_end(reading->entries, reading->error) : 0;
}

static int reading_begin_entry(struct reading *reading, const char *place)
{
	if (reading_end_entry(reading) < 0)
		return -1;
	reading->count++;
	return entries_begin(reading->entries, place, reading->error);
}

/* 1: all entries came. */
static int reading_finish(struct reading *reading, const char *count)
{
	if (reading_end_entry(reading) < 0)
		return -1;
	return strtoul(count, NULL, 10) == reading->count ? 1 : reading_garbled(reading);
}

/* 1: that was the last field. */
static int reading_take(struct reading *reading, const struct field *field)
{
	const char *text = field_text(field);

	if (!text)
		return reading_garbled(reading);
	if (field_is(field, WORD_ERROR))
		return reading_take_error(reading, text);
	if (field_is(field, WORD_OPTION))
		return reading_take_option(reading, text);
	if (field_is(field, WORD_WARNING)) {
		reading_take_warning(reading, text);
		return 0;
	}
	if (field_is(field, WORD_UNCONFINED)) {
		reading_take_unconfined(reading, text);
		return 0;
	}
	if (field_is(field, WORD_ENTRY))
		return reading_begin_entry(reading, text);
	if (field_is(field, WORD_DONE))
		return reading_finish(reading, text);
	return reading->count ? entries_set(reading->entries, field->name, text, reading->error) : reading_garbled(reading);
}

static int reading_listen(struct reading *reading, int fd)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = fd };
	cleanup(field_clear) struct field field = { 0 };

	for (;;) {
		int result = field_read(&reader, &field);

		if (result <= 0)
			return reading_garbled(reading);
		result = reading_take(reading, &field);
		if (result)
			return result < 0 ? -1 : 0;
	}
}

int spec_read(struct spec *spec, const struct secret_options *options, struct entries *entries, struct atomicdir_error *error)
{
	const char *name = strcmp(options->spec, "-") == 0 ? "standard input" : options->spec;
	struct reading reading = {
		.name = name, .spec = spec, .options = &options->shared, .entries = entries, .error = error
	};
	cleanup_fd int reply_fd = memfd_create("reply", MFD_CLOEXEC);
	cleanup_buffer struct buffer content = { 0 };

	if (input_read("the spec", options->spec, SPEC_MAX, &content, error) < 0 ||
	    spec_ask(name, &content, reply_fd, error) < 0)
		return -1;
	return reading_listen(&reading, reply_fd);
}
