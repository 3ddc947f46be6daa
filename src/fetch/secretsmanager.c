/* SPDX-License-Identifier: ISC */
#include "fetch/secretsmanager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/base64.h"

#define VALUE_MAX 65536
#define BATCH 20
#define PROBE 8	 /* batches, as many as there are connections */
#define SUFFIX 7 /* what an ARN ends in after the name: "-" and six characters */

/* For what AWS does not answer. */
static void refuse(struct lookup *lookup, const char *operation, const char *why)
{
	error_set(&lookup->error, ATOMICDIR_FAILED, NULL, "%s: %s; is a proxy in the way?", operation, why);
	lookup->result = error_prefix(&lookup->error, "%s", lookup->id);
}

/* ---- One value ---- */

static int take_value(const struct json *answer, const char *operation, struct lookup *lookup)
{
	const struct json *string = aws_member(answer, "SecretString"), *binary = aws_member(answer, "SecretBinary");
	const struct json *value = string ? string : binary;
	struct buffer *bytes = &lookup->secret.value;
	int result;

	if (!value || (string && binary) || value->type != JSON_STRING)
		return refuse(lookup, operation, "the answer has neither one SecretString nor one SecretBinary"), -1;
	if (value->size > (string ? VALUE_MAX : VALUE_MAX / 3 * 4 + 4))
		return refuse(lookup, operation, "the value is longer than the 65536 bytes that Secrets Manager allows"), -1;
	/* So that there is something even where nothing is in it. */
	result = buffer_reserve(bytes, value->size + 1);
	if (result == 0)
		result = string ? buffer_add(bytes, value->text, value->size)
				: base64_decode(value->text, value->size, false, bytes);
	if (result < 0)
		lookup->result = error_errno(&lookup->error, lookup->id, "cannot read the value of");
	else if (result)
		refuse(lookup, operation, "the answer's SecretBinary is not base64");
	return lookup->result;
}

/* ---- Who is who in a batch's answer, whose order says nothing ---- */

/* An ARN, and one without the six characters at its end. */
static bool is_partial(const char *partial, const char *arn)
{
	size_t size = strlen(partial);

	return strlen(arn) == size + SUFFIX && strncmp(arn, partial, size) == 0 && arn[size] == '-';
}

/* The name's part of a secret's ARN; "" where it is none. */
static const char *name_in(const char *arn)
{
	const char *name = strncmp(arn, "arn:", 4) == 0 ? strstr(arn, ":secret:") : NULL;

	return name ? name + strlen(":secret:") : "";
}

static bool is_called(const char *id, const char *other)
{
	return strcmp(id, other) == 0 || (strncmp(id, "arn:", 4) == 0 ? is_partial(id, other) : is_partial(id, name_in(other)));
}

bool secretsmanager_is_of(const struct json *value, const char *id)
{
	const char *name = json_member_text(value, "Name"), *arn = json_member_text(value, "ARN");

	return strncmp(id, "arn:", 4) == 0 ? arn && is_called(id, arn) : name && strcmp(id, name) == 0;
}

static bool is_error_of(const struct json *one, const char *id)
{
	const char *other = json_member_text(one, "SecretId");

	return other && is_called(id, other);
}

/* ---- What was asked for is what came ---- */

/* A server may leave the stages out; those that it names are all that the version has. */
static bool has_stage(const struct json *stages, const char *wanted)
{
	size_t size = strlen(wanted);

	for (const struct json *one = stages ? stages->first : NULL; one; one = one->next)
		if (one->type == JSON_STRING && one->size == size && memcmp(one->text, wanted, size) == 0)
			return true;
	return !stages;
}

const char *secretsmanager_stage(const struct lookup *lookup)
{
	return *lookup->stage || *lookup->version ? lookup->stage : "AWSCURRENT";
}

/* NULL: in nothing. */
static const char *answer_differs(const struct json *answer, const char *id, const struct lookup *lookup)
{
	const char *stage = secretsmanager_stage(lookup);

	if (!secretsmanager_is_of(answer, id))
		return "the answer is for another secret";
	if (*lookup->version && strcmp(json_member_text(answer, "VersionId"), lookup->version) != 0)
		return "the answer is another version than the one that was asked for";
	if (*stage && !has_stage(aws_member(answer, "VersionStages"), stage))
		return "the answer is a version of another stage than the one that was asked for";
	return NULL;
}

/* Without an ARN it is none whose versions could be asked for. */
static int secret_take_arn(struct secret *secret, const struct json *answer)
{
	const char *arn = json_member_text(answer, "ARN");
	cleanup_buffer struct buffer lines = { 0 };

	if (!arn || strncmp(arn, "arn:", 4) != 0)
		return 0;
	if (secretsmanager_add_version(&lines, secret->version, aws_member(answer, "VersionStages")) < 0)
		return -1;
	secret->arn = strdup(arn);
	secret->versions = take_pointer(&lines.bytes);
	return secret->arn ? 0 : -1;
}

