/* SPDX-License-Identifier: ISC */
#include "secretdir/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/protocol.h"
#include "base/queue_url.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/interrupt.h"
#include "secretdir/options.h"
#include "secretdir/source.h"
#include "secretdir/surroundings.h"
#include "secretdir/wanted.h"

/* A secret of an entry, as AWS describes it. */
struct known {
	size_t entry;
	char *arn, *key; /* key: "" where there is none */
};

struct maker {
	const struct secret_options *options;
	struct entries entries;
	struct spec spec;
	char *region, *failover_region; /* region "*": none is given; failover_region NULL: there is none */
	struct known *known;
	size_t known_count, unknown_count;
	struct atomicdir_error why; /* the first reason why a secret is not known; its text may be "" */
	char account[32];	    /* of secrets that are wanted by name; "*": not known */
	struct policy policy;
	size_t current;	  /* how many secrets are wanted in their current version, which one batch can hold */
	bool is_anywhere; /* the policy names secrets in any region */
};

static void maker_clear(struct maker *maker)
{
	texts_clear(&maker->policy.secrets);
	texts_clear(&maker->policy.tagged);
	texts_clear(&maker->policy.tags);
	texts_clear(&maker->policy.parameters);
	texts_clear(&maker->policy.keys);
	texts_clear(&maker->policy.queues);
	texts_clear(&maker->policy.queue_keys);
	texts_clear(&maker->policy.alias_keys);
	texts_clear(&maker->policy.aliases);
	for (size_t i = 0; i < maker->known_count; i++) {
		free(maker->known[i].arn);
		free(maker->known[i].key);
	}
	free(maker->known);
	entries_clear(&maker->entries);
	spec_clear(&maker->spec);
	free(maker->region);
	free(maker->failover_region);
}

static int maker_fail(struct atomicdir_error *error)
{
	return error_errno(error, NULL, "cannot make the policy");
}

/* 1: the text is new. */
__attribute__((format(printf, 3, 4))) static int texts_add_format(struct texts *texts, struct atomicdir_error *error,
								  const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (result < 0)
		text = NULL;
	result = text ? texts_add(texts, text) : -1;
	return result < 0 ? maker_fail(error) : result;
}

/* ---- Regions ---- */

static int maker_take_regions(struct maker *maker, struct atomicdir_error *error)
{
	struct source_regions regions = source_regions(maker->options, &maker->spec);
	const char *otherwise = surroundings_region();

	if (regions.first)
		maker->region = strndup(regions.first, regions.first_size);
	else
		maker->region = strdup(otherwise ? otherwise : "*");
	maker->failover_region = regions.other ? strdup(regions.other) : NULL;
	return maker->region && (maker->failover_region || !regions.other) ? 0 : maker_fail(error);
}

/* ---- Asking what is known ---- */

static int maker_record(struct maker *maker, const struct fetched *fetched, struct atomicdir_error *error)
{
	struct known *known = array_add(&maker->known, &maker->known_count, sizeof(*known));

	if (!known)
		return maker_fail(error);
	*known = (struct known){ fetched->entry, strdup(fetched->arn), strdup(fetched->key) };
	return known->arn && known->key ? 0 : maker_fail(error);
}

static void maker_record_unknown(struct maker *maker, const struct atomicdir_error *why)
{
	if (!maker->unknown_count++)
		maker->why = *why;
}

/* -1: the fetcher failed. */
static int maker_listen(struct maker *maker, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched fetched = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &fetched, error);

		if (got < 0 || got == FETCHER_DONE)
			return got;
		if (got == FETCHER_UNCONFINED)
			report_verbose(&maker->options->shared, "%s", error->text);
		if (got == FETCHER_UNKNOWN)
			maker_record_unknown(maker, error);
		if (got == FETCHER_DESCRIBED && maker_record(maker, &fetched, error) < 0)
			return -1;
	}
}

