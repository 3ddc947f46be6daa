/* SPDX-License-Identifier: ISC */
#include "secretdir/options.h"

#include <string.h>

#include "base/error.h"
#include "base/arn.h"
#include "base/queue_url.h"

/* A spec may say where secrets are fetched from, and two could contradict each other. */
static int option_spec(void *spec, const char *text, struct atomicdir_error *error)
{
	if (*(const char **)spec)
		return error_set(error, ATOMICDIR_USAGE, NULL, "only one spec can be given, and '%.200s' is a second one",
				 text);
	return option_text(spec, text, error);
}

/* Takes one region, or two with a comma between them. */
static int option_region(void *region, const char *text, struct atomicdir_error *error)
{
	size_t first = strcspn(text, ",");

	if (!first || (text[first] && (!text[first + 1] || strchr(text + first + 1, ','))))
		return error_set(error, ATOMICDIR_USAGE, NULL, "'%.200s' is not REGION or REGION,REGION", text);
	return option_text(region, text, error);
}

static int option_tag(void *tags, const char *text, struct atomicdir_error *error)
{
	if (*text == '=' || !strchr(text, '='))
		return error_set(error, ATOMICDIR_USAGE, NULL, "'%.200s' is not KEY=VALUE", text);
	return option_list(tags, text, error);
}

static int option_queue(void *url, const char *text, struct atomicdir_error *error)
{
	struct queue_url queue;

	return queue_url_parse(text, &queue, error) < 0 ? -1 : option_text(url, text, error);
}

static int option_kms_key(void *keys, const char *text, struct atomicdir_error *error)
{
	if (!arn_is(text) || !strstr(text, ":key/"))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "'%.200s' is not the ARN of a key such as arn:aws:kms:REGION:ACCOUNT:key/ID", text);
	return option_list(keys, text, error);
}

#define AT(member) offsetof(struct secret_options, member)
#define LIBRARY(member) offsetof(struct secret_options, shared.library.member)

