/* SPDX-License-Identifier: ISC */
#include "secretdir/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

struct source_regions source_regions(const struct secret_options *options, const struct spec *spec)
{
	struct source_regions regions = { .first = options->region ? options->region : spec->region,
					  .other = spec->failover_region };

	regions.first_size = regions.first ? strcspn(regions.first, ",") : 0;
	if (regions.first && regions.first[regions.first_size])
		regions.other = regions.first + regions.first_size + 1;
	return regions;
}

/* "NAME=VALUE" for each option of the fetcher; the last one is NULL. */
struct fetch_options {
	char *items[OPTION_LIST_MAX + 9];
	size_t count;
	bool is_broken; /* memory ran out */
};

static void fetch_options_clear(struct fetch_options *options)
{
	for (size_t i = 0; i < options->count; i++)
		free(options->items[i]);
}

/* An empty value is no option. */
static void fetch_options_add_part(struct fetch_options *options, const char *name, const char *value, size_t size)
{
	if (!size)
		return;
	if (asprintf(&options->items[options->count], "%s=%.*s", name, (int)size, value) < 0)
		options->is_broken = true;
	else
		options->count++;
}

static void fetch_options_add(struct fetch_options *options, const char *name, const char *value)
{
	fetch_options_add_part(options, name, value, value ? strlen(value) : 0);
}

struct fetcher *source_ask(const struct secret_options *options, const struct spec *spec, const struct entries *entries,
			   const char *name, const char *value, struct atomicdir_error *error)
{
	cleanup(fetch_options_clear) struct fetch_options told = { 0 };
	struct source_regions regions = source_regions(options, spec);

	fetch_options_add_part(&told, "region", regions.first, regions.first_size);
	fetch_options_add(&told, "profile", options->profile);
	fetch_options_add(&told, "role-arn", options->role_arn);
	fetch_options_add(&told, "external-id", options->external_id);
	fetch_options_add(&told, "endpoint-url", options->endpoint_url);
	fetch_options_add(&told, "ca-bundle", options->ca_bundle);
	fetch_options_add(&told, "failover-region", regions.other);
	fetch_options_add(&told, name, value);
	for (size_t i = 0; i < options->tags.count; i++)
		fetch_options_add(&told, "tag", options->tags.items[i]);
	if (!told.is_broken)
		return fetcher_start(options->source ? options->source : "aws", (const char *const *)told.items, entries,
				     error);
	error_errno(error, NULL, "cannot start the fetcher");
	return NULL;
}
