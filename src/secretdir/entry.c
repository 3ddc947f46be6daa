/* SPDX-License-Identifier: ISC */
#include "secretdir/entry.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/protocol.h"
#include "base/record.h"
#include "base/utf8.h"
#include "command/value.h"
#include "secretdir/input.h"
#include "secretdir/path.h"

#define SECRET_MAX 2048
#define FILE_MAX (16 << 20)
#define NO_NAME "the name of the secret is missing, or longer than 2048 bytes"
#define NO_ARN \
	"the ARN is not arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME or arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME"
#define NO_SERVICE "unknown service; the only one that can be named is ssm"
#define NO_FORMAT "only format=env and format=json are known"
#define TWICE "an option occurs twice; remove one of them"
#define NO_MEMORY "cannot read the entry"

static int entry_refuse(const struct entry *entry, const char *why, struct atomicdir_error *error)
{
	char shown[256];

	path_show(entry->text, strlen(entry->text), shown, sizeof(shown));
	error_set(error, ATOMICDIR_USAGE, NULL, "%s", why);
	error_prefix(error, "entry '%s'", shown);
	return *entry->place ? error_prefix(error, "%s", entry->place) : -1;
}

/* The texts of an entry, by the names that a request and a spec have for them. */
static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "", offsetof(struct entry, text) },
	{ "", offsetof(struct entry, place) },
	{ WORD_PATH, offsetof(struct entry, path) },
	{ WORD_SECRET, offsetof(struct entry, secret) },
	{ WORD_KEY, offsetof(struct entry, key) },
	{ WORD_QUERY, offsetof(struct entry, query) },
	{ WORD_SERVICE, offsetof(struct entry, service) },
	{ WORD_STAGE, offsetof(struct entry, stage) },
	{ WORD_VERSION, offsetof(struct entry, version) },
	{ WORD_FORMAT, offsetof(struct entry, format) },
	{ WORD_PATH_KEY, offsetof(struct entry, path_key) },
	{ WORD_FAILOVER_SECRET, offsetof(struct entry, failover_secret) },
	{ WORD_FAILOVER_STAGE, offsetof(struct entry, failover_stage) },
};

#define TEXT_COUNT (sizeof(texts) / sizeof(*texts))

static char **entry_text_at(struct entry *entry, size_t i)
{
	return (char **)(void *)((char *)entry + texts[i].offset);
}

static char **entry_text_named(struct entry *entry, const char *name)
{
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (*name && strcmp(texts[i].name, name) == 0)
			return entry_text_at(entry, i);
	return NULL;
}

static void entry_clear(struct entry *entry)
{
	for (size_t i = 0; i < TEXT_COUNT; i++)
		free(*entry_text_at(entry, i));
}

void entries_clear(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entry_clear(&entries->items[i]);
	free(entries->items);
	*entries = (struct entries){ 0 };
}

static int entry_set_text(char **place, const char *text, size_t size, struct atomicdir_error *error)
{
	free(*place);
	*place = strndup(text, size);
	return *place ? 0 : error_errno(error, NULL, NO_MEMORY);
}

static bool is_parameter_arn(const char *text)
{
	return arn_part_is(text, ARN_SERVICE, "ssm");
}

/* The size of the name at the beginning of the text; the fields of an ARN, seven or a parameter's six, are one name. 0: there is no
 * name. */
static size_t secret_size(const char *text)
{
	int colons = is_parameter_arn(text) ? 5 : 6;
	size_t size = 0;

	if (!arn_is(text))
		return strcspn(text, ":,");
	for (int i = 0; i < colons; i++) {
		size += strcspn(text + size, ":,");
		if (text[size] != ':')
			return 0;
		size++;
	}
	return text[size] && !strchr(":,", text[size]) ? size + strcspn(text + size, ":,") : 0;
}

/* RFC 6901 allows '~' before 0 and 1 only. */
static bool is_pointer(const char *key)
{
	for (; *key; key++)
		if (*key == '~' && key[1] != '0' && key[1] != '1')
			return false;
	return true;
}

static int entry_set_name(struct entry *entry, char **place, const char *value, struct atomicdir_error *error)
{
	if (**place)
		return entry_refuse(entry, TWICE, error);
	if (!value || !*value)
		return entry_refuse(entry, "stage and version need a value", error);
	return entry_set_text(place, value, strlen(value), error);
}

static int entry_set_service(struct entry *entry, const char *value, struct atomicdir_error *error)
{
	if (!value || strcmp(value, "ssm") != 0)
		return entry_refuse(entry, NO_SERVICE, error);
	if (*entry->service)
		return entry_refuse(entry, TWICE, error);
	return entry_set_text(&entry->service, value, strlen(value), error);
}

