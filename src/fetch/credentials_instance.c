/* SPDX-License-Identifier: ISC
 *
 * The role of an EC2 instance. Its credentials are used even where they are said to have expired: the service that renews them may be
 * late, and the others accept them for a while.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/credentials.h"
#include "fetch/imds.h"

#define ROLES "iam/security-credentials/"
#define AGAIN_S (15 * 60)

static int take(const struct buffer *text, struct credentials *credentials, struct atomicdir_error *error)
{
	const char *why;
	cleanup_json struct json *json = json_parse(text->bytes, text->size, &why);
	const char *code = json ? json_member_text(json, "Code") : NULL;

	if (!json || json->type != JSON_OBJECT)
		return error_set(error, ATOMICDIR_FAILED, NULL,
				 "%s: the answer is no JSON object; does something else than EC2 answer there?",
				 credentials->from);
	if (code && strcmp(code, "Success") != 0)
		return error_set(error, ATOMICDIR_DENIED, NULL,
				 "%s: %.64s: let its trust policy allow sts:AssumeRole to ec2.amazonaws.com", credentials->from,
				 code);
	if (credentials_take(json, "Token", credentials, error) < 0)
		return -1;
	if (credentials_are_expired(credentials))
		credentials->expires = (int64_t)time(NULL) + AGAIN_S;
	return 1;
}

PROVIDER(instance)
{
	cleanup(imds_clear) struct imds imds = { .http = context->http };
	cleanup_buffer struct buffer role = { 0 }, path = { 0 }, text = { 0 };
	int found = imds_get(&imds, ROLES, &role, error);

	if (found <= 0)
		return found;
	role.bytes[strcspn(role.bytes, "\r\n")] = '\0';
	snprintf(credentials->from, sizeof(credentials->from), "the instance's role %.64s", role.bytes);
	if (buffer_printf(&path, ROLES "%s", role.bytes) < 0)
		return error_errno(error, NULL, "cannot ask");
	found = imds_get(&imds, path.bytes, &text, error);
	return found > 0 ? take(&text, credentials, error) : found;
}
