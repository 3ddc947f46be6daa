/* SPDX-License-Identifier: ISC */
#include "spec/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/error.h"

#define DEPTH_MAX 32
#define NODES_MAX 100000
#define MEMBERS_MAX 1000

struct builder {
	const struct origin *origin;
	struct node *root, *parent;
	char *key; /* the one whose value comes next */
	struct place key_place;
	size_t depth, nodes;
	struct atomicdir_error *error;
};

/* ---- Places ---- */

void place_show(const struct place *place, char *text, size_t size)
{
	const struct origin *origin = place->origin;

	if (origin->is_folded)
		snprintf(text, size, "%.200s:%zu:%zu, line %zu of that text", origin->name, origin->line + 1,
			 origin->column + 1, place->line + 1);
	else
		snprintf(text, size, "%.200s:%zu:%zu", origin->name, origin->line + place->line + 1,
			 origin->column + place->column + 1);
}

int place_refuse(const struct place *place, struct atomicdir_error *error, const char *format, ...)
{
	char where[300], what[600];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	place_show(place, where, sizeof(where));
	error_set(error, ATOMICDIR_USAGE, NULL, "%s", what);
	return error_prefix(error, "%s", where);
}

static struct place place_of(const struct builder *builder, yaml_mark_t mark)
{
	return (struct place){ builder->origin, mark.line, mark.column };
}

/* ---- Nodes ---- */

void node_free(struct node *node)
{
	struct node *next;

	if (!node)
		return;
	for (struct node *child = node->first; child; child = next) {
		next = child->next;
		node_free(child);
	}
	free(node->text);
	free(node->key);
	free(node);
}

void node_free_pointer(struct node **node)
{
	node_free(*node);
	*node = NULL;
}

const struct node *node_member(const struct node *map, const char *key)
{
	for (const struct node *member = map->type == NODE_MAP ? map->first : NULL; member; member = member->next)
		if (strcmp(member->key, key) == 0)
			return member;
	return NULL;
}

const struct node *node_member_any_case(const struct node *map, const char *key)
{
	for (const struct node *member = map->type == NODE_MAP ? map->first : NULL; member; member = member->next)
		if (strcasecmp(member->key, key) == 0)
			return member;
	return NULL;
}

bool node_is_empty(const struct node *node)
{
	static const char *const nulls[] = { "~", "null", "Null", "NULL" };

	if (node->type != NODE_TEXT)
		return false;
	for (size_t i = 0; node->is_plain && i < sizeof(nulls) / sizeof(*nulls); i++)
		if (strcmp(node->text, nulls[i]) == 0)
			return true;
	return !*node->text;
}

/* ---- Building the tree ---- */

static int take_key(struct builder *builder, const char *text, struct place place)
{
	const struct node *other = node_member(builder->parent, text);
	char where[300];

	if (other) {
		place_show(&other->key_place, where, sizeof(where));
		return place_refuse(&place, builder->error, "the key '%.64s' occurs twice, first at %s: take one out", text,
				    where);
	}
	if (builder->parent->count == MEMBERS_MAX)
		return place_refuse(&place, builder->error, "a mapping has at most %d keys", MEMBERS_MAX);
	builder->key = strdup(text);
	builder->key_place = place;
	return builder->key ? 0 : error_errno(builder->error, NULL, "cannot read the spec");
}

static struct node *add(struct builder *builder, enum node_type type, struct place place)
{
	struct node *node, *parent = builder->parent;

	if (builder->nodes++ > NODES_MAX) {
		place_refuse(&place, builder->error, "a spec has at most %d values", NODES_MAX);
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		error_errno(builder->error, NULL, "cannot read the spec");
		return NULL;
	}
	*node = (struct node){ .type = type, .place = place, .parent = parent };
	node->key = take_pointer(&builder->key);
	node->key_place = node->key ? builder->key_place : place;
	if (!parent) {
		builder->root = node;
	} else {
		*(parent->last ? &parent->last->next : &parent->first) = node;
		parent->last = node;
		parent->count++;
	}
	return node;
}

