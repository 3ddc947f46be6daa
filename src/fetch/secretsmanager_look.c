/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/secretsmanager.h"

/* ---- Versions, as lines ---- */

/* What would be taken for the end of a word is in no version's id, and in no stage that anybody can ask for. */
static int line_add_word(struct buffer *lines, const char *word)
{
	return strpbrk(word, "\t\n") ? 0 : buffer_printf(lines, "%s\t", word);
}

int secretsmanager_add_version(struct buffer *lines, const char *id, const struct json *stages)
{
	if (line_add_word(lines, id) < 0)
		return -1;
	for (const struct json *one = stages && stages->type == JSON_ARRAY ? stages->first : NULL; one; one = one->next)
		if (one->type == JSON_STRING && line_add_word(lines, one->text) < 0)
			return -1;
	return buffer_add_text(lines, "\n");
}

int secretsmanager_add_versions(struct buffer *lines, const struct json *versions)
{
	for (const struct json *one = versions && versions->type == JSON_OBJECT ? versions->first : NULL; one; one = one->next)
		if (secretsmanager_add_version(lines, one->key, one) < 0)
			return -1;
	return 0;
}

static bool stages_have(const struct json *stages, const char *wanted)
{
	for (const struct json *one = stages->type == JSON_ARRAY ? stages->first : NULL; one; one = one->next)
		if (one->type == JSON_STRING && strcmp(one->text, wanted) == 0)
			return true;
	return false;
}

/* The version that has the stage; NULL: none has. */
static const char *versions_find(const struct json *versions, const char *stage)
{
	for (const struct json *one = versions && versions->type == JSON_OBJECT ? versions->first : NULL; one; one = one->next)
		if (stages_have(one, stage))
			return one->key;
	return NULL;
}

/* ---- What came of it ---- */

/* As GetSecretValue would refuse it. */
static void lookup_refuse_as(struct lookup *lookup, const struct aws_call *call, const char *code, const char *message)
{
	struct aws_asked asked = { "secretsmanager", call->operation, "GetSecretValue", call->keys,
				   call->region,     lookup->id,      lookup->id };
	enum aws_refusal refusal = aws_refuse_one(&asked, code, message, call->request_id, &lookup->error);

	lookup->result = -1;
	lookup->is_deleted = refusal == AWS_UNUSABLE;
}

static void lookup_refuse_stage(struct lookup *lookup, const struct aws_call *call)
{
	char message[400];

	snprintf(message, sizeof(message), "Secrets Manager can't find the specified secret value for staging label: %.300s",
		 secretsmanager_stage(lookup));
	lookup_refuse_as(lookup, call, "ResourceNotFoundException", message);
}

static int lookup_take(struct lookup *lookup, const struct json *answer, const char *version)
{
	cleanup_buffer struct buffer lines = { 0 };
	struct secret *secret = &lookup->secret;

	if (secretsmanager_add_versions(&lines, aws_member(answer, "VersionIdsToStages")) < 0)
		return -1;
	secret->name = strdup(json_member_text(answer, "Name"));
	secret->arn = strdup(json_member_text(answer, "ARN"));
	secret->version = strdup(version);
	secret->versions = take_pointer(&lines.bytes);
	return secret->name && secret->arn && secret->version && secret->versions ? 1 : -1;
}

static void lookup_take_answer(struct lookup *lookup, const struct aws_call *call)
{
	const struct json *answer = call->answer;
	const char *version = versions_find(aws_member(answer, "VersionIdsToStages"), secretsmanager_stage(lookup));

	if (!secretsmanager_is_of(answer, call->id) || !json_member_text(answer, "ARN") || !json_member_text(answer, "Name")) {
		error_set(&lookup->error, ATOMICDIR_FAILED, NULL,
			  "%s: the answer is for another secret, or lacks its ARN; is a proxy in the way?", call->operation);
		lookup->result = error_prefix(&lookup->error, "%s", lookup->id);
	} else if (aws_member(answer, "DeletedDate")) {
		lookup_refuse_as(lookup, call, "InvalidRequestException",
				 "You can't perform this operation on the secret because it was marked for deletion.");
	} else if (!version) {
		lookup_refuse_stage(lookup, call);
	} else {
		lookup->result = lookup_take(lookup, answer, version);
		if (lookup->result < 0)
			error_errno(&lookup->error, lookup->id, "cannot read the description of");
	}
}

static void lookup_settle(struct lookup *lookup, const struct aws_call *call)
{
	if (call->answer) {
		lookup_take_answer(lookup, call);
		return;
	}
	lookup->error = call->error;
	lookup->result = -1;
	lookup->is_hidden = call->refusal == AWS_DENIED;
}

/* ---- Asking ---- */

static int call_make(struct aws_call *call, const char *id)
{
	struct json_writer json = { .text = &call->body };

	call->operation = "DescribeSecret";
	call->id = call->secret = id;
	json_write_begin(&json, NULL, '{');
	aws_write_member(&json, "SecretId", id);
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

/* Which call is whose: a secret is described once, however many of its stages are wanted. -1 with ENOMEM. */
static int calls_form(struct aws *aws, struct lookup **lookups, size_t count, char **ids, struct aws_call *calls, size_t *whose)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		cleanup_free char *id = aws_local_id(aws, lookups[i]->id);
		size_t j = 0;

		if (!id)
			return -1;
		while (j < used && strcmp(ids[j], id) != 0)
			j++;
		whose[i] = j;
		if (j < used)
			continue;
		ids[used] = take_pointer(&id);
		if (call_make(&calls[used], ids[used]) < 0)
			return -1;
		used++;
	}
	return (int)used;
}

void secretsmanager_look(struct aws *aws, struct lookup **lookups, size_t count)
{
	cleanup_free struct aws_call *calls = calloc(count + 1, sizeof(*calls));
	cleanup_free char **ids = calloc(count + 1, sizeof(*ids));
	cleanup_free size_t *whose = calloc(count + 1, sizeof(*whose));
	int used = calls && ids && whose ? calls_form(aws, lookups, count, ids, calls, whose) : -1;

	if (used > 0)
		aws_run(aws, calls, (size_t)used);
	for (size_t i = 0; i < count; i++) {
		if (used >= 0)
			lookup_settle(lookups[i], &calls[whose[i]]);
		else
			lookups[i]->result = error_errno(&lookups[i]->error, lookups[i]->id, "cannot ask");
	}
	for (size_t i = 0; calls && ids && i < count; i++) {
		aws_call_clear(&calls[i]);
		free(ids[i]);
	}
}
