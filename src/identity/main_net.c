/* SPDX-License-Identifier: ISC
 *
 * identity-net: the half of an identity that has the network. It answers the questions of identity-aws (question.h) on its standard
 * input, one after the other, and knows no configuration.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/harden.h"
#include "identity/network.h"
#include "process/process.h"

/* All questions of one process are asked in the same way. */
static int http_open(struct http **http, const struct record *question, struct record *answer)
{
	struct atomicdir_error error;

	if (*http)
		return 1;
	error_clear(&error);
	*http = http_new(record_text(question, WORD_CA_BUNDLE), &error);
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

int main(void)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = STDIN_FILENO };
	cleanup_record struct record question = { 0 };
	struct http *http = NULL;
	int got;

	harden();
	process_begin();
	while ((got = record_read(&reader, &question)) > 0)
		if (answer_one(&http, &question) < 0)
			break;
	http_free(http);
	return got == 0 ? ATOMICDIR_OK : ATOMICDIR_FAILED;
}
