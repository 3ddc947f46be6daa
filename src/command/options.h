/* SPDX-License-Identifier: ISC
 *
 * The options of a command line, as a value. One table gives parsing and help; parsing is pure: it prints nothing, and its texts
 * point into argv.
 */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include <stdio.h>

#include <atomicdir.h>

/* Which commands take an option. */
enum {
	TAKES_PUBLISH = 1, /* all that publish */
	TAKES_FILL = 2,
	TAKES_PRUNE = 4,
	TAKES_JSON = 8,
	TAKES_SECRETS = 16, /* what is to be published, and how */
	TAKES_ENTRIES = 32, /* what is to be published, and from where */
	TAKES_KEYS = 64
};

#define TAGS_MOST 50 /* as many as a secret can have */
#define KEYS_MOST 64
#define ENTRIES_MOST 64

struct options {
	struct atomicdir_options library;
	const char *check, *on_change, *from;
	const char *entries[ENTRIES_MOST]; /* files */
	size_t entries_count;
	const char *spec, *source, *region, *endpoint_url, *ca_bundle, *profile, *role_arn, *external_id;
	const char *tags[TAGS_MOST]; /* KEY=VALUE */
	size_t tag_count;
	const char *kms_keys[KEYS_MOST];
	size_t kms_key_count;
	int64_t hook_timeout_ms;
	bool edit, dereference, json, offline;
	int verbosity;	 /* -1 quiet, 0, 1 verbose */
	char **operands; /* what is no option; up to "--" */
	int operand_count;
	char **command; /* after "--"; NULL: there was none */
};

/* argv without the program's and the command's name; reordered, and the options' to keep. USAGE. */
int options_parse(struct options *options, unsigned takes, int argc, char **argv, struct atomicdir_error *error);
void options_help(unsigned takes, FILE *to);

/* USER, USER:GROUP, USER: (with the user's own group) or :GROUP, names or numbers; what it does not say stays. USAGE. */
int parse_owner(const char *text, uid_t *uid, gid_t *gid, struct atomicdir_error *error);
/* In octal. USAGE. */
int parse_mode(const char *text, mode_t *mode, struct atomicdir_error *error);

#endif
