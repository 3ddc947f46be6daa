/* SPDX-License-Identifier: ISC */
#include "spec/members.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/buffer.h"
#include "base/error.h"

static const char *const type_names[] = { [NODE_TEXT] = "a text", [NODE_LIST] = "a list", [NODE_MAP] = "a mapping" };

static const struct member *find(const struct member *members, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
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

static int take(const struct node *node, const struct member *member, struct atomicdir_error *error)
{
	if (member->refusal)
		return place_refuse(&node->key_place, error, "%s %s", node->key, member->refusal);
	if (node_is_empty(node) || !member->place)
		return 0;
	if (member->types && !(member->types & TAKES(node->type)))
		return place_refuse(&node->place, error, "%s is %s, not %s", node->key,
				    type_names[member->types & TAKES(NODE_TEXT)	  ? NODE_TEXT
					       : member->types & TAKES(NODE_LIST) ? NODE_LIST
										  : NODE_MAP],
				    type_names[node->type]);
	*member->place = node;
	return 0;
}

int members_take(const struct node *map, const char *what, const struct member *members, size_t count,
		 struct atomicdir_error *error)
{
	if (map->type != NODE_MAP)
		return place_refuse(&map->place, error, "%s is a mapping, not %s", what, type_names[map->type]);
	for (const struct node *node = map->first; node; node = node->next) {
		const struct member *member = find(members, count, node->key);

		if (!member)
			return refuse_unknown(node, what, members, count, error);
		if (take(node, member, error) < 0)
			return -1;
	}
	return 0;
}
