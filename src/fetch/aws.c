/* SPDX-License-Identifier: ISC */
#include "fetch/aws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_error.h"
#include "fetch/aws_place.h"

#define ATTEMPTS 3
#define DELAY_MAX_MS 20000

static int attempts(void)
{
	const char *text = getenv("AWS_MAX_ATTEMPTS");
	long count = text ? strtol(text, NULL, 10) : 0;

	return count >= 1 && count <= 20 ? (int)count : ATTEMPTS;
}

int aws_init(struct aws *aws, const struct request *request, struct atomicdir_error *error)
{
	const char *ca_bundle = request_option(request, "ca-bundle"), *from = getenv("AWS_CA_BUNDLE");

	*aws = (struct aws){.attempts_max = attempts()};
	aws->http = http_new(ca_bundle ? ca_bundle : from && *from ? from : NULL, error);
	if (!aws->http || credentials_get(&(struct credentials_context){ request, aws->http }, &aws->credentials, error) < 0)
		return -1;
	return aws_find_place(request, &aws->region, &aws->endpoint, error);
}

void aws_clear(struct aws *aws)
{
	http_free(aws->http);
	credentials_clear(&aws->credentials);
	free(aws->region);
	free(aws->endpoint);
}

/* ---- One call ---- */

static int post(struct aws *aws, const struct aws_call *call, struct http_reply *reply, struct atomicdir_error *error)
{
	cleanup_free char *region = NULL, *url = NULL;
	cleanup_buffer struct buffer target = {0}, signature = {0}, token = {0};
	const char *headers[] = {"Content-Type: application/x-amz-json-1.1", NULL, NULL, NULL};
	struct http_request request = {
	    .body = call->body, .headers = headers, .key_id = aws->credentials.key_id.bytes,
	    .key = aws->credentials.key.bytes};

	if (aws_place(aws->region, aws->endpoint, call->secret, &region, &url, error) < 0)
		return -1;
	if (buffer_printf(&target, "X-Amz-Target: secretsmanager.%s", call->operation) < 0 ||
	    buffer_printf(&signature, "aws:amz:%s:secretsmanager", region) < 0 ||
	    buffer_printf(&token, "X-Amz-Security-Token: %s", aws->credentials.token.size ? aws->credentials.token.bytes : "") < 0)
		return error_errno(error, NULL, "cannot ask");
	headers[1] = target.bytes;
	headers[2] = aws->credentials.token.size ? token.bytes : NULL;
	request.url = url;
	request.signature = signature.bytes;
	return http_send(aws->http, &request, reply, error);
}

static int64_t random_below(int64_t limit)
{
	uint32_t bits = 0;

	if (limit <= 0 || getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		return 0;
	return bits % limit;
}

/* As the AWS SDKs do: longer each time, at random, and what the server asks for, at most 5 s more than we would. */
static void pause_before(int attempt, bool is_throttled, int64_t asked_ms)
{
	int64_t limit = (is_throttled ? 1000 : 50) << (attempt - 1),
		ms = random_below(limit > DELAY_MAX_MS ? DELAY_MAX_MS : limit);
	struct timespec time;

	if (asked_ms > ms)
		ms = asked_ms < ms + 5000 ? asked_ms : ms + 5000;
	time = (struct timespec){ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static struct json *take_answer(const struct http_reply *reply, const struct aws_call *call, struct atomicdir_error *error)
{
	const char *why = "it is no object";
	struct json *json = json_parse(reply->body.bytes ? reply->body.bytes : "", reply->body.size, &why);

	if (json && json->type == JSON_OBJECT)
		return json;
	json_free(json);
	error_set(error, ATOMICDIR_FAILED, NULL, "%s: the answer (request %s) cannot be read: %s; is a proxy in the way?",
		  call->operation, reply->request_id[0] ? reply->request_id : "unknown", why);
	error_prefix(error, "%s", call->secret);
	return NULL;
}

struct json *aws_call(struct aws *aws, const struct aws_call *call, struct atomicdir_error *error)
{
	for (int attempt = 1;; attempt++) {
		cleanup(http_reply_clear) struct http_reply reply = {0};
		bool is_throttled = false;
		int result = post(aws, call, &reply, error);

		if (result > 0 && reply.status == 200)
			return take_answer(&reply, call, error);
		if (result > 0)
			result = aws_error(&reply, call, &is_throttled, error);
		else if (error->kind != ATOMICDIR_USAGE)
			error_prefix(error, "%s: %s", call->secret, call->operation);
		if (result < 0)
			return NULL;
		if (attempt >= aws->attempts_max) {
			error_append(error, "%d attempt%s; try again later", attempt, attempt == 1 ? "" : "s");
			return NULL;
		}
		pause_before(attempt, is_throttled, reply.retry_after_ms);
	}
}
