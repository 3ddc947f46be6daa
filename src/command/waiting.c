/* SPDX-License-Identifier: ISC */
#include "command/waiting.h"

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "command/report.h"

#define PATIENCE_MS 1000

/* BUSY is also what a reader has pinned, which is not waited for. */
static bool waiting_was_in_vain(const struct atomicdir_error *error)
{
	return error->kind == ATOMICDIR_BUSY && error->errnum == EWOULDBLOCK;
}

/* Adds to the error how long this call has waited. */
static int waiting_end(int result, int64_t wait_ms, struct atomicdir_error *error)
{
	char time[32];

	if (result >= 0 || wait_ms <= 0 || !waiting_was_in_vain(error))
		return result;
	clock_show(time, wait_ms);
	error_append(error, "waited %s for it", time);
	return result;
}

int waiting_call(const struct options *options, const struct atomicdir_options *library, waiting_fn call, void *context,
		 struct atomicdir_error *error)
{
	struct atomicdir_options patient = *library;
	int result;

	if (library->wait_ms >= 0 && library->wait_ms <= PATIENCE_MS)
		return waiting_end(call(library, context, error), library->wait_ms, error);
	patient.wait_ms = PATIENCE_MS;
	result = call(&patient, context, error);
	if (result >= 0 || !waiting_was_in_vain(error))
		return result;
	report_notice(options, "still waiting: %s", error->text);
	patient.wait_ms = library->wait_ms < 0 ? -1 : library->wait_ms - PATIENCE_MS;
	error_clear(error);
	return waiting_end(call(&patient, context, error), library->wait_ms, error);
}
