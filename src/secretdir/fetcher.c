/* SPDX-License-Identifier: ISC */
#include "secretdir/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "base/protocol.h"
#include "secretdir/interrupt.h"
#include "secretdir/keys.h"
#include "secretdir/path.h"
#include "secretdir/program.h"
#include "secretdir/worker.h"

struct fetcher {
	struct worker worker;
	struct keys *keys; /* the caller's */
	struct told told;  /* what identity-aws is told, too */
	struct field index, path, source, version, created,
		place; /* path, source: the ARN, and its key, where secrets are described */
	struct field name, arn, versions;
	const struct entries *entries;
	size_t *answers; /* how many each entry got */
	size_t count;	 /* of files, or of secrets, as "done" counts them */
	bool is_describing, is_looking, needs_keys, is_renewed, is_throttled;
};

/* ---- Starting it ---- */

static int add_option(struct buffer *request, const char *name, const char *text)
{
	return *text ? field_add_text(request, name, text) : 0;
}

static int add_entry(struct buffer *request, const struct entry *entry, size_t index)
{
	char number[32];

	snprintf(number, sizeof(number), "%zu", index);
	if (field_add_text(request, WORD_SECRET, entry->secret) < 0 || add_option(request, WORD_PATH, entry->path) < 0 ||
	    add_option(request, WORD_KEY, entry->key) < 0 || add_option(request, WORD_QUERY, entry->query) < 0 ||
	    add_option(request, WORD_SERVICE, entry->service) < 0 || add_option(request, WORD_STAGE, entry->stage) < 0 ||
	    add_option(request, WORD_VERSION, entry->version) < 0 ||
	    add_option(request, WORD_FAILOVER_SECRET, entry->failover_secret) < 0 ||
	    add_option(request, WORD_FAILOVER_STAGE, entry->failover_stage) < 0 ||
	    add_option(request, WORD_DECODE, entry->is_base64 ? "base64" : "") < 0 ||
	    add_option(request, WORD_FORMAT, entry->format) < 0 ||
	    add_option(request, WORD_OPTIONAL, entry->is_optional ? "1" : "") < 0 ||
	    add_option(request, WORD_PREFIX, entry->is_prefix ? "1" : "") < 0)
		return -1;
	return field_add_text(request, WORD_ENTRY, number);
}

static int add_live(struct buffer *request, const struct published_file *file)
{
	if (field_add_text(request, WORD_LIVE, file->source) < 0 || add_option(request, WORD_LIVE_PATH, file->path) < 0 ||
	    add_option(request, WORD_LIVE_VERSION, file->version) < 0 ||
	    add_option(request, WORD_LIVE_SERVICE, file->service) < 0 ||
	    add_option(request, WORD_LIVE_STAGE, file->stage) < 0 || add_option(request, WORD_LIVE_CREATED, file->created) < 0)
		return -1;
	return add_option(request, WORD_LIVE_PLACE, file->place);
}

static int make_request(struct buffer *request, const char *argument, const struct told *told, const struct entries *entries,
			const struct published *live)
{
	if (field_add_text(request, WORD_FETCH, PROTOCOL_VERSION) < 0)
		return -1;
	if (argument) {
		cleanup_buffer struct buffer option = { 0 };

		if (buffer_printf(&option, OPTION_ARGUMENT "=%s", argument) < 0 ||
		    field_add(request, WORD_OPTION, option.bytes, option.size) < 0)
			return -1;
	}
	for (size_t i = 0; i < told->count; i++)
		if (field_add_text(request, WORD_OPTION, told->items[i]) < 0)
			return -1;
	for (size_t i = 0; live && i < live->count; i++)
		if (add_live(request, &live->files[i]) < 0)
			return -1;
	for (size_t i = 0; i < entries->count; i++)
		if (add_entry(request, &entries->items[i], i) < 0)
			return -1;
	return field_add_text(request, WORD_END, "");
}