static int entry_set_format(struct entry *entry, const char *value, struct atomicdir_error *error)
{
	if (!value || (strcmp(value, "env") != 0 && strcmp(value, "json") != 0))
		return entry_refuse(entry, NO_FORMAT, error);
	if (*entry->format)
		return entry_refuse(entry, TWICE, error);
	return entry_set_text(&entry->format, value, strlen(value), error);
}

static int entry_set_mode(struct entry *entry, const char *value, struct atomicdir_error *error)
{
	struct atomicdir_error why;

	if (entry->mode)
		return entry_refuse(entry, TWICE, error);
	if (value_mode(value ? value : "", &entry->mode, &why) < 0)
		return entry_refuse(entry, why.text, error);
	return 0;
}

static int entry_set_owner(struct entry *entry, const char *value, struct atomicdir_error *error)
{
	struct atomicdir_error why;

	if (entry->uid != (uid_t)-1 || entry->gid != (gid_t)-1)
		return entry_refuse(entry, TWICE, error);
	if (value_owner(value ? value : "", &entry->uid, &entry->gid, &why) < 0)
		return entry_refuse(entry, why.text, error);
	return 0;
}

static int entry_set_flag(struct entry *entry, bool *flag, bool is_good, const char *why, struct atomicdir_error *error)
{
	if (!is_good)
		return entry_refuse(entry, why, error);
	if (*flag)
		return entry_refuse(entry, TWICE, error);
	*flag = true;
	return 0;
}

/* The value is NULL where there is none. */
static int entry_take_option(struct entry *entry, const char *name, const char *value, struct atomicdir_error *error)
{
	char why[320];

	if (strcmp(name, WORD_STAGE) == 0 || strcmp(name, WORD_VERSION) == 0)
		return entry_set_name(entry, entry_text_named(entry, name), value, error);
	if (strcmp(name, WORD_SERVICE) == 0)
		return entry_set_service(entry, value, error);
	if (strcmp(name, WORD_FORMAT) == 0)
		return entry_set_format(entry, value, error);
	if (strcmp(name, WORD_MODE) == 0)
		return entry_set_mode(entry, value, error);
	if (strcmp(name, WORD_OWNER) == 0)
		return entry_set_owner(entry, value, error);
	if (strcmp(name, WORD_OPTIONAL) == 0)
		return entry_set_flag(entry, &entry->is_optional, !value, "'optional' takes no value", error);
	if (strcmp(name, WORD_DECODE) == 0)
		return entry_set_flag(entry, &entry->is_base64, value && strcmp(value, "base64") == 0,
				      "only decode=base64 is known", error);
	snprintf(why, sizeof(why),
		 "unknown option '%.200s'; known are stage, version, service, format, decode, mode, owner and optional", name);
	return entry_refuse(entry, why, error);
}

static int entry_take_options(struct entry *entry, const char *text, struct atomicdir_error *error)
{
	while (*text == ',') {
		size_t size = strcspn(text + 1, ",");
		cleanup_free char *name = strndup(text + 1, size);
		char *value = name ? strchr(name, '=') : NULL;

		if (!name)
			return error_errno(error, NULL, NO_MEMORY);
		if (value)
			*value++ = '\0';
		if (entry_take_option(entry, name, value, error) < 0)
			return -1;
		text += 1 + size;
	}
	return 0;
}

/* What follows an ARN, as ECS has it: KEY:STAGE:VERSION, of which the last ones may be left out. */
static int entry_take_parts(struct entry *entry, const char *text, size_t size, struct atomicdir_error *error)
{
	char **const parts[] = { &entry->key, &entry->stage, &entry->version };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t part = strcspn(text, ":,");

		if (entry_set_text(parts[i], text, part, error) < 0)
			return -1;
		if (part == size)
			return 0;
		text += part + 1;
		size -= part + 1;
	}
	return entry_refuse(entry, "an ARN has at most KEY:STAGE:VERSION behind it; a KEY that contains ':' goes into a spec",
			    error);
}

static int entry_take_key(struct entry *entry, const char **text, struct atomicdir_error *error)
{
	const char *key = *text + 1;
	size_t size;

	if (**text != ':')
		return 0;
	size = strcspn(key, ",");
	*text = key + size;
	if (!size)
		return entry_refuse(entry, "KEY is empty", error);
	if (arn_is(entry->secret) && !is_parameter_arn(entry->secret))
		return entry_take_parts(entry, key, size, error);
	return entry_set_text(&entry->key, key, size, error);
}

