/* SPDX-License-Identifier: ISC */
#include "secretdir/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

struct source_regions source_regions(const struct options *options, const struct spec *spec)
{
	struct source_regions regions = {.first = options->region ? options->region : spec->region,
					 .other = spec->failover_region};

	regions.first_size = regions.first ? strcspn(regions.first, ",") : 0;
	if (regions.first && regions.first[regions.first_size])
		regions.other = regions.first + regions.first_size + 1;
	return regions;
}

/* "NAME=VALUE" for each option of the fetcher's; ends with NULL. */
struct texts {
	char *items[TAGS_MOST + 9];
	size_t count;
	bool is_broken;
};

static void texts_clear(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->items[i]);
}

static void add_part(struct texts *texts, const char *name, const char *value, size_t size)
{
	if (!size)
		return;
	if (asprintf(&texts->items[texts->count], "%s=%.*s", name, (int)size, value) < 0)
		texts->is_broken = true;
	else
		texts->count++;
}

static void add(struct texts *texts, const char *name, const char *value)
{
	add_part(texts, name, value, value ? strlen(value) : 0);
}

struct fetcher *source_ask(const struct options *options, const struct spec *spec, const struct entries *entries,
			   const char *name, const char *value, struct atomicdir_error *error)
{
	cleanup(texts_clear) struct texts texts = {0};
	struct source_regions regions = source_regions(options, spec);

	add_part(&texts, "region", regions.first, regions.first_size);
	add(&texts, "profile", options->profile);
	add(&texts, "role-arn", options->role_arn);
	add(&texts, "external-id", options->external_id);
	add(&texts, "endpoint-url", options->endpoint_url);
	add(&texts, "ca-bundle", options->ca_bundle);
	for (size_t i = 0; i < options->tag_count; i++)
		add(&texts, "tag", options->tags[i]);
	add(&texts, "failover-region", regions.other);
	add(&texts, name, value);
	if (!texts.is_broken)
		return fetcher_start(options->source ? options->source : "aws", (const char *const *)texts.items, entries,
				     error);
	error_errno(error, NULL, "cannot start the fetcher");
	return NULL;
}
