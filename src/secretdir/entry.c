/* SPDX-License-Identifier: ISC */
#include "secretdir/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "base/utf8.h"
#include "command/options.h"
#include "secretdir/path.h"

#define SECRET_MAX 2048
#define ARN_COLONS 6
#define FILE_MAX (16 << 20)
#define NO_NAME "it has no secret's name, or one of more than 2048 bytes"
#define TWICE "an option occurs twice: take one out"

static int refuse(struct atomicdir_error *error, const struct entry *entry, const char *why)
{
	char shown[256];

	path_show(entry->text, strlen(entry->text), shown, sizeof(shown));
	error_set(error, ATOMICDIR_USAGE, NULL, "%s", why);
	error_prefix(error, "entry '%s'", shown);
	return *entry->place ? error_prefix(error, "%s", entry->place) : -1;
}

/* What an entry consists of, by the names that a request and a spec have for it. */
static const struct {
	const char *name;
	size_t offset;
} places[] = {
	{ "", offsetof(struct entry, text) },
	{ "", offsetof(struct entry, place) },
	{ WORD_PATH, offsetof(struct entry, path) },
	{ WORD_SECRET, offsetof(struct entry, secret) },
	{ WORD_KEY, offsetof(struct entry, key) },
	{ WORD_QUERY, offsetof(struct entry, query) },
	{ WORD_SERVICE, offsetof(struct entry, service) },
	{ WORD_STAGE, offsetof(struct entry, stage) },
	{ WORD_VERSION, offsetof(struct entry, version) },
	{ WORD_FAILOVER_SECRET, offsetof(struct entry, failover_secret) },
	{ WORD_FAILOVER_STAGE, offsetof(struct entry, failover_stage) },
};

#define PLACES (sizeof(places) / sizeof(*places))

static char **place_at(struct entry *entry, size_t i)
{
	return (char **)(void *)((char *)entry + places[i].offset);
}

static char **place_of(struct entry *entry, const char *name)
{
	for (size_t i = 0; i < PLACES; i++)
		if (*name && strcmp(places[i].name, name) == 0)
			return place_at(entry, i);
	return NULL;
}

static void entry_clear(struct entry *entry)
{
	for (size_t i = 0; i < PLACES; i++)
		free(*place_at(entry, i));
}

void entries_clear(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entry_clear(&entries->items[i]);
	free(entries->items);
	*entries = (struct entries){ 0 };
}

static int set(char **place, const char *text, size_t size, struct atomicdir_error *error)
{
	free(*place);
	*place = strndup(text, size);
	return *place ? 0 : error_errno(error, NULL, "cannot take the entry");
}

/* The name's size; an ARN's seven fields are read as one. 0: it is no name. */
static size_t secret_size(const char *text)
{
	size_t size = 0;

	if (!arn_is(text))
		return strcspn(text, ":,");
	for (int i = 0; i < ARN_COLONS; i++) {
		size += strcspn(text + size, ":,");
		if (text[size] != ':')
			return 0;
		size++;
	}
	return text[size] && !strchr(":,", text[size]) ? size + strcspn(text + size, ":,") : 0;
}

/* RFC 6901: '~' stands only before 0 and 1. */
static bool is_pointer(const char *key)
{
	for (; *key; key++)
		if (*key == '~' && key[1] != '0' && key[1] != '1')
			return false;
	return true;
}

static int set_name(struct entry *entry, char **place, const char *value, struct atomicdir_error *error)
{
	if (**place)
		return refuse(error, entry, TWICE);
	if (!value || !*value)
		return refuse(error, entry, "stage and version need a value");
	return set(place, value, strlen(value), error);
}

static int set_mode(struct entry *entry, const char *value, struct atomicdir_error *error)
{
	if (entry->mode)
		return refuse(error, entry, TWICE);
	return parse_mode(value ? value : "", &entry->mode, error) < 0
		       ? refuse(error, entry, "its mode is not one in octal such as 0400")
		       : 0;
}

static int set_owner(struct entry *entry, const char *value, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	char why[512];

	if (entry->uid != (uid_t)-1 || entry->gid != (gid_t)-1)
		return refuse(error, entry, TWICE);
	if (parse_owner(value ? value : "", &entry->uid, &entry->gid, &own) == 0)
		return 0;
	snprintf(why, sizeof(why), "its owner is %.400s", own.text);
	return refuse(error, entry, why);
}

static int set_flag(struct entry *entry, bool *flag, bool is_good, const char *why, struct atomicdir_error *error)
{
	if (!is_good)
		return refuse(error, entry, why);
	if (*flag)
		return refuse(error, entry, TWICE);
	*flag = true;
	return 0;
}

