/* SPDX-License-Identifier: ISC */
#include "secretdir/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "secretdir/interrupt.h"
#include "secretdir/program.h"
#include "secretdir/surroundings.h"

/* ---- The file ---- */

void keys_lend(struct keys *keys, int fd, uint64_t asked)
{
	*keys = KEYS_INIT;
	keys->fd = fd;
	keys->is_lent = true;
	keys->is_filled = asked != 0;
	keys->asked = asked;
}

int keys_open(struct keys *keys, struct atomicdir_error *error)
{
	if (keys->fd >= 0)
		return 0;
	*keys = KEYS_INIT;
	keys->fd = memfd_create("keys", MFD_CLOEXEC);
	if (keys->fd < 0 || fchmod(keys->fd, 0600) < 0)
		return error_errno(error, NULL, "cannot make a file in memory for the keys");
	return 0;
}

bool keys_can_stay(const struct keys *keys)
{
	if (!keys->is_filled || keys->is_elsewhere)
		return false;
	return !keys->is_fresh || (!keys->is_fixed && keys->seconds_left > 0);
}

void keys_close(struct keys *keys)
{
	worker_clear(&keys->worker);
	if (!keys->is_lent || !keys_can_stay(keys))
		wipe_file(keys->fd);
	if (keys->is_lent)
		keys->fd = -1;
	close_fd(&keys->fd);
}

static int file_open_anew(int fd, struct atomicdir_error *error)
{
	char path[64];
	int reader_fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader_fd = open(path, O_RDONLY | O_CLOEXEC);
	return reader_fd < 0 ? error_errno(error, path, "cannot open") : reader_fd;
}

/* ---- Asking ---- */

static int request_add(struct buffer *request, const char *name, const char *value)
{
	cleanup_buffer struct buffer option = { 0 };

	if (!value || !*value)
		return 0;
	return buffer_printf(&option, "%s=%s", name, value) < 0 ? -1 : field_add_text(request, WORD_OPTION, option.bytes);
}