/* Asks AWS for ARNs and keys. What it does not answer stands in the policy by its name. -1: a signal came. */
static int maker_ask(struct maker *maker, struct atomicdir_error *error)
{
	cleanup(keys_close) struct keys keys = KEYS_INIT;
	struct source_question question = {
		maker->options, &maker->spec, &maker->entries, &maker->entries, OPTION_DESCRIBE, "1", NULL, &keys
	};
	struct fetcher *fetcher;
	struct atomicdir_error why;
	int result;

	if (maker->options->offline)
		return 0;
	if (interrupt_begin(error) < 0)
		return -1;
	error_clear(&why);
	fetcher = source_ask(&question, &why);
	if (!fetcher || maker_listen(maker, fetcher, &why) < 0)
		maker_record_unknown(maker, &why);
	fetcher_free(fetcher);
	result = interrupt_check(error);
	interrupt_end();
	return result;
}

static void maker_take_account(struct maker *maker)
{
	strcpy(maker->account, "*");
	for (size_t i = 0; i < maker->known_count; i++) {
		struct arn_part account = arn_part(maker->known[i].arn, ARN_ACCOUNT);

		if (!arn_is(maker->entries.items[maker->known[i].entry].secret) && account.size && account.size < 32)
			snprintf(maker->account, sizeof(maker->account), "%.*s", account.size, account.text);
	}
}

/* ---- Secrets and parameters ---- */

