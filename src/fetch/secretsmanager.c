/* SPDX-License-Identifier: ISC */
#include "fetch/secretsmanager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws.h"
#include "fetch/base64.h"

#define VALUE_MAX 65536
#define PAGES_MAX 10000

struct secretsmanager {
	struct source source;
	struct aws aws;
};

static int add_member(struct buffer *body, const char *name, const char *value)
{
	if (!*value)
		return 0;
	if (buffer_add_text(body, body->size > 1 ? "," : "") < 0 || buffer_add_json(body, name) < 0 ||
	    buffer_add(body, ":", 1) < 0)
		return -1;
	return buffer_add_json(body, value);
}

static const struct json *member(const struct json *object, const char *name)
{
	const struct json *found = json_member(object, name, strlen(name));

	return found && found->type != JSON_NULL ? found : NULL;
}

static int refuse(struct atomicdir_error *error, const char *id, const char *why)
{
	error_set(error, ATOMICDIR_FAILED, NULL, "GetSecretValue: %s", why);
	return error_prefix(error, "%s", id);
}

static int take_value(const struct json *answer, const char *id, struct secret *secret, struct atomicdir_error *error)
{
	const struct json *string = member(answer, "SecretString"), *binary = member(answer, "SecretBinary");
	const struct json *value = string ? string : binary;
	int result;

	if (!value || (string && binary) || value->type != JSON_STRING)
		return refuse(error, id, "the answer has neither one SecretString nor one SecretBinary");
	if (value->size > (string ? VALUE_MAX : VALUE_MAX / 3 * 4 + 4))
		return refuse(error, id, "the value is longer than the 65536 bytes that Secrets Manager allows");
	/* So that there is something even where nothing is in it. */
	result = buffer_reserve(&secret->value, value->size + 1);
	if (result == 0)
		result = string ? buffer_add(&secret->value, value->text, value->size)
				: base64_decode(value->text, value->size, false, &secret->value);
	if (result < 0)
		return error_errno(error, id, "cannot take the value");
	return result ? refuse(error, id, "the answer's SecretBinary is not base64") : 0;
}

static int take(const struct json *answer, const char *id, struct secret *secret, struct atomicdir_error *error)
{
	const char *name = json_member_text(answer, "Name"), *version = json_member_text(answer, "VersionId");

	if (!name || !version)
		return refuse(error, id, "the answer lacks a Name or a VersionId");
	if (strncmp(id, "arn:", 4) != 0 && strcmp(name, id) != 0)
		return refuse(error, id, "the answer is for another secret");
	if (take_value(answer, id, secret, error) < 0)
		return -1;
	secret->name = strdup(name);
	secret->version = strdup(version);
	return secret->name && secret->version ? 0 : error_errno(error, id, "cannot take the value");
}

static int get(struct source *source, const char *id, const char *stage, const char *version, struct secret *secret,
	       struct atomicdir_error *error)
{
	struct secretsmanager *self = (struct secretsmanager *)source;
	cleanup_buffer struct buffer body = {0};
	cleanup_json struct json *answer = NULL;
	struct aws_call call = {.operation = "GetSecretValue", .secret = id};

	if (buffer_add_text(&body, "{") < 0 || add_member(&body, "SecretId", id) < 0 ||
	    add_member(&body, "VersionId", version) < 0 || add_member(&body, "VersionStage", stage) < 0 ||
	    buffer_add_text(&body, "}") < 0)
		return error_errno(error, id, "cannot ask");
	call.body = body.bytes;
	answer = aws_call(&self->aws, &call, error);
	return answer ? take(answer, id, secret, error) : -1;
}

/* The service's filter is a help, not a promise: it is looked at once more. */
static int take_page(const struct json *answer, const char *prefix, struct listing *listing, struct atomicdir_error *error)
{
	const struct json *list = member(answer, "SecretList");

	if (!list || list->type != JSON_ARRAY)
		return error_set(error, ATOMICDIR_FAILED, prefix, "ListSecrets: the answer has no SecretList");
	for (const struct json *one = list->first; one; one = one->next) {
		const char *name = json_member_text(one, "Name"), *arn = json_member_text(one, "ARN");

		if (!name)
			return error_set(error, ATOMICDIR_FAILED, prefix,
					 "ListSecrets: the answer has a secret whose name is no text");
		if (strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		if (listing_add(listing, name, arn && strncmp(arn, "arn:", 4) == 0 ? arn : name) < 0)
			return error_errno(error, prefix, "cannot list");
	}
	return 0;
}

static struct json *get_page(struct secretsmanager *self, const char *prefix, const char *token, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer body = {0};
	struct aws_call call = {.operation = "ListSecrets", .secret = prefix};
	/* A leading '!' would turn the filter round. */
	bool is_filtered = *prefix != '!';

	if (buffer_add_text(&body, "{") < 0 ||
	    (is_filtered && (buffer_add_text(&body, "\"Filters\":[{\"Key\":\"name\",\"Values\":[") < 0 ||
			     buffer_add_json(&body, prefix) < 0 || buffer_add_text(&body, "]}]") < 0)) ||
	    buffer_add_text(&body, is_filtered ? ",\"MaxResults\":100" : "\"MaxResults\":100") < 0 ||
	    add_member(&body, "NextToken", token) < 0 || buffer_add_text(&body, "}") < 0) {
		error_errno(error, prefix, "cannot ask");
		return NULL;
	}
	call.body = body.bytes;
	return aws_call(&self->aws, &call, error);
}

static int list(struct source *source, const char *prefix, struct listing *listing, struct atomicdir_error *error)
{
	struct secretsmanager *self = (struct secretsmanager *)source;
	cleanup_free char *token = strdup("");

	for (int page = 0; token && page < PAGES_MAX; page++) {
		cleanup_json struct json *answer = get_page(self, prefix, token, error);
		const char *next;

		if (!answer || take_page(answer, prefix, listing, error) < 0)
			return -1;
		next = json_member_text(answer, "NextToken");
		if (member(answer, "NextToken") && !next)
			return error_set(error, ATOMICDIR_FAILED, prefix, "ListSecrets: the answer's NextToken is no text");
		if (!next || !*next)
			return 0;
		if (strcmp(next, token) == 0)
			return error_set(error, ATOMICDIR_FAILED, prefix, "ListSecrets: the same page comes again and again");
		free(token);
		token = strdup(next);
	}
	return token ? error_set(error, ATOMICDIR_FAILED, prefix, "ListSecrets: there is no end to it")
		     : error_errno(error, prefix, "cannot list");
}

static void release(struct source *source)
{
	struct secretsmanager *self = (struct secretsmanager *)source;

	aws_clear(&self->aws);
	free(self);
}

struct source *secretsmanager_open(const struct request *request, struct atomicdir_error *error)
{
	struct secretsmanager *self;

	if (request_option(request, "argument")) {
		error_set(error, ATOMICDIR_USAGE, NULL, "the source 'aws' takes nothing after its name");
		return NULL;
	}
	self = calloc(1, sizeof(*self));
	if (!self) {
		error_errno(error, NULL, "cannot start");
		return NULL;
	}
	self->source = (struct source){get, list, release};
	if (aws_init(&self->aws, request, error) == 0)
		return &self->source;
	release(&self->source);
	return NULL;
}
