/* SPDX-License-Identifier: ISC */
#include "spec/members.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/buffer.h"
#include "base/error.h"

static const char *const type_names[] = { [NODE_TEXT] = "a text", [NODE_LIST] = "a list", [NODE_MAP] = "a mapping" };

static const struct member *find(const struct member *members, size_t count, const char *name, bool is_any_case)
{
	for (size_t i = 0; i < count; i++)
		if ((is_any_case ? strcasecmp : strcmp)(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

/* Whether the names differ by one letter: another one, one more, or two that have changed places. */
static bool name_is_near(const char *name, const char *other)
{
	size_t size = strlen(name), other_size = strlen(other), same = 0;

	while (name[same] && tolower(name[same]) == tolower(other[same]))
		same++;
	if (size > other_size)
		return size == other_size + 1 && strcasecmp(name + same + 1, other + same) == 0;
	if (size < other_size)
		return other_size == size + 1 && strcasecmp(name + same, other + same + 1) == 0;
	if (same == size || strcasecmp(name + same + 1, other + same + 1) == 0)
		return true;
	return tolower(name[same]) == tolower(other[same + 1]) && tolower(name[same + 1]) == tolower(other[same]) &&
	       strcasecmp(name + same + 2, other + same + 2) == 0;
}

static bool name_is_slip(const struct member *members, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (name_is_near(members[i].name, name))
			return true;
	return false;
}

int members_ignore(const struct node *node, const char *why, struct answer *answer, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	if (buffer_printf(&text, "%.64s is ignored: %s", node->key, why) < 0)
		return error_errno(error, NULL, "cannot read the spec");
	return answer_warning(answer, &node->key_place, text.bytes, error);
}

static int refuse_unknown(const struct node *node, const char *what, const struct member *members, size_t count,
			  struct atomicdir_error *error)
{
	cleanup_buffer struct buffer list = { 0 };

	for (size_t i = 0; i < count; i++)
		if (!members[i].refusal && buffer_printf(&list, "%s%s", list.size ? ", " : "", members[i].name) < 0)
			return error_errno(error, NULL, "cannot read the spec");
	return place_refuse(&node->key_place, error, "'%.64s' is no key of %s; its keys are %s", node->key, what, list.bytes);
}

/* What it ought to be, of what it may be. */
static enum node_type member_type(const struct member *member)
{
	for (enum node_type type = NODE_TEXT; type <= NODE_MAP; type++)
		if (member->types & TAKES(type))
			return type;
	return NODE_TEXT;
}

static int take(const struct node *node, const struct member *member, struct atomicdir_error *error)
{
	if (member->refusal)
		return place_refuse(&node->key_place, error, "%s %s", node->key, member->refusal);
	if (node_is_empty(node) || !member->place)
		return 0;
	if (member->types && !(member->types & TAKES(node->type)))
		return place_refuse(&node->place, error, "%s is %s, not %s", node->key, type_names[member_type(member)],
				    type_names[node->type]);
	if (*member->place)
		return place_refuse(&node->key_place, error, "the key '%.64s' occurs twice: take one out", node->key);
	*member->place = node;
	return 0;
}

int members_take(const struct node *map, const char *what, const struct member *members, size_t count, struct answer *provided,
		 struct atomicdir_error *error)
{
	if (map->type != NODE_MAP)
		return place_refuse(&map->place, error, "%s is a mapping, not %s", what, type_names[map->type]);
	for (const struct node *node = map->first; node; node = node->next) {
		const struct member *member = find(members, count, node->key, provided);
		int result;

		if (member)
			result = take(node, member, error);
		else if (provided && !name_is_slip(members, count, node->key))
			result = members_ignore(node, "the provider does not know it", provided, error);
		else
			result = refuse_unknown(node, what, members, count, error);
		if (result < 0)
			return -1;
	}
	return 0;
}
