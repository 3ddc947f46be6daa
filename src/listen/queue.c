/* SPDX-License-Identifier: ISC */
#include "listen/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define BATCH 10	/* as many as SQS gives and takes at once */
#define VISIBILITY_S 30 /* until a message that was not deleted comes again, whatever the queue has it */
#define ANSWER_MS 10000 /* how long an answer may take beside the wait */
#define NUMBER_SIZE 24

/* ---- Opening it ---- */

/* What is signed, and said of it, is for the region that the URL has, else for the settings'. */
static int queue_place(struct queue *queue, struct aws_settings *settings, const struct queue_url *parsed,
		       struct atomicdir_error *error)
{
	if (!*parsed->region && !settings->region)
		return error_object(error, ATOMICDIR_USAGE, queue->url, "names no region; use --region or AWS_REGION");
	queue->arn = queue_url_arn(parsed, settings->region);
	if (!queue->arn)
		return error_errno(error, NULL, "cannot listen");
	if (settings->endpoints[AWS_SQS] || parsed->is_regional)
		return 0;
	if (parsed->is_open)
		return error_object(error, ATOMICDIR_USAGE, queue->url,
				    "would be asked over http, which shows the session token to whoever is between; use https");
	queue->origin = strdup(parsed->origin);
	settings->endpoints[AWS_SQS] = queue->origin;
	return queue->origin ? 0 : error_errno(error, NULL, "cannot listen");
}

int queue_open(struct queue *queue, struct aws *aws, struct aws_settings *settings, const char *url,
	       struct atomicdir_error *error)
{
	struct queue_url parsed;

	*queue = (struct queue){ .aws = aws, .url = url };
	return queue_url_parse(url, &parsed, error) < 0 ? -1 : queue_place(queue, settings, &parsed, error);
}

/* Of those that are cleared nothing stays. */
static void receipts_compact(struct queue *queue)
{
	size_t kept = 0;

	for (size_t i = 0; i < queue->count; i++)
		if (queue->receipts[i])
			queue->receipts[kept++] = queue->receipts[i];
	queue->count = kept;
}

void queue_close(struct queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		free(queue->receipts[i]);
	free(queue->arn);
	free(queue->origin);
	*queue = (struct queue){ 0 };
}

/* ---- Calls ---- */

static void call_open(const struct queue *queue, const char *operation, const char *action, int wait_s, struct aws_call *call)
{
	*call = (struct aws_call){ .service = AWS_SQS,
				   .operation = operation,
				   .id = queue->arn,
				   .secret = queue->url,
				   .action = action,
				   .timeout_ms = wait_s * 1000L + ANSWER_MS };
}

/* ---- Receiving ---- */

