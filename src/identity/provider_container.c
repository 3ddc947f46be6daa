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
#include "identity/keys.h"
#include "identity/provider.h"
#include "identity/variables.h"

#define HOST "http://169.254.170.2"
#define TOKEN_MAX 65536

/* Only to these may a token go unencrypted. */
static bool container_may_ask(const char *url)
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

static int container_find_url(struct buffer *url, struct atomicdir_error *error)
{
	const char *relative = variable_text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = variable_text("AWS_CONTAINER_CREDENTIALS_FULL_URI");

	if (!relative && !full)
		return 0;
	if (relative && *relative != '/')
		return error_set(error, ATOMICDIR_USAGE, relative,
				 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'");
	if (strpbrk(relative ? relative : full, " \t\r\n") || (!relative && strpbrk(full, "@\\")))
		return error_set(error, ATOMICDIR_USAGE, NULL, "%s is no URL: it holds a user or white space",
				 relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	if (!relative && !container_may_ask(full))
		return error_set(error, ATOMICDIR_USAGE, full,
				 "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https, nor http to this machine or to "
				 "169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
	return buffer_printf(url, "%s%s", relative ? HOST : "", relative ? relative : full) < 0
		       ? error_errno(error, NULL, "cannot ask")
		       : 1;
}

/* The file is read each time: it is renewed there. */
static int container_find_token(struct buffer *header, struct atomicdir_error *error)
{
	const char *file = variable_text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = variable_text("AWS_CONTAINER_AUTHORIZATION_TOKEN");

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

PROVIDER(container)
{
	cleanup(question_clear) struct question question = { 0 };
	cleanup_buffer struct buffer url = { 0 }, token = { 0 };
	int found = container_find_url(&url, error);

	if (found <= 0)
		return found;
	if (container_find_token(&token, error) < 0)
		return -1;
	question_begin(&question, context->net->settings, ASK_CONTAINER);
	question_add(&question, WORD_URL, url.bytes);
	question_add(&question, WORD_HEADER, token.bytes);
	return provider_ask_keys(context, &question, credentials, error);
}
