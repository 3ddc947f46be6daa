/* SPDX-License-Identifier: ISC */
#include "spec/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "json/query.h"
#include "spec/members.h"

#define MODE "0644" /* the CSI driver's */

struct object {
	const struct node *name, *type, *alias, *version, *label, *permission, *failover, *paths;
	const struct node *failover_name, *failover_version, *failover_label;
	const char *service;
};

static const char *text_of(const struct node *node)
{
	return node ? node->text : NULL;
}

static bool is_arn(const char *name)
{
	return strncmp(name, "arn:", 4) == 0;
}

/* ---- Reading it ---- */

/* AWS's documentation writes it as a list of one. */
static int take_failover(const struct node *node, struct object *object, struct answer *answer, struct atomicdir_error *error)
{
	const struct node *map = node->type == NODE_LIST ? node->first : node;
	const struct member members[] = {
		{ "objectName", TAKES(NODE_TEXT), &object->failover_name, NULL },
		{ "objectVersion", TAKES(NODE_TEXT), &object->failover_version, NULL },
		{ "objectVersionLabel", TAKES(NODE_TEXT), &object->failover_label, NULL },
	};
	const char *version = text_of(object->version);

	if (node->type == NODE_LIST && node->count != 1)
		return place_refuse(&node->place, error, "failoverObject is a mapping, or a list of one");
	if (members_take(map, "a failoverObject", members, sizeof(members) / sizeof(*members), answer, error) < 0)
		return -1;
	if (!object->failover_name)
		return place_refuse(&map->place, error, "failoverObject has no objectName: say what is fetched instead");
	if (object->failover_version && (!version || strcmp(version, object->failover_version->text) != 0))
		return place_refuse(&object->failover_version->place, error,
				    "failoverObject has another objectVersion than the object; they must be the same");
	return 0;
}

/* "ssm", or "" for Secrets Manager; NULL: neither. */
static const char *service_of_arn(const char *arn)
{
	const char *partition = arn + 4, *service = strchr(partition, ':');

	if (!service)
		return NULL;
	service++;
	if (strncmp(service, "ssm:", 4) == 0)
		return "ssm";
	return strncmp(service, "secretsmanager:", 15) == 0 ? "" : NULL;
}

static const char *service_of_type(const struct node *type, struct atomicdir_error *error)
{
	if (strcmp(type->text, "secretsmanager") == 0)
		return "";
	if (strcmp(type->text, "ssmparameter") == 0)
		return "ssm";
	place_refuse(&type->place, error, "objectType '%.64s' is not known; it is secretsmanager or ssmparameter", type->text);
	return NULL;
}

static int check_name(const struct object *object, const struct node *name, struct atomicdir_error *error)
{
	const char *service = is_arn(name->text) ? service_of_arn(name->text) : object->service;

	if (!service)
		return place_refuse(&name->place, error, "the ARN is neither of Secrets Manager nor of Parameter Store");
	return strcmp(service, object->service) == 0
		       ? 0
		       : place_refuse(&name->place, error,
				      "the ARN is of another service than objectType says: mend one of them");
}

static int take_service(const struct node *map, struct object *object, struct atomicdir_error *error)
{
	if (object->type)
		object->service = service_of_type(object->type, error);
	else if (is_arn(object->name->text))
		object->service = service_of_arn(object->name->text);
	else
		return place_refuse(&map->place, error, "the object has no objectType: say secretsmanager or ssmparameter");
	if (!object->service)
		return object->type ? -1 : check_name(object, object->name, error);
	if (check_name(object, object->name, error) < 0)
		return -1;
	return object->failover_name ? check_name(object, object->failover_name, error) : 0;
}

static int take(const struct node *map, struct object *object, struct answer *answer, struct atomicdir_error *error)
{
	const struct member members[] = {
		{ "objectName", TAKES(NODE_TEXT), &object->name, NULL },
		{ "objectType", TAKES(NODE_TEXT), &object->type, NULL },
		{ "objectAlias", TAKES(NODE_TEXT), &object->alias, NULL },
		{ "objectVersion", TAKES(NODE_TEXT), &object->version, NULL },
		{ "objectVersionLabel", TAKES(NODE_TEXT), &object->label, NULL },
		{ "filePermission", TAKES(NODE_TEXT), &object->permission, NULL },
		{ "failoverObject", TAKES(NODE_MAP) | TAKES(NODE_LIST), &object->failover, NULL },
		{ "jmesPath", TAKES(NODE_LIST), &object->paths, NULL },
		{ "objectTemplate", ANY_TYPE, NULL,
		  "is a template of Go, which is not supported: take it out, and the values that it needs by jmesPath" },
	};

	*object = (struct object){ 0 };
	if (members_take(map, "an object", members, sizeof(members) / sizeof(*members), answer, error) < 0)
		return -1;
	if (!object->name)
		return place_refuse(&map->place, error, "the object has no objectName: say which secret or parameter it is");
	if (object->failover && take_failover(object->failover, object, answer, error) < 0)
		return -1;
	if (take_service(map, object, error) < 0)
		return -1;
	if (*object->service && object->version && object->label)
		return place_refuse(&object->label->place, error,
				    "a parameter has an objectVersion or an objectVersionLabel, not both: take one out");
	return 0;
}

