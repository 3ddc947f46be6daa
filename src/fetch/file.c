/* SPDX-License-Identifier: ISC */
#include "fetch/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "fetch/base64.h"
#include "json/json.h"

#define FILE_MAX (16 << 20)
#define MAKE_ANEW "make the file anew"

struct file {
	struct source source;
	char *path; /* for errors */
	struct json *root;
	const struct json *values; /* the array of a batch; NULL: a single one, or plain */
	const struct json *errors;
	bool is_single;
};

static const struct json *member(const struct json *object, const char *key)
{
	return json_member(object, key, strlen(key));
}

static bool is_text(const struct json *object, const char *key, const char *text)
{
	const char *found = json_member_text(object, key);

	return found && strcmp(found, text) == 0;
}

static bool has_stage(const struct json *object, const char *stage)
{
	const struct json *stages = member(object, "VersionStages");

	for (const struct json *one = stages ? stages->first : NULL; one; one = one->next)
		if (one->type == JSON_STRING && one->size == strlen(stage) && memcmp(one->text, stage, one->size) == 0)
			return true;
	return !stages && strcmp(stage, "AWSCURRENT") == 0;
}

static bool is_wanted(const struct json *object, const char *id, const char *stage, const char *version)
{
	if (!is_text(object, "Name", id) && !is_text(object, "ARN", id))
		return false;
	if (*version && !is_text(object, "VersionId", version))
		return false;
	return *stage ? has_stage(object, stage) : *version || has_stage(object, "AWSCURRENT");
}

static int complain(const struct file *file, const char *id, int kind, const char *what, const char *cure,
		    struct atomicdir_error *error)
{
	error_set(error, kind, file->path, "%s the file of secrets", what);
	error_append(error, "%s", cure);
	return error_prefix(error, "%s", id);
}

static int take_value(const struct file *file, const struct json *object, struct secret *secret, const char *id,
		      struct atomicdir_error *error)
{
	const struct json *string = member(object, "SecretString"), *binary = member(object, "SecretBinary");
	const struct json *value = string ? string : binary;
	int result;

	if (!value || (string && binary) || value->type != JSON_STRING)
		return complain(file, id, ATOMICDIR_FAILED, "it has neither one SecretString nor one SecretBinary in",
				MAKE_ANEW, error);
	/* So that there is something even where nothing is in it. */
	result = buffer_reserve(&secret->value, 1);
	if (result == 0)
		result = string ? buffer_add(&secret->value, value->text, value->size)
				: base64_decode(value->text, value->size, true, &secret->value);
	if (result > 0)
		return complain(file, id, ATOMICDIR_FAILED, "its SecretBinary is not base64 in", MAKE_ANEW, error);
	return result < 0 ? error_errno(error, id, "cannot read the value of") : 0;
}

static int take(const struct file *file, const struct json *object, struct secret *secret, const char *id,
		struct atomicdir_error *error)
{
	const char *name = json_member_text(object, "Name"), *version = json_member_text(object, "VersionId");

	if (take_value(file, object, secret, id, error) < 0)
		return -1;
	secret->name = strdup(name ? name : id);
	secret->version = strdup(version ? version : "");
	return secret->name && secret->version ? 0 : error_errno(error, id, "cannot read the value of");
}

/* What the AWS CLI could not get stands in Errors. */
static int kind_of_code(const char *code)
{
	if (strcmp(code, "AccessDeniedException") == 0)
		return ATOMICDIR_DENIED;
	return strcmp(code, "ResourceNotFoundException") == 0 ? ATOMICDIR_NOT_FOUND : ATOMICDIR_FAILED;
}

static int refuse(const struct file *file, const char *id, struct atomicdir_error *error)
{
	char what[128];

	for (const struct json *one = file->errors ? file->errors->first : NULL; one; one = one->next) {
		const char *code = json_member_text(one, "ErrorCode");

		if (!code || !is_text(one, "SecretId", id))
			continue;
		snprintf(what, sizeof(what), "it could not be fetched (%.64s), says", code);
		return complain(file, id, kind_of_code(code), what, MAKE_ANEW, error);
	}
	return complain(file, id, ATOMICDIR_NOT_FOUND, "no such secret, stage or version in",
			"mend the entry, or make it optional", error);
}

static int get_plain(const struct file *file, const char *id, const char *stage, const char *version, struct secret *secret,
		     struct atomicdir_error *error)
{
	const struct json *found = member(file->root, id);

	if (!found || *version || (*stage && strcmp(stage, "AWSCURRENT") != 0))
		return refuse(file, id, error);
	secret->name = strdup(id);
	secret->version = strdup("");
	if (!secret->name || !secret->version || json_value(found, &secret->value) < 0)
		return error_errno(error, id, "cannot read the value of");
	return 0;
}

