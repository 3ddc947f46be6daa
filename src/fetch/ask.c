/* SPDX-License-Identifier: ISC */
#include "fetch/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/retry.h"

#define MESSAGE_MAX 256
#define PAUSE_MAX_MS 20000

/* Somewhere between half of it and all, so that many do not come at the same time again. */
static void pause_ms(long ms)
{
	unsigned char random = 0;
	struct timespec time;

	if (getrandom(&random, 1, GRND_NONBLOCK) != 1)
		random = 128;
	ms = ms / 2 + ms / 2 * random / 255;
	time = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

enum passing { NOT_PASSING, PASSING, THROTTLED };

/* Will it be otherwise soon? Throttling is 400 to most of them, and stands in a header, in JSON or in XML. */
static enum passing judge(int result, const struct http_reply *reply)
{
	static const char *const codes[] = { "Throttl", "TooManyRequests", "SlowDown" };

	if (result <= 0)
		return result < 0 ? NOT_PASSING : PASSING;
	if (reply->status == 429)
		return THROTTLED;
	for (size_t i = 0; reply->status >= 400 && i < sizeof(codes) / sizeof(*codes); i++)
		if (strstr(reply->error_type, codes[i]) || (reply->body.bytes && strstr(reply->body.bytes, codes[i])))
			return THROTTLED;
	if (reply->status == 400 && reply->body.bytes && strstr(reply->body.bytes, "IDPCommunicationError"))
		return PASSING;
	return reply->status >= 500 ? PASSING : NOT_PASSING;
}

int ask_service(struct http *http, const struct http_request *request, struct http_reply *reply, struct atomicdir_error *error)
{
	struct retry retry;

	if (retry_init(&retry, aws_setting("AWS_RETRY_MODE", "retry_mode"), aws_setting("AWS_MAX_ATTEMPTS", "max_attempts"),
		       error) < 0)
		return -1;
	for (int attempt = 1;; attempt++) {
		int result = http_send(http, request, reply, error);
		enum passing passing = judge(result, reply);

		if (!passing || attempt >= retry.attempts_max || !retry_take(&retry, passing == THROTTLED))
			return result;
		retry_pause(attempt, passing == THROTTLED, reply->retry_after_ms);
	}
}

int ask_machine(struct http *http, const struct http_request *request, int attempts, long wait_ms, struct http_reply *reply,
		struct atomicdir_error *error)
{
	for (int attempt = 1;; attempt++) {
		int result = http_send(http, request, reply, error);

		if (!judge(result, reply) || attempt >= attempts)
			return result ? result : -1;
		pause_ms(wait_ms);
		wait_ms = wait_ms < PAUSE_MAX_MS / 2 ? wait_ms * 2 : PAUSE_MAX_MS;
	}
}

struct json *ask_take_object(const struct http_reply *reply)
{
	const char *why;
	struct json *json = json_parse(reply->body.bytes ? reply->body.bytes : "", reply->body.size, &why);

	if (json && json->type == JSON_OBJECT)
		return json;
	json_free(json);
	return NULL;
}

int ask_message_size(const char *message)
{
	size_t size = message ? strcspn(message, "\r\n") : 0;

	if (size > MESSAGE_MAX)
		size = MESSAGE_MAX;
	while (size && strchr(". ", message[size - 1]))
		size--;
	return (int)size;
}

int form_add(struct buffer *form, const char *name, const char *value)
{
	if (buffer_add_text(form, form->size ? "&" : "") < 0 || buffer_add_text(form, name) < 0 ||
	    buffer_add_text(form, "=") < 0)
		return -1;
	for (const char *c = value; *c; c++) {
		static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

		if ((strchr(plain, *c) ? buffer_add(form, c, 1) : buffer_printf(form, "%%%02X", (unsigned char)*c)) < 0)
			return -1;
	}
	return 0;
}
