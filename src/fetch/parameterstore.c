/* SPDX-License-Identifier: ISC */
#include "fetch/parameterstore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define GROUP 10

struct group {
	struct lookup *members[GROUP];
	char *ids[GROUP]; /* NAME or NAME:SELECTOR */
	size_t count;
	char words[300]; /* for errors */
};

static const char *selector(const struct lookup *lookup)
{
	return *lookup->version ? lookup->version : lookup->stage;
}

static void refuse(struct lookup *lookup, int kind, const char *why)
{
	error_set(&lookup->error, kind, NULL, "GetParameters: %s", why);
	lookup->result = error_prefix(&lookup->error, "%s", lookup->id);
}

/* ---- One parameter ---- */

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* A number is held against the answer's. A label cannot be, but by the selector that comes back. */
static bool parameter_has_version(const struct json *one, const char *selector)
{
	const struct json *version = aws_member(one, "Version");

	return !is_number(selector) || (version && version->type == JSON_NUMBER && strcmp(version->text, selector) == 0);
}

/* Which one it is; the rest of what was asked for is its selector, which comes back with a ':' before it, or, from some servers, not
 * at all. */
static bool parameter_is_of(const struct json *one, const char *id)
{
	const char *name = json_member_text(one, "Name"), *arn = json_member_text(one, "ARN"),
		   *chosen = json_member_text(one, "Selector");
	const char *base = strncmp(id, "arn:", 4) == 0 ? arn : name;
	size_t size = base ? strlen(base) : 0;
	const char *rest = id + size;

	if (!size || strncmp(id, base, size) != 0 || (*rest && *rest != ':'))
		return false;
	if (chosen && *chosen && strcmp(rest, chosen) != 0)
		return false;
	return !*rest ? !chosen || !*chosen : parameter_has_version(one, rest + 1);
}

static void lookup_take(const struct json *one, struct lookup *lookup)
{
	const struct json *value = aws_member(one, "Value"), *version = aws_member(one, "Version"),
			  *modified = aws_member(one, "LastModifiedDate");
	struct secret *secret = &lookup->secret;
	bool is_dated = modified && modified->type == JSON_NUMBER;

	if (!value || value->type != JSON_STRING || !version || version->type != JSON_NUMBER) {
		refuse(lookup, ATOMICDIR_FAILED, "the answer lacks a Value or a Version; is a proxy in the way?");
		return;
	}
	secret->name = strdup(json_member_text(one, "Name") ? json_member_text(one, "Name") : lookup->id);
	secret->version = strdup(version->text);
	secret->created = is_dated ? strdup(modified->text) : NULL;
	lookup->result = secret->name && secret->version && (secret->created || !is_dated) &&
					 buffer_reserve(&secret->value, value->size + 1) == 0 &&
					 buffer_add(&secret->value, value->text, value->size) == 0
				 ? 1
				 : error_errno(&lookup->error, lookup->id, "cannot read the value of");
}

/* ---- One call ---- */

static bool is_invalid(const struct json *one, const char *id)
{
	return one->type == JSON_STRING && one->size == strlen(id) && memcmp(one->text, id, one->size) == 0;
}

static void take_group(const struct group *group, const struct aws_call *call)
{
	const struct json *found = aws_member(call->answer, "Parameters"),
			  *invalid = aws_member(call->answer, "InvalidParameters");
	bool is_good =
		found && found->type == JSON_ARRAY && !aws_is_any_unasked(found, group->ids, group->count, parameter_is_of);

	for (size_t i = 0; i < group->count; i++) {
		struct lookup *lookup = group->members[i];
		const struct json *one = aws_find(found, group->ids[i], parameter_is_of);

		if (!call->answer) {
			lookup->error = call->error;
			lookup->result = -1;
		} else if (!is_good) {
			refuse(lookup, ATOMICDIR_FAILED,
			       "the answer has no Parameters, or one that was not asked for; is a proxy in the way?");
		} else if (one) {
			lookup_take(one, lookup);
		} else if (aws_find(invalid, group->ids[i], is_invalid)) {
			refuse(lookup, ATOMICDIR_NOT_FOUND, "there is no such parameter, version or label");
			error_append(&lookup->error, "check them, the region (%s) and the account", call->region);
		} else {
			refuse(lookup, ATOMICDIR_FAILED, "the answer lacks it; is a proxy in the way?");
		}
	}
}

static int make(struct group *group, struct aws_call *call)
{
	struct json_writer json = { .text = &call->body };

	snprintf(group->words, sizeof(group->words), group->count > 1 ? "%.250s and %zu more" : "%.250s", group->ids[0],
		 group->count - 1);
	call->service = AWS_SSM;
	call->operation = "GetParameters";
	call->id = group->ids[0];
	call->secret = group->words;
	json_write_begin(&json, NULL, '{');
	json_write_flag(&json, "WithDecryption", true);
	json_write_begin(&json, "Names", '[');
	for (size_t i = 0; i < group->count; i++)
		json_write_text(&json, NULL, group->ids[i]);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

/* ---- All of them ---- */

static char *make_id(struct aws *aws, const struct lookup *lookup)
{
	cleanup_free char *id = aws_local_id(aws, lookup->id);
	char *whole;

	if (!id || asprintf(&whole, "%s%s%s", id, *selector(lookup) ? ":" : "", selector(lookup)) < 0)
		return NULL;
	return whole;
}

/* Two versions of one parameter are asked for by themselves: without a selector in the answer nobody could tell them apart. */
static bool parameter_is_same(const char *id, const char *other)
{
	size_t size = strcspn(id, ":");

	return size == strcspn(other, ":") && strncmp(id, other, size) == 0;
}

/* Names go to one region; an ARN may be of another, and goes by itself. */
static bool fits(const struct group *group, const char *id)
{
	if (group->count == GROUP || strncmp(id, "arn:", 4) == 0 || strncmp(group->ids[0], "arn:", 4) == 0)
		return false;
	for (size_t i = 0; i < group->count; i++)
		if (parameter_is_same(id, group->ids[i]))
			return false;
	return true;
}

static size_t form(struct aws *aws, struct lookup **lookups, size_t count, struct group *groups)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		char *id = lookups[i]->result ? NULL : make_id(aws, lookups[i]);
		struct group *group = groups;

		if (!id)
			continue;
		while (group < groups + used && !fits(group, id))
			group++;
		used += group == groups + used;
		group->members[group->count] = lookups[i];
		group->ids[group->count++] = id;
	}
	return used;
}

void parameterstore_get(struct aws *aws, struct lookup **lookups, size_t count)
{
	cleanup_free struct group *groups = calloc(count + 1, sizeof(*groups));
	cleanup_free struct aws_call *calls = calloc(count + 1, sizeof(*calls));
	size_t used = groups && calls ? form(aws, lookups, count, groups) : 0;
	bool is_made = used > 0;

	for (size_t i = 0; i < used; i++)
		is_made = is_made && make(&groups[i], &calls[i]) == 0;
	if (is_made)
		aws_run(aws, calls, used);
	for (size_t i = 0; i < used; i++) {
		if (is_made)
			take_group(&groups[i], &calls[i]);
		for (size_t j = 0; j < groups[i].count; j++)
			free(groups[i].ids[j]);
		aws_call_clear(&calls[i]);
	}
	errno = ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!lookups[i]->result)
			lookups[i]->result = error_errno(&lookups[i]->error, lookups[i]->id, "cannot ask");
}
