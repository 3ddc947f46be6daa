/* SPDX-License-Identifier: ISC */
#include "identity/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "aws/retry.h"
#include "base/cleanup.h"
#include "base/error.h"

#define PAUSE_MAX_MS 20000

/* Somewhere between half of it and all, so that many do not come at the same time again. */
static void ask_pause(long ms)
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

/* As codes have it, and the text of an answer in JSON or in XML. */
static bool text_says_throttled(const char *text)
{
	static const char *const codes[] = { "Throttl", "TooManyRequests", "SlowDown", "slow_down" };

	for (size_t i = 0; text && i < sizeof(codes) / sizeof(*codes); i++)
		if (strstr(text, codes[i]))
			return true;
	return false;
}

enum passing { NOT_PASSING, PASSING, THROTTLED };

/* Will it be otherwise soon? Throttling is 400 to most of them, and stands in a header, in JSON or in XML. */
static enum passing reply_judge(int result, const struct http_reply *reply)
{
	if (result <= 0)
		return result < 0 ? NOT_PASSING : PASSING;
	if (reply->status == 429)
		return THROTTLED;
	if (reply->status >= 400 && (text_says_throttled(reply->error_type) || text_says_throttled(reply->body.bytes)))
		return THROTTLED;
	if (reply->status == 400 && reply->body.bytes && strstr(reply->body.bytes, "IDPCommunicationError"))
		return PASSING;
	return reply->status >= 500 ? PASSING : NOT_PASSING;
}

int ask_service(const struct asker *asker, const struct http_request *request, struct http_reply *reply,
		struct atomicdir_error *error)
{
	struct retry retry;

	if (retry_init(&retry, asker->settings.retry_mode, asker->settings.max_attempts, error) < 0)
		return -1;
	for (int attempt = 1;; attempt++) {
		int result = http_send(asker->http, request, reply, error);
		enum passing passing = reply_judge(result, reply);

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

		if (!reply_judge(result, reply) || attempt >= attempts)
			return result ? result : -1;
		ask_pause(wait_ms);
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

bool ask_is_passing(const struct http_reply *reply)
{
	static const char *const members[] = { "__type", "code", "Code", "error" };
	cleanup_json struct json *json = NULL;

	if (reply->status >= 500 || reply->status == 429 || text_says_throttled(reply->error_type))
		return true;
	json = ask_take_object(reply);
	for (size_t i = 0; json && i < sizeof(members) / sizeof(*members); i++)
		if (text_says_throttled(json_member_text(json, members[i])))
			return true;
	return false;
}