/* A document of nothing, such as follows a trailing "---", is no document. */
static bool is_no_document(const struct builder *builder, const yaml_event_t *event)
{
	return builder->parent == builder->root && !event->data.scalar.length &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int take_text(struct builder *builder, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct place place = place_of(builder, event->start_mark);
	yaml_scalar_style_t style = event->data.scalar.style;
	struct node *node;

	if (strlen(text) != event->data.scalar.length)
		return place_refuse(&place, builder->error, "a text holds a NUL, which no name may");
	if (is_no_document(builder, event))
		return 0;
	if (builder->parent->type == NODE_MAP && !builder->key)
		return take_key(builder, text, place);
	node = add(builder, NODE_TEXT, place);
	if (!node)
		return -1;
	node->is_plain = style == YAML_PLAIN_SCALAR_STYLE;
	node->is_literal = style == YAML_LITERAL_SCALAR_STYLE;
	node->text = strdup(text);
	return node->text ? 0 : error_errno(builder->error, NULL, "cannot read the spec");
}

static int begin(struct builder *builder, enum node_type type, yaml_mark_t mark)
{
	struct place place = place_of(builder, mark);

	if (builder->parent->type == NODE_MAP && !builder->key)
		return place_refuse(&place, builder->error, "a key is a text, not a list or a mapping");
	if (++builder->depth > DEPTH_MAX)
		return place_refuse(&place, builder->error, "it is nested more than %d deep", DEPTH_MAX);
	builder->parent = add(builder, type, place);
	return builder->parent ? 0 : -1;
}

static int refuse_tag(struct builder *builder, const yaml_char_t *tag, yaml_mark_t mark)
{
	struct place place = place_of(builder, mark);

	if (!tag || strcmp((const char *)tag, YAML_STR_TAG) == 0)
		return 0;
	return place_refuse(&place, builder->error, "the tag '%.64s' is not supported: leave it out", (const char *)tag);
}

static int take_event(struct builder *builder, const yaml_event_t *event)
{
	struct place place = place_of(builder, event->start_mark);

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return place_refuse(&place, builder->error, "the alias '*%.64s' is not supported: write out what it stands for",
				    (const char *)event->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		return refuse_tag(builder, event->data.scalar.tag, event->start_mark) < 0 ? -1 : take_text(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return refuse_tag(builder, event->data.sequence_start.tag, event->start_mark) < 0
			       ? -1
			       : begin(builder, NODE_LIST, event->start_mark);
	case YAML_MAPPING_START_EVENT:
		return refuse_tag(builder, event->data.mapping_start.tag, event->start_mark) < 0
			       ? -1
			       : begin(builder, NODE_MAP, event->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		builder->depth--;
		builder->parent = builder->parent->parent;
		return 0;
	default:
		return 0;
	}
}

static int refuse_yaml(struct builder *builder, const yaml_parser_t *parser, const char *bytes, size_t size)
{
	struct place place = place_of(builder, parser->problem_mark);

	/* What cannot even be read has no mark, but the number of its byte. */
	if (parser->error == YAML_READER_ERROR) {
		place = (struct place){ .origin = builder->origin };
		for (size_t i = 0; i < parser->problem_offset && i < size; i++) {
			place.column = bytes[i] == '\n' ? 0 : place.column + 1;
			place.line += bytes[i] == '\n';
		}
	}
	if (parser->error == YAML_MEMORY_ERROR)
		return error_set(builder->error, ATOMICDIR_FAILED, NULL, "cannot read the spec: memory is out");
	return place_refuse(&place, builder->error, "it is not YAML: %s%s%s", parser->context ? parser->context : "",
			    parser->context ? ", " : "", parser->problem ? parser->problem : "it cannot be read");
}

/* All events up to the end of the stream. */
static int builder_run(struct builder *builder, yaml_parser_t *parser, const char *bytes, size_t size)
{
	bool is_over = false;

	while (!is_over) {
		yaml_event_t event;
		int result;

		if (!yaml_parser_parse(parser, &event))
			return refuse_yaml(builder, parser, bytes, size);
		result = take_event(builder, &event);
		is_over = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (result < 0)
			return -1;
	}
	return builder->root->first ? 0 : place_refuse(&builder->root->place, builder->error, "there is nothing in it");
}

struct node *node_read(const struct origin *origin, const char *bytes, size_t size, struct atomicdir_error *error)
{
	struct builder builder = { .origin = origin, .error = error };
	yaml_parser_t parser;
	int result;

	if (!yaml_parser_initialize(&parser)) {
		error_set(error, ATOMICDIR_FAILED, NULL, "cannot read the spec: memory is out");
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
	builder.parent = add(&builder, NODE_LIST, (struct place){ .origin = origin });
	result = builder.parent ? builder_run(&builder, &parser, bytes, size) : -1;
	yaml_parser_delete(&parser);
	free(builder.key);
	if (result == 0)
		return builder.root;
	node_free(builder.root);
	return NULL;
}