/* The value is NULL where there is none. */
static int take_option(struct entry *entry, const char *name, const char *value, struct atomicdir_error *error)
{
	if (strcmp(name, WORD_STAGE) == 0 || strcmp(name, WORD_VERSION) == 0)
		return set_name(entry, place_of(entry, name), value, error);
	if (strcmp(name, WORD_MODE) == 0)
		return set_mode(entry, value, error);
	if (strcmp(name, WORD_OWNER) == 0)
		return set_owner(entry, value, error);
	if (strcmp(name, WORD_OPTIONAL) == 0)
		return set_flag(entry, &entry->is_optional, !value, "'optional' takes no value", error);
	if (strcmp(name, WORD_DECODE) == 0)
		return set_flag(entry, &entry->is_base64, value && strcmp(value, "base64") == 0,
				"the one way to decode is decode=base64", error);
	return refuse(error, entry, "there is no such option; there are stage, version, mode, owner, optional and decode");
}

static int take_options(struct entry *entry, const char *text, struct atomicdir_error *error)
{
	while (*text == ',') {
		size_t size = strcspn(text + 1, ",");
		cleanup_free char *name = strndup(text + 1, size);
		char *value = name ? strchr(name, '=') : NULL;

		if (!name)
			return error_errno(error, NULL, "cannot take the entry");
		if (value)
			*value++ = '\0';
		if (take_option(entry, name, value, error) < 0)
			return -1;
		text += 1 + size;
	}
	return 0;
}

static int take_key(struct entry *entry, const char **text, struct atomicdir_error *error)
{
	size_t size;

	if (**text != ':')
		return 0;
	size = strcspn(++*text, ",");
	if (!size)
		return refuse(error, entry, "its KEY is empty");
	if (set(&entry->key, *text, size, error) < 0)
		return -1;
	*text += size;
	return 0;
}

static int take_path(struct entry *entry, const char **text, struct atomicdir_error *error)
{
	size_t size = strcspn(*text, "=:,");

	if ((*text)[size] != '=')
		return 0;
	if (!size)
		return refuse(error, entry, "its PATH is empty");
	if (set(&entry->path, *text, size, error) < 0)
		return -1;
	*text += size + 1;
	return 0;
}