/* Name says what it is, also where it was asked for by an ARN. */
static void lookup_take(const struct json *answer, const char *operation, const char *id, struct lookup *lookup)
{
	const char *name = json_member_text(answer, "Name"), *version = json_member_text(answer, "VersionId");
	const struct json *created = aws_member(answer, "CreatedDate");
	struct secret *secret = &lookup->secret;
	bool is_dated = created && created->type == JSON_NUMBER;
	const char *differs;

	if (!name || !version) {
		refuse(lookup, operation, "the answer lacks a Name or a VersionId");
		return;
	}
	differs = answer_differs(answer, id, lookup);
	if (differs) {
		refuse(lookup, operation, differs);
		return;
	}
	if (take_value(answer, operation, lookup) < 0)
		return;
	secret->name = strdup(name);
	secret->version = strdup(version);
	secret->created = is_dated ? strdup(created->text) : NULL;
	lookup->result =
		secret->name && secret->version && (secret->created || !is_dated) && secret_take_arn(secret, answer) == 0
			? 1
			: error_errno(&lookup->error, lookup->id, "cannot read the value of");
}

/* ---- One call: for one secret, or for a batch ---- */

struct group {
	struct lookup *members[BATCH];
	char *ids[BATCH];
	size_t count;
	bool is_batch, is_left; /* left: to the calls for one */
	char words[300];	/* for errors */
	struct aws_call *call;
};

static void group_clear(struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		free(group->ids[i]);
}

/* What is wrong for a while is asked for by itself, which is tried again. */
static bool is_deleted(enum aws_refusal refusal, const struct atomicdir_error *error)
{
	return refusal == AWS_UNUSABLE && error->kind == ATOMICDIR_NOT_FOUND;
}

static void take_error(const struct group *group, struct lookup *lookup, const struct json *one)
{
	const char *code = json_member_text(one, "ErrorCode"), *message = json_member_text(one, "Message");
	struct aws_asked asked = { "secretsmanager",  group->call->operation, "GetSecretValue",
				   group->call->keys, group->call->region,    lookup->id,
				   lookup->id };
	enum aws_refusal refusal =
		aws_refuse_one(&asked, code ? code : "", message ? message : "", group->call->request_id, &lookup->error);

	lookup->result = refusal == AWS_TRANSIENT || refusal == AWS_THROTTLED ? 0 : -1;
	lookup->is_deleted = is_deleted(refusal, &lookup->error);
}

static void take_batch(const struct group *group)
{
	const struct json *answer = group->call->answer;
	const struct json *values = aws_member(answer, "SecretValues"), *errors = aws_member(answer, "Errors");
	const char *operation = group->call->operation, *why = NULL;
	/* What did not fit into it is asked for by itself. */
	bool is_whole = !aws_member(answer, "NextToken");

	if (!values || values->type != JSON_ARRAY || (errors && errors->type != JSON_ARRAY))
		why = "the answer has no SecretValues, or Errors of another type";
	else if (aws_is_any_unasked(values, group->ids, group->count, secretsmanager_is_of) ||
		 aws_is_any_unasked(errors, group->ids, group->count, is_error_of))
		why = "the answer has a secret that was not asked for";
	for (size_t i = 0; i < group->count; i++) {
		struct lookup *lookup = group->members[i];
		const struct json *value = why ? NULL : aws_find(values, group->ids[i], secretsmanager_is_of);
		const struct json *error = why ? NULL : aws_find(errors, group->ids[i], is_error_of);

		if (why)
			refuse(lookup, operation, why);
		else if (value)
			lookup_take(value, operation, group->ids[i], lookup);
		else if (error)
			take_error(group, lookup, error);
		else if (is_whole)
			refuse(lookup, operation, "the answer lacks it");
	}
}

/* The service refuses a batch for what is wrong with one of it, or because batches are not allowed, or too many for now: of single calls it
 * takes a hundred times as many. */
static bool can_be_single(enum aws_refusal refusal)
{
	return refusal == AWS_DENIED || refusal == AWS_THROTTLED || refusal == AWS_OTHER || refusal == AWS_ABSENT ||
	       refusal == AWS_UNUSABLE || refusal == AWS_UNDECIPHERABLE;
}

static void take_group(struct group *group)
{
	bool is_left = group->is_left || (group->is_batch && can_be_single(group->call->refusal));

	if (group->call->answer && group->is_batch) {
		take_batch(group);
	} else if (group->call->answer) {
		lookup_take(group->call->answer, group->call->operation, group->ids[0], group->members[0]);
	} else if (!is_left) {
		for (size_t i = 0; i < group->count; i++) {
			group->members[i]->error = group->call->error;
			group->members[i]->result = -1;
			group->members[i]->is_deleted = is_deleted(group->call->refusal, &group->call->error);
		}
	}
}

/* ---- Asking ---- */