static int receive_write(const struct queue *queue, int wait_s, struct buffer *body)
{
	struct json_writer json = { .text = body };

	json_write_begin(&json, NULL, '{');
	json_write_text(&json, "QueueUrl", queue->url);
	json_write_number(&json, "MaxNumberOfMessages", queue->is_one_by_one ? 1 : BATCH);
	json_write_number(&json, "WaitTimeSeconds", wait_s);
	json_write_number(&json, "VisibilityTimeout", VISIBILITY_S);
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

/* A message that comes again has another receipt, and the older one may be good for nothing. */
static int receipt_keep(struct queue *queue, const char *receipt)
{
	char *copy = strdup(receipt);

	if (!copy)
		return -1;
	if (queue->count == QUEUE_RECEIPTS) {
		free_pointer(&queue->receipts[0]);
		receipts_compact(queue);
	}
	queue->receipts[queue->count++] = copy;
	return 0;
}

/* What has no receipt cannot be deleted, and what has no body is nothing. */
static int message_take(struct queue *queue, const struct json *message, queue_take_fn take, void *context)
{
	const char *id = json_member_text(message, "MessageId"), *receipt = json_member_text(message, "ReceiptHandle");
	const struct json *body = aws_member(message, "Body");
	bool is_text = body && body->type == JSON_STRING;

	id = id && strlen(id) < QUEUE_ID_SIZE ? id : "";
	if (!receipt)
		return 0;
	if (take(context, id, is_text ? body->text : "", is_text ? body->size : 0) < 0)
		return -1;
	return receipt_keep(queue, receipt);
}

static int answer_take(struct queue *queue, const struct json *answer, queue_take_fn take, void *context)
{
	/* Where there are none there is no such member. */
	const struct json *messages = aws_member(answer, "Messages");

	if (!messages || messages->type != JSON_ARRAY)
		return 0;
	for (const struct json *message = messages->first; message; message = message->next)
		if (message_take(queue, message, take, context) < 0)
			return -1;
	return 0;
}

int queue_receive(struct queue *queue, int wait_s, queue_take_fn take, void *context, struct atomicdir_error *error)
{
	cleanup(aws_call_clear) struct aws_call call;

	call_open(queue, "ReceiveMessage", NULL, wait_s, &call);
	if (receive_write(queue, wait_s, &call.body) < 0)
		return error_errno(error, NULL, "cannot ask");
	aws_run(queue->aws, &call, 1);
	queue->is_one_by_one = !call.answer && call.refusal == AWS_NO_ANSWER;
	if (!call.answer) {
		*error = call.error;
		return -1;
	}
	return answer_take(queue, call.answer, take, context) < 0 ? error_errno(error, NULL, "cannot take a message") : 0;
}

/* ---- Deleting ---- */

struct batch {
	size_t from, count;
};

static int delete_write(const struct queue *queue, const struct batch *batch, struct buffer *body)
{
	struct json_writer json = { .text = body };
	char number[NUMBER_SIZE];

	json_write_begin(&json, NULL, '{');
	json_write_text(&json, "QueueUrl", queue->url);
	json_write_begin(&json, "Entries", '[');
	for (size_t i = 0; i < batch->count; i++) {
		snprintf(number, sizeof(number), "%zu", batch->from + i);
		json_write_begin(&json, NULL, '{');
		json_write_text(&json, "Id", number);
		json_write_text(&json, "ReceiptHandle", queue->receipts[batch->from + i]);
		json_write_end(&json, '}');
	}
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	return json.is_broken ? -1 : 0;
}

/* Why the entry of this number was not deleted, in an answer that is a success as a whole; NULL: it was. */
static const struct json *failed_find(const struct json *answer, size_t number)
{
	const struct json *failed = aws_member(answer, "Failed");
	char wanted[NUMBER_SIZE];

	snprintf(wanted, sizeof(wanted), "%zu", number);
	for (const struct json *one = failed && failed->type == JSON_ARRAY ? failed->first : NULL; one; one = one->next) {
		const char *id = json_member_text(one, "Id");

		if (id && strcmp(id, wanted) == 0)
			return one;
	}
	return NULL;
}

/* By the sender's fault it cannot be deleted with that receipt, ever. */
static bool failed_is_final(const struct json *failed)
{
	const struct json *fault = aws_member(failed, "SenderFault");

	return fault && fault->type == JSON_TRUE;
}

static void failed_tell(const struct queue *queue, const struct aws_call *call, const struct json *failed,
			struct atomicdir_error *error)
{
	const char *code = json_member_text(failed, "Code"), *message = json_member_text(failed, "Message");

	error_set(error, ATOMICDIR_FAILED, NULL, "%s: DeleteMessageBatch: a message is not deleted: %.80s, request %s: %.*s",
		  queue->url, code ? code : "no code", *call->request_id ? call->request_id : "unknown",
		  aws_message_size(message), message ? message : "");
}

/* Receipts that have done their work are cleared. */
static int batch_settle(struct queue *queue, const struct batch *batch, const struct aws_call *call,
			struct atomicdir_error *error)
{
	int result = 0;

	if (!call->answer) {
		*error = call->error;
		return -1;
	}
	for (size_t i = batch->from; i < batch->from + batch->count; i++) {
		const struct json *failed = failed_find(call->answer, i);

		if (failed) {
			failed_tell(queue, call, failed, error);
			result = -1;
		}
		if (!failed || failed_is_final(failed))
			free_pointer(&queue->receipts[i]);
	}
	return result;
}

/* -1: some of its messages are left. is_answered: it was the service that said so. */
static int batch_delete(struct queue *queue, const struct batch *batch, bool *is_answered, struct atomicdir_error *error)
{
	cleanup(aws_call_clear) struct aws_call call;

	*is_answered = false;
	call_open(queue, "DeleteMessageBatch", "DeleteMessage", 0, &call);
	if (delete_write(queue, batch, &call.body) < 0)
		return error_errno(error, NULL, "cannot ask");
	aws_run(queue->aws, &call, 1);
	*is_answered = call.answer;
	return batch_settle(queue, batch, &call, error);
}

int queue_delete(struct queue *queue, struct atomicdir_error *error)
{
	bool is_answered = true;
	int result = 0;

	/* Who does not answer is not asked for the rest: events would wait for that. */
	for (size_t from = 0; from < queue->count && is_answered; from += BATCH) {
		size_t left = queue->count - from;
		struct batch batch = { from, left < BATCH ? left : BATCH };

		if (batch_delete(queue, &batch, &is_answered, error) < 0)
			result = -1;
	}
	receipts_compact(queue);
	return result;
}
