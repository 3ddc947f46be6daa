/* SPDX-License-Identifier: ISC */
#include "fetch/aws_describe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/parameterstore.h"
#include "fetch/secretsmanager.h"

#define PAGES_MAX 1000

/* One secret or parameter, whoever wants it. */
struct question {
	const struct wanted *wanted;
	char *id;
	struct aws_call *call;
};

static bool is_parameter(const struct question *question)
{
	return *question->wanted->service;
}

/* ---- Asking ---- */

/* As it is called where it is asked now. */
static char *id_of(const struct aws *aws, const struct wanted *wanted)
{
	return aws->settings.first_region && *wanted->failover_secret ? strdup(wanted->failover_secret)
								      : aws_local_id(aws, wanted->secret);
}

/* A filter takes names alone, of which an ARN has one at its end. */
static const char *parameter_name(const char *id)
{
	const char *name = strncmp(id, "arn:", 4) == 0 ? strstr(id, ":parameter/") : NULL;

	return name ? name + strlen(":parameter") : id;
}

static void write_filter(struct json_writer *json, const char *name)
{
	json_write_begin(json, NULL, '{');
	json_write_text(json, "Key", "Name");
	json_write_text(json, "Option", "Equals");
	json_write_begin(json, "Values", '[');
	json_write_text(json, NULL, name);
	json_write_end(json, ']');
	json_write_end(json, '}');
}

