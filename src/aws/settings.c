/* SPDX-License-Identifier: ISC */
#include "aws/settings.h"

#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/protocol.h"

static const struct {
	const char *word;
	size_t offset;
} texts[] = {
	{ WORD_PROFILE, offsetof(struct aws_settings, profile) },
	{ WORD_REGION, offsetof(struct aws_settings, region) },
	{ WORD_FIRST_REGION, offsetof(struct aws_settings, first_region) },
	{ WORD_WHY, offsetof(struct aws_settings, why) },
	{ WORD_SECRETSMANAGER_URL, offsetof(struct aws_settings, endpoints[AWS_SECRETSMANAGER]) },
	{ WORD_SSM_URL, offsetof(struct aws_settings, endpoints[AWS_SSM]) },
	{ WORD_SQS_URL, offsetof(struct aws_settings, endpoints[AWS_SQS]) },
	{ WORD_CA_BUNDLE, offsetof(struct aws_settings, ca_bundle) },
	{ WORD_RETRY_MODE, offsetof(struct aws_settings, retry_mode) },
	{ WORD_MAX_ATTEMPTS, offsetof(struct aws_settings, max_attempts) },
	{ WORD_SKEW_S, offsetof(struct aws_settings, skew_s) },
};

#define TEXTS (sizeof(texts) / sizeof(*texts))

int settings_add(const struct aws_settings *settings, struct record *record)
{
	for (size_t i = 0; i < TEXTS; i++) {
		const char *const *text = (const void *)((const char *)settings + texts[i].offset);

		if (record_add_text(record, texts[i].word, *text) < 0)
			return -1;
	}
	if (record_add_text(record, WORD_FIPS, settings->is_fips ? "1" : "") < 0)
		return -1;
	return record_add_text(record, WORD_DUAL_STACK, settings->is_dual ? "1" : "");
}

void settings_take(const struct record *record, struct aws_settings *settings)
{
	*settings = (struct aws_settings){ .is_fips = record_text(record, WORD_FIPS),
					   .is_dual = record_text(record, WORD_DUAL_STACK) };
	for (size_t i = 0; i < TEXTS; i++) {
		const char **text = (void *)((char *)settings + texts[i].offset);

		*text = record_text(record, texts[i].word);
	}
}

/* Whoever opens a FIFO waits, perhaps for ever. */
int aws_check_ca_bundle(const char *ca_bundle, struct atomicdir_error *error)
{
	struct stat status;

	if (!ca_bundle)
		return 0;
	if (stat(ca_bundle, &status) < 0 || access(ca_bundle, R_OK) < 0)
		error_errno(error, ca_bundle, "cannot read the CA bundle");
	else if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		error_set(error, ATOMICDIR_USAGE, ca_bundle, "the CA bundle is neither a file nor a directory");
	else
		return 0;
	error_append(error, "check --ca-bundle, AWS_CA_BUNDLE and ca_bundle");
	error->kind = ATOMICDIR_USAGE;
	return -1;
}
