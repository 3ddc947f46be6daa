/* SPDX-License-Identifier: ISC */
#include "command/waiting.h"

#include "base/error.h"
#include "command/report.h"

#define PATIENCE_MS 1000

int waiting_call(const struct options *options, const struct atomicdir_options *library, waiting_fn call, void *context,
		 struct atomicdir_error *error)
{
	struct atomicdir_options patient = *library;
	int result;

	if (library->wait_ms >= 0 && library->wait_ms <= PATIENCE_MS)
		return call(library, context, error);
	patient.wait_ms = PATIENCE_MS;
	result = call(&patient, context, error);
	if (result >= 0 || error->kind != ATOMICDIR_BUSY)
		return result;
	report_notice(options, "still waiting: %s", error->text);
	patient.wait_ms = library->wait_ms < 0 ? -1 : library->wait_ms - PATIENCE_MS;
	error_clear(error);
	return call(&patient, context, error);
}
