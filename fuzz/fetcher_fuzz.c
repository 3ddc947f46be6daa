/* SPDX-License-Identifier: ISC
 *
 * Claim: a fetcher that lies publishes nothing but what was asked for
 */
#include "fetcher.h"
#include "lines.h"

#define ENTRIES_MAX 16

struct tally {
	size_t files, of[ENTRIES_MAX];
};

static void check_file(const struct fetched *file, const struct entries *entries, struct tally *tally)
{
	const struct entry *entry;
	const char *wanted;
	size_t size;

	must(file->entry < entries->count && file->source && file->version);
	entry = &entries->items[file->entry];
	wanted = entry_path(entry);
	size = strlen(wanted);
	must(is_inside(file->path) && file->path[strlen(file->path) - 1] != '/');
	if (entry_is_many(entry))
		must(strncmp(file->path, wanted, size) == 0 && strlen(file->path) > size);
	else
		must(!size || strcmp(file->path, wanted) == 0);
	must(file->value.bytes && file->value.bytes[file->value.size] == '\0');
	tally->files++;
	must(!tally->of[file->entry]++ || entry_is_many(entry));
}

/* What the policy will name. */
static void check_described(const struct fetched *fetched, const struct entries *entries)
{
	must(fetched->entry < entries->count && fetched->arn && fetched->key && !fetched->path && !fetched->value.bytes);
}

/* What a later round will go by. */
static void check_known(const struct fetched *fetched, const struct entries *entries, bool is_hidden)
{
	must(fetched->entry < entries->count && fetched->source && !fetched->path && !fetched->value.bytes);
	must(is_hidden || (fetched->name && fetched->arn && fetched->version && fetched->versions));
}

/* All is there, each by itself once. */
static void check_end(const struct entries *entries, const struct tally *tally)
{
	must(is_fetcher_over && fetcher_status == 0);
	for (size_t i = 0; i < entries->count; i++)
		must(tally->of[i] || entries->items[i].is_optional || entry_is_many(&entries->items[i]));
}

static void listen(const struct buffer *reply, const struct entries *entries, bool is_describing)
{
	struct fetcher *fetcher = fetcher_make(fuzz_file(reply->bytes, reply->size), entries);
	struct fetched file = { 0 };
	struct tally tally = { 0 };
	struct atomicdir_error error;
	int got;

	fetcher->is_describing = is_describing;
	error_clear(&error);
	while ((got = fetcher_next(fetcher, &file, &error)) > 0) {
		must(got == FETCHER_WARNING || got == FETCHER_UNCONFINED ||
		     (is_describing ? got == FETCHER_DESCRIBED || got == FETCHER_UNKNOWN
				    : got == FETCHER_FILE || got == FETCHER_ABSENT || got == FETCHER_KNOWN));
		if (got == FETCHER_KNOWN)
			check_known(&file, entries, false);
		else if (got == FETCHER_FILE)
			check_file(&file, entries, &tally);
		else if (got == FETCHER_DESCRIBED)
			check_described(&file, entries);
		else if (got != FETCHER_ABSENT)
			must(error.kind == ATOMICDIR_OK && is_clean(error.text));
	}
	if (got == FETCHER_DONE && !is_describing)
		check_end(entries, &tally);
	else if (got < 0)
		must_be_told(&error);
	must(got == FETCHER_DONE || (error.kind != ATOMICDIR_HOOK_FAILED && error.kind != ATOMICDIR_NOT_DURABLE));
	fetched_clear(&file);
	fetcher_free(fetcher);
	must(is_fetcher_over);
}

/* The same words, where only versions are asked for. */
static void look(const struct buffer *reply, const struct entries *entries)
{
	struct fetcher *fetcher = fetcher_make(fuzz_file(reply->bytes, reply->size), entries);
	struct fetched seen = { 0 };
	struct atomicdir_error error;
	int got;

	fetcher->is_looking = true;
	error_clear(&error);
	while ((got = fetcher_next(fetcher, &seen, &error)) > 0) {
		must(got != FETCHER_FILE && got != FETCHER_DESCRIBED && got != FETCHER_UNKNOWN);
		if (got == FETCHER_KNOWN || got == FETCHER_HIDDEN)
			check_known(&seen, entries, got == FETCHER_HIDDEN);
	}
	if (got < 0)
		must_be_told(&error);
	fetched_clear(&seen);
	fetcher_free(fetcher);
	must(is_fetcher_over);
}

/* Lines "entry ENTRY" ask, "describe" asks for no values, "status N" is how the fetcher ends, all others are its fields. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entries entries = { 0 };
	struct buffer reply = { 0 };
	struct lines lines;
	bool is_describing = false;
	int status;

	fetcher_status = 0;
	lines_begin(&lines, data, size);
	while (lines_next(&lines)) {
		if (lines_is(&lines, "status"))
			fetcher_status = atoi(lines.rest) & 0xff7f;
		else if (lines_is(&lines, "describe"))
			is_describing = true;
		else if (!lines_is(&lines, "entry"))
			lines_add_field(&lines, &reply);
		else if (entries.count < ENTRIES_MAX && entries_add(&entries, lines.rest, NULL) < 0)
			entries_clear(&entries);
	}
	status = fetcher_status;
	if (entries.count && entries_check(&entries, NULL) == 0) {
		listen(&reply, &entries, is_describing);
		fetcher_status = status;
		look(&reply, &entries);
	}
	entries_clear(&entries);
	buffer_clear(&reply);
	lines_end(&lines);
	return 0;
}
