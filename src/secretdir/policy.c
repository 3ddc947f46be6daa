/* SPDX-License-Identifier: ISC */
#include "secretdir/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/protocol.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/source.h"
#include "secretdir/wanted.h"

/* What AWS says of one of an entry's secrets. */
struct known {
	size_t entry;
	char *arn, *key;
};

struct maker {
	const struct options *options;
	struct entries entries;
	struct spec spec;
	char *region, *failover_region; /* "*": not known; NULL: none */
	struct known *known;
	size_t known_count, unknown_count;
	struct atomicdir_error why; /* the first reason for which something is not known; a text of "": there is none */
	char account[32];	    /* of what is wanted by name; "*": not known */
	struct policy policy;
	size_t current;	  /* secrets whose current value is wanted: what one batch can hold */
	bool is_anywhere; /* a name stands for one in any region */
};

static void maker_clear(struct maker *maker)
{
	texts_clear(&maker->policy.secrets);
	texts_clear(&maker->policy.parameters);
	texts_clear(&maker->policy.keys);
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

static int fail(struct atomicdir_error *error)
{
	return error_errno(error, NULL, "cannot make the policy");
}

/* 1: it is new. */
__attribute__((format(printf, 3, 4))) static int add(struct texts *texts, struct atomicdir_error *error, const char *format,
						     ...)
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
	return result < 0 ? fail(error) : result;
}

/* ---- Where ---- */

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int take_regions(struct maker *maker, struct atomicdir_error *error)
{
	struct source_regions regions = source_regions(maker->options, &maker->spec);
	const char *otherwise = environment("AWS_REGION");

	otherwise = otherwise ? otherwise : environment("AWS_DEFAULT_REGION");
	maker->region = regions.first ? strndup(regions.first, regions.first_size) : strdup(otherwise ? otherwise : "*");
	maker->failover_region = regions.other ? strdup(regions.other) : NULL;
	return maker->region && (maker->failover_region || !regions.other) ? 0 : fail(error);
}

/* ---- Asking what is known ---- */

static int remember(struct maker *maker, const struct fetched *fetched, struct atomicdir_error *error)
{
	struct known *known = reallocarray(maker->known, maker->known_count + 1, sizeof(*known)), *one;

	if (!known)
		return fail(error);
	maker->known = known;
	one = &known[maker->known_count++];
	*one = (struct known){ fetched->entry, strdup(fetched->arn), strdup(fetched->key) };
	return one->arn && one->key ? 0 : fail(error);
}

static void note_unknown(struct maker *maker, const struct atomicdir_error *why)
{
	if (!maker->unknown_count++)
		maker->why = *why;
}

/* -1: no more can be asked. */
static int listen_to(struct maker *maker, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched fetched = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &fetched, error);

		if (got < 0 || got == FETCHER_DONE)
			return got;
		if (got == FETCHER_UNKNOWN)
			note_unknown(maker, error);
		if (got == FETCHER_DESCRIBED && remember(maker, &fetched, error) < 0)
			return -1;
	}
}

/* As far as AWS answers: without, what is wanted stands by its name. -1: a signal came. */
static int ask(struct maker *maker, struct atomicdir_error *error)
{
	struct fetcher *fetcher;
	struct atomicdir_error why;

	if (maker->options->offline)
		return 0;
	error_clear(&why);
	fetcher = source_ask(maker->options, &maker->spec, &maker->entries, OPTION_DESCRIBE, "1", &why);
	if (!fetcher || listen_to(maker, fetcher, &why) < 0)
		note_unknown(maker, &why);
	fetcher_free(fetcher);
	return fetcher_check_signal(error);
}

static void take_account(struct maker *maker)
{
	strcpy(maker->account, "*");
	for (size_t i = 0; i < maker->known_count; i++) {
		struct arn_part account = arn_part(maker->known[i].arn, ARN_ACCOUNT);

		if (!arn_is(maker->entries.items[maker->known[i].entry].secret) && account.size && account.size < 32)
			snprintf(maker->account, sizeof(maker->account), "%.*s", account.size, account.text);
	}
}

/* ---- Secrets and parameters ---- */

/* A whole ARN ends in '-' and six characters of the service's own; in one without them, and in a name, they can be any. */
static bool has_suffix(const char *secret)
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

