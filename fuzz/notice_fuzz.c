/* SPDX-License-Identifier: ISC
 *
 * Claim: whatever is in a queue, an event is told whole and in clean texts, or it is none
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "listen/notice.h"

static void check_notice(const struct notice *notice)
{
	must(*notice->arn || *notice->name);
	must(is_clean(notice->arn) && is_clean(notice->name) && is_clean(notice->version) && is_clean(notice->label));
	must(strlen(notice->arn) <= 2048 && strlen(notice->name) <= 512);
	must(strlen(notice->version) <= 64 && strlen(notice->label) <= 256);
	must(!*notice->arn || strncmp(notice->arn, "arn:", 4) == 0);
}

/* A message's body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *body = fuzz_copy(data, size);
	struct notice notice;
	int got = notice_read(body, size, &notice);

	must(got == 0 || got == 1);
	if (got > 0) {
		check_notice(&notice);
		must(memmem(body, size, "aws.secretsmanager", 18) || memmem(body, size, "\\", 1));
	} else {
		must(!notice.arn && !notice.name && !notice.version && !notice.label);
	}
	notice_clear(&notice);
	free(body);
	return 0;
}
