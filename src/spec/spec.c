/* SPDX-License-Identifier: ISC */
#include "spec/spec.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "json/query.h"
#include "spec/members.h"
#include "spec/object.h"

struct file {
	const char *bytes;
	size_t size;
	struct answer *answer;
	const struct node *region, *failover; /* what the documents before this one say */
	struct atomicdir_error *error;
};

/* ---- Entries of our own ---- */

static int add_optional(const struct node *node, struct file *file)
{
	if (!node || strcasecmp(node->text, "false") == 0)
		return 0;
	return strcasecmp(node->text, "true") == 0
		       ? answer_add(file->answer, WORD_OPTIONAL, "1", file->error)
		       : place_refuse(&node->place, file->error, "optional is true or false, not '%.32s'", node->text);
}

static int check_query(const struct node *node, struct file *file)
{
	struct query query;
	const char *why;
	size_t column;

	if (node && query_parse(node->text, &query, &column, &why) < 0)
		return place_refuse(&node->place, file->error, "the JMESPath '%.100s', column %zu: %s", node->text, column,
				    why);
	if (node)
		query_clear(&query);
	return 0;
}

static int add_mapping(const struct node *map, struct file *file)
{
	enum { PART_SECRET, PART_PREFIX, PART_QUERY, PART_OPTIONAL = 12, PARTS };
	static const char *const names[] = { WORD_SECRET,  WORD_PREFIX, WORD_QUERY,   WORD_PATH, WORD_KEY,
					     WORD_SERVICE, WORD_STAGE,	WORD_VERSION, WORD_MODE, WORD_OWNER,
					     WORD_DECODE,  WORD_FORMAT, WORD_OPTIONAL };
	const struct node *prefix = node_member(map, WORD_PREFIX);
	const struct node *parts[PARTS] = { NULL };
	struct member members[PARTS];

	for (size_t i = 0; i < PARTS; i++)
		members[i] = (struct member){ names[i], TAKES(NODE_TEXT), &parts[i], NULL };
	if (members_take(map, "an entry", members, PARTS, NULL, file->error) < 0)
		return -1;
	for (const struct node *node = map->first; node; node = node->next)
		if (node_is_empty(node) && node != prefix)
			return place_refuse(&node->key_place, file->error, "%s is empty: write it, or leave the key out",
					    node->key);
	if (!parts[PART_SECRET] == !prefix)
		return place_refuse(&map->place, file->error,
				    prefix ? "the entry has both a secret and a prefix: take one out"
					   : "the entry has no secret: say which one it is");
	if (check_query(parts[PART_QUERY], file) < 0 || answer_entry(file->answer, &map->place, file->error) < 0 ||
	    answer_add(file->answer, WORD_PATH_KEY, WORD_PATH, file->error) < 0 ||
	    (prefix && answer_add_text(file->answer, WORD_PREFIX, parts[PART_PREFIX] ? prefix->text : "", file->error) < 0))
		return -1;
	for (size_t i = 0; i < PART_OPTIONAL; i++)
		if (i != PART_PREFIX && parts[i] && answer_add(file->answer, names[i], parts[i]->text, file->error) < 0)
			return -1;
	return add_optional(parts[PART_OPTIONAL], file);
}

/* ---- Lists ---- */

static int add_item(const struct node *item, const struct object_rules *rules, struct file *file)
{
	if (item->type == NODE_MAP &&
	    (rules->is_provided || node_member_any_case(item, "objectName") || node_member_any_case(item, "objectType")))
		return object_add(item, rules, file->answer, file->error);
	if (item->type == NODE_MAP)
		return add_mapping(item, file);
	if (item->type == NODE_LIST || node_is_empty(item) || rules->is_provided)
		return place_refuse(&item->place, file->error,
				    rules->is_provided ? "an object is a mapping that begins with '- objectName:'"
						       : "an entry is a text, or a mapping that begins with '- secret:'");
	if (answer_entry(file->answer, &item->place, file->error) < 0)
		return -1;
	return answer_add(file->answer, WORD_TEXT, item->text, file->error);
}

