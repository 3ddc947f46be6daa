/* SPDX-License-Identifier: ISC
 *
 * Keys that stand in the shared files, and what stands there that cannot be used.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "identity/config.h"
#include "identity/keys.h"
#include "identity/provider.h"

typedef const struct ini_entry *(*find_fn)(const char *profile, const char *key);

static int entry_take(const struct ini_entry *entry, struct buffer *buffer, struct atomicdir_error *error)
{
	if (credentials_refuse_text(entry->value))
		return ini_refuse(error, entry, "%s holds a line end, which no key has", entry->key);
	return buffer_add_text(buffer, entry->value) < 0 ? error_errno(error, NULL, "cannot take the keys") : 0;
}

static int profile_take_keys(find_fn find, const char *profile, struct credentials *credentials, struct atomicdir_error *error)
{
	const struct ini_entry *id = find(profile, "aws_access_key_id"), *key = find(profile, "aws_secret_access_key");
	const struct ini_entry *token = find(profile, "aws_security_token");

	if (!id && !key)
		return 0;
	if (!id || !key || !*id->value || !*key->value)
		return ini_refuse(error, id ? id : key,
				  "profile '%.64s' needs aws_access_key_id and aws_secret_access_key, both", profile);
	/* The old name of it counts where both are set, as in the environment. */
	token = token ? token : find(profile, "aws_session_token");
	if (entry_take(id, &credentials->key_id, error) < 0 || entry_take(key, &credentials->key, error) < 0 ||
	    (token && entry_take(token, &credentials->token, error) < 0))
		return -1;
	snprintf(credentials->from, sizeof(credentials->from), "profile '%.32s' in %.100s", profile, id->file->path);
	return 1;
}

PROVIDER(credentials_file)
{
	return profile_take_keys(aws_credentials_find, context->profile, credentials, error);
}

PROVIDER(config_file)
{
	return profile_take_keys(aws_profile_find, context->profile, credentials, error);
}

PROVIDER(login)
{
	const struct ini_entry *login = aws_profile_find(context->profile, "login_session");

	(void)credentials;
	return login ? ini_refuse(
			       error, login,
			       "a profile of `aws login` is not read here: in another profile, write credential_process = aws configure "
			       "export-credentials --profile %.64s --format process",
			       context->profile)
		     : 0;
}

PROVIDER(unreadable)
{
	(void)context;
	(void)credentials;
	return aws_config_check(error);
}