static bool is_name(const char *name, size_t size)
{
	return size && size < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* The sources that secretdir comes with. Another's program gets our environment, which has no AWS_*. */
static const struct own_source {
	const char *name;
	bool needs_keys, knows_versions;
} own_sources[] = {
	{ "aws", true, true },
	{ "file", false, false },
};

static const struct own_source *own_source_find(const char *name)
{
	for (size_t i = 0; i < sizeof(own_sources) / sizeof(*own_sources); i++)
		if (strcmp(own_sources[i].name, name) == 0)
			return &own_sources[i];
	return NULL;
}

bool fetcher_knows_versions(const char *source)
{
	const struct own_source *own = own_source_find(source);

	return own && own->knows_versions;
}

bool fetcher_reads_input(const char *source)
{
	return source && (strcmp(source, "file:-") == 0 || strcmp(source, "file:/dev/stdin") == 0);
}

static struct fetcher *fetcher_new(struct told *told, const struct entries *entries, struct keys *keys)
{
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (!fetcher)
		return NULL;
	fetcher->keys = keys;
	fetcher->entries = entries;
	fetcher->is_describing = told_option(told, OPTION_DESCRIBE);
	fetcher->is_looking = told_option(told, OPTION_VERSIONS);
	fetcher->answers = calloc(entries->count + 1, sizeof(*fetcher->answers));
	if (!fetcher->answers) {
		fetcher_free(fetcher);
		return NULL;
	}
	fetcher->told = *told;
	*told = (struct told){ 0 };
	return fetcher;
}

static int fetcher_spawn(struct fetcher *fetcher, const char *name, const char *source, const char *path,
			 struct atomicdir_error *error)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	const struct own_source *own = own_source_find(name);
	bool needs_input = fetcher_reads_input(source);
	cleanup_fd int input_fd = -1;

	fetcher->needs_keys = own && own->needs_keys;
	if (fetcher->needs_keys)
		return keys_start(fetcher->keys, &fetcher->worker, "the fetcher", path, error);
	if (own)
		program_inherit(&environment);
	if (needs_input && (input_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) < 0)
		return error_errno(error, NULL, "cannot pass standard input on");
	return worker_start(&fetcher->worker, "the fetcher", path, own ? &environment : NULL, &input_fd, needs_input, error);
}

static int fetcher_begin(struct fetcher *fetcher, const char *name, const char *source, const char *path,
			 const struct buffer *request, struct atomicdir_error *error)
{
	if (fetcher_spawn(fetcher, name, source, path, error) < 0 || worker_tell(&fetcher->worker, request, error) < 0)
		return -1;
	if (fetcher->needs_keys)
		return keys_hand(fetcher->keys, &fetcher->worker, &fetcher->told, error);
	close_fd(&fetcher->worker.request_fd);
	return 0;
}

struct fetcher *fetcher_start(const char *source, struct told *told, const struct entries *entries,
			      const struct published *live, struct keys *keys, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer request = { 0 };
	size_t size = strcspn(source, ":");
	cleanup_free char *name = strndup(source, size);
	const char *argument = source[size] ? source + size + 1 : NULL;
	struct fetcher *fetcher;
	char path[PATH_MAX];
	int found;

	if (!is_name(source, size)) {
		error_object(error, ATOMICDIR_USAGE, source,
			     "is not a source: --source takes aws, file:PATH or NAME[:ARGUMENT]");
		return NULL;
	}
	if (!name || make_request(&request, argument, told, entries, live) < 0) {
		error_errno(error, NULL, "cannot start the fetcher");
		return NULL;
	}
	found = program_find("fetch", name, path, error);
	if (!found)
		error_set(error, ATOMICDIR_USAGE, path, "no such source '%.64s': install it as", name);
	if (found <= 0)
		return NULL;
	fetcher = fetcher_new(told, entries, keys);
	if (!fetcher)
		error_errno(error, NULL, "cannot start the fetcher");
	else if (fetcher_begin(fetcher, name, source, path, &request, error) == 0)
		return fetcher;
	fetcher_free(fetcher);
	return NULL;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	worker_clear(&fetcher->worker);
	worker_clear(&fetcher->keys->worker);
	told_clear(&fetcher->told);
	field_clear(&fetcher->index);
	field_clear(&fetcher->path);
	field_clear(&fetcher->source);
	field_clear(&fetcher->version);
	field_clear(&fetcher->created);
	field_clear(&fetcher->place);
	field_clear(&fetcher->name);
	field_clear(&fetcher->arn);
	field_clear(&fetcher->versions);
	free(fetcher->answers);
	free(fetcher);
}

