/* SPDX-License-Identifier: ISC */
#include "secretdir/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/protocol.h"

struct source_regions source_regions(const struct secret_options *options, const struct spec *spec)
{
	struct source_regions regions = { .first = options->region ? options->region : spec->region,
					  .other = spec->failover_region };

	regions.first_size = regions.first ? strcspn(regions.first, ",") : 0;
	if (regions.first && regions.first[regions.first_size])
		regions.other = regions.first + regions.first_size + 1;
	return regions;
}

static int tell(struct told *told, const char *name, const char *value)
{
	return value ? told_add_value(told, name, value, strlen(value)) : 0;
}

/* Where nobody says a region it is that of the entries, if all are ARNs. */
static int tell_arn_region(struct told *told, const struct entries *entries)
{
	struct arn_part first = { 0 };

	for (size_t i = 0; i < entries->count; i++) {
		struct arn_part region = arn_part(entries->items[i].secret, ARN_REGION);

		if (!region.size)
			return 0;
		if (!first.text)
			first = region;
	}
	return told_add_value(told, OPTION_ARN_REGION, first.text, (size_t)first.size);
}

static int tell_all(struct told *told, const struct secret_options *options, const struct spec *spec)
{
	struct source_regions regions = source_regions(options, spec);

	if (told_add_value(told, OPTION_REGION, regions.first, regions.first_size) < 0 ||
	    tell(told, OPTION_PROFILE, options->profile) < 0 || tell(told, OPTION_ROLE_ARN, options->role_arn) < 0 ||
	    tell(told, OPTION_EXTERNAL_ID, options->external_id) < 0 ||
	    tell(told, OPTION_ENDPOINT_URL, options->endpoint_url) < 0 ||
	    tell(told, OPTION_CA_BUNDLE, options->ca_bundle) < 0 || tell(told, OPTION_FAILOVER_REGION, regions.other) < 0)
		return -1;
	for (size_t i = 0; i < options->tags.count; i++)
		if (tell(told, OPTION_TAG, options->tags.items[i]) < 0)
			return -1;
	return 0;
}

int source_tell(struct told *told, const struct secret_options *options, const struct spec *spec, const struct entries *entries)
{
	return tell_all(told, options, spec) < 0 ? -1 : tell_arn_region(told, entries);
}

const char *source_name(const struct secret_options *options)
{
	return options->source ? options->source : "aws";
}

struct fetcher *source_ask(const struct source_question *question, struct atomicdir_error *error)
{
	cleanup(told_clear) struct told told = { 0 };

	if (source_tell(&told, question->options, question->spec, question->all) == 0 &&
	    tell(&told, question->name, question->value) == 0)
		return fetcher_start(source_name(question->options), &told, question->entries, question->live, question->keys,
				     error);
	error_errno(error, NULL, "cannot start the fetcher");
	return NULL;
}
