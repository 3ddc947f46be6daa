/* SPDX-License-Identifier: ISC */
#include "aws/aws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/place.h"
#include "base/arn.h"
#include "base/cleanup.h"
#include "base/error.h"

/* As the header X-Amz-Target names them, and the JSON that they speak. */
static const struct dialect {
	const char *target, *content_type;
} dialects[AWS_CALLED] = {
	[AWS_SECRETSMANAGER] = { "secretsmanager", "Content-Type: application/x-amz-json-1.1" },
	[AWS_SSM] = { "AmazonSSM", "Content-Type: application/x-amz-json-1.1" },
	[AWS_SQS] = { "AmazonSQS", "Content-Type: application/x-amz-json-1.0" },
};

/* ---- The other region ---- */

bool aws_go_over(struct aws *aws)
{
	if (!aws->failover_region || aws->settings.first_region || !aws->settings.region)
		return false;
	aws->settings.first_region = aws->settings.region;
	aws->settings.region = aws->failover_region;
	aws->is_unreachable = false;
	return true;
}

bool aws_fail_over(struct aws *aws)
{
	return aws->is_unreachable && aws_go_over(aws);
}

/* ---- Beginning and end ---- */

void aws_set(struct aws *aws, const struct aws_settings *settings)
{
	aws->settings = *settings;
	if (aws->http && settings->skew_s)
		http_set_skew_s(aws->http, strtoll(settings->skew_s, NULL, 10));
	if (settings->why)
		error_set(&aws->why, ATOMICDIR_UNREACHABLE, NULL, "%s", settings->why);
}

int aws_init(struct aws *aws, const struct aws_settings *settings, const char *failover_region, struct atomicdir_error *error)
{
	*aws = (struct aws){ .failover_region = failover_region };
	if (retry_init(&aws->retry, settings->retry_mode, settings->max_attempts, error) < 0)
		return -1;
	aws->http = http_new(settings->ca_bundle, error);
	if (!aws->http)
		return -1;
	aws_set(aws, settings);
	return 0;
}

void aws_clear(struct aws *aws)
{
	http_free(aws->http);
	credentials_clear(&aws->credentials);
}

void aws_call_clear(struct aws_call *call)
{
	buffer_clear(&call->body);
	json_free(call->answer);
	call->answer = NULL;
}

void aws_write_member(struct json_writer *json, const char *name, const char *value)
{
	if (*value)
		json_write_text(json, name, value);
}

const struct json *aws_member(const struct json *object, const char *name)
{
	const struct json *found = json_member(object, name, strlen(name));

	return found && found->type != JSON_NULL ? found : NULL;
}

char *aws_local_id(const struct aws *aws, const char *id)
{
	const char *first = aws->settings.first_region;

	return first && arn_part_is(id, ARN_REGION, first) ? arn_in_region(id, aws->settings.region) : strdup(id);
}

/* ---- One wave: every call that is pending, once ---- */

struct post {
	struct aws_call *call;
	char *region, *url;
	struct buffer target, signature, token;
	const char *headers[4];
};

static void post_clear(struct post *post)
{
	free(post->region);
	free(post->url);
	buffer_clear(&post->target);
	buffer_clear(&post->signature);
	buffer_clear(&post->token);
}

static int post_prepare(struct aws *aws, struct post *post, struct http_request *request)
{
	struct aws_call *call = post->call;
	const char *service = aws_service_host(call->service);
	bool has_token = aws->credentials.token.size > 0;

	if (aws_place(&aws->settings, call->service, call->id, &post->region, &post->url, &call->error) < 0)
		return -1;
	if (buffer_printf(&post->target, "X-Amz-Target: %s.%s", dialects[call->service].target, call->operation) < 0 ||
	    buffer_printf(&post->signature, "aws:amz:%s:%s", post->region, service) < 0 ||
	    buffer_printf(&post->token, "X-Amz-Security-Token: %s", has_token ? aws->credentials.token.bytes : "") < 0)
		return error_errno(&call->error, NULL, "cannot ask");
	call->keys = aws->credentials.from;
	snprintf(call->region, sizeof(call->region), "%s", post->region);
	post->headers[0] = dialects[call->service].content_type;
	post->headers[1] = post->target.bytes;
	post->headers[2] = has_token ? post->token.bytes : NULL;
	*request = (struct http_request){ .url = post->url,
					  .body = call->body.bytes,
					  .headers = post->headers,
					  .signature = post->signature.bytes,
					  .key_id = aws->credentials.key_id.bytes,
					  .key = aws->credentials.key.bytes,
					  .timeout_ms = call->timeout_ms };
	return 0;
}