bool fetcher_is_throttled(const struct fetcher *fetcher)
{
	return fetcher->is_throttled;
}

/* ---- Its end ---- */

static int garbled(struct fetcher *fetcher, const char *why, struct atomicdir_error *error)
{
	return worker_refuse(&fetcher->worker, why, error);
}

static const char *errno_describe(int errnum)
{
	if (errnum == E2BIG)
		return "it says more than 1 GiB";
	return errnum == EMSGSIZE ? "a field is too long" : "this is no field";
}

static int read_field(struct fetcher *fetcher, struct field *field, struct atomicdir_error *error)
{
	int got = worker_read(&fetcher->worker, field), why = errno;

	if (got > 0)
		return 1;
	if (got < 0 && interrupt_check(error) < 0)
		return -1;
	if (got < 0 && why == ENOMEM)
		return error_errno(error, NULL, "cannot listen to the fetcher");
	if (got < 0 && why != ENODATA)
		return garbled(fetcher, errno_describe(why), error);
	if (worker_reap(&fetcher->worker, error) < 0)
		return -1;
	return garbled(fetcher, "it ended before it was done", error);
}

static int take_error(struct fetcher *fetcher, const struct field *field, struct atomicdir_error *error)
{
	const char *text = field_text(field);

	if (!text || protocol_take_error(text, error) < 0)
		return garbled(fetcher, "an error has no kind that is known, or no text", error);
	worker_reap(&fetcher->worker, NULL);
	interrupt_check(error);
	return -1;
}

static int finish(struct fetcher *fetcher, const struct field *field, struct atomicdir_error *error)
{
	struct field trailing = { 0 };
	char number[32];
	int got;

	snprintf(number, sizeof(number), "%zu", fetcher->count);
	if (!field_text(field) || strcmp(field_text(field), number) != 0)
		return garbled(fetcher, "it counts other than what came", error);
	for (size_t i = 0; i < fetcher->entries->count; i++)
		if (!fetcher->answers[i] && !entry_is_many(&fetcher->entries->items[i]))
			return garbled(fetcher, "it left an entry out", error);
	got = worker_read(&fetcher->worker, &trailing);
	field_clear(&trailing);
	return got ? garbled(fetcher, "there is more after its end", error) : worker_reap(&fetcher->worker, error);
}

/* ---- One file ---- */

static int parse_index(struct fetcher *fetcher, size_t *index)
{
	const char *text = field_text(&fetcher->index);
	char *end = NULL;
	unsigned long value;

	if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return -1;
	value = strtoul(text, &end, 10);
	*index = value;
	return value < fetcher->entries->count ? 0 : -1;
}

/* Is this where the entry wants it? */
static bool fits(const struct entry *entry, const char *path)
{
	const char *wanted = entry_path(entry);

	if (!*wanted)
		return true;
	return entry_is_many(entry) ? strncmp(path, wanted, strlen(wanted)) == 0 : strcmp(path, wanted) == 0;
}

