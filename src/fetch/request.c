/* SPDX-License-Identifier: ISC */
#include "fetch/request.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"

static const struct {
	const char *name;
	size_t offset;
} places[] = {
	{ WORD_SECRET, offsetof(struct wanted, secret) },
	{ WORD_PATH, offsetof(struct wanted, path) },
	{ WORD_KEY, offsetof(struct wanted, key) },
	{ WORD_QUERY, offsetof(struct wanted, query) },
	{ WORD_SERVICE, offsetof(struct wanted, service) },
	{ WORD_STAGE, offsetof(struct wanted, stage) },
	{ WORD_VERSION, offsetof(struct wanted, version) },
	{ WORD_DECODE, offsetof(struct wanted, decode) },
	{ WORD_FORMAT, offsetof(struct wanted, format) },
	{ WORD_FAILOVER_SECRET, offsetof(struct wanted, failover_secret) },
	{ WORD_FAILOVER_STAGE, offsetof(struct wanted, failover_stage) },
	{ WORD_ENTRY, offsetof(struct wanted, index) },
};

#define PLACES (sizeof(places) / sizeof(*places))

static char **place_at(struct wanted *wanted, size_t i)
{
	return (char **)(void *)((char *)wanted + places[i].offset);
}

static void wanted_clear(struct wanted *wanted)
{
	for (size_t i = 0; i < PLACES; i++)
		free(*place_at(wanted, i));
}

void request_clear(struct request *request)
{
	field_reader_clear(&request->input);
	told_clear(&request->told);
	published_clear(&request->live);
	for (size_t i = 0; i < request->count; i++)
		wanted_clear(&request->wanted[i]);
	free(request->wanted);
	*request = (struct request){ 0 };
}

static int add_wanted(struct request *request)
{
	struct wanted *wanted = array_add(&request->wanted, &request->count, sizeof(*wanted));

	if (!wanted)
		return -1;
	for (size_t i = 0; i < PLACES; i++)
		if (!(*place_at(wanted, i) = strdup("")))
			return -1;
	return 0;
}

/* Where the field's text goes in an entry; NULL: nowhere. */
static char **place_of(struct wanted *wanted, const char *name)
{
	for (size_t i = 0; i < PLACES; i++)
		if (strcmp(places[i].name, name) == 0)
			return place_at(wanted, i);
	return NULL;
}

static const struct {
	const char *name;
	size_t offset;
} live_places[] = {
	{ WORD_LIVE_PATH, offsetof(struct published_file, path) },
	{ WORD_LIVE_VERSION, offsetof(struct published_file, version) },
	{ WORD_LIVE_SERVICE, offsetof(struct published_file, service) },
	{ WORD_LIVE_STAGE, offsetof(struct published_file, stage) },
	{ WORD_LIVE_CREATED, offsetof(struct published_file, created) },
	{ WORD_LIVE_PLACE, offsetof(struct published_file, place) },
};

/* Where the field's text goes in what is published; a new file begins with WORD_LIVE. NULL: nowhere, or memory is out. */
static char **live_place_of(struct published *live, const char *name)
{
	struct published_file *file = live->count ? &live->files[live->count - 1] : NULL;

	if (strcmp(name, WORD_LIVE) == 0) {
		file = published_add(live);
		return file ? &file->source : NULL;
	}
	for (size_t i = 0; file && i < sizeof(live_places) / sizeof(*live_places); i++)
		if (strcmp(live_places[i].name, name) == 0)
			return (char **)(void *)((char *)file + live_places[i].offset);
	return NULL;
}

static bool is_of_live(const struct field *field)
{
	return strncmp(field->name, WORD_LIVE, strlen(WORD_LIVE)) == 0;
}

static int take_live(struct request *request, const struct field *field, const char *text, struct atomicdir_error *error)
{
	char **place;

	errno = 0;
	place = live_place_of(&request->live, field->name);
	if (place ? published_set(place, text) < 0 : errno == ENOMEM)
		return error_errno(error, NULL, "cannot read the request");
	return place ? 0 : error_set(error, ATOMICDIR_FAILED, field->name, "the request has a field that is not known");
}

static int take(struct request *request, const struct field *field, const char *text, struct atomicdir_error *error)
{
	struct wanted *last = request->count ? &request->wanted[request->count - 1] : NULL;
	bool is_open = last && !*last->index;
	char **place;

	if (field_is(field, WORD_OPTION))
		return told_add(&request->told, text) < 0 ? error_errno(error, NULL, "cannot read the request") : 0;
	if (is_of_live(field) && !request->count)
		return take_live(request, field, text, error);
	if (field_is(field, WORD_SECRET) && !is_open) {
		if (add_wanted(request) < 0)
			return error_errno(error, NULL, "cannot read the request");
		last = &request->wanted[request->count - 1];
	} else if (!is_open) {
		return error_set(error, ATOMICDIR_FAILED, field->name, "the request has a field where none may be");
	}
	if (field_is(field, WORD_OPTIONAL) || field_is(field, WORD_PREFIX)) {
		*(field_is(field, WORD_PREFIX) ? &last->is_prefix : &last->is_optional) = true;
		return 0;
	}
	place = place_of(last, field->name);
	if (!place)
		return error_set(error, ATOMICDIR_FAILED, field->name, "the request has a field that is not known");
	free(*place);
	*place = strdup(text);
	return *place ? 0 : error_errno(error, NULL, "cannot read the request");
}

static bool is_whole(const struct request *request)
{
	for (size_t i = 0; i < request->count; i++)
		if ((!*request->wanted[i].secret && !request->wanted[i].is_prefix) || !*request->wanted[i].index)
			return false;
	return true;
}

int request_read(int fd, struct request *request, struct atomicdir_error *error)
{
	cleanup(field_clear) struct field field = { 0 };
	bool is_first = true;

	request->input.fd = fd;
	for (;;) {
		int got = field_read(&request->input, &field);
		const char *text = got > 0 ? field_text(&field) : NULL;

		if (got < 0)
			return error_errno(error, NULL, "cannot read the request");
		if (!got || !text || (field_is(&field, WORD_END) && !is_whole(request)))
			return error_set(error, ATOMICDIR_FAILED, NULL, "the request is not whole");
		if (is_first && (!field_is(&field, WORD_FETCH) || strcmp(text, PROTOCOL_VERSION) != 0))
			return error_set(error, ATOMICDIR_FAILED, NULL, "the request is of another version of the protocol");
		if (field_is(&field, WORD_END))
			return 0;
		if (!is_first && take(request, &field, text, error) < 0)
			return -1;
		is_first = false;
	}
}

static bool ends_in_slash(const char *text)
{
	return *text && text[strlen(text) - 1] == '/';
}

const char *wanted_path(const struct wanted *wanted)
{
	return *wanted->path ? wanted->path : wanted->secret;
}

bool wanted_is_prefix(const struct wanted *wanted)
{
	return wanted->is_prefix || (ends_in_slash(wanted_path(wanted)) && ends_in_slash(wanted->secret));
}

bool wanted_is_expanded(const struct wanted *wanted)
{
	return ends_in_slash(wanted_path(wanted)) && !wanted_is_prefix(wanted);
}
