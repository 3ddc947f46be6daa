/* SPDX-License-Identifier: ISC */
#include "listen/listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aws/aws.h"
#include "aws/confine.h"
#include "aws/handed.h"
#include "base/backoff.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "listen/notice.h"
#include "listen/queue.h"
#include "listen/seen.h"

#define FIRST_WAIT_S 1 /* so that it is soon known whether the queue answers; less would not ask all of SQS's servers */
#define PAUSE_MAX_MS 60000

/*
 * It is connected: the last poll was answered, and it was said; failures: 0. Else: the last `failures` polls were not, and the first
 * of these was told. Before the first poll neither is so.
 */
struct listen {
	struct field_reader input;
	struct told told;
	struct handed handed;
	struct aws aws;
	struct queue queue;
	struct seen seen;
	struct buffer output; /* what this poll has brought, and is not said yet */
	size_t ignored;
	int64_t had_s; /* how long the keys were good when they came; -1: for ever */
	int failures;
	bool is_connected, is_warned;
};

static void listen_clear(struct listen *listen)
{
	queue_close(&listen->queue);
	aws_clear(&listen->aws);
	handed_clear(&listen->handed);
	told_clear(&listen->told);
	field_reader_clear(&listen->input);
	buffer_clear(&listen->output);
}

/* ---- The keys' time ---- */

/* By the server's clock, where that is known. -1: for ever. */
static int64_t keys_left_s(const struct listen *listen)
{
	int64_t left_s = listen->aws.credentials.expires - (int64_t)time(NULL) - http_skew_s(listen->aws.http);

	if (!listen->aws.credentials.expires)
		return -1;
	return left_s > 0 ? left_s : 0;
}

/* How long the keys may still be used; 0: their end is near. */
static int64_t keys_usable_s(const struct listen *listen)
{
	int64_t usable_s = keys_left_s(listen) - credentials_spare_s(listen->had_s);

	if (listen->had_s < 0)
		return QUEUE_WAIT_MAX_S;
	return usable_s > 0 ? usable_s : 0;
}

static int keys_renew(void *context, const char *region, struct credentials *fresh, struct atomicdir_error *error)
{
	struct listen *listen = context;
	int result = handed_renew(&listen->handed, region, fresh, error);

	if (result == 0 && fresh->expires)
		listen->had_s = fresh->expires - (int64_t)time(NULL);
	return result;
}

/* ---- Beginning ---- */

static int listen_take_keys(struct listen *listen, struct aws_settings *settings, struct credentials *credentials,
			    struct atomicdir_error *error)
{
	enum handed_news news;

	do
		news = handed_next(&listen->handed, settings, credentials, error);
	while (news == HANDED_SETTINGS);
	return news == HANDED_FAILED ? -1 : 0;
}

/* Confined before libcurl is there. It tries again in a time of its own, and not in aws_run(). */
static int listen_open(struct listen *listen, const char *url, struct atomicdir_error *error)
{
	cleanup(credentials_clear) struct credentials credentials = { 0 };
	struct aws_settings settings;

	if (listen_take_keys(listen, &settings, &credentials, error) < 0 ||
	    queue_open(&listen->queue, &listen->aws, &settings, url, error) < 0 ||
	    aws_confine(settings.ca_bundle, &settings.endpoints[AWS_SQS], 1, STDOUT_FILENO, error) < 0 ||
	    aws_init(&listen->aws, &settings, NULL, error) < 0)
		return -1;
	listen->aws.credentials = credentials;
	credentials = (struct credentials){ 0 };
	listen->aws.retry.attempts_max = 0;
	listen->aws.renew = keys_renew;
	listen->aws.renew_context = listen;
	listen->had_s = keys_left_s(listen);
	return 0;
}

static int listen_begin(struct listen *listen, struct atomicdir_error *error)
{
	struct queue_url parsed;
	const char *url;

	listen->input.fd = STDIN_FILENO;
	listen->handed.input = &listen->input;
	if (told_read(&listen->input, WORD_LISTEN, &listen->told, error) < 0)
		return -1;
	url = told_option(&listen->told, OPTION_QUEUE_URL);
	if (!url)
		return error_set(error, ATOMICDIR_FAILED, NULL, "the request names no queue");
	return queue_url_parse(url, &parsed, error) < 0 ? -1 : listen_open(listen, url, error);
}

/* ---- What it says ---- */

static int listen_say(struct listen *listen)
{
	int result = write_all(STDOUT_FILENO, listen->output.bytes, listen->output.size);

	buffer_clear(&listen->output);
	return result;
}

