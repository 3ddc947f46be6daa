/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/wanted.h"

/* The values of one "Action" or "Resource", each once. */
struct texts {
	char **items;
	size_t count;
};

struct policy {
	const struct options *options;
	struct entries entries;
	struct spec spec;
	char *region, *failover_region; /* "*": not known; NULL: none */
	struct texts secrets, parameters;
	size_t current; /* secrets whose current value is wanted: what one batch can hold */
	bool has_prefix;
};

static void texts_clear(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->items[i]);
	free(texts->items);
}

static void policy_clear(struct policy *policy)
{
	texts_clear(&policy->secrets);
	texts_clear(&policy->parameters);
	entries_clear(&policy->entries);
	spec_clear(&policy->spec);
	free(policy->region);
	free(policy->failover_region);
}

/* 1: it is new. */
static int texts_add(struct texts *texts, const char *text, struct atomicdir_error *error)
{
	char **items;

	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return 0;
	items = reallocarray(texts->items, texts->count + 1, sizeof(*items));
	if (!items)
		return error_errno(error, NULL, "cannot make the policy");
	texts->items = items;
	items[texts->count] = strdup(text);
	return items[texts->count++] ? 1 : error_errno(error, NULL, "cannot make the policy");
}

/* ---- Where ---- */

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* REGION, or REGION,OTHER. */
static int take_regions(struct policy *policy, struct atomicdir_error *error)
{
	const char *region = policy->options->region ? policy->options->region : policy->spec.region;
	const char *other = region ? strchr(region, ',') : NULL;

	if (!region)
		region = environment("AWS_REGION");
	if (!region)
		region = environment("AWS_DEFAULT_REGION");
	if (!region)
		region = "*";
	other = other ? other + 1 : policy->spec.failover_region;
	policy->region = strndup(region, strcspn(region, ","));
	policy->failover_region = other ? strdup(other) : NULL;
	return policy->region && (policy->failover_region || !other) ? 0 : error_errno(error, NULL, "cannot make the policy");
}

static const char *partition_of(const char *region)
{
	static const struct {
		const char *prefix, *name;
	} partitions[] = {
	    {"cn-", "aws-cn"},	       {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},   {"us-iso-", "aws-iso"},
	    {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
	};

	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++)
		if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) == 0)
			return partitions[i].name;
	return "aws";
}

/* ---- What ---- */

static bool is_arn(const char *secret)
{
	return strncmp(secret, "arn:", 4) == 0;
}

