/* SPDX-License-Identifier: ISC */
#include <stdbool.h>

#include "secretdir/policy.h"

/* [ITEM, ...], a line each. */
static int add_list(struct buffer *json, const char *indent, const char *const *items, size_t count)
{
	if (buffer_add_text(json, "[") < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(json, "%s\n%s  ", i ? "," : "", indent) < 0 || buffer_add_json(json, items[i]) < 0)
			return -1;
	return buffer_printf(json, "\n%s]", indent);
}

static int add_member(struct buffer *json, const char *name, const char *const *items, size_t count)
{
	return buffer_printf(json, ",\n      \"%s\": ", name) < 0 ? -1 : add_list(json, "      ", items, count);
}

/* Keys are used by the services that hold what they encrypt, for us, and by nobody else. */
static int add_condition(struct buffer *json, const struct policy *policy, const struct texts *aliases)
{
	const char *through[2];
	size_t count = 0;

	if (policy->secrets.count)
		through[count++] = "secretsmanager.*";
	if (policy->parameters.count)
		through[count++] = "ssm.*";
	if (buffer_add_text(json, ",\n      \"Condition\": {\n        \"StringLike\": {\n          \"kms:ViaService\": ") < 0 ||
	    add_list(json, "          ", through, count) < 0 || buffer_add_text(json, "\n        }") < 0)
		return -1;
	if (aliases &&
	    (buffer_add_text(json, ",\n        \"ForAnyValue:StringEquals\": {\n          \"kms:ResourceAliases\": ") < 0 ||
	     add_list(json, "          ", (const char *const *)aliases->items, aliases->count) < 0 ||
	     buffer_add_text(json, "\n        }") < 0))
		return -1;
	return buffer_add_text(json, "\n      }");
}

static int begin_statement(struct buffer *json, const char *name, const char *const *actions, const char *const *resources,
			   size_t count)
{
	size_t action_count = 0;

	while (actions[action_count])
		action_count++;
	if (buffer_printf(json, "%s\n    {\n      \"Sid\": \"%s\",\n      \"Effect\": \"Allow\"",
			  json->bytes[json->size - 1] == '[' ? "" : ",", name) < 0 ||
	    add_member(json, "Action", actions, action_count) < 0)
		return -1;
	return add_member(json, "Resource", resources, count);
}

static int add_statement(struct buffer *json, const char *name, const char *const *actions, const char *const *resources,
			 size_t count)
{
	if (!count)
		return 0;
	return begin_statement(json, name, actions, resources, count) < 0 ? -1 : buffer_add_text(json, "\n    }");
}

static int add_keys(struct buffer *json, const char *name, const struct policy *policy, const struct texts *keys,
		    const struct texts *aliases)
{
	static const char *const decrypt[] = { "kms:Decrypt", NULL };

	if (!keys->count)
		return 0;
	if (begin_statement(json, name, decrypt, (const char *const *)keys->items, keys->count) < 0 ||
	    add_condition(json, policy, aliases) < 0)
		return -1;
	return buffer_add_text(json, "\n    }");
}

int policy_print(const struct policy *policy, struct buffer *json)
{
	static const char *const any[] = { "*" };
	static const char *const read[] = { "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", NULL };
	static const char *const batch[] = { "secretsmanager:BatchGetSecretValue", NULL };
	static const char *const list[] = { "secretsmanager:ListSecrets", NULL };
	static const char *const parameters[] = { "ssm:GetParameters", NULL };

	if (buffer_add_text(json, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [") < 0 ||
	    add_statement(json, "Secrets", read, (const char *const *)policy->secrets.items, policy->secrets.count) < 0 ||
	    add_statement(json, "SecretsInBatches", batch, any, policy->has_batches) < 0 ||
	    add_statement(json, "SecretsOfAPrefix", list, any, policy->has_prefix) < 0 ||
	    add_statement(json, "Parameters", parameters, (const char *const *)policy->parameters.items,
			  policy->parameters.count) < 0 ||
	    add_keys(json, "Keys", policy, &policy->keys, NULL) < 0 ||
	    add_keys(json, "KeysByAlias", policy, &policy->alias_keys, &policy->aliases) < 0)
		return -1;
	return buffer_add_text(json, "\n  ]\n}\n");
}
