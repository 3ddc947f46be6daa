/* SPDX-License-Identifier: ISC */
#include "json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"

#define DEPTH_MAX 128
#define NODES_MAX (1 << 20)

struct parser {
	struct json *root, *parent;
	char *key;
	size_t key_size;
	int depth;
	size_t nodes;
	const char *why;
};

void json_free(struct json *json)
{
	struct json *next;

	if (!json)
		return;
	for (struct json *child = json->first; child; child = next) {
		next = child->next;
		json_free(child);
	}
	wiping_free(json->text);
	wiping_free(json->key);
	wiping_free(json);
}

void json_free_pointer(struct json **json)
{
	json_free(*json);
	*json = NULL;
}

static int refuse(struct parser *parser, const char *why)
{
	parser->why = why;
	return 0;
}

static char *copy(const void *bytes, size_t size)
{
	char *text = wiping_malloc(size + 1);

	if (!text)
		return NULL;
	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

static struct json *add(struct parser *parser, enum json_type type)
{
	struct json *json = NULL;

	if (++parser->nodes > NODES_MAX) {
		refuse(parser, "it has too many values");
		return NULL;
	}
	json = wiping_malloc(sizeof(*json));
	if (!json) {
		refuse(parser, "memory is out");
		return NULL;
	}
	*json = (struct json){ .type = type, .parent = parser->parent, .key = parser->key, .key_size = parser->key_size };
	parser->key = NULL;
	parser->key_size = 0;
	if (!parser->parent) {
		parser->root = json;
		return json;
	}
	if (parser->parent->last)
		parser->parent->last->next = json;
	else
		parser->parent->first = json;
	parser->parent->last = json;
	parser->parent->count++;
	return json;
}

static int add_text(struct parser *parser, enum json_type type, const void *bytes, size_t size)
{
	struct json *json = add(parser, type);

	if (!json)
		return 0;
	json->size = size;
	json->text = copy(bytes, size);
	return json->text ? 1 : refuse(parser, "memory is out");
}

static int on_null(void *parser)
{
	return add(parser, JSON_NULL) != NULL;
}

static int on_boolean(void *parser, int is_true)
{
	return add(parser, is_true ? JSON_TRUE : JSON_FALSE) != NULL;
}

static int on_number(void *parser, const char *digits, size_t size)
{
	return add_text(parser, JSON_NUMBER, digits, size);
}

static int on_string(void *parser, const unsigned char *text, size_t size)
{
	return add_text(parser, JSON_STRING, text, size);
}

static int on_key(void *context, const unsigned char *text, size_t size)
{
	struct parser *parser = context;

	parser->key = copy(text, size);
	parser->key_size = size;
	return parser->key ? 1 : refuse(parser, "memory is out");
}

static int begin(struct parser *parser, enum json_type type)
{
	struct json *json;

	if (++parser->depth > DEPTH_MAX)
		return refuse(parser, "it is nested too deeply");
	json = add(parser, type);
	if (!json)
		return 0;
	parser->parent = json;
	return 1;
}

static int on_begin_object(void *parser)
{
	return begin(parser, JSON_OBJECT);
}

static int on_begin_array(void *parser)
{
	return begin(parser, JSON_ARRAY);
}

static int on_end_array(void *context)
{
	struct parser *parser = context;

	parser->depth--;
	parser->parent = parser->parent->parent;
	return 1;
}

static int compare_keys(const void *a, const void *b)
{
	const struct json *one = *(struct json *const *)a, *other = *(struct json *const *)b;

	if (one->key_size != other->key_size)
		return one->key_size < other->key_size ? -1 : 1;
	return memcmp(one->key, other->key, one->key_size);
}

/* By sorting: a hostile object may have very many keys. */
static int on_end_object(void *context)
{
	struct parser *parser = context;
	struct json *object = parser->parent, **members = NULL;
	size_t count = 0;
	bool is_twice = false;

	if (object->count > 1) {
		members = malloc(object->count * sizeof(*members));
		if (!members)
			return refuse(parser, "memory is out");
		for (struct json *member = object->first; member; member = member->next)
			members[count++] = member;
		qsort(members, count, sizeof(*members), compare_keys);
		for (size_t i = 1; i < count; i++)
			is_twice |= compare_keys(&members[i - 1], &members[i]) == 0;
		free(members);
	}
	return is_twice ? refuse(parser, "a key occurs twice in one object") : on_end_array(parser);
}

static int hex4(const char *text)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *digit = text[i] ? strchr(digits, text[i] | 0x20) : NULL;

		if (!digit)
			return -1;
		value = value * 16 + (int)(digit - digits);
	}
	return value;
}

/* The parser below would put a '?' for half a surrogate pair. Anything else that is wrong is left to it. */
static bool has_half_pair(const char *text, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		int unit;

		if (text[i] != '\\')
			continue;
		i++;
		if (text[i] != 'u' || i + 4 >= size)
			continue;
		unit = hex4(text + i + 1);
		if (unit >= 0xdc00 && unit <= 0xdfff)
			return true;
		if (unit < 0xd800 || unit > 0xdbff)
			continue;
		if (i + 10 >= size || text[i + 5] != '\\' || text[i + 6] != 'u')
			return true;
		unit = hex4(text + i + 7);
		if (unit < 0xdc00 || unit > 0xdfff)
			return true;
		i += 10;
	}
	return false;
}