/* ---- Saying it ---- */

static int add_path(const struct object_rules *rules, const struct node *name, bool is_alias, struct answer *answer,
		    struct atomicdir_error *error)
{
	cleanup_free char *path = NULL;
	const char *text = name->text;

	if (!is_alias && !rules->is_provided && is_arn(text))
		return 0;
	if (!rules->separator)
		text += strspn(text, "/");
	path = strdup(text);
	if (!path)
		return error_errno(error, NULL, "cannot take the spec");
	for (char *slash = strchr(path, '/'); slash && rules->separator; slash = strchr(slash + 1, '/'))
		*slash = rules->separator;
	if (!*path || path[strlen(path) - 1] == '/')
		return place_refuse(&name->place, error, "'%.100s' is no file's name: it ends in '/'", name->text);
	return answer_add(answer, WORD_PATH, path, error);
}

static int add_mode(const struct object_rules *rules, const struct node *own, const struct node *parent, struct answer *answer,
		    struct atomicdir_error *error)
{
	const struct node *mode = own ? own : parent;
	const char *otherwise = rules->is_provided ? MODE : "";

	if (mode && (strlen(mode->text) != 4 || strspn(mode->text, "01234567") != 4))
		return place_refuse(&mode->place, error, "filePermission '%.32s' is not four octal digits such as \"0400\"",
				    mode->text);
	return answer_add(answer, WORD_MODE, mode ? mode->text : otherwise, error);
}

static int add_source(const struct object *object, struct answer *answer, struct atomicdir_error *error)
{
	const struct {
		const char *name, *text;
	} parts[] = {
		{ WORD_PATH_KEY, "objectAlias" },
		{ WORD_SECRET, object->name->text },
		{ WORD_SERVICE, object->service },
		{ WORD_STAGE, text_of(object->label) },
		{ WORD_VERSION, text_of(object->version) },
		{ WORD_FAILOVER_SECRET, text_of(object->failover_name) },
		{ WORD_FAILOVER_STAGE, text_of(object->failover_label) },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (answer_add(answer, parts[i].name, parts[i].text, error) < 0)
			return -1;
	return 0;
}

static int check_query(const struct node *path, struct atomicdir_error *error)
{
	struct query query;
	const char *why;
	size_t column;

	if (query_parse(path->text, &query, &column, &why) < 0)
		return place_refuse(&path->place, error, "the JMESPath '%.100s', column %zu: %s", path->text, column, why);
	query_clear(&query);
	return 0;
}

static int add_query(const struct object *object, const struct object_rules *rules, const struct node *map,
		     struct answer *answer, struct atomicdir_error *error)
{
	const struct node *path = NULL, *alias = NULL, *permission = NULL;
	const struct member members[] = {
		{ "path", TAKES(NODE_TEXT), &path, NULL },
		{ "objectAlias", TAKES(NODE_TEXT), &alias, NULL },
		{ "filePermission", TAKES(NODE_TEXT), &permission, NULL },
	};

	if (members_take(map, "a jmesPath", members, sizeof(members) / sizeof(*members), answer, error) < 0)
		return -1;
	if (!path)
		return place_refuse(&map->place, error, "the jmesPath has no path: say which value is taken");
	if (!alias)
		return place_refuse(&map->place, error, "the jmesPath has no objectAlias: say what its file is called");
	if (check_query(path, error) < 0 || answer_entry(answer, &map->place, error) < 0 ||
	    add_source(object, answer, error) < 0 || answer_add(answer, WORD_QUERY, path->text, error) < 0 ||
	    add_path(rules, alias, true, answer, error) < 0)
		return -1;
	return add_mode(rules, permission, object->permission, answer, error);
}

int object_add(const struct node *map, const struct object_rules *rules, struct answer *answer, struct atomicdir_error *error)
{
	struct object object;

	if (take(map, &object, answer, error) < 0)
		return -1;
	if (object.failover && !rules->has_failover_region)
		return place_refuse(&object.failover->key_place, error,
				    "failoverObject needs a failoverRegion in the parameters: say which one, or take it out");
	if (answer_entry(answer, &map->place, error) < 0 || add_source(&object, answer, error) < 0 ||
	    add_path(rules, object.alias ? object.alias : object.name, object.alias, answer, error) < 0 ||
	    add_mode(rules, object.permission, NULL, answer, error) < 0)
		return -1;
	for (const struct node *path = object.paths ? object.paths->first : NULL; path; path = path->next)
		if (add_query(&object, rules, path, answer, error) < 0)
			return -1;
	return 0;
}
