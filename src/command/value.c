/* SPDX-License-Identifier: ISC */
#include "command/value.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/libc.h"

static int value_refuse(const char *text, const char *wanted, struct atomicdir_error *error)
{
	return error_set(error, ATOMICDIR_USAGE, NULL, "'%.200s' is not %s", text, wanted);
}

/* Reads digits, and sets *rest to what follows them. False: there are none, or their number is too large. */
static bool value_digits(const char *text, int64_t *number, const char **rest)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	*rest = end;
	return *text >= '0' && *text <= '9' && !errno;
}

int value_count(const char *text, int64_t *count, struct atomicdir_error *error)
{
	const char *rest;
	int64_t number;

	if (!value_digits(text, &number, &rest) || *rest)
		return value_refuse(text, "a whole number", error);
	*count = number;
	return 0;
}

int value_duration(const char *text, int64_t *ms, struct atomicdir_error *error)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	const char *unit;
	int64_t number;
	bool is_number = value_digits(text, &number, &unit);

	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return 0;
	}
	for (size_t i = 0; is_number && i < sizeof(units) / sizeof(*units); i++)
		/* Half of the range, so that a moment and a duration can be added. */
		if (strcmp(unit, units[i].name) == 0 && number <= INT64_MAX / units[i].ms / 2) {
			*ms = number * units[i].ms;
			return 0;
		}
	return value_refuse(text, "a duration such as 500ms, 30s, 5m, 2h or 7d", error);
}

int value_mode(const char *text, mode_t *mode, struct atomicdir_error *error)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || value > 07777 || !value)
		return value_refuse(text, "a mode in octal such as 0640", error);
	*mode = (mode_t)value;
	return 0;
}

/* Sets *id to the number that was found for a name, else to the text as a number. */
static int value_id(const char *text, bool is_found, uint32_t found, const char *wanted, uint32_t *id,
		    struct atomicdir_error *error)
{
	struct atomicdir_error ignored;
	int64_t number = found;

	if (!is_found && (value_count(text, &number, &ignored) < 0 || number >= UINT32_MAX))
		return value_refuse(text, wanted, error);
	*id = (uint32_t)number;
	return 0;
}

/* With `has_group` the user's own group is wanted too. */
static int value_user(const char *name, bool has_group, uid_t *uid, gid_t *gid, struct atomicdir_error *error)
{
	const struct passwd *user = getpwnam(name);

	if (value_id(name, user, user ? user->pw_uid : 0, "a user of this system", uid, error) < 0)
		return -1;
	if (!has_group)
		return 0;
	user = user ? user : getpwuid(*uid);
	if (!user)
		return value_refuse(name, "a user whose group is known; write USER:GROUP", error);
	*gid = user->pw_gid;
	return 0;
}

static int value_group(const char *name, gid_t *gid, struct atomicdir_error *error)
{
	const struct group *group = getgrnam(name);

	return value_id(name, group, group ? group->gr_gid : 0, "a group of this system", gid, error);
}

int value_owner(const char *text, uid_t *uid, gid_t *gid, struct atomicdir_error *error)
{
	size_t size = strcspn(text, ":");
	const char *group = text[size] ? text + size + 1 : "";
	uid_t new_uid = *uid;
	gid_t new_gid = *gid;
	char user[256];

	if (size >= sizeof(user) || (!size && !*group))
		return value_refuse(text, "USER, USER:GROUP or :GROUP", error);
	memcpy(user, text, size);
	user[size] = '\0';
	if (size && value_user(user, text[size] && !*group, &new_uid, &new_gid, error) < 0)
		return -1;
	if (*group && value_group(group, &new_gid, error) < 0)
		return -1;
	*uid = new_uid;
	*gid = new_gid;
	return 0;
}

int value_signal(const char *text, int *signal, struct atomicdir_error *error)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	char number[16];

	for (int one = 1; one < SIGRTMIN; one++) {
		const char *known = sigabbrev_np(one);

		snprintf(number, sizeof(number), "%d", one);
		if (known && (strcmp(known, name) == 0 || strcmp(number, text) == 0)) {
			*signal = one;
			return 0;
		}
	}
	return error_set(error, ATOMICDIR_USAGE, NULL, "'%.200s' is not a signal such as HUP, SIGHUP or 1", text);
}