const struct option secret_options_table[] = {
	{ "--entries", "FILE", TAKES_ENTRIES, option_list, AT(entries),
	  "read more entries from FILE, one a line; -: standard input (repeatable)" },
	{ "--spec", "FILE", TAKES_ENTRIES, option_spec, AT(spec), "read more entries from FILE, in YAML; -: standard input" },
	{ "--source", "NAME[:ARG]", TAKES_ENTRIES, option_text, AT(source),
	  "where secrets are: aws, file:PATH or NAME for fetch-NAME (default: aws)" },
	{ "--profile", "NAME", TAKES_ENTRIES, option_text, AT(profile), "profile in ~/.aws/config (default: AWS_PROFILE)" },
	{ "--role-arn", "ARN", TAKES_ENTRIES, option_text, AT(role_arn), "role to assume with the credentials found" },
	{ "--external-id", "ID", TAKES_ENTRIES, option_text, AT(external_id),
	  "external ID that the role's trust policy asks for" },
	{ "--region", "REGION[,OTHER]", TAKES_ENTRIES, option_region, AT(region),
	  "region (default: AWS_REGION); OTHER is asked if REGION cannot be reached" },
	{ "--tag", "KEY=VALUE", TAKES_ENTRIES, option_tag, AT(tags),
	  "of the secrets below PREFIX/, fetch only those with this tag (repeatable: with all of them)" },
	{ "--endpoint-url", "URL", TAKES_ENTRIES, option_text, AT(endpoint_url),
	  "URL to ask (default: AWS_ENDPOINT_URL, or AWS itself)" },
	{ "--ca-bundle", "FILE", TAKES_ENTRIES, option_text, AT(ca_bundle),
	  "certificates to trust (default: AWS_CA_BUNDLE, or the system's)" },
	{ "--file-mode", "MODE", TAKES_FILES, option_mode, LIBRARY(file_mode),
	  "mode of files, in octal (default: 0400, with a group 0440)" },
	{ "--dir-mode", "MODE", TAKES_FILES, option_mode, LIBRARY(dir_mode),
	  "mode of directories, in octal (default: 0500, with a group 0550)" },
	{ "--top-mode", "MODE", TAKES_FILES, option_mode, LIBRARY(top_mode),
	  "mode of the top directory, in octal (default: that of directories)" },
	{ "--owner", "USER[:GROUP]", TAKES_FILES, option_owner, AT(shared.library),
	  "owner of files and directories, unless an entry has its own" },
	{ "--keep", "N", TAKES_FILES, option_count, LIBRARY(keep), "keep N generations beside the live one (default: 0)" },
	{ "--grace", "DURATION", TAKES_FILES, option_duration, LIBRARY(grace_ms),
	  "keep a replaced generation for at least DURATION, such as 500ms, 30s, 5m, 2h or 7d (default: 1s; volume: 100ms)" },
	{ "--transform", "COMMAND", TAKES_FILES, option_text, AT(transform),
	  "run COMMAND in the new generation to make further files from those of the entries, if one of these has changed" },
	{ "--require-tmpfs", NULL, TAKES_FILES, option_flag, AT(require_tmpfs), "fail unless LINK is on tmpfs or ramfs" },
	{ "--round-timeout", "DURATION", TAKES_FILES, option_duration, AT(round_timeout_ms),
	  "time limit of fetching and filling; then the status is 8 (default: 10m)" },
	{ "--interval", "DURATION", TAKES_ROUNDS, option_duration, AT(interval_ms),
	  "time between two rounds (default: 5m; with --notify-queue 1h)" },
	{ "--full-interval", "DURATION", TAKES_ROUNDS, option_duration, AT(full_interval_ms),
	  "time after which a round fetches everything (default: 24h)" },
	{ "--always-fetch", NULL, TAKES_ROUNDS, option_flag, AT(always_fetch), "fetch everything in every round" },
	{ "--settle", "DURATION", TAKES_ROUNDS, option_duration, AT(settle_ms),
	  "wait for further changes after one was seen (default: 2s)" },
	{ "--notify-splay", "DURATION", TAKES_ROUNDS, option_duration, AT(notify_splay_ms),
	  "with --notify-queue: spread the rounds of many hosts over DURATION (default: 2s)" },
	{ "--start-timeout", "DURATION", TAKES_ROUNDS, option_duration, AT(start_timeout_ms),
	  "give up if nothing could be published within DURATION after the start (default: no limit)" },
	{ "--metrics", "FILE", TAKES_ROUNDS, option_text, AT(metrics),
	  "write metrics to FILE after each round, for Prometheus' node exporter" },
	{ "--metrics-names", NULL, TAKES_ROUNDS, option_flag, AT(metrics_names),
	  "with --metrics: write paths and versions too" },
	{ "--restart", NULL, TAKES_APPLICATION, option_flag, AT(restart), "after a change end COMMAND, and start it again" },
	{ "--kill-timeout", "DURATION", TAKES_APPLICATION, option_duration, AT(kill_timeout_ms),
	  "how long COMMAND has to end before it is killed (default: 10s)" },
	{ "--keep-environment", NULL, TAKES_APPLICATION, option_flag, AT(keep_environment),
	  "give COMMAND the AWS keys of the environment too" },
	{ "--retry", NULL, TAKES_RETRY, option_flag, AT(retry), "also publish versions that were rolled back from" },
	{ "--max-age", "DURATION", TAKES_STATUS, option_duration, AT(max_age_ms),
	  "fail if the last successful round is older (default: three intervals of the watcher)" },
	{ "--published", NULL, TAKES_STATUS, option_flag, AT(published), "fail only if nothing is published" },
	{ "--offline", NULL, TAKES_POLICY, option_flag, AT(offline), "do not ask AWS: name each secret as in its entry" },
	{ "--split", NULL, TAKES_POLICY, option_flag, AT(split),
	  "print several documents, one a line, each as long as a managed policy may be (6144)" },
	{ "--notify-queue", "URL", TAKES_POLICY | TAKES_ROUNDS, option_queue, AT(notify_queue),
	  "queue of SQS that reports changes (policy: grant access to it)" },
	{ "--kms-key", "ARN", TAKES_POLICY, option_kms_key, AT(kms_keys),
	  "key of your own that encrypts these secrets or the queue (repeatable)" },
	{ 0 },
};
