/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "secretdir/policy.h"

/* A statement can be divided among several documents: by its resources, or by what its condition names. */
struct statement {
	const char *name;
	const char *const *actions;		 /* the last one is NULL */
	const struct texts *resources;		 /* NULL: all, since AWS grants the actions for no single secret */
	const struct texts *aliases;		 /* of keys, in its condition; or NULL */
	bool is_tagged, is_of_keys, is_of_queue; /* what its condition is of; the last one: besides is_of_keys */
};

#define STATEMENTS_MAX 9

struct statements {
	const struct policy *policy;
	struct statement items[STATEMENTS_MAX];
	size_t count;
};

/* Of all parts of all statements, one after the other. */
struct range {
	size_t from, to;
};

/* ---- What there is to say ---- */

static void statements_add(struct statements *statements, bool is_wanted, struct statement statement)
{
	if (is_wanted)
		statements->items[statements->count++] = statement;
}

static struct statements statements_of(const struct policy *policy)
{
	static const char *const read[] = { "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", NULL };
	static const char *const batch[] = { "secretsmanager:BatchGetSecretValue", NULL };
	static const char *const list[] = { "secretsmanager:ListSecrets", NULL };
	static const char *const parameters[] = { "ssm:GetParameters", NULL };
	static const char *const paths[] = { "ssm:GetParameters", "ssm:GetParametersByPath", NULL };
	static const char *const queue[] = { "sqs:DeleteMessage", "sqs:ReceiveMessage", NULL };
	static const char *const decrypt[] = { "kms:Decrypt", NULL };
	struct statements all = { .policy = policy };

	statements_add(&all, policy->secrets.count,
		       (struct statement){ .name = "Secrets", .actions = read, .resources = &policy->secrets });
	statements_add(&all, policy->tagged.count,
		       (struct statement){
			       .name = "SecretsWithTags", .actions = read, .resources = &policy->tagged, .is_tagged = true });
	statements_add(&all, policy->has_batches, (struct statement){ .name = "SecretsInBatches", .actions = batch });
	statements_add(&all, policy->has_prefix, (struct statement){ .name = "SecretsOfAPrefix", .actions = list });
	statements_add(&all, policy->parameters.count,
		       (struct statement){ .name = "Parameters",
					   .actions = policy->has_path ? paths : parameters,
					   .resources = &policy->parameters });
	statements_add(&all, policy->queues.count,
		       (struct statement){ .name = "Queue", .actions = queue, .resources = &policy->queues });
	statements_add(
		&all, policy->keys.count,
		(struct statement){ .name = "Keys", .actions = decrypt, .resources = &policy->keys, .is_of_keys = true });
	statements_add(&all, policy->queue_keys.count,
		       (struct statement){ .name = "KeysWithQueue",
					   .actions = decrypt,
					   .resources = &policy->queue_keys,
					   .is_of_keys = true,
					   .is_of_queue = true });
	statements_add(&all, policy->alias_keys.count,
		       (struct statement){ .name = "KeysByAlias",
					   .actions = decrypt,
					   .resources = &policy->alias_keys,
					   .aliases = &policy->aliases,
					   .is_of_keys = true });
	return all;
}

/* What it is divided by; NULL: it is one part. */
static const struct texts *statement_parts(const struct statement *statement)
{
	return statement->aliases ? statement->aliases : statement->resources;
}

static size_t statement_count(const struct statement *statement)
{
	const struct texts *parts = statement_parts(statement);

	return parts ? parts->count : 1;
}

static size_t statements_count(const struct statements *statements)
{
	size_t count = 0;

	for (size_t i = 0; i < statements->count; i++)
		count += statement_count(&statements->items[i]);
	return count;
}

/* ---- Saying it ---- */

static void texts_write(struct json_writer *json, const char *name, const struct texts *texts, struct range range)
{
	json_write_begin(json, name, '[');
	for (size_t i = range.from; i < range.to; i++)
		json_write_text(json, NULL, texts->items[i]);
	json_write_end(json, ']');
}

/* A key may be used only through the services that hold what it encrypts. */
static void services_write(struct json_writer *json, const struct policy *policy, bool is_of_queue)
{
	json_write_begin(json, "StringLike", '{');
	json_write_begin(json, "kms:ViaService", '[');
	if (policy->secrets.count || policy->tagged.count)
		json_write_text(json, NULL, "secretsmanager.*");
	if (policy->parameters.count)
		json_write_text(json, NULL, "ssm.*");
	if (is_of_queue)
		json_write_text(json, NULL, "sqs.*");
	json_write_end(json, ']');
	json_write_end(json, '}');
}

