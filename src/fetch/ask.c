/* SPDX-License-Identifier: ISC */
#include "fetch/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/error.h"
#include "fetch/aws_config.h"

#define ATTEMPTS 3
#define ATTEMPTS_MAX 20

/* Somewhere between half of it and all, so that many do not come at the same time again. */
static void pause_ms(long ms)
{
	unsigned char random = 0;
	struct timespec time;

	if (getrandom(&random, 1, GRND_NONBLOCK) != 1)
		random = 128;
	ms = ms / 2 + ms / 2 * random / 255;
	time = (struct timespec){ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

/* Throttling is 400 to most of them. */
static bool is_passing(const struct http_reply *reply)
{
	static const char *const codes[] = {"Throttl", "TooManyRequests", "SlowDown", "IDPCommunicationError"};

	if (reply->status >= 500 || reply->status == 429)
		return true;
	for (size_t i = 0; reply->status == 400 && i < sizeof(codes) / sizeof(*codes); i++)
		if (strstr(reply->error_type, codes[i]) || (reply->body.bytes && strstr(reply->body.bytes, codes[i])))
			return true;
	return false;
}

int ask(struct http *http, const struct http_request *request, int attempts, long wait_ms, struct http_reply *reply,
	struct atomicdir_error *error)
{
	for (int attempt = 1;; attempt++) {
		int result = http_send(http, request, reply, error);

		if (result < 0 || (result > 0 && !is_passing(reply)))
			return result;
		if (attempt >= attempts)
			return result ? result : -1;
		pause_ms(wait_ms << (attempt - 1));
	}
}

int ask_attempts(void)
{
	const char *text = aws_setting("AWS_MAX_ATTEMPTS", "max_attempts");
	long count = text ? strtol(text, NULL, 10) : 0;

	return count >= 1 && count <= ATTEMPTS_MAX ? (int)count : ATTEMPTS;
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

int form_add(struct buffer *form, const char *name, const char *value)
{
	if (buffer_add_text(form, form->size ? "&" : "") < 0 || buffer_add_text(form, name) < 0 || buffer_add_text(form, "=") < 0)
		return -1;
	for (const char *c = value; *c; c++) {
		static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

		if ((strchr(plain, *c) ? buffer_add(form, c, 1) : buffer_printf(form, "%%%02X", (unsigned char)*c)) < 0)
			return -1;
	}
	return 0;
}