static int add_list(const struct node *list, const struct object_rules *rules, struct file *file)
{
	if (list->type != NODE_LIST)
		return place_refuse(&list->place, file->error, "entries are a list: each begins with '- '");
	for (const struct node *item = list->first; item; item = item->next)
		if (add_item(item, rules, file) < 0)
			return -1;
	return 0;
}

/* ---- A provider's parameters ---- */

/* How far the lines of a literal are indented in the file. */
static size_t find_indent(const struct node *node, const struct file *file)
{
	const char *at = file->bytes, *end = file->bytes + file->size;
	size_t own = strspn(node->text + strspn(node->text, "\n"), " ");

	for (size_t line = 0; at && line <= node->place.line; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	while (at && at < end && (*at == '\n' || *at == '\r'))
		at++;
	/* A NUL follows the file. */
	return at && strspn(at, " ") >= own ? strspn(at, " ") - own : 0;
}

/* `objects` is a text that is YAML by itself. */
static int add_text(const struct node *node, const struct object_rules *rules, struct file *file)
{
	struct origin origin = { node->place.origin->name, node->place.line, node->place.column, true };
	cleanup_node struct node *list = NULL;

	if (node->is_literal)
		origin = (struct origin){ origin.name, node->place.line + 1, find_indent(node, file), false };
	list = node_read(&origin, node->text, strlen(node->text), file->error);
	if (!list)
		return -1;
	if (list->first->next)
		return place_refuse(&list->first->next->place, file->error,
				    "a second document begins in the objects: take it out");
	return add_list(list->first, rules, file);
}

static int take_separator(const struct node *node, char *separator, struct file *file)
{
	*separator = '_';
	if (!node)
		return 0;
	*separator = '\0';
	if (strcasecmp(node->text, "false") == 0)
		return 0;
	if (strlen(node->text) != 1)
		return place_refuse(&node->place, file->error, "pathTranslation is one character, or \"False\"");
	*separator = *node->text;
	return 0;
}

#define OWN_CREDENTIALS "credentials come from the AWS CLI's own places"

static int ignore(const struct node *node, const char *why, struct file *file)
{
	return node ? members_ignore(node, why, file->answer, file->error) : 0;
}

/* All that is fetched is of one region, whichever document says it. */
static int take_region(const struct node *node, const char *option, const struct node **before, struct file *file)
{
	char where[300];

	if (!node)
		return 0;
	if (*before && strcmp((*before)->text, node->text) != 0) {
		place_show(&(*before)->place, where, sizeof(where));
		return place_refuse(&node->place, file->error, "%s is another than at %s: give it a file of its own", node->key,
				    where);
	}
	if (*before)
		return 0;
	*before = node;
	return answer_option(file->answer, option, node->text, file->error);
}

static int add_parameters(const struct node *map, struct file *file)
{
	const struct node *objects = NULL, *region = NULL, *failover = NULL, *separator = NULL, *identity = NULL,
			  *address = NULL;
	const struct member members[] = {
		{ "objects", TAKES(NODE_TEXT) | TAKES(NODE_LIST), &objects, NULL },
		{ "region", TAKES(NODE_TEXT), &region, NULL },
		{ "failoverRegion", TAKES(NODE_TEXT), &failover, NULL },
		{ "pathTranslation", TAKES(NODE_TEXT), &separator, NULL },
		{ "usePodIdentity", TAKES(NODE_TEXT), &identity, NULL },
		{ "preferredAddressType", TAKES(NODE_TEXT), &address, NULL },
	};
	struct object_rules rules = { .is_provided = true };

	if (members_take(map, "the parameters", members, sizeof(members) / sizeof(*members), file->answer, file->error) < 0)
		return -1;
	if (!objects)
		return place_refuse(&map->place, file->error, "the parameters have no objects: say what is fetched");
	rules.has_failover_region = failover;
	if (take_separator(separator, &rules.separator, file) < 0 || ignore(identity, OWN_CREDENTIALS, file) < 0 ||
	    ignore(address, OWN_CREDENTIALS, file) < 0)
		return -1;
	if (region && failover && strcmp(region->text, failover->text) == 0)
		return place_refuse(&failover->place, file->error, "failoverRegion is the region itself: say another one");
	if (take_region(region, OPTION_REGION, &file->region, file) < 0 ||
	    take_region(failover, OPTION_FAILOVER_REGION, &file->failover, file) < 0)
		return -1;
	return objects->type == NODE_TEXT ? add_text(objects, &rules, file) : add_list(objects, &rules, file);
}

/* ---- A manifest ---- */

static int check_text(const struct node *node, const char *wanted, struct file *file)
{
	return !node || strcmp(node->text, wanted) == 0
		       ? 0
		       : place_refuse(&node->place, file->error, "%s is '%.64s', not %s", node->key, node->text, wanted);
}

static int add_manifest(const struct node *map, struct file *file)
{
	const struct node *kind = NULL, *spec = NULL, *provider = NULL, *parameters = NULL, *secrets = NULL;
	const struct member outer[] = {
		{ "apiVersion", ANY_TYPE, NULL, NULL }, { "kind", TAKES(NODE_TEXT), &kind, NULL },
		{ "metadata", ANY_TYPE, NULL, NULL },	{ "spec", TAKES(NODE_MAP), &spec, NULL },
		{ "status", ANY_TYPE, NULL, NULL },
	};
	const struct member inner[] = {
		{ "provider", TAKES(NODE_TEXT), &provider, NULL },
		{ "parameters", TAKES(NODE_MAP), &parameters, NULL },
		{ "secretObjects", ANY_TYPE, &secrets, NULL },
	};

	if (members_take(map, "a SecretProviderClass", outer, sizeof(outer) / sizeof(*outer), file->answer, file->error) < 0 ||
	    check_text(kind, "SecretProviderClass", file) < 0)
		return -1;
	if (!kind || !spec)
		return place_refuse(&map->place, file->error,
				    "a mapping is a SecretProviderClass with kind and spec, or its parameters with objects; "
				    "entries are a list: each begins with '- '");
	if (members_take(spec, "its spec", inner, sizeof(inner) / sizeof(*inner), file->answer, file->error) < 0 ||
	    check_text(provider, "aws", file) < 0 ||
	    ignore(secrets, "it makes Secrets of Kubernetes, which secretdir does not", file) < 0)
		return -1;
	if (!parameters)
		return place_refuse(&spec->place, file->error, "the spec has no parameters: say which objects are fetched");
	return add_parameters(parameters, file);
}

/* ---- Documents ---- */

static int add_document(const struct node *root, struct file *file)
{
	if (root->type != NODE_MAP)
		return add_list(root, &(struct object_rules){ 0 }, file);
	return node_member_any_case(root, "objects") ? add_parameters(root, file) : add_manifest(root, file);
}

/* Whether it is a manifest of something else, as kubectl takes them in one file. */
static bool is_elsewhere(const struct node *root)
{
	const struct node *kind = node_member_any_case(root, "kind");

	return kind && kind->type == NODE_TEXT && *kind->text && strcmp(kind->text, "SecretProviderClass") != 0;
}

/* Manifests of other kinds may stand beside one that is ours. */
static int add_documents(const struct node *documents, struct file *file)
{
	const struct node *other = NULL;
	size_t count = 0;

	for (const struct node *root = documents->first; root; root = root->next) {
		if (is_elsewhere(root)) {
			other = root;
			continue;
		}
		count++;
		if (add_document(root, file) < 0)
			return -1;
	}
	return count || !other ? 0 : add_manifest(other, file);
}

int spec_parse(const char *name, const char *bytes, size_t size, struct answer *answer, struct atomicdir_error *error)
{
	struct file file = { .bytes = bytes, .size = size, .answer = answer, .error = error };
	const struct origin origin = { .name = name };
	cleanup_node struct node *documents = node_read(&origin, bytes, size, error);

	return documents ? add_documents(documents, &file) : -1;
}