/* Each KEY=VALUE; all of them must hold. */
static void tags_write(struct json_writer *json, const struct policy *policy)
{
	json_write_begin(json, "StringEquals", '{');
	for (size_t i = 0; i < policy->tags.count; i++) {
		const char *tag = policy->tags.items[i];
		size_t size = strcspn(tag, "=");
		cleanup_buffer struct buffer key = { 0 };

		if (buffer_printf(&key, "secretsmanager:ResourceTag/%.*s", (int)size, tag) < 0)
			json->is_broken = true;
		else
			json_write_text(json, key.bytes, tag + size + 1);
	}
	json_write_end(json, '}');
}

static void condition_write(struct json_writer *json, const struct policy *policy, const struct statement *statement,
			    struct range range)
{
	if (!statement->is_tagged && !statement->is_of_keys)
		return;
	json_write_begin(json, "Condition", '{');
	if (statement->is_tagged)
		tags_write(json, policy);
	if (statement->is_of_keys)
		services_write(json, policy, statement->is_of_queue);
	if (statement->aliases) {
		json_write_begin(json, "ForAnyValue:StringEquals", '{');
		texts_write(json, "kms:ResourceAliases", statement->aliases, range);
		json_write_end(json, '}');
	}
	json_write_end(json, '}');
}

static void resources_write(struct json_writer *json, const struct statement *statement, struct range range)
{
	if (statement->aliases)
		range = (struct range){ 0, statement->resources->count };
	if (statement->resources) {
		texts_write(json, "Resource", statement->resources, range);
		return;
	}
	json_write_begin(json, "Resource", '[');
	json_write_text(json, NULL, "*");
	json_write_end(json, ']');
}

static void statement_write(struct json_writer *json, const struct policy *policy, const struct statement *statement,
			    struct range range)
{
	json_write_begin(json, NULL, '{');
	json_write_text(json, "Sid", statement->name);
	json_write_text(json, "Effect", "Allow");
	json_write_begin(json, "Action", '[');
	for (const char *const *action = statement->actions; *action; action++)
		json_write_text(json, NULL, *action);
	json_write_end(json, ']');
	resources_write(json, statement, range);
	condition_write(json, policy, statement, range);
	json_write_end(json, '}');
}

static size_t least(size_t one, size_t other)
{
	return one < other ? one : other;
}

/* One document with these parts. -1 with ENOMEM. */
static int document_print(const struct statements *statements, struct range range, bool is_indented, struct buffer *text)
{
	struct json_writer json = { .text = text, .is_indented = is_indented };
	size_t before = 0;

	json_write_begin(&json, NULL, '{');
	json_write_text(&json, "Version", "2012-10-17");
	json_write_begin(&json, "Statement", '[');
	for (size_t i = 0; i < statements->count; i++) {
		const struct statement *statement = &statements->items[i];
		size_t count = statement_count(statement);
		struct range its = { range.from > before ? range.from - before : 0,
				     range.to > before ? least(range.to - before, count) : 0 };

		if (its.from < its.to)
			statement_write(&json, statements->policy, statement, its);
		before += count;
	}
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	return json.is_broken || buffer_add_text(text, "\n") < 0 ? -1 : 0;
}

/* ---- All of it ---- */

size_t policy_size(const struct buffer *json)
{
	size_t size = 0;

	for (size_t i = 0; i < json->size; i++)
		size += !strchr(" \t\r\n", json->bytes[i]);
	return size;
}

int policy_print(const struct policy *policy, struct buffer *text)
{
	struct statements statements = statements_of(policy);

	return document_print(&statements, (struct range){ 0, statements_count(&statements) }, true, text);
}

/* The longest one that begins with this part. A part that is too long by itself is a document nonetheless. */
static int document_fill(const struct statements *statements, struct range *range, struct buffer *document)
{
	size_t count = statements_count(statements);
	cleanup_buffer struct buffer longer = { 0 };

	range->to = range->from + 1;
	if (document_print(statements, *range, false, document) < 0)
		return -1;
	for (; range->to < count; range->to++) {
		struct buffer shorter = *document;

		buffer_clear(&longer);
		if (document_print(statements, (struct range){ range->from, range->to + 1 }, false, &longer) < 0)
			return -1;
		if (policy_size(&longer) > POLICY_MANAGED_MAX)
			return 0;
		*document = longer;
		longer = shorter;
	}
	return 0;
}

int policy_print_split(const struct policy *policy, struct buffer *lines)
{
	struct statements statements = statements_of(policy);
	size_t count = statements_count(&statements);

	for (struct range range = { 0 }; range.from < count; range.from = range.to) {
		cleanup_buffer struct buffer document = { 0 };

		if (document_fill(&statements, &range, &document) < 0 || buffer_add(lines, document.bytes, document.size) < 0)
			return -1;
	}
	return 0;
}