static int check_path(struct fetcher *fetcher, const struct entry *entry, struct atomicdir_error *error)
{
	const char *why = path_refuse(fetcher->path.value.bytes, fetcher->path.value.size);
	char shown[200];

	if (!why && fetcher->path.value.bytes[fetcher->path.value.size - 1] == '/')
		why = "it ends in '/'";
	if (why) {
		path_show(fetcher->path.value.bytes, fetcher->path.value.size, shown, sizeof(shown));
		error_set(error, ATOMICDIR_FAILED, NULL,
			  "the path '%s' cannot be published: %s; write an entry with a %s of its own", shown, why,
			  *entry->path_key ? entry->path_key : "PATH");
		return error_prefix(error, "%s", field_text(&fetcher->source));
	}
	return fits(entry, field_text(&fetcher->path))
		       ? 0
		       : garbled(fetcher, "a file has another path than its entry wants", error);
}

static int read_part(struct fetcher *fetcher, struct field *field, const char *name, struct atomicdir_error *error)
{
	if (read_field(fetcher, field, error) < 0)
		return -1;
	return field_is(field, name) && field_text(field) ? 0 : garbled(fetcher, "a file is not whole", error);
}

/* Where this field is one that may be left out, it is taken, and the next one read. */
static int take_if(struct fetcher *fetcher, struct field *field, const char *name, struct field *taken,
		   struct atomicdir_error *error)
{
	field_clear(taken);
	if (!field_is(field, name) || !field_text(field))
		return 0;
	*taken = *field;
	*field = (struct field){ 0 };
	return read_field(fetcher, field, error) < 0 ? -1 : 0;
}

static int read_value(struct fetcher *fetcher, struct buffer *value, struct atomicdir_error *error)
{
	struct field field = { 0 };

	if (read_field(fetcher, &field, error) < 0)
		return -1;
	if (take_if(fetcher, &field, WORD_CREATED, &fetcher->created, error) < 0 ||
	    take_if(fetcher, &field, WORD_PLACE, &fetcher->place, error) < 0) {
		field_clear(&field);
		return -1;
	}
	*value = field.value;
	return field_is(&field, WORD_VALUE) ? 0 : garbled(fetcher, "a file is not whole", error);
}

static int take_file(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	const struct entry *entry = &fetcher->entries->items[fetched->entry];

	if (read_part(fetcher, &fetcher->source, WORD_SOURCE, error) < 0 ||
	    read_part(fetcher, &fetcher->version, WORD_VERSION, error) < 0 || read_value(fetcher, &fetched->value, error) < 0 ||
	    check_path(fetcher, entry, error) < 0)
		return -1;
	if (fetcher->answers[fetched->entry]++ && !entry_is_many(entry))
		return garbled(fetcher, "an entry has two files", error);
	fetcher->count++;
	fetched->path = field_text(&fetcher->path);
	fetched->source = field_text(&fetcher->source);
	fetched->version = field_text(&fetcher->version);
	fetched->created = fetcher->created.value.size ? field_text(&fetcher->created) : "";
	fetched->place = fetcher->place.value.size ? field_text(&fetcher->place) : "";
	return FETCHER_FILE;
}

void fetched_clear(struct fetched *fetched)
{
	buffer_clear(&fetched->value);
	*fetched = (struct fetched){ 0 };
}

static int take_absent(struct fetcher *fetcher, size_t index, struct atomicdir_error *error)
{
	const struct entry *entry = &fetcher->entries->items[index];

	if (!entry->is_optional || (fetcher->answers[index]++ && !entry_is_many(entry)))
		return garbled(fetcher, "it says that an entry is absent that may not be", error);
	return FETCHER_ABSENT;
}

/* What it has to say, as a warning or as a reason. */
static int take_text(const struct field *field, int result, struct atomicdir_error *error)
{
	protocol_take_text(field->value.bytes, error);
	return result;
}

/* ---- One secret ---- */

static int take_described(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	fetcher->answers[fetched->entry]++;
	fetcher->count++;
	if (field_is(&fetcher->path, WORD_UNKNOWN))
		return take_text(&fetcher->path, FETCHER_UNKNOWN, error);
	if (!field_is(&fetcher->path, WORD_ARN) || !field_text(&fetcher->path))
		return garbled(fetcher, "a secret has no ARN", error);
	if (read_part(fetcher, &fetcher->source, WORD_KMS_KEY, error) < 0)
		return -1;
	fetched->arn = field_text(&fetcher->path);
	fetched->key = field_text(&fetcher->source);
	return FETCHER_DESCRIBED;
}

