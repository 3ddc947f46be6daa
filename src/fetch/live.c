/* SPDX-License-Identifier: ISC */
#include "fetch/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct live live_of(const struct request *request)
{
	return (struct live){ &request->live, told_option(&request->told, OPTION_LIVE) };
}

/* The one in the newest version, of those that are of this secret and stage; NULL: none is. */
static const struct published_file *live_find(const struct live *live, const char *name, const struct wanted *wanted)
{
	const struct published_file *found = NULL;
	double newest = -1;

	for (size_t i = 0; i < live->published->count; i++) {
		const struct published_file *one = &live->published->files[i];
		double created = strtod(one->created, NULL);

		if (strcmp(one->source, name) == 0 && strcmp(one->stage, wanted->stage) == 0 &&
		    strcmp(one->service, wanted->service) == 0 && created > newest) {
			found = one;
			newest = created;
		}
	}
	return found;
}

bool live_has(const struct live *live, const char *name, const struct wanted *wanted)
{
	return live->is_unknown || live_find(live, name, wanted);
}

/* ---- What may not take their place ---- */

static int refuse_unknown(const char *name, const char *instead_of, struct atomicdir_error *error)
{
	return error_set(
		error, ATOMICDIR_UNREACHABLE, NULL,
		"%s: whether the other region lags behind what is published cannot be told, since no versions are on record there; "
		"try again when %s can be reached",
		name, instead_of);
}

/* In one and the same region an older version may be wanted again: only what is, or was, from another one is compared. */
static bool is_older(const struct published_file *file, const struct secret *secret)
{
	bool is_elsewhere = *file->place ? strcmp(file->place, secret->place) != 0 : secret->instead_of != NULL;

	return is_elsewhere && *file->created && secret->created && strcmp(file->version, secret->version) != 0 &&
	       strtod(secret->created, NULL) < strtod(file->created, NULL);
}

int live_check_age(const struct live *live, const char *name, const struct wanted *wanted, const struct secret *secret,
		   struct atomicdir_error *error)
{
	const struct published_file *file = secret->place && !*wanted->version ? live_find(live, name, wanted) : NULL;

	if (secret->instead_of && live->is_unknown)
		return refuse_unknown(name, secret->instead_of, error);
	if (!file || !*file->version || !is_older(file, secret))
		return 0;
	return error_set(
		error, ATOMICDIR_UNREACHABLE, NULL,
		"%s: version %s of region %s is older than %s, which is published: that region lags behind; try again later, or "
		"take it all the same with --region %s alone",
		name, secret->version, secret->place, file->version, secret->place);
}

static bool is_listed(const struct listing *listing, const char *name)
{
	size_t i = 0;

	while (i < listing->count && strcmp(listing->items[i].name, name) != 0)
		i++;
	return i < listing->count;
}

int live_check_listing(const struct live *live, const struct wanted *wanted, const struct listing *listing,
		       struct atomicdir_error *error)
{
	const char *wanted_at = wanted_path(wanted);

	if (!listing->instead_of)
		return 0;
	if (live->is_unknown)
		return refuse_unknown(wanted->secret, listing->instead_of, error);
	for (size_t i = 0; i < live->published->count; i++) {
		const char *name = live->published->files[i].source, *path = live->published->files[i].path;

		if (strncmp(name, wanted->secret, strlen(wanted->secret)) == 0 &&
		    strncmp(path, wanted_at, strlen(wanted_at)) == 0 && !is_listed(listing, name))
			return error_set(
				error, ATOMICDIR_UNREACHABLE, NULL,
				"%s: it is published, and not on the list of the region that is asked instead of %s; try again "
				"when that can be reached",
				name, listing->instead_of);
	}
	return 0;
}