/* The ARN of one that is wanted by name. */
static int add_named(struct maker *maker, const struct place *place, const char *end, struct atomicdir_error *error)
{
	bool is_parameter = *place->entry->service;
	struct texts *texts = is_parameter ? &maker->policy.parameters : &maker->policy.secrets;

	maker->is_anywhere = maker->is_anywhere || strcmp(place->region, "*") == 0;
	return add(texts, error, "arn:%s:%s:%s:%s:%s%s%s", arn_partition(place->region)->name,
		   is_parameter ? "ssm" : "secretsmanager", place->region, maker->account,
		   is_parameter ? "parameter/" : "secret:", place->secret + (is_parameter && *place->secret == '/'), end);
}

static int add_by_name(struct maker *maker, const struct place *place, struct atomicdir_error *error)
{
	bool is_arn = arn_is(place->secret), is_parameter = *place->entry->service;
	const char *end = is_parameter ? "" : place->is_prefix ? "*" : is_arn && has_suffix(place->secret) ? "" : "-??????";

	if (!is_arn)
		return add_named(maker, place, end, error);
	return add(is_parameter ? &maker->policy.parameters : &maker->policy.secrets, error, "%s%s", place->secret, end);
}

/* Is it the one that is asked for there? Of a region that is not known it is any but the failover's. */
static bool is_in(const struct maker *maker, const struct known *known, const struct place *place)
{
	if (strcmp(place->region, "*") != 0)
		return arn_part_is(known->arn, ARN_REGION, place->region);
	return !maker->failover_region || !arn_part_is(known->arn, ARN_REGION, maker->failover_region);
}

/* All that is known of it, and by name what is not. */
static int add_place(struct maker *maker, const struct place *place, struct atomicdir_error *error)
{
	struct texts *texts = *place->entry->service ? &maker->policy.parameters : &maker->policy.secrets;
	bool is_known = false;
	int result = 0;

	for (size_t i = 0; i < maker->known_count && !place->is_prefix && result >= 0; i++)
		if (maker->known[i].entry == place->index && is_in(maker, &maker->known[i], place)) {
			result = add(texts, error, "%s", maker->known[i].arn);
			is_known = true;
		}
	if (!is_known && result >= 0)
		result = add_by_name(maker, place, error);
	/* A name that nothing has is asked for without the six characters: else it would be denied rather than absent. */
	if (result >= 0 && place->entry->is_optional && !arn_is(place->secret) && !*place->entry->service && !place->is_prefix)
		result = add_named(maker, place, "", error);
	return result;
}

/* What stands for it in the other region: a replica's ARN differs in nothing else. On the heap. */
static char *failover_secret(const struct maker *maker, const struct entry *entry)
{
	struct arn_part region = arn_part(entry->secret, ARN_REGION);

	if (*entry->failover_secret)
		return strdup(entry->failover_secret);
	if (!region.text || (strcmp(maker->region, "*") != 0 && !arn_part_is(entry->secret, ARN_REGION, maker->region)))
		return strdup(entry->secret);
	return arn_in_region(entry->secret, maker->failover_region);
}

static int add_in(struct maker *maker, size_t index, const char *secret, const char *region, struct atomicdir_error *error)
{
	const struct entry *entry = &maker->entries.items[index];
	struct arn_part its = arn_part(secret, ARN_REGION);
	cleanup_free char *where = its.size ? strndup(its.text, (size_t)its.size) : strdup(region);
	size_t size = strlen(secret);
	struct place place = { entry, index, secret, where, entry_is_many(entry) && size && secret[size - 1] == '/' };

	if (!where)
		return fail(error);
	if (strpbrk(secret, "*?$"))
		return error_set(error, ATOMICDIR_USAGE, secret,
				 "a policy would take the name for more than one, and none of AWS holds '*', '?' or '$'");
	maker->policy.has_prefix = maker->policy.has_prefix || place.is_prefix;
	return add_place(maker, &place, error);
}

/* Is the same secret wanted before, so that it is in the batch already? */
static bool is_again(const struct maker *maker, size_t index)
{
	const struct entry *items = maker->entries.items;

	for (size_t i = 0; i < index; i++)
		if (strcmp(items[i].secret, items[index].secret) == 0 && !*items[i].stage && !*items[i].version)
			return true;
	return false;
}

static int add_entry(struct maker *maker, size_t index, struct atomicdir_error *error)
{
	const struct entry *entry = &maker->entries.items[index];
	cleanup_free char *other = NULL;

	maker->current += !*entry->service && !*entry->stage && !*entry->version && !is_again(maker, index);
	if (add_in(maker, index, entry->secret, maker->region, error) < 0)
		return -1;
	if (!maker->failover_region)
		return 0;
	other = failover_secret(maker, entry);
	return other ? add_in(maker, index, other, maker->failover_region, error) : fail(error);
}

