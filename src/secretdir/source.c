/* SPDX-License-Identifier: ISC */
#include "secretdir/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

struct source_regions source_regions(const struct options *options, const struct spec *spec)
{
	struct source_regions regions = { .first = options->region ? options->region : spec->region,
					  .other = spec->failover_region };

	regions.first_size = regions.first ? strcspn(regions.first, ",") : 0;
	if (regions.first && regions.first[regions.first_size])
		regions.other = regions.first + regions.first_size + 1;
	return regions;
}

/* "NAME=VALUE" for each option of the fetcher's; ends with NULL. */
struct told {
	char *items[TAGS_MOST + 9];
	size_t count;
	bool is_broken;
};

static void told_clear(struct told *told)
{
	for (size_t i = 0; i < told->count; i++)
		free(told->items[i]);
}

static void tell_part(struct told *told, const char *name, const char *value, size_t size)
{
	if (!size)
		return;
	if (asprintf(&told->items[told->count], "%s=%.*s", name, (int)size, value) < 0)
		told->is_broken = true;
	else
		told->count++;
}

static void tell(struct told *told, const char *name, const char *value)
{
	tell_part(told, name, value, value ? strlen(value) : 0);
}

struct fetcher *source_ask(const struct options *options, const struct spec *spec, const struct entries *entries,
			   const char *name, const char *value, struct atomicdir_error *error)
{
	cleanup(told_clear) struct told told = { 0 };
	struct source_regions regions = source_regions(options, spec);

	tell_part(&told, "region", regions.first, regions.first_size);
	tell(&told, "profile", options->profile);
	tell(&told, "role-arn", options->role_arn);
	tell(&told, "external-id", options->external_id);
	tell(&told, "endpoint-url", options->endpoint_url);
	tell(&told, "ca-bundle", options->ca_bundle);
	tell(&told, "failover-region", regions.other);
	tell(&told, name, value);
	for (size_t i = 0; i < options->tag_count; i++)
		tell(&told, "tag", options->tags[i]);
	if (!told.is_broken)
		return fetcher_start(options->source ? options->source : "aws", (const char *const *)told.items, entries,
				     error);
	error_errno(error, NULL, "cannot start the fetcher");
	return NULL;
}
