/* SPDX-License-Identifier: ISC */
#include "command/options.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

typedef int (*parse_fn)(struct options *options, const char *text, struct atomicdir_error *error);

static int refuse(struct atomicdir_error *error, const char *text, const char *wanted)
{
	return error_set(error, ATOMICDIR_USAGE, text, "not %s", wanted);
}

static int parse_count(const char *text, int64_t *count, struct atomicdir_error *error)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return refuse(error, text, "a whole number");
	*count = value;
	return 0;
}

static int parse_duration(const char *text, int64_t *ms, struct atomicdir_error *error)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	/* Nothing is nothing in every unit. */
	if (strcmp(text, "0") == 0)
		return *ms = 0, 0;
	for (size_t i = 0; *text >= '0' && *text <= '9' && !errno && i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(end, units[i].unit) == 0 && value <= INT64_MAX / units[i].ms / 2) {
			*ms = value * units[i].ms;
			return 0;
		}
	return refuse(error, text, "a duration such as 500ms, 30s, 5m, 2h or 7d");
}

int parse_mode(const char *text, mode_t *mode, struct atomicdir_error *error)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || value > 07777 || !value)
		return refuse(error, text, "a mode in octal such as 0640");
	*mode = (mode_t)value;
	return 0;
}

static int parse_id(const char *text, int64_t named, uint32_t *id, const char *wanted, struct atomicdir_error *error)
{
	struct atomicdir_error ignored;
	int64_t number = named;

	if (named < 0 && (parse_count(text, &number, &ignored) < 0 || number >= UINT32_MAX))
		return refuse(error, text, wanted);
	*id = (uint32_t)number;
	return 0;
}

int parse_owner(const char *text, uid_t *uid, gid_t *gid, struct atomicdir_error *error)
{
	char user[256];
	size_t size = strcspn(text, ":");
	const char *group = text[size] ? text + size + 1 : "";
	const struct passwd *passwd;
	const struct group *entry;

	if (size >= sizeof(user) || (!size && !*group))
		return refuse(error, text, "USER, USER:GROUP or :GROUP");
	memcpy(user, text, size);
	user[size] = '\0';
	passwd = size ? getpwnam(user) : NULL;
	if (size && parse_id(user, passwd ? (int64_t)passwd->pw_uid : -1, uid, "a user here", error) < 0)
		return -1;
	/* As chown(1) has it, "USER:" is the user's own group; who has no entry has none. */
	if (size && text[size] && !*group) {
		passwd = passwd ? passwd : getpwuid(*uid);
		if (!passwd)
			return refuse(error, text, "a user whose group is known");
		*gid = passwd->pw_gid;
	}
	entry = *group ? getgrnam(group) : NULL;
	return *group ? parse_id(group, entry ? (int64_t)entry->gr_gid : -1, gid, "a group here", error) : 0;
}

static int parse_sync(struct options *options, const char *text, struct atomicdir_error *error)
{
	static const char *const ways[] = { "auto", "files", "fs", "none" };

	for (int i = 0; i < 4; i++)
		if (strcmp(text, ways[i]) == 0)
			return options->library.sync = i, 0;
	return refuse(error, text, "auto, files, fs or none");
}

/* One, or two with a comma between them. */
static int parse_regions(struct options *options, const char *text, struct atomicdir_error *error)
{
	size_t first = strcspn(text, ",");

	if (!first || (text[first] && (!text[first + 1] || strchr(text + first + 1, ','))))
		return refuse(error, text, "REGION or REGION,REGION");
	options->region = text;
	return 0;
}

static int parse_tag(struct options *options, const char *text, struct atomicdir_error *error)
{
	if (*text == '=' || !strchr(text, '='))
		return refuse(error, text, "KEY=VALUE");
	if (options->tag_count == TAGS_MOST)
		return error_set(error, ATOMICDIR_USAGE, text, "more than %d tags", TAGS_MOST);
	options->tags[options->tag_count++] = text;
	return 0;
}

static int parse_key(struct options *options, const char *text, struct atomicdir_error *error)
{
	if (strncmp(text, "arn:", 4) != 0 || !strstr(text, ":key/"))
		return refuse(error, text, "a key's ARN such as arn:aws:kms:REGION:ACCOUNT:key/ID");
	if (options->kms_key_count == KEYS_MOST)
		return error_set(error, ATOMICDIR_USAGE, text, "more than %d keys", KEYS_MOST);
	options->kms_keys[options->kms_key_count++] = text;
	return 0;
}