/* ---- Keys ---- */

/* Keys that are AWS's own for a service may be used by all who may use the service. */
static bool is_of_service(const char *alias)
{
	return strncmp(alias, "alias/aws/", 10) == 0;
}

static int add_alias(struct maker *maker, const char *arn, const char *alias, struct atomicdir_error *error)
{
	struct arn_part partition = arn_part(arn, ARN_PARTITION), region = arn_part(arn, ARN_REGION),
			account = arn_part(arn, ARN_ACCOUNT);

	if (is_of_service(alias))
		return 0;
	if (add(&maker->policy.alias_keys, error, "arn:%.*s:kms:%.*s:%.*s:key/*", partition.size, partition.text, region.size,
		region.text, account.size, account.text) < 0)
		return -1;
	return add(&maker->policy.aliases, error, "%s", alias);
}

/* KMS takes a key's ARN, its id, an alias, or an alias's ARN, and so do those who say which key it is. */
static int add_key(struct maker *maker, const struct known *known, struct atomicdir_error *error)
{
	const char *key = known->key;
	struct arn_part partition = arn_part(known->arn, ARN_PARTITION), region = arn_part(known->arn, ARN_REGION),
			account = arn_part(known->arn, ARN_ACCOUNT), resource = arn_part(key, ARN_RESOURCE);

	if (!*key)
		return 0;
	if (resource.text && strncmp(resource.text, "alias/", 6) == 0)
		return add_alias(maker, key, resource.text, error);
	if (resource.text)
		return add(&maker->policy.keys, error, "%s", key);
	if (strncmp(key, "alias/", 6) == 0)
		return add_alias(maker, known->arn, key, error);
	return add(&maker->policy.keys, error, "arn:%.*s:kms:%.*s:%.*s:key/%s", partition.size, partition.text, region.size,
		   region.text, account.size, account.text, key);
}

static int add_keys(struct maker *maker, struct atomicdir_error *error)
{
	for (size_t i = 0; i < maker->options->kms_key_count; i++)
		if (add(&maker->policy.keys, error, "%s", maker->options->kms_keys[i]) < 0)
			return -1;
	for (size_t i = 0; i < maker->known_count; i++)
		if (add_key(maker, &maker->known[i], error) < 0)
			return -1;
	return 0;
}

/* ---- All of it ---- */

static int make(struct maker *maker, struct atomicdir_error *error)
{
	const char *source = maker->options->source;

	if (source && strcmp(source, "aws") != 0)
		return error_set(error, ATOMICDIR_USAGE, source, "a policy is for the source aws; this one needs none");
	if (wanted_take(maker->options, 0, &maker->entries, &maker->spec, error) < 0 || take_regions(maker, error) < 0 ||
	    ask(maker, error) < 0)
		return -1;
	take_account(maker);
	for (size_t i = 0; i < maker->entries.count; i++)
		if (add_entry(maker, i, error) < 0)
			return -1;
	maker->policy.has_batches = maker->current > 1 || maker->policy.has_prefix;
	return add_keys(maker, error);
}

__attribute__((format(printf, 2, 3))) static void tell(const struct maker *maker, const char *format, ...)
{
	va_list arguments;

	if (maker->options->verbosity < 0)
		return;
	va_start(arguments, format);
	fputs("secretdir: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static void tell_all(const struct maker *maker)
{
	if (maker->unknown_count)
		tell(maker, "what is not known stands by its name: %s%s", maker->why.text,
		     maker->unknown_count > 1 ? "; and more" : "");
	if (maker->is_anywhere)
		tell(maker, "no region is known, so the policy holds for all: say --region, or set AWS_REGION");
	if (maker->policy.has_batches)
		tell(maker, "the statement SecretsInBatches may be left out: then each secret is fetched by a call of its own");
	if (maker->options->offline || maker->unknown_count)
		tell(maker, "where a key of your own encrypts a secret, name it with --kms-key: kms:Decrypt is in the policy "
			    "for known ones");
}

int command_policy(const struct options *options)
{
	cleanup(maker_clear) struct maker maker = { .options = options };
	cleanup_buffer struct buffer json = { 0 };
	struct atomicdir_error error;

	error_clear(&error);
	if (make(&maker, &error) < 0)
		return report_error(&error);
	if (policy_print(&maker.policy, &json) < 0) {
		fail(&error);
		return report_error(&error);
	}
	fwrite(json.bytes, 1, json.size, stdout);
	tell_all(&maker);
	return ATOMICDIR_OK;
}