/* What is known of a secret comes before its files, or, where it was asked for, alone. */
static int take_known(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	fetcher->answers[fetched->entry] += fetcher->is_looking;
	fetcher->count += fetcher->is_looking;
	fetched->source = field_text(&fetcher->path);
	if (read_field(fetcher, &fetcher->name, error) < 0)
		return -1;
	if (fetched->source && field_is(&fetcher->name, WORD_UNKNOWN) && fetcher->is_looking)
		return take_text(&fetcher->name, FETCHER_HIDDEN, error);
	fetched->name = field_text(&fetcher->name);
	if (!fetched->source || !fetched->name || !field_is(&fetcher->name, WORD_NAME))
		return garbled(fetcher, "a secret is not whole", error);
	if (read_part(fetcher, &fetcher->arn, WORD_ARN, error) < 0 ||
	    read_part(fetcher, &fetcher->version, WORD_VERSION, error) < 0 ||
	    read_part(fetcher, &fetcher->versions, WORD_VERSIONS, error) < 0)
		return -1;
	fetched->arn = field_text(&fetcher->arn);
	fetched->version = field_text(&fetcher->version);
	fetched->versions = field_text(&fetcher->versions);
	return FETCHER_KNOWN;
}

static int take_answer(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	if (read_field(fetcher, &fetcher->path, error) < 0)
		return -1;
	if (fetcher->is_describing)
		return take_described(fetcher, fetched, error);
	if (field_is(&fetcher->path, WORD_KNOWN))
		return take_known(fetcher, fetched, error);
	if (field_is(&fetcher->path, WORD_PATH) && !fetcher->is_looking)
		return take_file(fetcher, fetched, error);
	if (field_is(&fetcher->path, WORD_ABSENT))
		return take_absent(fetcher, fetched->entry, error);
	return garbled(fetcher, "a file has no path", error);
}

/* Its keys have expired, and new ones are asked for, once. */
static int renew_keys(struct fetcher *fetcher, struct atomicdir_error *error)
{
	const char *region = field_text(&fetcher->index);

	if (!fetcher->needs_keys || fetcher->is_renewed || !region)
		return garbled(fetcher, "it asks for keys that it may not have", error);
	fetcher->is_renewed = true;
	return keys_hand_anew(fetcher->keys, &fetcher->worker, &fetcher->told, region, error);
}

int fetcher_next(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error)
{
	fetched_clear(fetched);
	if (read_field(fetcher, &fetcher->index, error) < 0)
		return -1;
	if (field_is(&fetcher->index, WORD_EXPIRED)) {
		if (renew_keys(fetcher, error) < 0 || read_field(fetcher, &fetcher->index, error) < 0)
			return -1;
	}
	if (field_is(&fetcher->index, WORD_WARNING))
		return take_text(&fetcher->index, FETCHER_WARNING, error);
	if (field_is(&fetcher->index, WORD_UNCONFINED))
		return take_text(&fetcher->index, FETCHER_UNCONFINED, error);
	if (field_is(&fetcher->index, WORD_THROTTLED)) {
		fetcher->is_throttled = true;
		if (read_field(fetcher, &fetcher->index, error) < 0)
			return -1;
	}
	if (field_is(&fetcher->index, WORD_ERROR))
		return take_error(fetcher, &fetcher->index, error);
	if (field_is(&fetcher->index, WORD_DONE))
		return finish(fetcher, &fetcher->index, error);
	if (!field_is(&fetcher->index, WORD_INDEX) || parse_index(fetcher, &fetched->entry) < 0)
		return garbled(fetcher, "a field comes where none may be", error);
	return take_answer(fetcher, fetched, error);
}
