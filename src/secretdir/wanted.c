/* SPDX-License-Identifier: ISC */
#include "secretdir/wanted.h"

#include "base/error.h"

int wanted_take(const struct options *options, int first, struct entries *entries, struct spec *spec,
		struct atomicdir_error *error)
{
	for (int i = first; i < options->operand_count; i++)
		if (entries_add(entries, options->operands[i], error) < 0)
			return -1;
	for (char **more = options->command; more && *more; more++)
		if (entries_add(entries, *more, error) < 0)
			return -1;
	for (size_t i = 0; i < options->entries_count; i++)
		if (entries_add_file(entries, options->entries[i], error) < 0)
			return -1;
	if (options->spec && spec_read(spec, options, entries, error) < 0)
		return -1;
	if (!entries->count)
		return error_set(error, ATOMICDIR_USAGE, NULL, "there is no ENTRY: what is to be published?");
	return entries_check(entries, error);
}
