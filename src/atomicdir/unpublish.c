/* SPDX-License-Identifier: ISC
 *
 * detach and remove: the ways out.
 */
#include "atomicdir/command.h"
#include "base/cleanup.h"
#include "command/link.h"
#include "command/report.h"
#include "command/waiting.h"

typedef int (*unpublish_fn)(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

struct unpublish_call {
	unpublish_fn unpublish;
	const char *link;
};

static int unpublish_call(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	const struct unpublish_call *call = context;

	return call->unpublish(call->link, library, error);
}

static int unpublish_run(const struct options *options, unpublish_fn unpublish, const char *what)
{
	struct unpublish_call call = { unpublish, options->operands[0] };
	struct atomicdir_error error;
	cleanup_free char *link = link_absolute(options->operands[0], &error);
	int is_changed;

	if (!link)
		return report_error(&error);
	is_changed = waiting_call(options, &options->library, unpublish_call, &call, &error);
	if (is_changed < 0)
		return report_error(&error);
	report_warning(options, &error);
	report_done(options, link, what, is_changed);
	return ATOMICDIR_OK;
}

int command_detach(const struct options *options)
{
	return unpublish_run(options, atomicdir_detach, "detached");
}

int command_remove(const struct options *options)
{
	return unpublish_run(options, atomicdir_remove, "removed");
}
