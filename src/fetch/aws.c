/* SPDX-License-Identifier: ISC */
#include "fetch/aws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/aws_place.h"

static const struct {
	const char *name, *target;
} services[AWS_SERVICES] = {
	[AWS_SECRETSMANAGER] = { "secretsmanager", "secretsmanager" },
	[AWS_SSM] = { "ssm", "AmazonSSM" },
};

static int check_regions(const struct aws *aws, struct atomicdir_error *error)
{
	if (!aws->failover_region || aws->first_region || !aws->region || strcmp(aws->failover_region, aws->region) != 0)
		return 0;
	return error_set(error, ATOMICDIR_USAGE, aws->region, "the second region is the first");
}

static int find_places(struct aws *aws, const struct request *request, struct atomicdir_error *error)
{
	aws->failover_region = told_option(&request->told, OPTION_FAILOVER_REGION);
	if (aws_check_region(aws->failover_region, "the failover region", error) < 0)
		return -1;
	for (int i = 0; i < AWS_SERVICES; i++) {
		free(take_pointer(&aws->region));
		if (aws_find_place(request, services[i].name, &aws->region, &aws->endpoints[i], error) < 0)
			return -1;
	}
	return check_regions(aws, error);
}

/* ---- The other region ---- */

bool aws_go_over(struct aws *aws)
{
	char *other;

	if (!aws->failover_region || aws->first_region || !aws->region)
		return false;
	other = strdup(aws->failover_region);
	if (!other)
		return false;
	aws->first_region = aws->region;
	aws->region = other;
	aws->context.region = other;
	aws->is_unreachable = false;
	return true;
}

bool aws_fail_over(struct aws *aws)
{
	return aws->is_unreachable && aws_go_over(aws);
}

/* ---- Beginning and end ---- */

/* Where STS cannot be reached in the first region, roles are assumed in the other one. */
static int find_credentials(struct aws *aws, struct atomicdir_error *error)
{
	bool is_region_down = false;
	int result;

	aws->context.is_region_down = &is_region_down;
	result = credentials_get(&aws->context, &aws->credentials, error);
	if (result < 0 && is_region_down && aws_go_over(aws)) {
		aws->why = *error;
		result = credentials_get(&aws->context, &aws->credentials, error);
	}
	aws->context.is_region_down = NULL;
	return result;
}

int aws_init(struct aws *aws, const struct request *request, struct atomicdir_error *error)
{
	const char *ca_bundle = told_option(&request->told, OPTION_CA_BUNDLE);

	*aws = (struct aws){ 0 };
	if (aws_config_load(request, error) < 0 || find_places(aws, request, error) < 0 ||
	    retry_init(&aws->retry, aws_setting("AWS_RETRY_MODE", "retry_mode"),
		       aws_setting("AWS_MAX_ATTEMPTS", "max_attempts"), error) < 0)
		return -1;
	aws->http = http_new(ca_bundle ? ca_bundle : aws_setting("AWS_CA_BUNDLE", "ca_bundle"), error);
	aws->context = (struct credentials_context){ .request = request, .http = aws->http };
	if (!aws->http)
		return -1;
	if (find_credentials(aws, error) == 0 && (aws->region || aws_find_region(request, aws->http, &aws->region, error) == 0))
		return check_regions(aws, error);
	if (error->kind == ATOMICDIR_UNREACHABLE)
		error_append(error, "try again later");
	return -1;
}

void aws_clear(struct aws *aws)
{
	http_free(aws->http);
	credentials_clear(&aws->credentials);
	free(aws->region);
	free(aws->first_region);
	for (int i = 0; i < AWS_SERVICES; i++)
		free(aws->endpoints[i]);
	aws_config_clear();
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
	if (!aws->first_region || !arn_part_is(id, ARN_REGION, aws->first_region))
		return strdup(id);
	return arn_in_region(id, aws->region);
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

static int prepare(struct aws *aws, struct post *post, struct http_request *request)
{
	struct aws_call *call = post->call;
	const char *service = services[call->service].name;
	bool has_token = aws->credentials.token.size > 0;

	if (aws_place(aws->region, aws->endpoints[call->service], service, call->id, &post->region, &post->url, &call->error) <
	    0)
		return -1;
	if (buffer_printf(&post->target, "X-Amz-Target: %s.%s", services[call->service].target, call->operation) < 0 ||
	    buffer_printf(&post->signature, "aws:amz:%s:%s", post->region, service) < 0 ||
	    buffer_printf(&post->token, "X-Amz-Security-Token: %s", has_token ? aws->credentials.token.bytes : "") < 0)
		return error_errno(&call->error, NULL, "cannot ask");
	call->keys = aws->credentials.from;
	snprintf(call->region, sizeof(call->region), "%s", post->region);
	post->headers[0] = "Content-Type: application/x-amz-json-1.1";
	post->headers[1] = post->target.bytes;
	post->headers[2] = has_token ? post->token.bytes : NULL;
	*request = (struct http_request){ .url = post->url,
					  .body = call->body.bytes,
					  .headers = post->headers,
					  .signature = post->signature.bytes,
					  .key_id = aws->credentials.key_id.bytes,
					  .key = aws->credentials.key.bytes };
	return 0;
}

static void take_answer(const struct http_reply *reply, struct aws_call *call)
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

static void refuse(struct aws *aws, struct aws_call *call, const struct http_reply *reply)
{
	struct aws_asked asked = { services[call->service].name,
				   call->operation,
				   call->operation,
				   call->keys,
				   call->region,
				   call->secret,
				   call->resource ? call->resource : call->id };

	call->refusal = aws_refuse(&asked, reply, &call->error);
	call->retry_after_ms = reply->retry_after_ms;
	call->is_late = aws_set_clock(aws->http, reply, call->refusal, &call->error);
}

static void settle(struct aws *aws, struct aws_call *call, struct http_exchange *exchange)
{
	struct http_reply *reply = &exchange->reply;

	call->is_pending = false;
	call->retry_after_ms = -1;
	call->is_unanswered = exchange->result <= 0;
	memcpy(call->request_id, reply->request_id, sizeof(call->request_id));
	if (exchange->result > 0 && reply->status == 200) {
		take_answer(reply, call);
		retry_give_back(&aws->retry, call->cost);
		return;
	}
	if (exchange->result > 0) {
		refuse(aws, call, reply);
	} else {
		call->refusal = exchange->result < 0 ? AWS_NO_ANSWER : AWS_TRANSIENT;
		call->error = exchange->error;
		if (call->error.kind != ATOMICDIR_USAGE)
			error_prefix(&call->error, "%s: %s", call->secret, call->operation);
	}
	call->is_pending = call->refusal == AWS_THROTTLED || call->refusal == AWS_TRANSIENT;
}

/* How many they were. */
static size_t send_pending(struct aws *aws, struct aws_call *calls, size_t count)
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
		if (prepare(aws, &posts[sent], &exchanges[sent].request) < 0)
			post_clear(&posts[sent]);
		else
			sent++;
	}
	if (sent)
		http_run(aws->http, exchanges, sent);
	for (size_t i = 0; i < sent; i++) {
		settle(aws, posts[i].call, &exchanges[i]);
		http_reply_clear(&exchanges[i].reply);
		post_clear(&posts[i]);
	}
	return sent;
}