static int parse_entries(struct options *options, const char *text, struct atomicdir_error *error)
{
	if (options->entries_count == ENTRIES_MOST)
		return error_set(error, ATOMICDIR_USAGE, text, "more than %d files", ENTRIES_MOST);
	options->entries[options->entries_count++] = text;
	return 0;
}

/* It may say where all is fetched from, which two could not. */
static int parse_spec(struct options *options, const char *text, struct atomicdir_error *error)
{
	if (options->spec)
		return error_set(error, ATOMICDIR_USAGE, text, "a second spec, after '%.200s': write one of both",
				 options->spec);
	options->spec = text;
	return 0;
}

#define PARSE(name, call)                                                                         \
	static int name(struct options *options, const char *text, struct atomicdir_error *error) \
	{                                                                                         \
		(void)text;                                                                       \
		(void)error;                                                                      \
		return call;                                                                      \
	}
PARSE(set_keep, parse_count(text, &options->library.keep, error))
PARSE(set_grace, parse_duration(text, &options->library.grace_ms, error))
PARSE(set_wait, parse_duration(text, &options->library.wait_ms, error))
PARSE(set_no_wait, (options->library.wait_ms = 0, 0))
PARSE(set_if_generation, parse_count(text, &options->library.if_generation, error))
PARSE(set_file_mode, parse_mode(text, &options->library.file_mode, error))
PARSE(set_dir_mode, parse_mode(text, &options->library.dir_mode, error))
PARSE(set_hook_timeout, parse_duration(text, &options->hook_timeout_ms, error))
PARSE(set_owner, parse_owner(text, &options->library.uid, &options->library.gid, error))
PARSE(set_source, (options->source = text, 0))
PARSE(set_profile, (options->profile = text, 0))
PARSE(set_role_arn, (options->role_arn = text, 0))
PARSE(set_external_id, (options->external_id = text, 0))
PARSE(set_endpoint_url, (options->endpoint_url = text, 0))
PARSE(set_ca_bundle, (options->ca_bundle = text, 0))
PARSE(set_check, (options->check = text, 0))
PARSE(set_on_change, (options->on_change = text, options->library.hook = ATOMICDIR_HOOK_AFTER, 0))
PARSE(set_from, (options->from = text, 0))
PARSE(set_edit, (options->edit = true, 0))
PARSE(set_dereference, (options->dereference = true, 0))
PARSE(set_dry_run, (options->library.dry_run = 1, 0))
PARSE(set_offline, (options->offline = true, 0))
PARSE(set_json, (options->json = true, 0))
PARSE(set_quiet, (options->verbosity = -1, 0))
PARSE(set_verbose, (options->verbosity = 1, 0))