/* The service ends each ARN in '-' and six characters of its own. Where they are not known, the policy allows any. */
static bool secret_has_suffix(const char *secret)
{
	size_t size = strlen(secret);
	const char *last = size > 7 ? secret + size - 7 : "";

	return *last == '-' && strspn(last + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == 6;
}

/* One entry in one region. */
struct place {
	const struct entry *entry;
	size_t index;
	const char *secret, *region;
	bool is_prefix;
};

/* Where its ARN is noted. Tags choose among those of a prefix alone. */
static struct texts *place_texts(struct maker *maker, const struct place *place)
{
	if (*place->entry->service)
		return &maker->policy.parameters;
	return place->is_prefix && maker->policy.tags.count ? &maker->policy.tagged : &maker->policy.secrets;
}

/* Adds the ARN, as a pattern, of a secret or parameter that is wanted by name. */
static int place_add_named(struct maker *maker, const struct place *place, const char *end, struct atomicdir_error *error)
{
	bool is_parameter = *place->entry->service;

	maker->is_anywhere = maker->is_anywhere || strcmp(place->region, "*") == 0;
	return texts_add_format(
		place_texts(maker, place), error, "arn:%s:%s:%s:%s:%s%s%s", arn_partition(place->region)->name,
		is_parameter ? "ssm" : "secretsmanager", place->region, maker->account,
		is_parameter ? "parameter/" : "secret:", place->secret + (is_parameter && *place->secret == '/'), end);
}

/* Returns what follows the name in such a pattern. */
static const char *place_end(const struct place *place)
{
	if (place->is_prefix)
		return "*";
	if (*place->entry->service)
		return "";
	return arn_is(place->secret) && secret_has_suffix(place->secret) ? "" : "-??????";
}

static int place_add_by_name(struct maker *maker, const struct place *place, struct atomicdir_error *error)
{
	if (!arn_is(place->secret))
		return place_add_named(maker, place, place_end(place), error);
	return texts_add_format(place_texts(maker, place), error, "%s%s", place->secret, place_end(place));
}

/* Whether what is known is of the place's region. Where no region is given that is any but the failover region. */
static bool place_is_of(const struct maker *maker, const struct known *known, const struct place *place)
{
	if (strcmp(place->region, "*") != 0)
		return arn_part_is(known->arn, ARN_REGION, place->region);
	return !maker->failover_region || !arn_part_is(known->arn, ARN_REGION, maker->failover_region);
}

/* Adds the ARNs that are known, else the name. */
static int place_add(struct maker *maker, const struct place *place, struct atomicdir_error *error)
{
	bool is_known = false;
	int result = 0;

	for (size_t i = 0; i < maker->known_count && !place->is_prefix && result >= 0; i++)
		if (maker->known[i].entry == place->index && place_is_of(maker, &maker->known[i], place)) {
			result = texts_add_format(place_texts(maker, place), error, "%s", maker->known[i].arn);
			is_known = true;
		}
	if (!is_known && result >= 0)
		result = place_add_by_name(maker, place, error);
	/* AWS checks a name that does not exist without the six characters: an optional secret would be denied, not absent. */
	if (result >= 0 && place->entry->is_optional && !arn_is(place->secret) && !*place->entry->service && !place->is_prefix)
		result = place_add_named(maker, place, "", error);
	return result;
}

/* The same secret in the failover region: the ARN of a replica differs in the region alone. On the heap. */
static char *maker_failover_secret(const struct maker *maker, const struct entry *entry)
{
	struct arn_part region = arn_part(entry->secret, ARN_REGION);

	if (*entry->failover_secret)
		return strdup(entry->failover_secret);
	if (!region.text || (strcmp(maker->region, "*") != 0 && !arn_part_is(entry->secret, ARN_REGION, maker->region)))
		return strdup(entry->secret);
	return arn_in_region(entry->secret, maker->failover_region);
}

static int maker_add_in(struct maker *maker, size_t index, const char *secret, const char *region,
			struct atomicdir_error *error)
{
	const struct entry *entry = &maker->entries.items[index];
	struct arn_part its = arn_part(secret, ARN_REGION);
	cleanup_free char *where = its.size ? strndup(its.text, (size_t)its.size) : strdup(region);
	struct place place = { entry, index, secret, where, entry_is_prefix(entry) };

	if (!where)
		return maker_fail(error);
	if (strpbrk(secret, "*?$"))
		return error_set(
			error, ATOMICDIR_USAGE, NULL,
			"'%.200s' would match other names too in a policy, and no name in AWS contains '*', '?' or '$'",
			secret);
	maker->policy.has_prefix = maker->policy.has_prefix || (place.is_prefix && !*entry->service);
	maker->policy.has_path = maker->policy.has_path || (place.is_prefix && *entry->service);
	return place_add(maker, &place, error);
}

/* Whether an earlier entry wants the same secret, so that the batch holds it already. */
static bool maker_has_before(const struct maker *maker, size_t index)
{
	const struct entry *items = maker->entries.items;

	for (size_t i = 0; i < index; i++)
		if (strcmp(items[i].secret, items[index].secret) == 0 && !*items[i].stage && !*items[i].version)
			return true;
	return false;
}

static int maker_add_entry(struct maker *maker, size_t index, struct atomicdir_error *error)
{
	const struct entry *entry = &maker->entries.items[index];
	cleanup_free char *other = NULL;

	maker->current += !*entry->service && !*entry->stage && !*entry->version && !maker_has_before(maker, index);
	if (maker_add_in(maker, index, entry->secret, maker->region, error) < 0)
		return -1;
	if (!maker->failover_region)
		return 0;
	other = maker_failover_secret(maker, entry);
	return other ? maker_add_in(maker, index, other, maker->failover_region, error) : maker_fail(error);
}

/* ---- Tags ---- */

/* In a condition a key stands once. */
static int maker_add_tag(struct maker *maker, const char *tag, struct atomicdir_error *error)
{
	size_t size = strcspn(tag, "=") + 1;

	if (strchr(tag, '$'))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "'%.200s' would mean something else in a policy, and no tag in AWS contains '$'", tag);
	for (size_t i = 0; i < maker->policy.tags.count; i++)
		if (strncmp(maker->policy.tags.items[i], tag, size) == 0 && strcmp(maker->policy.tags.items[i], tag) != 0)
			return error_set(error, ATOMICDIR_USAGE, NULL,
					 "no secret has both of the tags '%.200s' and '%.200s': remove one of them",
					 maker->policy.tags.items[i], tag);
	return texts_add(&maker->policy.tags, tag) < 0 ? maker_fail(error) : 0;
}

static int maker_add_tags(struct maker *maker, struct atomicdir_error *error)
{
	for (size_t i = 0; i < maker->options->tags.count; i++)
		if (maker_add_tag(maker, maker->options->tags.items[i], error) < 0)
			return -1;
	return 0;
}

/* ---- Keys ---- */

/* The key that AWS keeps for a service may be used by all who may use the service. */
static bool alias_is_of_service(const char *alias)
{
	return strncmp(alias, "alias/aws/", 10) == 0;
}