static void call_take_answer(const struct http_reply *reply, struct aws_call *call)
{
	const char *why = "it is no object";

	call->answer = json_parse(reply->body.bytes ? reply->body.bytes : "", reply->body.size, &why);
	if (call->answer && call->answer->type == JSON_OBJECT)
		return;
	json_free(take_pointer(&call->answer));
	call->refusal = AWS_NO_ANSWER;
	error_set(&call->error, ATOMICDIR_FAILED, NULL,
		  "%s: the answer (request %s) cannot be read: %s; is a proxy in the way?", call->operation,
		  *reply->request_id ? reply->request_id : "unknown", why);
	error_prefix(&call->error, "%s", call->secret);
}

static void call_refuse(struct aws *aws, struct aws_call *call, const struct http_reply *reply)
{
	struct aws_asked asked = { aws_service_host(call->service),
				   call->operation,
				   call->action ? call->action : call->operation,
				   call->keys,
				   call->region,
				   call->secret,
				   call->resource ? call->resource : call->id };

	call->refusal = aws_refuse(&asked, reply, &call->error);
	call->retry_after_ms = reply->retry_after_ms;
	call->is_late = aws_set_clock(aws->http, reply, call->refusal);
}

static void call_settle(struct aws *aws, struct aws_call *call, struct http_exchange *exchange)
{
	struct http_reply *reply = &exchange->reply;

	call->is_pending = false;
	call->retry_after_ms = -1;
	call->is_unanswered = exchange->result <= 0;
	memcpy(call->request_id, reply->request_id, sizeof(call->request_id));
	if (exchange->result > 0 && reply->status == 200) {
		call_take_answer(reply, call);
		retry_give_back(&aws->retry, call->cost);
		return;
	}
	if (exchange->result > 0) {
		call_refuse(aws, call, reply);
	} else {
		call->refusal = exchange->result < 0 ? AWS_NO_ANSWER : AWS_TRANSIENT;
		call->error = exchange->error;
		if (call->error.kind != ATOMICDIR_USAGE)
			error_prefix(&call->error, "%s: %s", call->secret, call->operation);
	}
	call->is_pending = call->refusal == AWS_THROTTLED || call->refusal == AWS_TRANSIENT;
}

/* How many they were. */
static size_t calls_send(struct aws *aws, struct aws_call *calls, size_t count)
{
	cleanup_free struct http_exchange *exchanges = calloc(count + 1, sizeof(*exchanges));
	cleanup_free struct post *posts = calloc(count + 1, sizeof(*posts));
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		if (!calls[i].is_pending)
			continue;
		calls[i].is_pending = calls[i].is_late = false;
		calls[i].refusal = AWS_NO_ANSWER;
		if (!exchanges || !posts) {
			error_errno(&calls[i].error, NULL, "cannot ask");
			continue;
		}
		posts[sent].call = &calls[i];
		if (post_prepare(aws, &posts[sent], &exchanges[sent].request) < 0)
			post_clear(&posts[sent]);
		else
			sent++;
	}
	if (sent)
		http_run(aws->http, exchanges, sent);
	for (size_t i = 0; i < sent; i++) {
		call_settle(aws, posts[i].call, &exchanges[i]);
		http_reply_clear(&exchanges[i].reply);
		post_clear(&posts[i]);
	}
	return sent;
}

/* ---- Once more, signed otherwise ---- */

/* Asked for once more, where that can give others. */
static bool aws_renew_keys(struct aws *aws, struct aws_call *call)
{
	struct credentials fresh = { 0 };
	struct atomicdir_error error;
	bool is_new;

	if (aws->is_renewed || aws->credentials.is_fixed || !aws->renew)
		return false;
	aws->is_renewed = true;
	aws->are_keys_kept = false;
	error_clear(&error);
	if (aws->renew(aws->renew_context, aws->settings.first_region ? aws->settings.region : NULL, &fresh, &error) < 0) {
		error_append(&call->error, "new ones cannot be had: %.300s", error.text);
		credentials_clear(&fresh);
		return false;
	}
	is_new = !credentials_are_same(&fresh, &aws->credentials);
	credentials_clear(&aws->credentials);
	aws->credentials = fresh;
	return is_new;
}

