/* SPDX-License-Identifier: ISC */
#include "fetch/imds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/ask.h"
#include "fetch/aws_config.h"

#define IPV4 "http://169.254.169.254"
#define IPV6 "http://[fd00:ec2::254]"
#define PAUSE_MS 200
#define LIFETIME "21600"

static const char *endpoint(void)
{
	const char *set = aws_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	const char *mode = aws_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");

	return set ? set : mode && strcasecmp(mode, "ipv6") == 0 ? IPV6 : IPV4;
}

static long setting(const char *variable, const char *key, long most)
{
	const char *text = aws_setting(variable, key);
	long value = text ? strtol(text, NULL, 10) : 0;

	return value < 1 ? 1 : value > most ? most : value;
}

static int send(struct http *http, const char *method, const char *path, const char *header, struct http_reply *reply,
		struct atomicdir_error *error)
{
	cleanup_buffer struct buffer url = { 0 };
	const char *where = endpoint(), *headers[] = { header, NULL };
	size_t size = strlen(where);
	struct http_request request = { .method = method,
					.headers = headers,
					.is_metadata = true,
					.timeout_ms = setting("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 60) *
						      1000 };

	if ((strncasecmp(where, "http://", 7) != 0 && strncasecmp(where, "https://", 8) != 0) || strpbrk(where, " \t\r\n@?#"))
		return error_set(
			error, ATOMICDIR_USAGE, where,
			"AWS_EC2_METADATA_SERVICE_ENDPOINT (ec2_metadata_service_endpoint) is no URL such as http://HOST");
	if (buffer_printf(&url, "%.*s%s", (int)(where[size - 1] == '/' ? size - 1 : size), where, path) < 0)
		return error_errno(error, NULL, "cannot ask");
	request.url = url.bytes;
	return ask_machine(http, &request,
			   (int)setting("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 10), PAUSE_MS,
			   reply, error);
}

static int refuse_status(const struct http_reply *reply, const char *more, struct atomicdir_error *error)
{
	bool is_passing = reply->status >= 500;

	error_set(error, is_passing ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, endpoint(),
		  "the instance's metadata: HTTP %ld%s", reply->status, more);
	if (!is_passing)
		error_append(error, "does something else than EC2 answer there?");
	return -1;
}

/* The header with the token; empty: only version 1 can be asked. */
static int get_token(struct http *http, struct buffer *header, struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	bool is_v1 = !aws_setting_is_true("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
	int result = send(http, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: " LIFETIME, &reply, error);

	if (result < 0 && error->kind != ATOMICDIR_UNREACHABLE)
		return -1;
	if (result < 0 || reply.status == 403 || reply.status == 404 || reply.status == 405) {
		if (result > 0)
			error_set(error, ATOMICDIR_UNREACHABLE, endpoint(), "HTTP %ld instead of a token", reply.status);
		return is_v1;
	}
	if (reply.status != 200 || !reply.body.size || strpbrk(reply.body.bytes, "\r\n"))
		return refuse_status(&reply, " and no token", error);
	return buffer_printf(header, "X-aws-ec2-metadata-token: %s", reply.body.bytes) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 1;
}

static int refuse(const struct http_reply *reply, bool has_token, struct atomicdir_error *error)
{
	if (reply->status == 404) {
		error_set(error, ATOMICDIR_DENIED, endpoint(), "the instance has none: attach an instance profile");
		return 0;
	}
	if (reply->status == 401 && !has_token)
		return error_set(
			error, ATOMICDIR_DENIED, endpoint(),
			"the instance's metadata demands a token, and does not give one: in a container, raise its hop limit (aws "
			"ec2 modify-instance-metadata-options --http-put-response-hop-limit 2)");
	if (reply->status == 403) {
		error_set(error, ATOMICDIR_DENIED, endpoint(),
			  "the instance's metadata is turned off (HTTP 403): turn it on (aws ec2 "
			  "modify-instance-metadata-options --http-endpoint enabled)");
		return 0;
	}
	return refuse_status(reply, "", error);
}

void imds_clear(struct imds *imds)
{
	buffer_clear(&imds->header);
	imds->is_open = false;
}

int imds_get(struct imds *imds, const char *path, struct buffer *text, struct atomicdir_error *error)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup_buffer struct buffer whole = { 0 };
	int result;

	if (aws_setting_is_true("AWS_EC2_METADATA_DISABLED", "ec2_metadata_disabled")) {
		error_set(error, ATOMICDIR_DENIED, NULL, "AWS_EC2_METADATA_DISABLED is true");
		return 0;
	}
	result = imds->is_open ? 1 : get_token(imds->http, &imds->header, error);
	if (result < 0)
		return -1;
	imds->is_open = result > 0;
	if (result > 0) {
		if (buffer_printf(&whole, "/latest/meta-data/%s", path) < 0)
			return error_errno(error, NULL, "cannot ask");
		result = send(imds->http, NULL, whole.bytes, imds->header.bytes, &reply, error);
		if (result < 0 && (imds->header.size || error->kind != ATOMICDIR_UNREACHABLE))
			return -1;
	}
	if (result <= 0) {
		error_append(error, "this is no EC2 instance, or a container that its metadata cannot reach (hop limit)");
		return 0;
	}
	if (reply.status != 200)
		return refuse(&reply, imds->header.size, error);
	return buffer_add(text, reply.body.bytes ? reply.body.bytes : "", reply.body.size) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 1;
}

int imds_region(struct http *http, char **region, struct atomicdir_error *error)
{
	cleanup(imds_clear) struct imds imds = { .http = http };
	cleanup_buffer struct buffer text = { 0 };
	int found = imds_get(&imds, "placement/region", &text, error);

	*region = found > 0 ? strndup(text.bytes, strcspn(text.bytes, " \t\r\n")) : NULL;
	return found > 0 && !*region ? error_errno(error, NULL, "cannot start") : found < 0 ? -1 : 0;
}
