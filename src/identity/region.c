/* SPDX-License-Identifier: ISC */
#include "identity/region.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "aws/place.h"
#include "identity/instance.h"

static int region_copy(const char *from, char **region, struct atomicdir_error *error)
{
	*region = from ? strdup(from) : NULL;
	return from && !*region ? error_errno(error, NULL, "cannot start") : 0;
}

static int region_ask_instance(const struct provider_context *context, char **region, struct atomicdir_error *error)
{
	cleanup(question_clear) struct question question = { 0 };
	cleanup_record struct record answer = { 0 };
	int asked = instance_question(context, ASK_INSTANCE_REGION, &question, error);

	if (asked > 0 && provider_ask(context, &question, &answer, error) < 0)
		asked = record_text(&answer, WORD_NOTHING) ? 0 : -1;
	if (asked < 0 || region_copy(record_text(&answer, WORD_REGION), region, error) < 0)
		return -1;
	return aws_check_region(*region, "the instance's region", error);
}

int region_find(const struct provider_context *context, char **region, struct atomicdir_error *error)
{
	const char *said = context->net->settings->region, *of_arns = told_option(context->told, OPTION_ARN_REGION);

	*region = NULL;
	if (said)
		return region_copy(said, region, error);
	if (!of_arns)
		return region_ask_instance(context, region, error);
	return region_copy(of_arns, region, error) < 0 ? -1 : aws_check_region(*region, "the ARN's region", error);
}