static const struct option {
	const char *name, *argument;
	unsigned takes;
	parse_fn parse;
	const char *help;
} table[] = {
	{ "--from", "DIR", TAKES_FILL, set_from, "publish a copy of DIR" },
	{ "--dereference", NULL, TAKES_FILL, set_dereference, "with --from: links become what they point to" },
	{ "--edit", NULL, TAKES_FILL, set_edit, "start from a copy of the live generation" },
	{ "--entries", "FILE", TAKES_ENTRIES, parse_entries, "more entries, one a line; -: standard input" },
	{ "--spec", "FILE", TAKES_ENTRIES, parse_spec, "more entries, or objects, in YAML; -: likewise" },
	{ "--source", "NAME[:ARG]", TAKES_ENTRIES, set_source, "aws (the default), file:PATH, or another" },
	{ "--profile", "NAME", TAKES_ENTRIES, set_profile, "of ~/.aws/config; else AWS_PROFILE" },
	{ "--role-arn", "ARN", TAKES_ENTRIES, set_role_arn, "a role to assume, by whoever we are" },
	{ "--external-id", "ID", TAKES_ENTRIES, set_external_id, "that the role's trust policy asks for" },
	{ "--region", "REGION[,OTHER]", TAKES_ENTRIES, parse_regions, "else AWS_REGION; OTHER: if it is not reached" },
	{ "--tag", "KEY=VALUE", TAKES_ENTRIES, parse_tag, "of PREFIX/ only secrets with this tag; again: and" },
	{ "--endpoint-url", "URL", TAKES_ENTRIES, set_endpoint_url, "else AWS's own, or AWS_ENDPOINT_URL" },
	{ "--ca-bundle", "FILE", TAKES_ENTRIES, set_ca_bundle, "else AWS_CA_BUNDLE, or the system's" },
	{ "--file-mode", "MODE", TAKES_FILL, set_file_mode, "of all files, in octal; default: as made" },
	{ "--dir-mode", "MODE", TAKES_FILL, set_dir_mode, "of all directories; the top one 0755" },
	{ "--file-mode", "MODE", TAKES_SECRETS, set_file_mode, "of files; default: 0400, with a group 0440" },
	{ "--dir-mode", "MODE", TAKES_SECRETS, set_dir_mode, "of directories; 0500, with a group 0550" },
	{ "--owner", "USER[:GROUP]", TAKES_FILL | TAKES_SECRETS, set_owner, "of all that is published" },
	{ "--sync", "HOW", TAKES_PUBLISH, parse_sync, "how it gets to disk: auto, files, fs, none" },
	{ "--check", "COMMAND", TAKES_PUBLISH, set_check, "run in it before the swap; can say no" },
	{ "--on-change", "COMMAND", TAKES_PUBLISH, set_on_change, "run after a change; again until it is 0" },
	{ "--hook-timeout", "DURATION", TAKES_PUBLISH, set_hook_timeout, "for these two; default: 1m" },
	{ "--keep", "N", TAKES_PUBLISH | TAKES_PRUNE, set_keep, "how many before the live one stay" },
	{ "--grace", "DURATION", TAKES_PUBLISH | TAKES_PRUNE, set_grace, "how long a replaced one stays: 1s, 5m, 2h" },
	{ "--wait", "DURATION", TAKES_PUBLISH | TAKES_PRUNE, set_wait, "at most so long for another writer" },
	{ "--no-wait", NULL, TAKES_PUBLISH | TAKES_PRUNE, set_no_wait, "give up where another writer is at work" },
	{ "--if-generation", "N", TAKES_PUBLISH, set_if_generation, "only if N is live; 0: only if none is" },
	{ "--dry-run", NULL, TAKES_PRUNE, set_dry_run, "remove nothing, only tell" },
	{ "--offline", NULL, TAKES_KEYS, set_offline, "ask nobody: names stand for themselves" },
	{ "--kms-key", "ARN", TAKES_KEYS, parse_key, "a key of your own that encrypts secrets; again: and" },
	{ "--json", NULL, TAKES_JSON, set_json, "JSON on standard output" },
	{ "-q", NULL, ~0U, set_quiet, "less on standard error" },
	{ "-v", NULL, ~0U, set_verbose, "more on standard error" },
};

void options_help(unsigned takes, FILE *to)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].takes & takes) {
			char left[40];

			snprintf(left, sizeof(left), "%s%s%s", table[i].name, table[i].argument ? " " : "",
				 table[i].argument ? table[i].argument : "");
			fprintf(to, "  %-26s %s\n", left, table[i].help);
		}
}

static const struct option *find(const char *text, size_t size, unsigned takes)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strlen(table[i].name) == size && strncmp(table[i].name, text, size) == 0 && table[i].takes & takes)
			return &table[i];
	return NULL;
}

/* How many words it took. */
static int parse_one(struct options *options, unsigned takes, int argc, char **argv, struct atomicdir_error *error)
{
	size_t size = strcspn(argv[0], "=");
	const struct option *option = find(argv[0], size, takes);
	const char *value = argv[0][size] ? argv[0] + size + 1 : NULL;

	if (!option)
		return error_set(error, ATOMICDIR_USAGE, argv[0], "no such option here");
	if (!option->argument)
		return value ? error_set(error, ATOMICDIR_USAGE, argv[0], "this option takes no value")
		       : option->parse(options, NULL, error) < 0 ? -1
								 : 1;
	if (!value && argc < 2)
		return error_set(error, ATOMICDIR_USAGE, argv[0], "this option needs %s", option->argument);
	value = value ? value : argv[1];
	if (!*value)
		return error_set(error, ATOMICDIR_USAGE, option->name, "this option needs %s, not an empty text",
				 option->argument);
	if (option->parse(options, value, error) < 0)
		return error_prefix(error, "%s", option->name);
	return argv[0][size] ? 1 : 2;
}

int options_parse(struct options *options, unsigned takes, int argc, char **argv, struct atomicdir_error *error)
{
	*options = (struct options){ .library = ATOMICDIR_OPTIONS_INIT, .hook_timeout_ms = 60000, .operands = argv };
	for (int i = 0; i < argc;) {
		int taken;

		if (strcmp(argv[i], "--") == 0) {
			options->command = argv + i + 1;
			return 0;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			argv[options->operand_count++] = argv[i++];
			continue;
		}
		taken = parse_one(options, takes, argc - i, argv + i, error);
		if (taken < 0)
			return -1;
		i += taken;
	}
	return 0;
}