/* ---- Once more, signed otherwise ---- */

static bool is_same(const struct buffer *one, const struct buffer *other)
{
	return one->size == other->size && (!one->size || memcmp(one->bytes, other->bytes, one->size) == 0);
}

/* Asked for once more, where that can give others. */
static bool renew(struct aws *aws, struct aws_call *call)
{
	struct credentials fresh = { 0 };
	struct atomicdir_error error;
	bool is_new;

	if (aws->is_renewed || aws->credentials.is_fixed)
		return false;
	aws->is_renewed = true;
	error_clear(&error);
	if (credentials_get(&aws->context, &fresh, &error) < 0) {
		error_append(&call->error, "new ones cannot be had: %.300s", error.text);
		credentials_clear(&fresh);
		return false;
	}
	is_new = !is_same(&fresh.key_id, &aws->credentials.key_id) || !is_same(&fresh.key, &aws->credentials.key) ||
		 !is_same(&fresh.token, &aws->credentials.token);
	credentials_clear(&aws->credentials);
	aws->credentials = fresh;
	return is_new;
}

/* Those that were refused for who asked, or when, are pending again if that is otherwise now. */
static bool sign_anew(struct aws *aws, struct aws_call *calls, size_t count)
{
	bool is_renewed = false, is_any = false;

	for (size_t i = 0; i < count; i++) {
		struct aws_call *call = &calls[i];
		bool is_old = call->refusal == AWS_EXPIRED || call->refusal == AWS_UNKNOWN_KEY;

		if (call->answer || call->is_pending)
			continue;
		is_renewed = is_renewed || (is_old && renew(aws, call));
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
static void note_unreachable(struct aws *aws, const struct aws_call *call)
{
	if (aws->is_unreachable || call->refusal != AWS_TRANSIENT || !aws->region || strcmp(call->region, aws->region) != 0)
		return;
	aws->is_unreachable = true;
	aws->why = call->error;
}

/* Their failures stay as they are. One that may not try again would fail the round: then none does. */
static void give_up(struct aws *aws, struct aws_call *calls, size_t count, int attempt, const char *why)
{
	for (size_t i = 0; i < count; i++) {
		if (!calls[i].is_pending)
			continue;
		calls[i].is_pending = false;
		error_append(&calls[i].error, "%d attempt%s%s; try again later", attempt, attempt == 1 ? "" : "s", why);
		note_unreachable(aws, &calls[i]);
	}
}

static bool may_retry(struct aws *aws, struct aws_call *calls, size_t count, int attempt, struct wait *wait)
{
	bool is_paid = false; /* for connections: one that ends is one failure, however many requests were on it */

	*wait = (struct wait){ .asked_ms = -1 };
	if (attempt >= aws->retry.attempts_max) {
		give_up(aws, calls, count, attempt, "");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct aws_call *call = &calls[i];
		bool is_throttled = call->refusal == AWS_THROTTLED, is_free = call->is_unanswered && is_paid;

		if (!call->is_pending)
			continue;
		call->cost = is_free ? 0 : retry_take(&aws->retry, is_throttled);
		if (!call->cost && !is_free) {
			give_up(aws, calls, count, attempt, ", and too much has failed to ask again");
			return false;
		}
		is_paid = is_paid || call->is_unanswered;
		wait->is_throttled = wait->is_throttled || is_throttled;
		if (call->retry_after_ms > wait->asked_ms)
			wait->asked_ms = call->retry_after_ms;
	}
	return true;
}

static bool is_any_pending(const struct aws_call *calls, size_t count)
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
	for (int attempt = 1; send_pending(aws, calls, count) > 0;) {
		if (sign_anew(aws, calls, count))
			continue;
		if (!is_any_pending(calls, count) || !may_retry(aws, calls, count, attempt, &wait))
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