/* Of what fetch-aws is told, what says who we are and where. */
static int request_make(struct buffer *request, const struct told *told, const char *region)
{
	static const char *const names[] = { OPTION_REGION,	 OPTION_FAILOVER_REGION, OPTION_ENDPOINT_URL,
					     OPTION_CA_BUNDLE,	 OPTION_PROFILE,	 OPTION_ROLE_ARN,
					     OPTION_EXTERNAL_ID, OPTION_ARN_REGION,	 OPTION_QUEUE_URL };

	if (field_add_text(request, WORD_IDENTITY, PROTOCOL_VERSION) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (request_add(request, names[i], told_option(told, names[i])) < 0)
			return -1;
	return request_add(request, OPTION_KEYS_REGION, region) < 0 ? -1 : field_add_text(request, WORD_END, "");
}

static int identity_start(struct keys *keys, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	cleanup_fd int variables_fd = -1;
	int given_fd = surroundings_fd(error), passed[2];
	char path[PATH_MAX];
	int found;

	if (given_fd < 0)
		return -1;
	variables_fd = file_open_anew(given_fd, error);
	if (variables_fd < 0)
		return -1;
	found = program_find("identity", "aws", path, error);
	if (!found)
		error_set(error, ATOMICDIR_USAGE, NULL, "identity-aws, which finds the keys, is missing; install it as '%s'",
			  path);
	if (found <= 0)
		return -1;
	program_inherit(&environment);
	passed[PROTOCOL_KEYS_FD - 3] = keys->fd;
	passed[PROTOCOL_VARIABLES_FD - 3] = variables_fd;
	return worker_start(&keys->worker, "identity-aws", path, &environment, passed, 2, error);
}

/* A number that stands for what is asked: whatever is asked otherwise gives other keys. FNV-1a. 0: it cannot be told. */
static uint64_t request_number(const struct told *told)
{
	cleanup_buffer struct buffer request = { 0 };
	uint64_t number = 0xcbf29ce484222325;

	if (request_make(&request, told, "") < 0)
		return 0;
	for (size_t i = 0; i < request.size; i++)
		number = (number ^ (unsigned char)request.bytes[i]) * 0x100000001b3;
	return number;
}

bool keys_are_there(const struct keys *keys, const struct told *told)
{
	return keys->is_filled && request_number(told) == keys->asked;
}

int keys_ask(struct keys *keys, const struct told *told, const char *region, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer request = { 0 };

	worker_clear(&keys->worker);
	wipe_file(keys->fd);
	keys->is_filled = keys->is_fixed = false;
	keys->seconds_left = -1;
	keys->asked = request_number(told);
	if (request_make(&request, told, region) < 0)
		return error_errno(error, NULL, "cannot ask for the keys");
	if (identity_start(keys, error) < 0 || worker_tell(&keys->worker, &request, error) < 0)
		return -1;
	/* It is told nothing more. */
	close_fd(&keys->worker.request_fd);
	return 0;
}

/* ---- Listening ---- */

static enum keys_news keys_refuse(struct keys *keys, const char *why, struct atomicdir_error *error)
{
	worker_refuse(&keys->worker, why, error);
	return KEYS_FAILED;
}

/* Of these fields each may come once, in any order. false: it is none of them. */
static bool keys_take(struct keys *keys, const struct field *field, const char *text)
{
	if (field_is(field, WORD_FROM))
		snprintf(keys->from, sizeof(keys->from), "%s", text);
	else if (field_is(field, WORD_REGION))
		snprintf(keys->region, sizeof(keys->region), "%s", text);
	else if (field_is(field, WORD_SECONDS_LEFT))
		keys->seconds_left = strtoll(text, NULL, 10);
	else if (field_is(field, WORD_FIXED))
		keys->is_fixed = true;
	else
		return false;
	return true;
}

static enum keys_news keys_take_end(struct keys *keys, const struct field *field, const char *text,
				    struct atomicdir_error *error)
{
	if (field_is(field, WORD_DONE)) {
		keys->is_filled = keys->is_fresh = worker_reap(&keys->worker, error) == 0;
		return keys->is_filled ? KEYS_COMPLETE : KEYS_FAILED;
	}
	if (!field_is(field, WORD_ERROR) || protocol_take_error(text, error) < 0)
		return keys_refuse(keys, "a field comes where none may be", error);
	worker_reap(&keys->worker, NULL);
	interrupt_check(error);
	return KEYS_FAILED;
}

enum keys_news keys_next(struct keys *keys, struct atomicdir_error *error)
{
	cleanup(field_clear) struct field field = { 0 };

	for (;;) {
		int got = worker_read(&keys->worker, &field);
		const char *text = got > 0 ? field_text(&field) : NULL;

		if (got < 0 && interrupt_check(error) < 0)
			return KEYS_FAILED;
		if (got < 0 && errno != ENODATA)
			return keys_refuse(keys, "this is no field", error);
		if (got <= 0 && worker_reap(&keys->worker, error) < 0)
			return KEYS_FAILED;
		if (!text)
			return keys_refuse(keys, got > 0 ? "a field is no text" : "it ended before it was done", error);
		if (field_is(&field, WORD_SETTINGS))
			return KEYS_SETTINGS;
		if (!keys_take(keys, &field, text))
			return keys_take_end(keys, &field, text, error);
	}
}

/* ---- Handing them over ---- */

int keys_start(struct keys *keys, struct worker *worker, const char *what, const char *path, struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	cleanup_fd int reader_fd = -1;

	if (keys_open(keys, error) < 0)
		return -1;
	reader_fd = file_open_anew(keys->fd, error);
	if (reader_fd < 0)
		return -1;
	program_inherit(&environment);
	return worker_start(worker, what, path, &environment, &reader_fd, 1, error);
}

/* A word that says what became of the keys, and a text. */
static int worker_tell_of_keys(struct worker *worker, const char *word, const char *text, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer said = { 0 };

	if (field_add_text(&said, word, text) < 0)
		return error_errno(error, NULL, "cannot hand the keys over");
	return worker_tell(worker, &said, error);
}

/* There are none: the program says so, after what it has to say by itself. */
static int worker_tell_no_keys(struct worker *worker, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer said = { 0 };

	if (interrupt_check(error) < 0)
		return -1;
	if (protocol_add_error(&said, error) < 0)
		return error_errno(error, NULL, "cannot hand the keys over");
	return worker_tell(worker, &said, error);
}

/* Those of the other region are not kept: the first one may be back by the next round. */
static bool keys_are_of_other(const struct keys *keys, const struct told *told)
{
	const char *other = told_option(told, OPTION_FAILOVER_REGION);

	return other && strcmp(other, keys->region) == 0;
}

int keys_hand_anew(struct keys *keys, struct worker *worker, const struct told *told, const char *region,
		   struct atomicdir_error *error)
{
	enum keys_news news;

	if (keys_ask(keys, told, region, error) < 0)
		return worker_tell_no_keys(worker, error);
	while ((news = keys_next(keys, error)) == KEYS_SETTINGS)
		if (worker_tell_of_keys(worker, WORD_SETTINGS, "", error) < 0)
			return -1;
	keys->is_elsewhere = *region || keys_are_of_other(keys, told);
	return news == KEYS_COMPLETE ? worker_tell_of_keys(worker, WORD_KEYS, "", error) : worker_tell_no_keys(worker, error);
}

int keys_hand(struct keys *keys, struct worker *worker, const struct told *told, struct atomicdir_error *error)
{
	if (!keys_are_there(keys, told))
		return keys_hand_anew(keys, worker, told, "", error);
	return worker_tell_of_keys(worker, WORD_KEYS, keys->is_fresh ? "" : KEYS_KEPT, error);
}
