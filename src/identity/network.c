/* SPDX-License-Identifier: ISC */
#include "identity/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/container.h"
#include "identity/imds.h"
#include "identity/sso.h"
#include "identity/sts.h"

typedef NETWORK_OPERATION((*operation_fn));

static const struct {
	const char *word;
	operation_fn run;
} operations[] = {
	{ ASK_ROLE, sts_assume_role },
	{ ASK_WEB_IDENTITY, sts_assume_role_with_web_identity },
	{ ASK_SSO_ROLE, sso_get_role },
	{ ASK_SSO_TOKEN, sso_renew_token },
	{ ASK_CONTAINER, container_get },
	{ ASK_INSTANCE, imds_get_role },
	{ ASK_INSTANCE_REGION, imds_get_region },
};

static operation_fn operation_find(const struct record *question)
{
	const char *word = record_text(question, WORD_ASK);

	for (size_t i = 0; word && i < sizeof(operations) / sizeof(*operations); i++)
		if (strcmp(operations[i].word, word) == 0)
			return operations[i].run;
	return NULL;
}

/* Whoever asks next is spared a request that is refused for the clock. */
static int network_add_skew(const struct http *http, struct record *answer)
{
	char number[32];

	if (!http_skew_s(http))
		return 0;
	snprintf(number, sizeof(number), "%" PRId64, http_skew_s(http));
	return record_add_text(answer, WORD_SKEW_S, number);
}

int network_answer(struct http *http, const struct record *question, struct record *answer)
{
	operation_fn run = operation_find(question);
	struct asker asker = { .http = http };
	struct atomicdir_error error;
	int result;

	error_clear(&error);
	settings_take(question, &asker.settings);
	if (asker.settings.skew_s)
		http_set_skew_s(http, strtoll(asker.settings.skew_s, NULL, 10));
	result = run ? run(&asker, question, answer, &error)
		     : error_set(&error, ATOMICDIR_FAILED, NULL, "identity-net is asked what it does not know");
	if (network_add_skew(http, answer) < 0 || (result == 0 && record_add_text(answer, WORD_NOTHING, "1") < 0))
		return -1;
	return result > 0 ? 0 : protocol_put_error(answer, &error);
}
