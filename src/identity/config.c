/* SPDX-License-Identifier: ISC */
#include "identity/config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "identity/variables.h"
#include "identity/words.h"

static struct {
	struct ini config, credentials;
	char *profile;
} loaded;

void aws_config_clear(void)
{
	ini_clear(&loaded.config);
	ini_clear(&loaded.credentials);
	free_pointer(&loaded.profile);
}

/* ---- Paths ---- */

/* Of ~ or ~USER, which is so many bytes. NULL: there is no such user. */
static const char *home_find(const char *path, size_t size)
{
	cleanup_free char *user = strndup(path + 1, size - 1);
	const char *home = size == 1 ? variable_text("HOME") : NULL;
	const struct passwd *passwd;

	if (home)
		return home;
	if (size == 1)
		passwd = getpwuid(geteuid());
	else
		passwd = user ? getpwnam(user) : NULL;
	if (passwd)
		return passwd->pw_dir;
	return size == 1 ? "/" : NULL;
}

char *aws_path(const char *path)
{
	size_t size = strcspn(path, "/");
	const char *home = *path == '~' ? home_find(path, size) : NULL;
	char *result;

	if (!home)
		return strdup(path);
	return asprintf(&result, "%s%s", home, path + size) < 0 ? NULL : result;
}

/* How many bytes $NAME or ${NAME} has at the beginning of the text; 0: this is neither. */
static size_t reference_measure(const char *text, const char **name, size_t *name_size)
{
	static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	bool is_braced = text[0] == '$' && text[1] == '{';

	*name = text + 1 + is_braced;
	*name_size = is_braced ? strcspn(*name, "}") : strspn(*name, word);
	if (text[0] != '$' || (is_braced ? (*name)[*name_size] != '}' : *name_size == 0))
		return 0;
	return (size_t)(*name - text) + *name_size + is_braced;
}

/* As Python's expandvars does it: what is not set stays, and a value is not looked at again. -1 with ENOMEM. */
static int path_expand(const char *path, struct buffer *expanded)
{
	while (*path) {
		const char *name, *value;
		size_t name_size, size = reference_measure(path, &name, &name_size), used = size ? size : 1;

		value = size ? variable_find(name, name_size) : NULL;
		if ((value ? buffer_add_text(expanded, value) : buffer_add(expanded, path, used)) < 0)
			return -1;
		path += used;
	}
	return buffer_add_text(expanded, "");
}

/* ---- Sections and profiles ---- */

/* "KIND NAME", its name quoted where need be. */
static bool section_is(const char *section, const char *kind, const char *name)
{
	size_t size = strlen(kind);
	struct words words;
	bool is_it;

	if (strncmp(section, kind, size) != 0)
		return false;
	/* There may be thousands of them: most need no splitting. */
	if (!strpbrk(section, "'\"\\")) {
		size_t gap = strspn(section + size, " \t");

		return gap && strcmp(section + size + gap, name) == 0 && !strpbrk(name, " \t");
	}
	if (words_split(section, &words) != 0)
		return false;
	is_it = words.count == 2 && strcmp(words.items[0], kind) == 0 && strcmp(words.items[1], name) == 0;
	words_clear(&words);
	return is_it;
}

static bool section_is_profile(const char *section, const char *profile)
{
	return section_is(section, "profile", profile) || (strcmp(profile, "default") == 0 && strcmp(section, "default") == 0);
}

/* Of several ways to write one name, the last one in the file is the one that counts. NULL: there is none. */
static const char *section_find(const char *kind, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < loaded.config.count; i++) {
		const struct ini_entry *entry = &loaded.config.entries[i];

		if (*entry->key)
			continue;
		if (kind ? section_is(entry->section, kind, name) : section_is_profile(entry->section, name))
			found = entry->section;
	}
	return found;
}

const struct ini_entry *aws_section_find(const char *kind, const char *name, const char *parent, const char *key)
{
	const char *section = section_find(kind, name);

	return section ? ini_find(&loaded.config, section, parent, key) : NULL;
}

const struct ini_entry *aws_credentials_find(const char *profile, const char *key)
{
	return ini_find(&loaded.credentials, profile, NULL, key);
}

const struct ini_entry *aws_profile_find(const char *profile, const char *key)
{
	const struct ini_entry *found = aws_credentials_find(profile, key);
	const char *section = found ? NULL : section_find(NULL, profile);

	return section ? ini_find(&loaded.config, section, NULL, key) : found;
}

const char *aws_profile_text(const char *profile, const char *key)
{
	const struct ini_entry *found = aws_profile_find(profile, key);

	return found && *found->value ? found->value : NULL;
}

const char *aws_profile(void)
{
	return loaded.profile ? loaded.profile : "default";
}

const char *aws_config_path(void)
{
	return loaded.config.path;
}

const char *aws_credentials_path(void)
{
	return loaded.credentials.path;
}

const char *aws_setting(const char *variable, const char *key)
{
	const char *value = variable_text(variable);

	return value ? value : aws_profile_text(aws_profile(), key);
}

bool aws_setting_is_true(const char *variable, const char *key)
{
	const char *value = aws_setting(variable, key);

	return value && strcasecmp(value, "true") == 0;
}

static int config_load_file(const char *variable, const char *otherwise, struct ini *ini, struct atomicdir_error *error)
{
	const char *named = variable_text(variable);
	cleanup_buffer struct buffer expanded = { 0 };
	cleanup_free char *path = NULL;

	if (path_expand(named ? named : otherwise, &expanded) == 0)
		path = aws_path(expanded.bytes);
	return path ? ini_load(path, named, ini, error) : error_errno(error, NULL, "cannot start");
}

int aws_config_check(struct atomicdir_error *error)
{
	const struct ini *file = loaded.config.unreadable ? &loaded.config : &loaded.credentials;

	if (!file->unreadable)
		return 0;
	errno = file->unreadable;
	error_errno(error, file->path, "cannot read");
	error->kind = ATOMICDIR_USAGE;
	error_append(error, "mend its rights, or say which one to read in %s",
		     file == &loaded.config ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE");
	return -1;
}

int aws_config_load(const struct told *told, struct atomicdir_error *error)
{
	const char *named = told_option(told, OPTION_PROFILE);

	aws_config_clear();
	if (!named)
		named = variable_text("AWS_PROFILE");
	if (!named)
		named = variable_text("AWS_DEFAULT_PROFILE");
	loaded.profile = strdup(named ? named : "default");
	if (!loaded.profile)
		return error_errno(error, NULL, "cannot start");
	if (config_load_file("AWS_CONFIG_FILE", "~/.aws/config", &loaded.config, error) < 0 ||
	    config_load_file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &loaded.credentials, error) < 0)
		return -1;
	if (named && !aws_profile_find(named, ""))
		return aws_config_check(error) < 0
			       ? -1
			       : error_set(
					 error, ATOMICDIR_USAGE, NULL,
					 "there is no profile '%.128s', neither [profile %.128s] in %.160s nor [%.128s] in %.160s",
					 named, named, aws_config_path(), named, aws_credentials_path());
	return 0;
}