static int maker_add_alias(struct maker *maker, const char *arn, const char *alias, struct atomicdir_error *error)
{
	struct arn_part partition = arn_part(arn, ARN_PARTITION), region = arn_part(arn, ARN_REGION),
			account = arn_part(arn, ARN_ACCOUNT);

	if (alias_is_of_service(alias))
		return 0;
	if (texts_add_format(&maker->policy.alias_keys, error, "arn:%.*s:kms:%.*s:%.*s:key/*", partition.size, partition.text,
			     region.size, region.text, account.size, account.text) < 0)
		return -1;
	return texts_add_format(&maker->policy.aliases, error, "%s", alias);
}

/* A key may be given as KMS takes it: its ARN, its ID, an alias, or the ARN of an alias. */
static int maker_add_key(struct maker *maker, const struct known *known, struct atomicdir_error *error)
{
	const char *key = known->key;
	struct arn_part partition = arn_part(known->arn, ARN_PARTITION), region = arn_part(known->arn, ARN_REGION),
			account = arn_part(known->arn, ARN_ACCOUNT), resource = arn_part(key, ARN_RESOURCE);

	if (!*key)
		return 0;
	if (resource.text && strncmp(resource.text, "alias/", 6) == 0)
		return maker_add_alias(maker, key, resource.text, error);
	if (resource.text)
		return texts_add_format(&maker->policy.keys, error, "%s", key);
	if (strncmp(key, "alias/", 6) == 0)
		return maker_add_alias(maker, known->arn, key, error);
	return texts_add_format(&maker->policy.keys, error, "arn:%.*s:kms:%.*s:%.*s:key/%s", partition.size, partition.text,
				region.size, region.text, account.size, account.text, key);
}

/* Of a key that is named nobody says whether it encrypts the queue or a secret. */
static int maker_add_keys(struct maker *maker, struct atomicdir_error *error)
{
	struct texts *named = maker->policy.queues.count ? &maker->policy.queue_keys : &maker->policy.keys;

	for (size_t i = 0; i < maker->options->kms_keys.count; i++)
		if (texts_add_format(named, error, "%s", maker->options->kms_keys.items[i]) < 0)
			return -1;
	for (size_t i = 0; i < maker->known_count; i++)
		if (maker_add_key(maker, &maker->known[i], error) < 0)
			return -1;
	return 0;
}

/* ---- The queue ---- */

static int maker_add_queue(struct maker *maker, struct atomicdir_error *error)
{
	const char *url = maker->options->notify_queue;
	cleanup_free char *arn = NULL;
	struct queue_url queue;

	if (!url)
		return 0;
	if (queue_url_parse(url, &queue, error) < 0)
		return -1;
	arn = queue_url_arn(&queue, maker->region);
	if (!arn)
		return maker_fail(error);
	maker->is_anywhere = maker->is_anywhere || (!*queue.region && strcmp(maker->region, "*") == 0);
	return texts_add_format(&maker->policy.queues, error, "%s", arn) < 0 ? -1 : 0;
}

/* ---- The whole policy ---- */

static int maker_make(struct maker *maker, struct atomicdir_error *error)
{
	const char *source = maker->options->source;

	if (source && strcmp(source, "aws") != 0)
		return error_set(error, ATOMICDIR_USAGE, NULL, "only the source aws needs a policy, '%.200s' does not", source);
	if (wanted_read(maker->options, 0, &maker->entries, &maker->spec, error) < 0 || maker_take_regions(maker, error) < 0 ||
	    maker_add_tags(maker, error) < 0 || maker_ask(maker, error) < 0)
		return -1;
	maker_take_account(maker);
	for (size_t i = 0; i < maker->entries.count; i++)
		if (maker_add_entry(maker, i, error) < 0)
			return -1;
	maker->policy.has_batches = maker->current > 1 || maker->policy.has_prefix;
	return maker_add_queue(maker, error) < 0 ? -1 : maker_add_keys(maker, error);
}