static int check(const struct entry *entry, struct atomicdir_error *error)
{
	const char *path = entry_path(entry), *why = *path ? path_refuse(path, strlen(path)) : NULL;
	char text[256];

	if (!utf8_is_valid(entry->secret, strlen(entry->secret)) || !utf8_is_valid(entry->key, strlen(entry->key)))
		return refuse(error, entry, "it is not UTF-8");
	if (*entry->key == '/' && !is_pointer(entry->key))
		return refuse(error, entry, "its KEY is no JSON Pointer: '~' stands only in ~0 and ~1");
	if (*entry->key && *entry->query)
		return refuse(error, entry, "it has a key and a query; one of them says which value is taken");
	if (*entry->service && strcmp(entry->service, "ssm") != 0)
		return refuse(error, entry, "the one service beside Secrets Manager is ssm");
	for (const char *c = entry->secret; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return refuse(error, entry, "a secret's name has neither white space nor control characters");
	if (entry_is_many(entry) && (*entry->key || *entry->query))
		return refuse(error, entry, "a PATH that ends in '/' takes all the keys, so it goes with no KEY");
	if (!why)
		return 0;
	snprintf(text, sizeof(text), "its path cannot be published: %s; write it as PATH=SECRET, with another PATH", why);
	return refuse(error, entry, text);
}

static int parse(struct entry *entry, const char *text, struct atomicdir_error *error)
{
	size_t size;

	if (take_path(entry, &text, error) < 0)
		return -1;
	size = secret_size(text);
	if (!size || size > SECRET_MAX)
		return refuse(error, entry,
			      arn_is(text) ? "its ARN is not arn:PARTITION:SERVICE:REGION:ACCOUNT:secret:NAME" : NO_NAME);
	if (set(&entry->secret, text, size, error) < 0)
		return -1;
	text += size;
	if (take_key(entry, &text, error) < 0 || take_options(entry, text, error) < 0)
		return -1;
	return check(entry, error);
}

static struct entry *begin(struct entries *entries, const char *text, const char *place, struct atomicdir_error *error)
{
	struct entry *items = reallocarray(entries->items, entries->count + 1, sizeof(*items)), *entry;
	bool is_whole = true;

	if (!items) {
		error_errno(error, NULL, "cannot take the entry");
		return NULL;
	}
	entries->items = items;
	entry = &items[entries->count++];
	*entry = (struct entry){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	for (size_t i = 0; i < PLACES; i++) {
		char **its = place_at(entry, i);

		*its = strdup(its == &entry->text ? text : its == &entry->place ? place : "");
		is_whole = is_whole && *its;
	}
	if (is_whole)
		return entry;
	error_errno(error, NULL, "cannot take the entry");
	return NULL;
}

int entries_add(struct entries *entries, const char *text, struct atomicdir_error *error)
{
	struct entry *entry = begin(entries, text, "", error);

	return entry ? parse(entry, text, error) : -1;
}

int entries_begin(struct entries *entries, const char *place, struct atomicdir_error *error)
{
	return begin(entries, "", place, error) ? 0 : -1;
}

int entries_set(struct entries *entries, const char *name, const char *value, struct atomicdir_error *error)
{
	struct entry *entry = &entries->items[entries->count - 1];
	char **place = place_of(entry, name);

	if (strcmp(name, WORD_TEXT) == 0)
		return set(&entry->text, value, strlen(value), error) < 0 ? -1 : parse(entry, value, error);
	if (strcmp(name, WORD_SECRET) == 0 && set(&entry->text, value, strlen(value), error) < 0)
		return -1;
	if (place)
		return set(place, value, strlen(value), error);
	return take_option(entry, name, strcmp(name, WORD_OPTIONAL) == 0 ? NULL : value, error);
}

int entries_end(struct entries *entries, struct atomicdir_error *error)
{
	const struct entry *entry = &entries->items[entries->count - 1];

	if (!*entry->secret || strlen(entry->secret) > SECRET_MAX)
		return refuse(error, entry, NO_NAME);
	return check(entry, error);
}

int entries_read_file(const char *path, struct buffer *content, struct atomicdir_error *error)
{
	bool is_input = strcmp(path, "-") == 0;
	cleanup_fd int fd = is_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && content->size <= FILE_MAX) {
		if (buffer_reserve(content, 65536) < 0)
			return error_errno(error, path, "cannot read the entries");
		got = read_all(fd, content->bytes + content->size, 65536);
		content->size += got > 0 ? (size_t)got : 0;
		content->bytes[content->size] = '\0';
	}
	if (got < 0) {
		error_errno(error, path, "cannot read the entries");
		if (error)
			error->kind = ATOMICDIR_USAGE;
	} else if (got > 0) {
		error_set(error, ATOMICDIR_USAGE, path, "the entries are longer than %d bytes", FILE_MAX);
	} else if (content->size >= 3 && memcmp(content->bytes, "\xef\xbb\xbf", 3) == 0) {
		buffer_consume(content, 3); /* a byte order mark, of an editor's */
	}
	return got ? -1 : 0;
}

int entries_add_file(struct entries *entries, const char *path, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer content = { 0 };
	char *line, *rest;
	int number = 0;

	if (entries_read_file(path, &content, error) < 0)
		return -1;
	if (memchr(content.bytes, '\0', content.size))
		return error_set(error, ATOMICDIR_USAGE, path, "the file of entries holds a NUL");
	rest = content.bytes;
	while ((line = strsep(&rest, "\n"))) {
		size_t size;

		number++;
		line += strspn(line, " \t\r");
		size = strlen(line);
		while (size && strchr(" \t\r", line[size - 1]))
			line[--size] = '\0';
		if (!*line || *line == '#')
			continue;
		if (entries_add(entries, line, error) < 0)
			return error_prefix(error, "%s, line %d", path, number);
	}
	return 0;
}

const char *entry_path(const struct entry *entry)
{
	if (*entry->path)
		return entry->path;
	return arn_is(entry->secret) ? "" : entry->secret;
}

bool entry_is_many(const struct entry *entry)
{
	const char *path = entry_path(entry);

	return *path && path[strlen(path) - 1] == '/';
}

int entries_check(const struct entries *entries, struct atomicdir_error *error)
{
	cleanup_free const char **paths = reallocarray(NULL, entries->count + 1, sizeof(*paths));
	cleanup_free size_t *indexes = reallocarray(NULL, entries->count + 1, sizeof(*indexes));
	size_t count = 0, one, other;
	const struct entry *clashing;
	char text[700], shown[256];
	int result;

	if (!paths || !indexes)
		return error_errno(error, NULL, "cannot take the entries");
	for (size_t i = 0; i < entries->count; i++)
		if (*entry_path(&entries->items[i])) {
			indexes[count] = i;
			paths[count++] = entry_path(&entries->items[i]);
		}
	result = path_find_clash(paths, count, &one, &other);
	if (result < 0)
		return error_errno(error, NULL, "cannot take the entries");
	if (!result)
		return 0;
	clashing = &entries->items[indexes[other]];
	path_show(clashing->text, strlen(clashing->text), shown, sizeof(shown));
	snprintf(text, sizeof(text), "its path clashes with that of entry '%s'%s%s: give one another PATH", shown,
		 *clashing->place ? " at " : "", clashing->place);
	return refuse(error, &entries->items[indexes[one]], text);
}
