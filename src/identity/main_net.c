/* SPDX-License-Identifier: ISC
 *
 * identity-net: the half of an identity that has the network. It answers the questions of identity-aws (question.h) on its standard
 * input, one after the other, and knows no configuration.
 */
#include <stdio.h>

#include <curl/curl.h>

#include "aws/confine.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/harden.h"
#include "base/version.h"
#include "identity/network.h"
#include "process/process.h"

/* Its ports are those of the first question: net.c asks another process where one leads elsewhere. fetch-aws, which every round that
 * has keys starts, says what cannot be confined here. */
static int confine(const struct record *question, struct atomicdir_error *error)
{
	const char *const urls[] = { record_text(question, WORD_URL), NET_METADATA };

	return aws_confine(record_text(question, WORD_CA_BUNDLE), urls, 2, -1, error);
}

/* All questions of one process are asked in the same way. */
static int http_open(struct http **http, const struct record *question, struct record *answer)
{
	struct atomicdir_error error;

	if (*http)
		return 1;
	error_clear(&error);
	*http = confine(question, &error) < 0 ? NULL : http_new(record_text(question, WORD_CA_BUNDLE), &error);
	return *http ? 1 : protocol_put_error(answer, &error);
}

static int answer_one(struct http **http, const struct record *question)
{
	cleanup_record struct record answer = { 0 };
	int result = http_open(http, question, &answer);

	if (result > 0)
		result = network_answer(*http, question, &answer);
	return result < 0 ? -1 : record_write(&answer, STDOUT_FILENO);
}

int main(int argc, char **argv)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = STDIN_FILENO };
	cleanup_record struct record question = { 0 };
	struct http *http = NULL;
	int got;

	harden();
	if (version_print(argc, argv, "identity-net", curl_version()))
		return 0;
	process_begin();
	while ((got = record_read(&reader, &question)) > 0)
		if (answer_one(&http, &question) < 0)
			break;
	http_free(http);
	return got == 0 ? ATOMICDIR_OK : ATOMICDIR_FAILED;
}