static int entry_take_path(struct entry *entry, const char **text, struct atomicdir_error *error)
{
	size_t size = strcspn(*text, "=:,");

	if ((*text)[size] != '=')
		return 0;
	if (!size)
		return entry_refuse(entry, "PATH is empty", error);
	if (entry_set_text(&entry->path, *text, size, error) < 0)
		return -1;
	*text += size + 1;
	return 0;
}

static const char *entry_check_name(const struct entry *entry)
{
	if (!utf8_is_valid(entry->secret, strlen(entry->secret)) || !utf8_is_valid(entry->key, strlen(entry->key)))
		return "the secret and KEY must be valid UTF-8";
	for (const char *c = entry->secret; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return "the name of a secret contains no white space and no control characters";
	if (*entry->service && strcmp(entry->service, "ssm") != 0)
		return NO_SERVICE;
	if (*entry->service && arn_is(entry->secret) && !is_parameter_arn(entry->secret))
		return "the ARN is not of a parameter, so the service cannot be ssm";
	if (entry_is_prefix(entry) && *entry->service && *entry->secret != '/')
		return "parameters are taken by a path, which begins with '/'";
	return NULL;
}

static const char *entry_check_key(const struct entry *entry)
{
	bool has_key = *entry->key || *entry->query;

	if (*entry->key == '/' && !is_pointer(entry->key))
		return "KEY is not a JSON Pointer: '~' must be followed by 0 or 1";
	if (*entry->key && *entry->query)
		return "it has both a key and a query; remove one of them";
	if (*entry->format && entry->is_base64)
		return "it has both a format and decode; remove one of them";
	if (entry_is_many(entry) && has_key)
		return "a PATH that ends in '/' stands for all keys, so there can be no KEY";
	if (*entry->format && entry_is_many(entry) && !entry_is_prefix(entry))
		return "a format makes one file of all keys, so its PATH cannot end in '/'";
	return NULL;
}

const char *entry_path_cure(const struct entry *entry, char text[static 80])
{
	if (!*entry->path_key)
		return "write PATH=SECRET with another PATH";
	snprintf(text, 80, "give it another %.40s", entry->path_key);
	return text;
}

/* Why the path cannot be published; the beginning of names need not be a path. */
static const char *entry_check_path(const struct entry *entry)
{
	const char *path = entry_path(entry);

	if (!*path || (entry->is_prefix && !*entry->path && !*entry->service))
		return NULL;
	if (entry->is_prefix && path[strlen(path) - 1] != '/')
		return "a prefix needs one that ends in '/'";
	return path_refuse(path, strlen(path));
}

static int entry_check(const struct entry *entry, struct atomicdir_error *error)
{
	const char *why = entry_check_name(entry);
	char text[256], cure[80];

	why = why ? why : entry_check_key(entry);
	if (why)
		return entry_refuse(entry, why, error);
	why = entry_check_path(entry);
	if (!why)
		return 0;
	snprintf(text, sizeof(text), "its path cannot be published: %s; %s", why, entry_path_cure(entry, cure));
	return entry_refuse(entry, text, error);
}

/* The ARN of a parameter says the service by itself. */
static int entry_finish(struct entry *entry, struct atomicdir_error *error)
{
	if (is_parameter_arn(entry->secret) && !*entry->service && entry_set_text(&entry->service, "ssm", 3, error) < 0)
		return -1;
	return entry_check(entry, error);
}

static int entry_parse(struct entry *entry, const char *text, struct atomicdir_error *error)
{
	size_t size;

	if (entry_take_path(entry, &text, error) < 0)
		return -1;
	size = secret_size(text);
	if (!size || size > SECRET_MAX)
		return entry_refuse(entry, arn_is(text) ? NO_ARN : NO_NAME, error);
	if (entry_set_text(&entry->secret, text, size, error) < 0)
		return -1;
	text += size;
	if (entry_take_key(entry, &text, error) < 0 || entry_take_options(entry, text, error) < 0)
		return -1;
	return entry_finish(entry, error);
}

static struct entry *entry_begin(struct entries *entries, const char *text, const char *place, struct atomicdir_error *error)
{
	struct entry *entry = array_add(&entries->items, &entries->count, sizeof(*entry));
	bool is_whole = entry;

	for (size_t i = 0; entry && i < TEXT_COUNT; i++) {
		char **one = entry_text_at(entry, i);

		*one = strdup(one == &entry->text ? text : "");
		is_whole = is_whole && *one;
	}
	if (is_whole && entry_set_text(&entry->place, place, strlen(place), error) == 0) {
		entry->uid = (uid_t)-1;
		entry->gid = (gid_t)-1;
		return entry;
	}
	error_errno(error, NULL, NO_MEMORY);
	return NULL;
}

static int entries_add_at(struct entries *entries, const char *text, const char *place, struct atomicdir_error *error)
{
	struct entry *entry = entry_begin(entries, text, place, error);

	return entry ? entry_parse(entry, text, error) : -1;
}

int entries_add(struct entries *entries, const char *text, struct atomicdir_error *error)
{
	return entries_add_at(entries, text, "", error);
}

int entries_begin(struct entries *entries, const char *place, struct atomicdir_error *error)
{
	return entry_begin(entries, "", place, error) ? 0 : -1;
}

static int entry_set_secret(struct entry *entry, const char *value, bool is_prefix, struct atomicdir_error *error)
{
	entry->is_prefix = is_prefix;
	if (entry_set_text(&entry->text, value, strlen(value), error) < 0)
		return -1;
	return entry_set_text(&entry->secret, value, strlen(value), error);
}

int entries_set(struct entries *entries, const char *name, const char *value, struct atomicdir_error *error)
{
	struct entry *entry = &entries->items[entries->count - 1];
	char **place = entry_text_named(entry, name);

	if (strcmp(name, WORD_TEXT) == 0)
		return entry_set_text(&entry->text, value, strlen(value), error) < 0 ? -1 : entry_parse(entry, value, error);
	if (strcmp(name, WORD_SECRET) == 0 || strcmp(name, WORD_PREFIX) == 0)
		return entry_set_secret(entry, value, strcmp(name, WORD_PREFIX) == 0, error);
	if (place && strcmp(name, WORD_FORMAT) != 0)
		return entry_set_text(place, value, strlen(value), error);
	return entry_take_option(entry, name, strcmp(name, WORD_OPTIONAL) == 0 ? NULL : value, error);
}

int entries_end(struct entries *entries, struct atomicdir_error *error)
{
	struct entry *entry = &entries->items[entries->count - 1];

	if ((!*entry->secret && !entry->is_prefix) || strlen(entry->secret) > SECRET_MAX)
		return entry_refuse(entry, NO_NAME, error);
	return entry_finish(entry, error);
}

static int entries_add_line(struct entries *entries, char *line, const char *place, struct atomicdir_error *error)
{
	size_t size;

	line += strspn(line, " \t\r");
	size = strlen(line);
	while (size && strchr(" \t\r", line[size - 1]))
		line[--size] = '\0';
	return *line && *line != '#' ? entries_add_at(entries, line, place, error) : 0;
}

int entries_add_file(struct entries *entries, const char *path, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer content = { 0 };
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	char *line, *rest, place[320];
	int number = 0;

	if (input_read("the file of entries", path, FILE_MAX, &content, error) < 0)
		return -1;
	if (memchr(content.bytes, '\0', content.size))
		return error_set(error, ATOMICDIR_USAGE, NULL, "the file of entries '%s' contains a NUL byte", path);
	rest = content.bytes;
	while ((line = strsep(&rest, "\n"))) {
		snprintf(place, sizeof(place), "%.300s:%d", name, ++number);
		if (entries_add_line(entries, line, place, error) < 0)
			return -1;
	}
	return 0;
}

/* ---- Copies ---- */

struct entry *entries_add_copy(struct entries *entries, const struct entry *entry)
{
	struct entry *copy = array_add(&entries->items, &entries->count, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *entry;
	for (size_t i = 0; i < TEXT_COUNT; i++)
		*entry_text_at(copy, i) = NULL;
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (entry_replace(entry_text_at(copy, i), *(char **)((uintptr_t)entry + texts[i].offset)) < 0)
			return NULL;
	return copy;
}

int entry_replace(char **text, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -1;
	free(*text);
	*text = copy;
	return 0;
}

/* The text as it is written says it, but not that of a spec, which has its parts besides. Where it is written does not count. */
int entry_print(const struct entry *entry, struct buffer *text)
{
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (texts[i].offset != offsetof(struct entry, place) &&
		    buffer_printf(text, "%s\t", *(char **)((uintptr_t)entry + texts[i].offset)) < 0)
			return -1;
	return buffer_printf(text, "%d %d %d %o %u %u", entry->is_optional, entry->is_base64, entry->is_prefix, entry->mode,
			     entry->uid, entry->gid);
}

/* ---- From one process to another ---- */

#define WORD_FLAGS "flags"

/* By numbers, since two of the texts have no name. */
static int entry_encode(struct entry *entry, struct record *record)
{
	char name[FIELD_NAME_SIZE], flags[80];

	for (size_t i = 0; i < TEXT_COUNT; i++) {
		snprintf(name, sizeof(name), "text-%zu", i);
		if (record_add_text(record, name, *entry_text_at(entry, i)) < 0)
			return -1;
	}
	snprintf(flags, sizeof(flags), "%d %d %d %o %u %u", entry->is_optional, entry->is_base64, entry->is_prefix, entry->mode,
		 entry->uid, entry->gid);
	return record_add_text(record, WORD_FLAGS, flags);
}

static int entry_decode(struct entry *entry, const struct record *record)
{
	const char *flags = record_text(record, WORD_FLAGS);
	int is_optional, is_base64, is_prefix;
	char name[FIELD_NAME_SIZE];

	for (size_t i = 0; i < TEXT_COUNT; i++) {
		const char *text;

		snprintf(name, sizeof(name), "text-%zu", i);
		text = record_text(record, name);
		*entry_text_at(entry, i) = strdup(text ? text : "");
		if (!*entry_text_at(entry, i))
			return -1;
	}
	if (!flags || sscanf(flags, "%d %d %d %o %u %u", &is_optional, &is_base64, &is_prefix, &entry->mode, &entry->uid,
			     &entry->gid) != 6) {
		errno = EPROTO;
		return -1;
	}
	entry->is_optional = is_optional;
	entry->is_base64 = is_base64;
	entry->is_prefix = is_prefix;
	return 0;
}

int entries_write(const struct entries *entries, int fd)
{
	int result = 0;

	for (size_t i = 0; i < entries->count && result == 0; i++) {
		cleanup_record struct record record = { 0 };

		result = entry_encode(&entries->items[i], &record) < 0 ? -1 : record_write(&record, fd);
	}
	return result;
}

int entries_read(struct entries *entries, struct field_reader *reader)
{
	cleanup_record struct record record = { 0 };
	int got;

	while ((got = record_read(reader, &record)) > 0) {
		struct entry *entry = array_add(&entries->items, &entries->count, sizeof(*entry));

		if (!entry || entry_decode(entry, &record) < 0)
			return -1;
	}
	return got;
}

/* ---- What it asks for ---- */

const char *entry_path(const struct entry *entry)
{
	if (*entry->path)
		return entry->path;
	return arn_is(entry->secret) ? "" : entry->secret;
}

static bool ends_in_slash(const char *text)
{
	return *text && text[strlen(text) - 1] == '/';
}

bool entry_is_prefix(const struct entry *entry)
{
	return entry->is_prefix || (ends_in_slash(entry_path(entry)) && ends_in_slash(entry->secret));
}

bool entry_is_many(const struct entry *entry)
{
	return entry->is_prefix || ends_in_slash(entry_path(entry));
}

static int entry_refuse_clash(const struct entry *entry, const struct entry *other, struct atomicdir_error *error)
{
	char text[700], shown[256];

	path_show(other->text, strlen(other->text), shown, sizeof(shown));
	snprintf(text, sizeof(text), "its path conflicts with that of entry '%s'%s%s; give one of them another %s", shown,
		 *other->place ? " at " : "", other->place, *entry->path_key ? entry->path_key : "PATH");
	return entry_refuse(entry, text, error);
}

/* What only begins the names of files may go well together with others. */
static bool entry_has_path(const struct entry *entry)
{
	return *entry_path(entry) && (!entry->is_prefix || ends_in_slash(entry_path(entry)));
}

int entries_check(const struct entries *entries, struct atomicdir_error *error)
{
	cleanup_free const char **paths = reallocarray(NULL, entries->count + 1, sizeof(*paths));
	cleanup_free size_t *indexes = reallocarray(NULL, entries->count + 1, sizeof(*indexes));
	size_t count = 0, one, other;
	int result;

	if (!paths || !indexes)
		return error_errno(error, NULL, "cannot check the entries");
	for (size_t i = 0; i < entries->count; i++)
		if (entry_has_path(&entries->items[i])) {
			indexes[count] = i;
			paths[count++] = entry_path(&entries->items[i]);
		}
	result = path_find_clash(paths, count, &one, &other);
	if (result < 0)
		return error_errno(error, NULL, "cannot check the entries");
	return result ? entry_refuse_clash(&entries->items[indexes[one]], &entries->items[indexes[other]], error) : 0;
}