static int get(const struct file *file, struct lookup *lookup)
{
	const struct json *one = file->values ? file->values->first : file->root;

	if (!file->values && !file->is_single)
		return get_plain(file, lookup->id, lookup->stage, lookup->version, &lookup->secret, &lookup->error);
	for (; one; one = one->next)
		if (is_wanted(one, lookup->id, lookup->stage, lookup->version))
			return take(file, one, &lookup->secret, lookup->id, &lookup->error);
	return refuse(file, lookup->id, &lookup->error);
}

static void file_get(struct source *source, struct lookup *lookups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lookups[i].result = get((const struct file *)source, &lookups[i]) < 0 ? -1 : 1;
}

static int file_list(struct source *source, const char *service, const char *prefix, struct listing *listing,
		     struct atomicdir_error *error)
{
	const struct file *file = (const struct file *)source;
	const struct json *first = file->is_single ? file->root : file->root->first;

	(void)service;
	if (file->values)
		first = file->values->first;
	for (const struct json *one = first; one; one = one->next) {
		bool is_plain = !file->values && !file->is_single;
		const char *name = is_plain ? one->key : json_member_text(one, "Name");

		if (is_plain && memchr(one->key, '\0', one->key_size))
			return error_set(error, ATOMICDIR_FAILED, file->path, "a secret's name has a NUL in it");
		if (!name || strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		if (listing_add(listing, name, name, "") < 0)
			return error_errno(error, prefix, "cannot list");
	}
	/* A batch that failed for one of them is not all of them. */
	for (const struct json *one = file->errors ? file->errors->first : NULL; one; one = one->next) {
		const char *id = json_member_text(one, "SecretId");

		if (id && strncmp(id, prefix, strlen(prefix)) == 0)
			return refuse(file, id, error);
	}
	return 0;
}

static void file_free(struct source *source)
{
	struct file *file = (struct file *)source;

	json_free(file->root);
	free(file->path);
	free(file);
}

static int look(struct file *file, const char *path, struct atomicdir_error *error)
{
	const struct json *values = member(file->root, "SecretValues");

	if (file->root->type != JSON_OBJECT)
		return error_set(error, ATOMICDIR_FAILED, path, "the file of secrets is JSON, but no object");
	if (values && values->type == JSON_ARRAY) {
		file->values = values;
		file->errors = member(file->root, "Errors");
	} else if (json_member_text(file->root, "Name") && json_member_text(file->root, "ARN") &&
		   (member(file->root, "SecretString") || member(file->root, "SecretBinary"))) {
		file->is_single = true;
	}
	return 0;
}

static int read_whole(int fd, const char *path, struct buffer *content, struct atomicdir_error *error)
{
	if (read_to_end(fd, FILE_MAX, content) == 0)
		return 0;
	if (errno == EFBIG)
		return error_set(error, ATOMICDIR_FAILED, path, "the file of secrets is longer than %d bytes", FILE_MAX);
	return error_errno(error, path, "cannot read the file of secrets");
}

static int open_path(const char *path, struct atomicdir_error *error)
{
	bool is_passed = strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
	int fd = is_passed ? fcntl(PROTOCOL_INPUT_FD, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		return fd;
	error_errno(error, path, "cannot open the file of secrets");
	error->kind = errno == EACCES || errno == EPERM ? ATOMICDIR_DENIED : ATOMICDIR_UNREACHABLE;
	return -1;
}

int file_open(const struct request *request, struct atomicdir_error *error)
{
	const char *path = told_option(&request->told, OPTION_ARGUMENT);

	if (!path)
		return error_set(error, ATOMICDIR_USAGE, NULL, "the source 'file' needs a path: --source file:PATH");
	if (told_option(&request->told, OPTION_TAG))
		return error_set(error, ATOMICDIR_USAGE, path, "--tag is for the source 'aws': a file of secrets has no tags");
	return open_path(path, error);
}

struct source *file_read(int fd, const struct request *request, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer content = { 0 };
	const char *path = told_option(&request->told, OPTION_ARGUMENT), *why = "";
	struct file *file;

	if (read_whole(fd, path, &content, error) < 0)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (!file) {
		error_errno(error, path, "cannot read the file of secrets");
		return NULL;
	}
	file->source = (struct source){ .get = file_get, .list = file_list, .free = file_free };
	file->path = strdup(path);
	file->root = json_parse(content.bytes, content.size, &why);
	if (!file->path)
		error_errno(error, path, "cannot read the file of secrets");
	else if (!file->root)
		error_set(error, ATOMICDIR_FAILED, path, "the file of secrets cannot be read: %s", why);
	else if (look(file, path, error) == 0)
		return &file->source;
	file_free(&file->source);
	return NULL;
}
