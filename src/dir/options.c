/* SPDX-License-Identifier: ISC */
#include "dir/options.h"

#include <string.h>

#include "base/error.h"

static const struct atomicdir_options defaults = ATOMICDIR_OPTIONS_INIT;

void atomicdir_options_init(struct atomicdir_options *options, size_t size)
{
	memset(options, 0, size);
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
	options->size = size;
}

static int check(const struct atomicdir_options *options, struct atomicdir_error *error)
{
	if (options->layout < 0 || options->layout > ATOMICDIR_LAYOUT_FILES)
		return error_set(error, ATOMICDIR_USAGE, NULL, "unknown layout: %d", options->layout);
	if (options->sync < 0 || options->sync > ATOMICDIR_SYNC_NONE)
		return error_set(error, ATOMICDIR_USAGE, NULL, "unknown way to sync: %d", options->sync);
	if (options->hook < 0 || options->hook > ATOMICDIR_HOOK_LOCKED)
		return error_set(error, ATOMICDIR_USAGE, NULL, "unknown way to run a hook: %d", options->hook);
	if (options->if_generation < -1 || options->wait_ms < -1 || options->grace_ms < -1 || options->keep < -1)
		return error_set(error, ATOMICDIR_USAGE, NULL, "an option is negative and not -1");
	if (options->carry_generations < 0)
		return error_set(error, ATOMICDIR_USAGE, NULL, "carry_generations is negative");
	if ((options->file_mode | options->dir_mode | options->top_mode | options->top_mode_default) & ~(mode_t)07777)
		return error_set(error, ATOMICDIR_USAGE, NULL, "a mode has bits beyond 07777");
	return 0;
}

/* The rule of clone3(2) and its kin: what a smaller struct lacks is as by default; what a larger one has beyond ours must be 0. */
int options_read(struct atomicdir_options *own, const struct atomicdir_options *given, struct atomicdir_error *error)
{
	*own = defaults;
	if (!given)
		return 0;
	if (given->size < sizeof(given->size))
		return error_set(error, ATOMICDIR_USAGE, NULL, "the options' size is %zu: use ATOMICDIR_OPTIONS_INIT",
				 given->size);
	for (size_t i = sizeof(*own); i < given->size; i++)
		if (((const unsigned char *)given)[i])
			return error_set(error, ATOMICDIR_USAGE, NULL,
					 "the options have a field that this version of the library does not know");
	memcpy(own, given, given->size < sizeof(*own) ? given->size : sizeof(*own));
	own->size = sizeof(*own);
	return check(own, error);
}
