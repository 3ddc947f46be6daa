/* SPDX-License-Identifier: ISC */
#include "base/json_write.h"
#include "secretdir/policy.h"

static void texts_write(struct json_writer *json, const char *name, const struct texts *texts)
{
	json_write_begin(json, name, '[');
	for (size_t i = 0; i < texts->count; i++)
		json_write_text(json, NULL, texts->items[i]);
	json_write_end(json, ']');
}

/* The last of the actions is NULL. */
static void statement_begin(struct json_writer *json, const char *name, const char *const *actions)
{
	json_write_begin(json, NULL, '{');
	json_write_text(json, "Sid", name);
	json_write_text(json, "Effect", "Allow");
	json_write_begin(json, "Action", '[');
	for (; *actions; actions++)
		json_write_text(json, NULL, *actions);
	json_write_end(json, ']');
}

static void statement_write(struct json_writer *json, const char *name, const char *const *actions,
			    const struct texts *resources)
{
	if (!resources->count)
		return;
	statement_begin(json, name, actions);
	texts_write(json, "Resource", resources);
	json_write_end(json, '}');
}

/* For actions that cannot be granted on single secrets. */
static void statement_write_on_all(struct json_writer *json, const char *name, const char *const *actions)
{
	statement_begin(json, name, actions);
	json_write_begin(json, "Resource", '[');
	json_write_text(json, NULL, "*");
	json_write_end(json, ']');
	json_write_end(json, '}');
}

/* A key may be used only through the services that hold what it encrypts. */
static void condition_write(struct json_writer *json, const struct policy *policy, const struct texts *aliases)
{
	json_write_begin(json, "Condition", '{');
	json_write_begin(json, "StringLike", '{');
	json_write_begin(json, "kms:ViaService", '[');
	if (policy->secrets.count)
		json_write_text(json, NULL, "secretsmanager.*");
	if (policy->parameters.count)
		json_write_text(json, NULL, "ssm.*");
	json_write_end(json, ']');
	json_write_end(json, '}');
	if (aliases) {
		json_write_begin(json, "ForAnyValue:StringEquals", '{');
		texts_write(json, "kms:ResourceAliases", aliases);
		json_write_end(json, '}');
	}
	json_write_end(json, '}');
}

static void keys_write(struct json_writer *json, const char *name, const struct policy *policy, const struct texts *keys,
		       const struct texts *aliases)
{
	static const char *const decrypt[] = { "kms:Decrypt", NULL };

	if (!keys->count)
		return;
	statement_begin(json, name, decrypt);
	texts_write(json, "Resource", keys);
	condition_write(json, policy, aliases);
	json_write_end(json, '}');
}

int policy_print(const struct policy *policy, struct buffer *text)
{
	static const char *const read[] = { "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", NULL };
	static const char *const batch[] = { "secretsmanager:BatchGetSecretValue", NULL };
	static const char *const list[] = { "secretsmanager:ListSecrets", NULL };
	const char *const parameters[] = { "ssm:GetParameters", policy->has_path ? "ssm:GetParametersByPath" : NULL, NULL };
	struct json_writer json = { .text = text, .is_indented = true };

	json_write_begin(&json, NULL, '{');
	json_write_text(&json, "Version", "2012-10-17");
	json_write_begin(&json, "Statement", '[');
	statement_write(&json, "Secrets", read, &policy->secrets);
	if (policy->has_batches)
		statement_write_on_all(&json, "SecretsInBatches", batch);
	if (policy->has_prefix)
		statement_write_on_all(&json, "SecretsOfAPrefix", list);
	statement_write(&json, "Parameters", parameters, &policy->parameters);
	keys_write(&json, "Keys", policy, &policy->keys, NULL);
	keys_write(&json, "KeysByAlias", policy, &policy->alias_keys, &policy->aliases);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	return json.is_broken || buffer_add_text(text, "\n") < 0 ? -1 : 0;
}
