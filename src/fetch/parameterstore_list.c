/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/parameterstore.h"

#define PAGES_MAX 10000

/* For what AWS does not answer. */
static int listing_refuse(const char *path, const char *why, struct atomicdir_error *error)
{
	error_set(error, ATOMICDIR_FAILED, NULL, "GetParametersByPath: %s; is a proxy in the way?", why);
	return error_prefix(error, "%s", path);
}

static int listing_take_page(const struct json *answer, const char *path, struct listing *listing,
			     struct atomicdir_error *error)
{
	const struct json *list = aws_member(answer, "Parameters");

	if (!list || list->type != JSON_ARRAY)
		return listing_refuse(path, "the answer has no Parameters", error);
	for (const struct json *one = list->first; one; one = one->next) {
		const char *name = json_member_text(one, "Name");

		if (!name || strncmp(name, path, strlen(path)) != 0)
			return listing_refuse(path, "the answer has a parameter that was not asked for", error);
		if (listing_add(listing, name, name, "") < 0)
			return error_errno(error, path, "cannot list");
	}
	return 0;
}

/* Only names are taken from it, so nothing is decrypted: the values come with the version that is asked for. */
static int listing_make_body(struct buffer *body, const char *path, const char *token)
{
	struct json_writer json = { .text = body };

	json_write_begin(&json, NULL, '{');
	json_write_text(&json, "Path", path);
	json_write_flag(&json, "Recursive", true);
	json_write_flag(&json, "WithDecryption", false);
	json_write_number(&json, "MaxResults", 10);
	aws_write_member(&json, "NextToken", token);
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

static struct json *listing_get_page(struct aws *aws, const char *path, const char *token, struct atomicdir_error *error)
{
	cleanup(aws_call_clear) struct aws_call call = {
		.service = AWS_SSM, .operation = "GetParametersByPath", .id = path, .secret = path
	};

	if (listing_make_body(&call.body, path, token) < 0) {
		error_errno(error, path, "cannot ask");
		return NULL;
	}
	aws_run(aws, &call, 1);
	if (!call.answer)
		*error = call.error;
	return take_pointer(&call.answer);
}

int parameterstore_list(struct aws *aws, const char *path, struct listing *listing, struct atomicdir_error *error)
{
	cleanup_free char *token = strdup("");

	for (int page = 0; token && page < PAGES_MAX; page++) {
		cleanup_json struct json *answer = listing_get_page(aws, path, token, error);
		const char *next;

		if (!answer || listing_take_page(answer, path, listing, error) < 0)
			return -1;
		next = json_member_text(answer, "NextToken");
		if (!next || !*next)
			return 0;
		if (strcmp(next, token) == 0)
			return listing_refuse(path, "the same page comes again and again", error);
		free(token);
		token = strdup(next);
	}
	return token ? listing_refuse(path, "there is no end to it", error) : error_errno(error, path, "cannot list");
}
