/* SPDX-License-Identifier: ISC
 *
 * What the agents of ECS and of EKS's Pod Identity give to a container.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "fetch/ask.h"
#include "fetch/aws_config.h"
#include "fetch/credentials.h"

#define HOST "http://169.254.170.2"
#define ATTEMPTS 3
#define PAUSE_MS 1000
#define TIMEOUT_MS 2000
#define TOKEN_MAX 65536

/* Only to these may a token go unencrypted. */
static bool is_allowed(const char *url)
{
	static const char *const hosts[] = { "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost", "[::1]" };
	const char *host;
	size_t size;

	if (strncasecmp(url, "https://", 8) == 0)
		return true;
	if (strncasecmp(url, "http://", 7) != 0)
		return false;
	host = url + 7;
	size = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		if (strlen(hosts[i]) == size && strncasecmp(hosts[i], host, size) == 0)
			return true;
	return size > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == size;
}

static int find_url(struct buffer *url, struct atomicdir_error *error)
{
	const char *relative = aws_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = aws_environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");

	if (!relative && !full)
		return 0;
	if (relative && *relative != '/')
		return error_set(error, ATOMICDIR_USAGE, relative,
				 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'");
	if (strpbrk(relative ? relative : full, " \t\r\n") || (!relative && strpbrk(full, "@\\")))
		return error_set(error, ATOMICDIR_USAGE, NULL, "%s is no URL: it holds a user or white space",
				 relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	if (!relative && !is_allowed(full))
		return error_set(error, ATOMICDIR_USAGE, full,
				 "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https, nor http to this machine or to "
				 "169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
	return buffer_printf(url, "%s%s", relative ? HOST : "", relative ? relative : full) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 1;
}

/* The file is read each time: it is renewed there. */
static int find_token(struct buffer *header, struct atomicdir_error *error)
{
	const char *file = aws_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = aws_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (!file && !token)
		return 0;
	if (buffer_add_text(header, "Authorization: ") < 0)
		return error_errno(error, NULL, "cannot ask");
	if (file ? read_path(file, TOKEN_MAX, header) < 0 : buffer_add_text(header, token) < 0) {
		error_errno(error, file, "cannot read the container's token");
		if (error)
			error->kind = ATOMICDIR_DENIED;
		return -1;
	}
	if (strlen(header->bytes) != header->size || credentials_refuse_text(header->bytes))
		return error_set(error, ATOMICDIR_DENIED, file,
				 "the container's token holds a line end (or a NUL), which may not be sent%s",
				 file ? ": write the file without one" : ": take it out of AWS_CONTAINER_AUTHORIZATION_TOKEN");
	return 0;
}

/* The agent says why in a "message", or in a line of text. Half an object is none: it may be one with keys. */
static int refuse(const struct http_reply *reply, const char *url, struct atomicdir_error *error)
{
	cleanup_json struct json *json = ask_take_object(reply);
	const char *message = json ? json_member_text(json, "message") : reply->body.bytes;
	int size = ask_message_size(message), object = message && !json ? (int)strcspn(message, "{") : size;
	bool is_passing = reply->status >= 500 || reply->status == 429;

	/* Half an object, which may hold keys, is no line of text. */
	size = object < size ? object : size;
	error_set(error, is_passing ? ATOMICDIR_UNREACHABLE : ATOMICDIR_DENIED, NULL, "HTTP %ld%s%.*s", reply->status,
		  size ? ": " : "", size, message ? message : "");
	error_prefix(error, "the container's credentials, %.160s", url);
	if (!is_passing)
		error_append(error, reply->status == 404 ? "check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI"
							 : "check the container's token and its role");
	return -1;
}

PROVIDER(container)
{
	cleanup(http_reply_clear) struct http_reply reply = { 0 };
	cleanup_buffer struct buffer url = { 0 }, token = { 0 };
	cleanup_json struct json *json = NULL;
	const char *headers[] = { "Accept: application/json", NULL, NULL };
	int found = find_url(&url, error);

	(void)context;
	if (found <= 0)
		return found;
	if (find_token(&token, error) < 0)
		return -1;
	headers[1] = token.bytes;
	if (ask_machine(context->http,
			&(struct http_request){
				.url = url.bytes, .headers = headers, .timeout_ms = TIMEOUT_MS, .is_metadata = true },
			ATTEMPTS, PAUSE_MS, &reply, error) < 0) {
		if (error && error->kind == ATOMICDIR_UNREACHABLE)
			error_append(error, "does the agent of ECS or of EKS's Pod Identity run?");
		return error_prefix(error, "the container's credentials");
	}
	if (reply.status != 200)
		return refuse(&reply, url.bytes, error);
	snprintf(credentials->from, sizeof(credentials->from), "the container's credentials, %.120s", url.bytes);
	json = ask_take_object(&reply);
	if (!json)
		return error_set(error, ATOMICDIR_FAILED, NULL, "%s: the answer is no JSON object; is this the agent's URL?",
				 credentials->from);
	if (credentials_take(json, "Token", credentials, error) < 0)
		return -1;
	return credentials_are_expired(credentials) ? credentials_refuse_expired(credentials, error) : 1;
}