static int make_single(struct group *group)
{
	const struct lookup *lookup = group->members[0];
	struct json_writer json = { .text = &group->call->body };

	group->call->operation = "GetSecretValue";
	group->call->id = group->call->secret = group->ids[0];
	json_write_begin(&json, NULL, '{');
	aws_write_member(&json, "SecretId", group->ids[0]);
	aws_write_member(&json, "VersionId", lookup->version);
	aws_write_member(&json, "VersionStage", lookup->stage);
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

static int make_batch(struct group *group)
{
	struct json_writer json = { .text = &group->call->body };

	group->call->operation = "BatchGetSecretValue";
	snprintf(group->words, sizeof(group->words), "%.250s and %zu more", group->ids[0], group->count - 1);
	group->call->id = group->ids[0];
	group->call->secret = group->words;
	group->call->resource = "*";
	group->call->is_dispensable = true;
	json_write_begin(&json, NULL, '{');
	json_write_begin(&json, "SecretIdList", '[');
	for (size_t i = 0; i < group->count; i++)
		json_write_text(&json, NULL, group->ids[i]);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

/* An ARN of another region goes elsewhere. */
static bool fits(const struct group *group, const struct lookup *lookup, const char *id)
{
	bool is_arn = strncmp(id, "arn:", 4) == 0;
	const char *other = group->ids[0];

	if (!group->is_batch || group->count == BATCH || *lookup->stage || *lookup->version)
		return false;
	return is_arn == (strncmp(other, "arn:", 4) == 0) &&
	       (!is_arn || strncmp(id, other, strlen(id) - strlen(name_in(id))) == 0);
}

/* How many groups there are. Who is in none has no result. */
static size_t form(struct aws *aws, struct lookup **lookups, size_t count, bool is_batched, struct group *groups)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		char *id = aws_local_id(aws, lookups[i]->id);
		struct group *group = groups;

		if (!id)
			return used;
		while (group < groups + used && !fits(group, lookups[i], id))
			group++;
		if (group == groups + used)
			groups[used++].is_batch = is_batched && !*lookups[i]->stage && !*lookups[i]->version;
		group->members[group->count] = lookups[i];
		group->ids[group->count++] = id;
	}
	return used;
}

static int compare_sizes(const void *one, const void *other)
{
	size_t size = ((const struct group *)one)->count, other_size = ((const struct group *)other)->count;

	return (size < other_size) - (size > other_size);
}

/* How many calls go out before it is known whether batches are allowed: where they are not, all of them would be denied. It costs no
 * time, since no more are under way at once. */
static size_t probe(const struct group *groups, size_t count)
{
	size_t batches = 0;

	while (batches < count && groups[batches].is_batch)
		batches++;
	return batches > PROBE ? PROBE : count;
}

static void run(struct aws *aws, struct group *groups, struct aws_call *calls, size_t count)
{
	size_t first = probe(groups, count);
	bool is_refused = false;

	aws_run(aws, calls, first);
	for (size_t i = 0; i < first && first < count; i++)
		is_refused = is_refused ||
			     (!calls[i].answer && (calls[i].refusal == AWS_DENIED || calls[i].refusal == AWS_THROTTLED));
	for (size_t i = first; i < count; i++)
		groups[i].is_left = is_refused;
	if (first < count && !is_refused)
		aws_run(aws, calls + first, count - first);
}

static void ask(struct aws *aws, struct lookup **lookups, size_t count, bool is_batched)
{
	cleanup_free struct group *groups = calloc(count + 1, sizeof(*groups));
	cleanup_free struct aws_call *calls = calloc(count + 1, sizeof(*calls));
	size_t used = groups && calls ? form(aws, lookups, count, is_batched, groups) : 0;
	bool is_made = used > 0;

	/* Batches first, for probe(). */
	if (used)
		qsort(groups, used, sizeof(*groups), compare_sizes);
	for (size_t i = 0; i < used; i++) {
		groups[i].call = &calls[i];
		groups[i].is_batch = groups[i].count > 1;
		is_made = is_made && (groups[i].is_batch ? make_batch : make_single)(&groups[i]) == 0;
	}
	if (is_made)
		run(aws, groups, calls, used);
	for (size_t i = 0; i < used; i++) {
		if (is_made)
			take_group(&groups[i]);
		group_clear(&groups[i]);
		aws_call_clear(&calls[i]);
	}
}

/* Those that have no result yet, in place. */
static size_t keep_open(struct lookup **lookups, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!lookups[i]->result)
			lookups[kept++] = lookups[i];
	return kept;
}

void secretsmanager_get(struct aws *aws, struct lookup **lookups, size_t count)
{
	for (int i = 0; i < 2; i++) {
		count = keep_open(lookups, count);
		if (count)
			ask(aws, lookups, count, i == 0);
	}
	count = keep_open(lookups, count);
	errno = ENOMEM;
	for (size_t i = 0; i < count; i++)
		lookups[i]->result = error_errno(&lookups[i]->error, lookups[i]->id, "cannot ask");
}
