/* SPDX-License-Identifier: ISC */
#include "fetch/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void live_take(struct live *live, const char *note)
{
	const char *why;

	live->note = note ? json_parse(note, strlen(note), &why) : NULL;
	live->is_unknown = note && !live->note;
}

void live_clear(struct live *live)
{
	json_free(live->note);
	*live = (struct live){ 0 };
}

/* ---- Its entries ---- */

/* The first, or the next of these; NULL: there is none. */
static const struct json *next(const struct live *live, const struct json *before)
{
	const struct json *entries = live->note ? json_member(live->note, "entries", strlen("entries")) : NULL;

	if (before)
		return before->next;
	return entries ? entries->first : NULL;
}

/* What is "" is not noted. */
static bool is(const struct json *entry, const char *name, const char *text)
{
	const struct json *found = json_member(entry, name, strlen(name));

	return found ? found->type == JSON_STRING && found->size == strlen(text) && memcmp(found->text, text, found->size) == 0
		     : !*text;
}

/* The one in the newest version, of those that are of this secret and stage; NULL: none is. */
static const struct json *find(const struct live *live, const char *name, const struct wanted *wanted)
{
	const struct json *found = NULL;
	double newest = -1;

	for (const struct json *one = NULL; (one = next(live, one));) {
		const char *text = json_member_text(one, "created");
		double created = text ? strtod(text, NULL) : 0;

		if (is(one, "source", name) && is(one, "stage", wanted->stage) && is(one, "service", wanted->service) &&
		    created > newest) {
			found = one;
			newest = created;
		}
	}
	return found;
}

bool live_has(const struct live *live, const char *name, const struct wanted *wanted)
{
	return live->is_unknown || find(live, name, wanted);
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
static bool is_older(const struct json *entry, const struct secret *secret)
{
	const char *created = json_member_text(entry, "created"), *place = json_member_text(entry, "place");
	bool is_elsewhere = place ? strcmp(place, secret->place) != 0 : secret->instead_of != NULL;

	return is_elsewhere && created && secret->created && !is(entry, "version", secret->version) &&
	       strtod(secret->created, NULL) < strtod(created, NULL);
}

int live_check_age(const struct live *live, const char *name, const struct wanted *wanted, const struct secret *secret,
		   struct atomicdir_error *error)
{
	const struct json *entry = secret->place && !*wanted->version ? find(live, name, wanted) : NULL;
	const char *version = json_member_text(entry, "version");

	if (secret->instead_of && live->is_unknown)
		return refuse_unknown(name, secret->instead_of, error);
	if (!version || !is_older(entry, secret))
		return 0;
	return error_set(
		error, ATOMICDIR_UNREACHABLE, NULL,
		"%s: version %s of region %s is older than %s, which is published: that region lags behind; try again later, or "
		"take it all the same with --region %s alone",
		name, secret->version, secret->place, version, secret->place);
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
	for (const struct json *one = NULL; (one = next(live, one));) {
		const char *name = json_member_text(one, "source"), *path = json_member_text(one, "path");

		if (name && path && strncmp(name, wanted->secret, strlen(wanted->secret)) == 0 &&
		    strncmp(path, wanted_at, strlen(wanted_at)) == 0 && !is_listed(listing, name))
			return error_set(
				error, ATOMICDIR_UNREACHABLE, NULL,
				"%s: it is published, and not on the list of the region that is asked instead of %s; try again "
				"when that can be reached",
				name, listing->instead_of);
	}
	return 0;
}