/* Was it refused for its keys, so that others may do? What a role may do can have changed since kept ones were given out. */
static bool call_has_old_keys(const struct aws_call *call, bool are_kept)
{
	if (call->refusal == AWS_DENIED)
		return are_kept && !call->is_dispensable;
	return call->refusal == AWS_EXPIRED || call->refusal == AWS_UNKNOWN_KEY;
}

/* Those that were refused for who asked, or when, are pending again if that is otherwise now. */
static bool calls_sign_anew(struct aws *aws, struct aws_call *calls, size_t count)
{
	bool is_renewed = false, is_any = false, are_kept = aws->are_keys_kept;

	for (size_t i = 0; i < count; i++) {
		struct aws_call *call = &calls[i];
		bool is_old = call_has_old_keys(call, are_kept);

		if (call->answer || call->is_pending)
			continue;
		is_renewed = is_renewed || (is_old && aws_renew_keys(aws, call));
		call->is_pending = call->is_late || (is_old && is_renewed);
		is_any = is_any || call->is_pending;
	}
	return is_any;
}

/* ---- All of it ---- */

/* What all pending calls have to wait for before they are tried again. */
struct wait {
	bool is_throttled;
	int64_t asked_ms;
};

/* ARNs may be of other regions, which say nothing of ours. */
static void call_note_unreachable(struct aws *aws, const struct aws_call *call)
{
	const char *region = aws->settings.region;

	if (aws->is_unreachable || call->refusal != AWS_TRANSIENT || !region || strcmp(call->region, region) != 0)
		return;
	aws->is_unreachable = true;
	aws->why = call->error;
}

/* Their failures stay as they are. One that may not try again would fail the round: then none does. */
static void calls_give_up(struct aws *aws, struct aws_call *calls, size_t count, int attempt, const char *why)
{
	for (size_t i = 0; i < count; i++) {
		if (!calls[i].is_pending)
			continue;
		calls[i].is_pending = false;
		aws->is_throttled = aws->is_throttled || calls[i].refusal == AWS_THROTTLED;
		if (aws->retry.attempts_max)
			error_append(&calls[i].error, "%d attempt%s%s; try again later", attempt, attempt == 1 ? "" : "s", why);
		call_note_unreachable(aws, &calls[i]);
	}
}

static bool calls_may_retry(struct aws *aws, struct aws_call *calls, size_t count, int attempt, struct wait *wait)
{
	bool is_paid = false; /* for connections: one that ends is one failure, however many requests were on it */

	*wait = (struct wait){ .asked_ms = -1 };
	if (attempt >= aws->retry.attempts_max) {
		calls_give_up(aws, calls, count, attempt, "");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct aws_call *call = &calls[i];
		bool is_throttled = call->refusal == AWS_THROTTLED, is_free = call->is_unanswered && is_paid;

		if (!call->is_pending)
			continue;
		call->cost = is_free ? 0 : retry_take(&aws->retry, is_throttled);
		if (!call->cost && !is_free) {
			calls_give_up(aws, calls, count, attempt, ", and too much has failed to ask again");
			return false;
		}
		is_paid = is_paid || call->is_unanswered;
		wait->is_throttled = wait->is_throttled || is_throttled;
		if (call->retry_after_ms > wait->asked_ms)
			wait->asked_ms = call->retry_after_ms;
	}
	return true;
}

static bool calls_are_pending(const struct aws_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i].is_pending)
			return true;
	return false;
}

void aws_run(struct aws *aws, struct aws_call *calls, size_t count)
{
	struct wait wait;

	for (size_t i = 0; i < count; i++) {
		calls[i].is_pending = true;
		calls[i].cost = 0;
		error_clear(&calls[i].error);
	}
	for (int attempt = 1; calls_send(aws, calls, count) > 0;) {
		if (calls_sign_anew(aws, calls, count))
			continue;
		if (!calls_are_pending(calls, count) || !calls_may_retry(aws, calls, count, attempt, &wait))
			return;
		retry_pause(attempt++, wait.is_throttled, wait.asked_ms);
	}
}

const struct json *aws_find(const struct json *list, const char *id, aws_is_of is_of)
{
	for (const struct json *one = list ? list->first : NULL; one; one = one->next)
		if (is_of(one, id))
			return one;
	return NULL;
}

bool aws_is_any_unasked(const struct json *list, char *const *ids, size_t count, aws_is_of is_of)
{
	for (const struct json *one = list ? list->first : NULL; one; one = one->next) {
		size_t i = 0;

		while (i < count && !is_of(one, ids[i]))
			i++;
		if (i == count)
			return true;
	}
	return false;
}