/* Whether an entry names a secret of another account than the others, or than AWS has told. Which account the role is in is not known. */
static bool maker_has_other_account(const struct maker *maker)
{
	const char *account = strcmp(maker->account, "*") == 0 ? NULL : maker->account;
	bool has_name = false;

	for (size_t i = 0; i < maker->entries.count; i++)
		has_name = has_name || !arn_is(maker->entries.items[i].secret);
	for (size_t i = 0; i < maker->entries.count; i++) {
		struct arn_part its = arn_part(maker->entries.items[i].secret, ARN_ACCOUNT);
		struct arn_part first = arn_part(maker->entries.items[0].secret, ARN_ACCOUNT);

		if (!its.text)
			continue;
		if (account ? !arn_part_is(maker->entries.items[i].secret, ARN_ACCOUNT, account)
			    : has_name || its.size != first.size || strncmp(its.text, first.text, (size_t)its.size) != 0)
			return true;
	}
	return false;
}

static void maker_tell_queue(const struct maker *maker)
{
	if (maker->policy.queues.count && !maker->policy.queue_keys.count)
		report_notice(
			&maker->options->shared,
			"if a key of your own encrypts the queue, name it with --kms-key, so that the policy allows kms:Decrypt");
}

static void maker_tell(const struct maker *maker)
{
	const struct options *shared = &maker->options->shared;

	if (maker->unknown_count)
		report_notice(shared, "secrets that cannot be described are in the policy by name: %s%s", maker->why.text,
			      maker->unknown_count > 1 ? "; and more" : "");
	if (maker->is_anywhere)
		report_notice(shared, "no region is given, so the policy covers all regions; use --region or AWS_REGION");
	if (maker->policy.has_batches)
		report_notice(shared,
			      "the statement SecretsInBatches may be removed: each secret is then fetched by its own call");
	if (maker->options->offline || maker->unknown_count)
		report_notice(
			shared,
			"if a key of your own encrypts a secret, name it with --kms-key, so that the policy allows kms:Decrypt");
	maker_tell_queue(maker);
	if (maker_has_other_account(maker))
		report_notice(shared,
			      "a secret of another account than the role's needs more than this policy: there its resource "
			      "policy and the policy of its KMS key must allow the role too");
}

/* `size`: of the longest document. */
static void maker_tell_size(const struct maker *maker, size_t size)
{
	struct atomicdir_error warning;

	error_clear(&warning);
	if (maker->options->split && size > POLICY_MANAGED_MAX)
		snprintf(warning.text, sizeof(warning.text),
			 "a policy is %zu characters long, and a managed policy in IAM may be %d; it cannot be split further",
			 size, POLICY_MANAGED_MAX);
	else if (size > POLICY_INLINE_MAX)
		snprintf(warning.text, sizeof(warning.text),
			 "the policy is %zu characters long, and all inline policies of a role together may be %d; use --split "
			 "for several managed policies of at most %d",
			 size, POLICY_INLINE_MAX, POLICY_MANAGED_MAX);
	else if (size > POLICY_MANAGED_MAX)
		snprintf(
			warning.text, sizeof(warning.text),
			"the policy is %zu characters long, and a managed policy in IAM may be %d; use --split for several, or "
			"make it an inline policy of a role (%d)",
			size, POLICY_MANAGED_MAX, POLICY_INLINE_MAX);
	report_warning(&maker->options->shared, &warning);
}

/* On standard output. */
static int maker_print(const struct maker *maker, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };
	size_t longest = 0;

	if ((maker->options->split ? policy_print_split : policy_print)(&maker->policy, &text) < 0)
		return maker_fail(error);
	if (!maker->options->split)
		longest = policy_size(&text);
	for (char *line = text.bytes, *end; maker->options->split && line && (end = strchr(line, '\n')); line = end + 1) {
		struct buffer document = { .bytes = line, .size = (size_t)(end - line) };

		longest = policy_size(&document) > longest ? policy_size(&document) : longest;
	}
	fwrite(text.bytes, 1, text.size, stdout);
	maker_tell_size(maker, longest);
	return 0;
}

int command_policy(const struct options *options)
{
	cleanup(maker_clear) struct maker maker = { .options = secret_options_of(options) };
	struct atomicdir_error error;

	error_clear(&error);
	if (maker_make(&maker, &error) < 0 || maker_print(&maker, &error) < 0)
		return report_error(&error);
	maker_tell(&maker);
	return ATOMICDIR_OK;
}