static void *yajl_malloc(void *context, size_t size)
{
	(void)context;
	return wiping_malloc(size);
}

static void *yajl_realloc(void *context, void *pointer, size_t size)
{
	(void)context;
	return wiping_realloc(pointer, size);
}

static void yajl_release(void *context, void *pointer)
{
	(void)context;
	wiping_free(pointer);
}

static bool parse(struct parser *parser, const char *text, size_t size)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null,
		.yajl_boolean = on_boolean,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_begin_object,
		.yajl_map_key = on_key,
		.yajl_end_map = on_end_object,
		.yajl_start_array = on_begin_array,
		.yajl_end_array = on_end_array,
	};
	yajl_alloc_funcs allocator = { .malloc = yajl_malloc, .realloc = yajl_realloc, .free = yajl_release };
	yajl_handle handle = yajl_alloc(&callbacks, &allocator, parser);
	bool is_good;

	if (!handle)
		return refuse(parser, "memory is out");
	is_good = yajl_parse(handle, (const unsigned char *)text, size) == yajl_status_ok &&
		  yajl_complete_parse(handle) == yajl_status_ok;
	yajl_free(handle);
	return is_good;
}

struct json *json_parse(const char *text, size_t size, const char **why)
{
	struct parser parser = { .why = "it is not valid JSON" };

	if (!utf8_is_valid(text, size))
		parser.why = "it is not valid UTF-8";
	else if (has_half_pair(text, size))
		parser.why = "it holds half a surrogate pair";
	else if (parse(&parser, text, size) && parser.root)
		return parser.root;
	*why = parser.why;
	wiping_free(parser.key);
	json_free(parser.root);
	return NULL;
}

const struct json *json_member(const struct json *object, const char *key, size_t size)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *member = object->first; member; member = member->next)
		if (member->key_size == size && memcmp(member->key, key, size) == 0)
			return member;
	return NULL;
}

const char *json_member_text(const struct json *object, const char *key)
{
	const struct json *member = json_member(object, key, strlen(key));

	return member && member->type == JSON_STRING && !memchr(member->text, '\0', member->size) ? member->text : NULL;
}

static int write_string(const char *text, size_t size, struct buffer *buffer)
{
	int result = buffer_add(buffer, "\"", 1);

	for (size_t i = 0; i < size && result == 0; i++) {
		static const char controls[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
		const char *control = text[i] ? strchr(controls, text[i]) : NULL;

		if (control)
			result = buffer_printf(buffer, "\\%c", letters[control - controls]);
		else if ((unsigned char)text[i] < 0x20)
			result = buffer_printf(buffer, "\\u%04x", (unsigned)text[i]);
		else
			result = buffer_add(buffer, text + i, 1);
	}
	return result < 0 ? -1 : buffer_add(buffer, "\"", 1);
}

static int write_json(const struct json *json, struct buffer *buffer);

static int write_children(const struct json *json, struct buffer *buffer)
{
	if (buffer_add(buffer, json->type == JSON_ARRAY ? "[" : "{", 1) < 0)
		return -1;
	for (const struct json *child = json->first; child; child = child->next) {
		if (json->type == JSON_OBJECT &&
		    (write_string(child->key, child->key_size, buffer) < 0 || buffer_add(buffer, ":", 1) < 0))
			return -1;
		if (write_json(child, buffer) < 0 || (child->next && buffer_add(buffer, ",", 1) < 0))
			return -1;
	}
	return buffer_add(buffer, json->type == JSON_ARRAY ? "]" : "}", 1);
}

static int write_json(const struct json *json, struct buffer *buffer)
{
	static const char *const words[] = { [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true" };

	switch (json->type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return buffer_add_text(buffer, words[json->type]);
	case JSON_NUMBER:
		return buffer_add(buffer, json->text, json->size);
	case JSON_STRING:
		return write_string(json->text, json->size, buffer);
	case JSON_ARRAY:
	case JSON_OBJECT:
		return write_children(json, buffer);
	}
	return -1;
}

int json_value(const struct json *json, struct buffer *buffer)
{
	return json->type == JSON_STRING ? buffer_add(buffer, json->text, json->size) : write_json(json, buffer);
}

static int member_compare(const void *one, const void *other)
{
	const struct json *left = *(const struct json *const *)one, *right = *(const struct json *const *)other;
	size_t size = left->key_size < right->key_size ? left->key_size : right->key_size;
	int order = memcmp(left->key, right->key, size);

	return order ? order : (left->key_size > right->key_size) - (left->key_size < right->key_size);
}

static int object_sort(struct json *object)
{
	struct json **members = reallocarray(NULL, object->count + 1, sizeof(struct json *));
	size_t count = 0;

	if (!members)
		return -1;
	for (struct json *member = object->first; member; member = member->next)
		members[count++] = member;
	members[count] = NULL;
	qsort(members, count, sizeof(struct json *), member_compare);
	for (size_t i = 0; i < count; i++)
		members[i]->next = members[i + 1];
	object->first = members[0];
	object->last = count ? members[count - 1] : NULL;
	free(members);
	return 0;
}

int json_sort(struct json *json)
{
	if (json->type == JSON_OBJECT && object_sort(json) < 0)
		return -1;
	for (struct json *child = json->first; child; child = child->next)
		if (json_sort(child) < 0)
			return -1;
	return 0;
}