/* A whole ARN ends in '-' and six characters of the service's own; in one without them, and in a name, they can be any. */
static bool has_suffix(const char *secret)
{
	size_t size = strlen(secret);
	const char *last = size > 7 ? secret + size - 7 : "";

	return *last == '-' &&
	       strspn(last + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == 6;
}

static int add_secret(struct policy *policy, const char *secret, const char *region, bool is_prefix, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer resource = {0};
	const char *end = is_prefix ? "*" : is_arn(secret) && has_suffix(secret) ? "" : "-??????";
	int result = is_arn(secret) ? buffer_printf(&resource, "%s%s", secret, end)
				    : buffer_printf(&resource, "arn:%s:secretsmanager:%s:*:secret:%s%s", partition_of(region), region,
						    secret, end);

	return result < 0 ? error_errno(error, NULL, "cannot make the policy") : texts_add(&policy->secrets, resource.bytes, error);
}

static int add_parameter(struct policy *policy, const char *name, const char *region, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer resource = {0};
	int result = is_arn(name) ? buffer_add_text(&resource, name)
				  : buffer_printf(&resource, "arn:%s:ssm:%s:*:parameter/%s", partition_of(region), region,
						  name + (*name == '/'));

	return result < 0 ? error_errno(error, NULL, "cannot make the policy")
			  : texts_add(&policy->parameters, resource.bytes, error);
}

static int add_in(struct policy *policy, const struct entry *entry, const char *secret, const char *region,
		  struct atomicdir_error *error)
{
	size_t size = strlen(secret);
	bool is_prefix = entry_is_many(entry) && size && secret[size - 1] == '/';
	int is_new;

	if (strpbrk(secret, "*?$"))
		return error_set(error, ATOMICDIR_USAGE, secret, "a policy would take the name for more than one; it is none of AWS");
	if (*entry->service)
		return add_parameter(policy, secret, region, error);
	is_new = add_secret(policy, secret, region, is_prefix, error);
	policy->has_prefix = policy->has_prefix || is_prefix;
	policy->current += is_new > 0 && !*entry->stage && !*entry->version && region == policy->region;
	return is_new;
}

static int add_entry(struct policy *policy, const struct entry *entry, struct atomicdir_error *error)
{
	if (add_in(policy, entry, entry->secret, policy->region, error) < 0)
		return -1;
	if (!policy->failover_region)
		return 0;
	return add_in(policy, entry, *entry->failover_secret ? entry->failover_secret : entry->secret, policy->failover_region, error);
}

static int make(struct policy *policy, struct atomicdir_error *error)
{
	const char *source = policy->options->source;

	if (source && strcmp(source, "aws") != 0)
		return error_set(error, ATOMICDIR_USAGE, source, "a policy is for the source aws; this one needs none");
	if (wanted_take(policy->options, 0, &policy->entries, &policy->spec, error) < 0 || take_regions(policy, error) < 0)
		return -1;
	for (size_t i = 0; i < policy->entries.count; i++)
		if (add_entry(policy, &policy->entries.items[i], error) < 0)
			return -1;
	return 0;
}

/* ---- Saying it ---- */

static bool is_batched(const struct policy *policy)
{
	return policy->current > 1 || policy->has_prefix;
}

static int add_list(struct buffer *json, const char *name, const char *const *items, size_t count)
{
	if (buffer_printf(json, ",\n      \"%s\": [", name) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (buffer_add_text(json, i ? ",\n        " : "\n        ") < 0 || buffer_add_json(json, items[i]) < 0)
			return -1;
	return buffer_add_text(json, "\n      ]");
}

static int add_statement(struct buffer *json, const char *name, const char *const *actions, const char *const *resources,
			 size_t count)
{
	size_t action_count = 0;

	while (actions[action_count])
		action_count++;
	if (!count)
		return 0;
	if (buffer_printf(json, "%s\n    {\n      \"Sid\": \"%s\",\n      \"Effect\": \"Allow\"",
			  json->bytes[json->size - 1] == '[' ? "" : ",", name) < 0 ||
	    add_list(json, "Action", actions, action_count) < 0 || add_list(json, "Resource", resources, count) < 0)
		return -1;
	return buffer_add_text(json, "\n    }");
}

static int add_policy(const struct policy *policy, struct buffer *json)
{
	static const char *const any[] = {"*"};
	static const char *const read[] = {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", NULL};
	static const char *const batch[] = {"secretsmanager:BatchGetSecretValue", NULL};
	static const char *const list[] = {"secretsmanager:ListSecrets", NULL};
	static const char *const parameters[] = {"ssm:GetParameters", NULL};
	static const char *const decrypt[] = {"kms:Decrypt", NULL};
	const struct options *options = policy->options;

	if (buffer_add_text(json, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [") < 0 ||
	    add_statement(json, "Secrets", read, (const char *const *)policy->secrets.items, policy->secrets.count) < 0 ||
	    add_statement(json, "SecretsInBatches", batch, any, is_batched(policy)) < 0 ||
	    add_statement(json, "SecretsOfAPrefix", list, any, policy->has_prefix) < 0 ||
	    add_statement(json, "Parameters", parameters, (const char *const *)policy->parameters.items,
			  policy->parameters.count) < 0 ||
	    add_statement(json, "Keys", decrypt, options->kms_keys, options->kms_key_count) < 0)
		return -1;
	return buffer_add_text(json, "\n  ]\n}\n");
}

static void tell(const struct policy *policy, const char *text)
{
	if (policy->options->verbosity >= 0)
		fprintf(stderr, "secretdir: %s\n", text);
}

static void tell_all(const struct policy *policy)
{
	if (strcmp(policy->region, "*") == 0)
		tell(policy, "no region is known, so the policy holds for all: say --region, or set AWS_REGION");
	if (is_batched(policy))
		tell(policy, "the statement SecretsInBatches may be left out: then each secret is fetched by a call of its own");
	if (!policy->options->kms_key_count)
		tell(policy, "where a key of your own encrypts a secret, name it with --kms-key: kms:Decrypt is not in the policy");
}

int command_policy(const struct options *options)
{
	cleanup(policy_clear) struct policy policy = {.options = options};
	cleanup_buffer struct buffer json = {0};
	struct atomicdir_error error;

	error_clear(&error);
	if (make(&policy, &error) < 0)
		return report_error(&error);
	if (add_policy(&policy, &json) < 0) {
		error_errno(&error, NULL, "cannot make the policy");
		return report_error(&error);
	}
	fwrite(json.bytes, 1, json.size, stdout);
	tell_all(&policy);
	return ATOMICDIR_OK;
}
