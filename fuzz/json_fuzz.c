/* SPDX-License-Identifier: ISC
 *
 * Claim: JSON is read as it stands: numbers keep their digits, no key occurs twice, and a pointer finds what it names
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "json/json.h"
#include "json/select.h"
#include "fuzz.h"

static bool same(const struct json *one, const struct json *other)
{
	const struct json *a = one->first, *b = other->first;

	if (one->type != other->type || one->size != other->size || one->count != other->count ||
	    (one->size && memcmp(one->text, other->text, one->size) != 0))
		return false;
	for (; a && b; a = a->next, b = b->next)
		if (a->key_size != b->key_size || (a->key && memcmp(a->key, b->key, a->key_size) != 0) || !same(a, b))
			return false;
	return !a && !b;
}

/* The compact form is the same value, and its own compact form. */
static void write_again(const struct json *json)
{
	struct buffer text = { 0 }, again = { 0 };
	const char *why = NULL;
	struct json *copy;

	must(json_value(json, &text) == 0);
	if (json->type != JSON_STRING) {
		copy = json_parse(text.bytes, text.size, &why);
		must(copy && same(json, copy) && json_value(copy, &again) == 0);
		must(text.size == again.size && memcmp(text.bytes, again.bytes, text.size) == 0);
		json_free(copy);
	}
	buffer_clear(&text);
	buffer_clear(&again);
}

static void add_token(struct buffer *pointer, const struct json *json, size_t index)
{
	must(buffer_add(pointer, "/", 1) == 0);
	if (json->parent->type == JSON_ARRAY)
		must(buffer_printf(pointer, "%zu", index) == 0);
	for (const char *c = json->key; c && *c; c++) {
		if (*c == '~' || *c == '/')
			must(buffer_add_text(pointer, *c == '~' ? "~0" : "~1") == 0);
		else
			must(buffer_add(pointer, c, 1) == 0);
	}
}

/* Everything below is found by its own pointer. */
static void point(const struct json *root, const struct json *json, struct buffer *pointer)
{
	size_t size = pointer->size, index = 0;

	for (const struct json *child = json->first; child; child = child->next, index++) {
		must(child->parent == json);
		must((child->key != NULL) == (json->type == JSON_OBJECT));
		if (child->key && strlen(child->key) != child->key_size)
			continue;
		add_token(pointer, child, index);
		must(select_key(root, pointer->bytes) == child);
		if (json == root && child->key && *child->key != '/')
			must(select_key(root, child->key) == child);
		point(root, child, pointer);
		pointer->size = size;
		pointer->bytes[size] = '\0';
	}
	must(index == json->count);
}

static void check_values(const struct json *json, const char *text, size_t size)
{
	if (json->type == JSON_NUMBER)
		must(json->size && memmem(text, size, json->text, json->size));
	if (json->type == JSON_STRING)
		must(utf8_is_valid(json->text, json->size));
	for (const struct json *one = json->first; one; one = one->next) {
		for (const struct json *other = one->next; other && json->type == JSON_OBJECT && json->count < 100;
		     other = other->next)
			must(one->key_size != other->key_size || memcmp(one->key, other->key, one->key_size) != 0);
		check_values(one, text, size);
	}
}

/* The first line is a key, the rest JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t key_size = end ? (size_t)(end - data) : 0, text_size = end ? size - key_size - 1 : size;
	char *key = fuzz_copy(data, key_size), *text = fuzz_copy(end ? end + 1 : data, text_size);
	struct buffer pointer = { 0 };
	const char *why = NULL;
	struct json *root = json_parse(text, text_size, &why);
	const struct json *found;

	must(root ? !why : why && is_clean(why));
	if (root) {
		must(!root->parent && !root->key && !root->next);
		check_values(root, text, text_size);
		write_again(root);
		must(buffer_reserve(&pointer, 1) == 0);
		point(root, root, &pointer);
		found = select_key(root, key);
		if (found)
			write_again(found);
	}
	json_free(root);
	buffer_clear(&pointer);
	free(key);
	free(text);
	return 0;
}
