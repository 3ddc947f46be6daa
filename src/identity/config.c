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

char *aws_path(const char *path)
{
	const char *home = variable_text("HOME");
	char *result;

	if (path[0] != '~' || (path[1] && path[1] != '/'))
		return strdup(path);
	if (!home) {
		const struct passwd *passwd = getpwuid(geteuid());

		home = passwd ? passwd->pw_dir : "/";
	}
	return asprintf(&result, "%s%s", home, path + 1) < 0 ? NULL : result;
}

/* "KIND NAME", its name quoted where need be. */
static bool section_is(const char *section, const char *kind, const char *name)
{
	struct words words;
	bool is_it;

	if (strncmp(section, kind, strlen(kind)) != 0 || words_split(section, &words) != 0)
		return false;
	is_it = words.count == 2 && strcmp(words.items[0], kind) == 0 && strcmp(words.items[1], name) == 0;
	words_clear(&words);
	return is_it;
}

const struct ini_entry *aws_section_find(const char *kind, const char *name, const char *parent, const char *key)
{
	for (size_t i = 0; i < loaded.config.count; i++) {
		const struct ini_entry *entry = &loaded.config.entries[i];

		if (!*entry->key && section_is(entry->section, kind, name))
			return ini_find(&loaded.config, entry->section, parent, key);
	}
	return NULL;
}

const struct ini_entry *aws_credentials_find(const char *profile, const char *key)
{
	return ini_find(&loaded.credentials, profile, NULL, key);
}

/* [profile default] is the default profile too, and goes before [default]. */
const struct ini_entry *aws_profile_find(const char *profile, const char *key)
{
	const struct ini_entry *found = aws_credentials_find(profile, key);

	if (found)
		return found;
	if (strcmp(profile, "default") == 0 && !aws_section_find("profile", profile, NULL, ""))
		return ini_find(&loaded.config, profile, NULL, key);
	return aws_section_find("profile", profile, NULL, key);
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
	cleanup_free char *path = aws_path(named ? named : otherwise);

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
