/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/secretsmanager.h"

#define PAGES_MAX 10000

/* KEY=VALUE, the first '=' between them. */
static bool has_tag(const struct json *tags, const char *wanted)
{
	size_t size = strcspn(wanted, "=");

	for (const struct json *one = tags ? tags->first : NULL; one; one = one->next) {
		const char *key = json_member_text(one, "Key"), *value = json_member_text(one, "Value");

		if (key && value && strlen(key) == size && strncmp(key, wanted, size) == 0 && wanted[size] &&
		    strcmp(value, wanted + size + 1) == 0)
			return true;
	}
	return false;
}

/* The service's own filters by tag know beginnings only, of keys and of values, but not which belong together. */
static bool has_tags(const struct json *secret, const struct told *told)
{
	size_t from = 0;

	for (const char *tag; (tag = told_next(told, OPTION_TAG, &from));)
		if (!has_tag(aws_member(secret, "Tags"), tag))
			return false;
	return true;
}

static int take(const struct json *one, const char *name, struct listing *listing)
{
	const char *arn = json_member_text(one, "ARN"), *key = json_member_text(one, "KmsKeyId");
	cleanup_buffer struct buffer lines = { 0 };

	if (aws_member(one, "DeletedDate"))
		return listing_add_deleted(listing, name);
	if (listing_add(listing, name, arn && strncmp(arn, "arn:", 4) == 0 ? arn : name, key ? key : "") < 0 ||
	    secretsmanager_add_versions(&lines, aws_member(one, "SecretVersionsToStages")) < 0)
		return -1;
	return lines.size ? listing_add_versions(listing, lines.bytes) : 0;
}

/* For what AWS does not answer. */
static int refuse(const char *prefix, const char *why, struct atomicdir_error *error)
{
	error_set(error, ATOMICDIR_FAILED, NULL, "ListSecrets: %s; is a proxy in the way?", why);
	return error_prefix(error, "%s", prefix);
}

/* The service's filter is a help, not a promise: it is looked at once more. */
static int take_page(const struct json *answer, const char *prefix, const struct told *told, struct listing *listing,
		     struct atomicdir_error *error)
{
	const struct json *list = aws_member(answer, "SecretList");

	if (!list || list->type != JSON_ARRAY)
		return refuse(prefix, "the answer has no SecretList", error);
	for (const struct json *one = list->first; one; one = one->next) {
		const char *name = json_member_text(one, "Name");

		if (!name)
			return refuse(prefix, "the answer has a secret whose name is no text", error);
		if (strncmp(name, prefix, strlen(prefix)) != 0 || !has_tags(one, told))
			continue;
		if (take(one, name, listing) < 0)
			return error_errno(error, prefix, "cannot list");
	}
	return 0;
}

static void write_filters(struct json_writer *json, const char *prefix)
{
	json_write_begin(json, "Filters", '[');
	json_write_begin(json, NULL, '{');
	json_write_text(json, "Key", "name");
	json_write_begin(json, "Values", '[');
	json_write_text(json, NULL, prefix);
	json_write_end(json, ']');
	json_write_end(json, '}');
	json_write_end(json, ']');
}

static int make_body(struct buffer *body, const char *prefix, const char *token)
{
	struct json_writer json = { .text = body };

	json_write_begin(&json, NULL, '{');
	/* A leading '!' would turn the filter round. */
	if (*prefix != '!')
		write_filters(&json, prefix);
	json_write_flag(&json, "IncludePlannedDeletion", true);
	json_write_number(&json, "MaxResults", 100);
	aws_write_member(&json, "NextToken", token);
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

static struct json *get_page(struct aws *aws, const char *prefix, const char *token, struct atomicdir_error *error)
{
	cleanup(aws_call_clear) struct aws_call call = {
		.operation = "ListSecrets", .id = prefix, .secret = prefix, .resource = "*"
	};

	if (make_body(&call.body, prefix, token) < 0) {
		error_errno(error, prefix, "cannot ask");
		return NULL;
	}
	aws_run(aws, &call, 1);
	if (!call.answer)
		*error = call.error;
	return take_pointer(&call.answer);
}

/* What is marked for deletion is asked for too: that a file vanishes is told, and why.
 *
 * Rather than a batch by filter: that answers twenty at a time, one page after the other, and without tags. */
int secretsmanager_list(struct aws *aws, const struct told *told, const char *prefix, struct listing *listing,
			struct atomicdir_error *error)
{
	cleanup_free char *token = strdup("");

	for (int page = 0; token && page < PAGES_MAX; page++) {
		cleanup_json struct json *answer = get_page(aws, prefix, token, error);
		const char *next;

		if (!answer || take_page(answer, prefix, told, listing, error) < 0)
			return -1;
		next = json_member_text(answer, "NextToken");
		if (aws_member(answer, "NextToken") && !next)
			return refuse(prefix, "the answer's NextToken is no text", error);
		if (!next || !*next)
			return 0;
		if (strcmp(next, token) == 0)
			return refuse(prefix, "the same page comes again and again", error);
		free(token);
		token = strdup(next);
	}
	return token ? refuse(prefix, "there is no end to it", error) : error_errno(error, prefix, "cannot list");
}
