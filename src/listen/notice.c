/* SPDX-License-Identifier: ISC */
#include "listen/notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "json/json.h"

#define SOURCE "aws.secretsmanager"
#define DETAIL_TYPE "Secret Label Updated"
#define BODY_MAX 65536 /* an event has some hundred bytes */
/* As Secrets Manager takes them. */
#define ARN_SIZE 2048
#define NAME_SIZE 512
#define VERSION_SIZE 64
#define LABEL_SIZE 256

void notice_clear(struct notice *notice)
{
	free(notice->arn);
	free(notice->name);
	free(notice->version);
	free(notice->label);
	*notice = (struct notice){ 0 };
}

/* ---- Texts ---- */

static bool text_is_fit(const char *text, size_t longest)
{
	if (strlen(text) > longest)
		return false;
	for (size_t size; *text; text += size)
		if (!(size = utf8_printable_length((const unsigned char *)text)))
			return false;
	return true;
}

/* "" where it is missing, or may be no such text. -1 with ENOMEM. */
static int text_take(const char *text, size_t longest, char **taken)
{
	*taken = strdup(text && text_is_fit(text, longest) ? text : "");
	return *taken ? 0 : -1;
}

static bool member_is(const struct json *object, const char *name, const char *text)
{
	const char *value = json_member_text(object, name);

	return value && strcmp(value, text) == 0;
}

/* ---- The event ---- */

static const char *event_arn(const struct json *event)
{
	const struct json *resources = json_member(event, "resources", strlen("resources"));
	const struct json *first = resources && resources->type == JSON_ARRAY ? resources->first : NULL;

	if (!first || first->type != JSON_STRING || strlen(first->text) != first->size)
		return NULL;
	return arn_part_is(first->text, ARN_SERVICE, "secretsmanager") ? first->text : NULL;
}

static int event_take(const struct json *event, struct notice *notice)
{
	const struct json *detail = json_member(event, "detail", strlen("detail"));

	if (!member_is(event, "source", SOURCE) || !member_is(event, "detail-type", DETAIL_TYPE))
		return 0;
	if (text_take(event_arn(event), ARN_SIZE, &notice->arn) < 0 ||
	    text_take(json_member_text(detail, "name"), NAME_SIZE, &notice->name) < 0 ||
	    text_take(json_member_text(detail, "versionId"), VERSION_SIZE, &notice->version) < 0 ||
	    text_take(json_member_text(detail, "labelUpdated"), LABEL_SIZE, &notice->label) < 0)
		return -1;
	return *notice->arn || *notice->name;
}

/* What SNS has put around it, once. NULL: nothing. */
static const char *envelope_message(const struct json *root)
{
	return member_is(root, "Type", "Notification") ? json_member_text(root, "Message") : NULL;
}

int notice_read(const char *body, size_t size, struct notice *notice)
{
	cleanup_json struct json *root = NULL, *inner = NULL;
	const char *why, *message;
	int result;

	*notice = (struct notice){ 0 };
	if (size > BODY_MAX)
		return 0;
	errno = 0;
	root = json_parse(body, size, &why);
	message = root ? envelope_message(root) : NULL;
	if (message)
		inner = json_parse(message, strlen(message), &why);
	if (!root || (message && !inner))
		return errno == ENOMEM ? -1 : 0;
	result = event_take(inner ? inner : root, notice);
	if (result <= 0)
		notice_clear(notice);
	return result;
}