static int make_body(const struct question *question, const char *token, struct buffer *body)
{
	struct json_writer json = { .text = body };

	json_write_begin(&json, NULL, '{');
	if (is_parameter(question)) {
		json_write_begin(&json, "ParameterFilters", '[');
		write_filter(&json, parameter_name(question->id));
		json_write_end(&json, ']');
		aws_write_member(&json, "NextToken", token);
	} else {
		aws_write_member(&json, "SecretId", question->id);
	}
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

static int make_call(struct question *question)
{
	struct aws_call *call = question->call;

	call->id = call->secret = question->id;
	call->service = is_parameter(question) ? AWS_SSM : AWS_SECRETSMANAGER;
	call->operation = is_parameter(question) ? "DescribeParameters" : "DescribeSecret";
	call->resource = is_parameter(question) ? "*" : NULL;
	return make_body(question, "", &call->body);
}

/* An answer's parameter; NULL: there is none on this page. */
static const struct json *first_parameter(const struct json *answer)
{
	const struct json *found = answer ? aws_member(answer, "Parameters") : NULL;

	return found && found->type == JSON_ARRAY ? found->first : NULL;
}

/* Pages may be empty and yet not the last. -1 with ENOMEM. */
static int turn_pages(struct aws *aws, struct question *question)
{
	for (int page = 0; page < PAGES_MAX && !first_parameter(question->call->answer); page++) {
		const char *next = question->call->answer ? json_member_text(question->call->answer, "NextToken") : NULL;
		cleanup_free char *token = next && *next ? strdup(next) : NULL;

		if (!token)
			return next && *next ? -1 : 0;
		aws_call_clear(question->call);
		if (make_body(question, token, &question->call->body) < 0)
			return -1;
		aws_run(aws, question->call, 1);
	}
	return 0;
}

/* ---- What came of it ---- */

static int refuse(const struct question *question, int kind, const char *why, described_fn take, void *context)
{
	struct described described = { .index = question->wanted->index };
	struct atomicdir_error error;

	error_clear(&error);
	error_set(&error, kind, NULL, "%s: %s: %s", question->id, question->call->operation, why);
	described.error = &error;
	return take(context, &described);
}

static bool question_is_of(const struct question *question, const struct json *found)
{
	const char *id = question->id, *text;

	if (!is_parameter(question))
		return secretsmanager_is_of(found, id);
	text = json_member_text(found, strncmp(id, "arn:", 4) == 0 ? "ARN" : "Name");
	return text && strcmp(text, id) == 0;
}

static int tell(const struct question *question, const char *index, described_fn take, void *context)
{
	const struct json *found = question->call->answer;
	struct described described = { .index = index, .error = &question->call->error };

	if (!found)
		return take(context, &described);
	if (is_parameter(question)) {
		found = first_parameter(found);
		if (!found)
			return refuse(question, ATOMICDIR_NOT_FOUND, "there is no such parameter", take, context);
	}
	if (!question_is_of(question, found))
		return refuse(question, ATOMICDIR_FAILED, "the answer is for another one; is a proxy in the way?", take,
			      context);
	described.error = NULL;
	described.arn = json_member_text(found, "ARN");
	described.key = json_member_text(found, is_parameter(question) ? "KeyId" : "KmsKeyId");
	described.key = described.key ? described.key : "";
	if (!described.arn || strncmp(described.arn, "arn:", 4) != 0)
		return refuse(question, ATOMICDIR_FAILED, "the answer has no ARN", take, context);
	return take(context, &described);
}

/* ---- Those of a prefix ---- */

static int describe_prefix(struct aws *aws, const struct request *request, const struct wanted *wanted, described_fn take,
			   void *context)
{
	cleanup(listing_clear) struct listing listing = { 0 };
	struct described described = { .index = wanted->index };
	struct atomicdir_error error;
	int result = 0;

	error_clear(&error);
	if ((*wanted->service ? parameterstore_list(aws, wanted->secret, &listing, &error)
			      : secretsmanager_list(aws, &request->told, wanted->secret, &listing, &error)) < 0) {
		described.error = &error;
		return take(context, &described);
	}
	/* A list of parameters has no ARNs and no keys: the policy names the path. */
	for (size_t i = 0; i < listing.count && result == 0 && !*wanted->service; i++) {
		described.arn = listing.items[i].id;
		described.key = listing.items[i].key;
		result = take(context, &described);
	}
	return result;
}

/* ---- All of them ---- */

/* Where this secret is asked for first. */
static size_t first_of(const struct request *request, size_t index)
{
	const struct wanted *wanted = request->wanted;
	size_t i = 0;

	while (i < index && (wanted_is_prefix(&wanted[i]) || strcmp(wanted[i].secret, wanted[index].secret) != 0 ||
			     strcmp(wanted[i].service, wanted[index].service) != 0 ||
			     strcmp(wanted[i].failover_secret, wanted[index].failover_secret) != 0))
		i++;
	return i;
}

/* Each question's place is that of the entry that asks it first; -1 with ENOMEM. */
static int ask(struct aws *aws, const struct request *request, struct question *questions, struct aws_call *calls)
{
	size_t used = 0;

	for (size_t i = 0; i < request->count; i++) {
		struct question *question = &questions[i];

		if (wanted_is_prefix(&request->wanted[i]) || first_of(request, i) < i)
			continue;
		*question = (struct question){ &request->wanted[i], id_of(aws, &request->wanted[i]), &calls[used++] };
		if (!question->id || make_call(question) < 0)
			return -1;
	}
	aws_run(aws, calls, used);
	for (size_t i = 0; i < request->count; i++)
		if (questions[i].call && is_parameter(&questions[i]) && turn_pages(aws, &questions[i]) < 0)
			return -1;
	return 0;
}

static int tell_all(struct aws *aws, const struct request *request, const struct question *questions, described_fn take,
		    void *context)
{
	int result = 0;

	for (size_t i = 0; i < request->count && result == 0; i++) {
		const struct wanted *wanted = &request->wanted[i];

		result = wanted_is_prefix(wanted) ? describe_prefix(aws, request, wanted, take, context)
						  : tell(&questions[first_of(request, i)], wanted->index, take, context);
	}
	return result;
}

static int describe_here(struct aws *aws, const struct request *request, described_fn take, void *context)
{
	size_t count = request->count;
	cleanup_free struct question *questions = calloc(count + 1, sizeof(*questions));
	cleanup_free struct aws_call *calls = calloc(count + 1, sizeof(*calls));
	int result = questions && calls ? ask(aws, request, questions, calls) : -1;

	if (result == 0)
		result = tell_all(aws, request, questions, take, context);
	for (size_t i = 0; questions && calls && i < count; i++) {
		free(questions[i].id);
		aws_call_clear(&calls[i]);
	}
	return result;
}

/* Of the region that was left before anything could be asked there. */
static int tell_first(const struct aws *aws, const struct request *request, described_fn take, void *context)
{
	int result = 0;

	for (size_t i = 0; i < request->count && result == 0; i++)
		result = take(context, &(struct described){ .index = request->wanted[i].index, .error = &aws->why });
	return result;
}

int aws_describe(struct aws *aws, const struct request *request, described_fn take, void *context)
{
	int result = aws->settings.first_region ? tell_first(aws, request, take, context) : 0;

	if (result == 0)
		result = describe_here(aws, request, take, context);
	return result == 0 && aws_go_over(aws) ? describe_here(aws, request, take, context) : result;
}