static int notice_add(struct buffer *output, const struct notice *notice)
{
	if (field_add_text(output, WORD_EVENT, "") < 0 || field_add_text(output, WORD_ARN, notice->arn) < 0 ||
	    field_add_text(output, WORD_NAME, notice->name) < 0 || field_add_text(output, WORD_VERSION, notice->version) < 0)
		return -1;
	return field_add_text(output, WORD_LABEL, notice->label);
}

/* What came twice is deleted, and no more said of. */
static int message_take(void *context, const char *id, const char *body, size_t size)
{
	cleanup(notice_clear) struct notice notice = { 0 };
	struct listen *listen = context;
	int is_notice;

	if (seen_before(&listen->seen, id))
		return 0;
	is_notice = notice_read(body, size, &notice);
	listen->ignored += is_notice == 0;
	return is_notice > 0 ? notice_add(&listen->output, &notice) : is_notice;
}

/* Of the poll that has ended well. */
static int poll_add(struct listen *listen)
{
	char count[32];

	snprintf(count, sizeof(count), "%zu", listen->ignored);
	if (listen->ignored && field_add_text(&listen->output, WORD_IGNORED, count) < 0)
		return -1;
	if (!listen->is_connected && field_add_text(&listen->output, WORD_CONNECTED, "") < 0)
		return -1;
	listen->is_connected = true;
	listen->failures = 0;
	listen->ignored = 0;
	return 0;
}

static int failure_add(struct listen *listen, const struct atomicdir_error *error)
{
	bool is_news = listen->is_connected || !listen->failures;

	listen->is_connected = false;
	listen->failures++;
	return is_news ? protocol_add_failure(&listen->output, WORD_DISCONNECTED, error) : 0;
}

/* ---- One poll after the other ---- */

static void listen_pause(const struct listen *listen)
{
	int64_t ms = backoff_ms(listen->failures, PAUSE_MAX_MS, backoff_random());
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

/* A first failure to delete is told; the messages come again, and are known. */
static int listen_delete(struct listen *listen)
{
	struct atomicdir_error error;
	bool is_first = !listen->is_warned;

	error_clear(&error);
	listen->is_warned = queue_delete(&listen->queue, &error) < 0;
	if (!listen->is_warned || !is_first)
		return 0;
	text_sanitise(error.text);
	return field_add_text(&listen->output, WORD_WARNING, error.text) < 0 ? -1 : listen_say(listen);
}

/* -1: what it says cannot be said, and so nobody needs it. */
static int listen_poll(struct listen *listen)
{
	int64_t usable_s = keys_usable_s(listen);
	int wait_s = listen->is_connected ? QUEUE_WAIT_MAX_S : FIRST_WAIT_S;
	struct atomicdir_error error;
	int result;

	if (usable_s < wait_s)
		wait_s = usable_s > FIRST_WAIT_S ? (int)usable_s : FIRST_WAIT_S;
	/* Keys may expire more than once in its life. */
	listen->aws.is_renewed = false;
	error_clear(&error);
	result = queue_receive(&listen->queue, wait_s, message_take, listen, &error);
	if ((result < 0 ? failure_add(listen, &error) : poll_add(listen)) < 0 || listen_say(listen) < 0)
		return -1;
	if (result < 0) {
		listen_pause(listen);
		return 0;
	}
	return listen_delete(listen);
}

/* At least one poll, so that keys which come too late are refused by AWS, and that is told. */
static int listen_to_queue(struct listen *listen)
{
	do {
		if (listen_poll(listen) < 0)
			return -1;
	} while (keys_usable_s(listen) > 0);
	return 0;
}

static int listen_end(struct listen *listen, const struct atomicdir_error *error)
{
	if ((error->kind ? protocol_add_error(&listen->output, error) : field_add_text(&listen->output, WORD_DONE, "")) < 0 ||
	    listen_say(listen) < 0)
		return ATOMICDIR_FAILED;
	return error->kind;
}

int listen_run(void)
{
	static struct listen listen; /* zero, and too large for a stack */
	struct atomicdir_error error;
	int status;

	error_clear(&error);
	if (listen_begin(&listen, &error) < 0)
		error.kind = error.kind ? error.kind : ATOMICDIR_FAILED;
	else if (listen_to_queue(&listen) < 0)
		error_errno(&error, NULL, "cannot say what came");
	status = listen_end(&listen, &error);
	listen_clear(&listen);
	return status;
}
