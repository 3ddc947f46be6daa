/* SPDX-License-Identifier: ISC */
#include "secretdir/wanted.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/protocol.h"
#include "base/record.h"
#include "secretdir/fetcher.h"

/* What reads standard input first would leave nothing for the others. */
static int wanted_check_input(const struct secret_options *options, struct atomicdir_error *error)
{
	size_t count = fetcher_reads_input(options->source);

	count += options->spec && strcmp(options->spec, "-") == 0;
	for (size_t i = 0; i < options->entries.count; i++)
		count += strcmp(options->entries.items[i], "-") == 0;
	if (count < 2)
		return 0;
	return error_set(error, ATOMICDIR_USAGE, NULL,
			 "standard input can be read only once, by one of --source, --spec and --entries");
}

int wanted_read(const struct secret_options *options, int first, struct entries *entries, struct spec *spec,
		struct atomicdir_error *error)
{
	const struct options *shared = &options->shared;

	if (wanted_check_input(options, error) < 0)
		return -1;
	for (int i = first; i < shared->operand_count; i++)
		if (entries_add(entries, shared->operands[i], error) < 0)
			return -1;
	for (char **more = shared->command; more && *more; more++)
		if (entries_add(entries, *more, error) < 0)
			return -1;
	for (size_t i = 0; i < options->entries.count; i++)
		if (entries_add_file(entries, options->entries.items[i], error) < 0)
			return -1;
	if (options->spec && spec_read(spec, options, entries, error) < 0)
		return -1;
	if (!entries->count)
		return error_set(error, ATOMICDIR_USAGE, NULL, "no ENTRY given%s; name the secrets to publish",
				 options->entries.count || options->spec ? ", and none in the files that are named" : "");
	return entries_check(entries, error);
}

int wanted_write(const struct entries *entries, const struct spec *spec, int fd, struct atomicdir_error *error)
{
	cleanup_record struct record record = { 0 };

	if (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) < 0 || record_add_text(&record, OPTION_REGION, spec->region) < 0 ||
	    record_add_text(&record, OPTION_FAILOVER_REGION, spec->failover_region) < 0 || record_write(&record, fd) < 0 ||
	    entries_write(entries, fd) < 0)
		return error_errno(error, NULL, "cannot keep the entries in memory");
	return 0;
}

static int wanted_take_region(const struct record *record, const char *name, char **region)
{
	const char *text = record_text(record, name);

	*region = text ? strdup(text) : NULL;
	return text && !*region ? -1 : 0;
}

int wanted_load(int fd, struct entries *entries, struct spec *spec, struct atomicdir_error *error)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = fd };
	cleanup_record struct record record = { 0 };

	if (lseek(fd, 0, SEEK_SET) < 0 || record_read(&reader, &record) <= 0 ||
	    wanted_take_region(&record, OPTION_REGION, &spec->region) < 0 ||
	    wanted_take_region(&record, OPTION_FAILOVER_REGION, &spec->failover_region) < 0 ||
	    entries_read(entries, &reader) < 0)
		return error_errno(error, NULL, "cannot read the entries that were kept in memory");
	return 0;
}
