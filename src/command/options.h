/* SPDX-License-Identifier: ISC
 *
 * Options as a table. A row says what an option is called, which commands take it, what it means and where its value goes; rows that
 * both programs share are here, the others are each program's. The tables give parsing and help. Parsing is pure: it prints
 * nothing, and its texts point into argv.
 */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include <atomicdir.h>

/* The options that both programs have. A program's own struct of options begins with this one. */
struct options {
	struct atomicdir_options library;
	const char *check, *on_change;
	int64_t hook_timeout_ms;
	bool json;
	int verbosity;	 /* -1 quiet, 0, 1 verbose */
	char **operands; /* the words before "--" that are no options */
	int operand_count;
	char **command; /* the words after "--"; NULL: there was no "--" */
};

/* Groups of commands that take the same options. A program's own groups begin at TAKES_OWN. */
enum {
	TAKES_PUBLISH = 1, /* all that publish */
	TAKES_WAIT = 2,	   /* all that wait for another writer */
	TAKES_JSON = 4,
	TAKES_OWN = 8
};

/* Reads the value of an option into its target. The text is NULL where the option takes no value. USAGE. */
typedef int (*option_fn)(void *target, const char *text, struct atomicdir_error *error);

struct option {
	const char *name, *argument; /* the argument's name; NULL: it takes none */
	unsigned takes;		     /* the groups of commands that know it */
	option_fn take;
	size_t offset; /* of the target, in the program's struct of options */
	const char *help;
};

/* Functions for rows; the name of the first parameter says which type the target has. */
int option_count(void *int64, const char *text, struct atomicdir_error *error);
int option_duration(void *int64_ms, const char *text, struct atomicdir_error *error);
int option_mode(void *mode, const char *text, struct atomicdir_error *error);
int option_owner(void *library, const char *text, struct atomicdir_error *error);
int option_text(void *text_pointer, const char *text, struct atomicdir_error *error);
int option_layout(void *integer, const char *text, struct atomicdir_error *error);
int option_flag(void *boolean, const char *text, struct atomicdir_error *error);
int option_library_flag(void *integer, const char *text, struct atomicdir_error *error);

#define OPTION_LIST_MAX 64

/* The values of an option that may be repeated. */
struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};
int option_list(void *list, const char *text, struct atomicdir_error *error);

/* The options of one command. */
struct option_set {
	const struct option *own; /* the program's; the last one has no name */
	unsigned takes;
	const char *help; /* the command that lists them, such as "atomicdir help fill" */
};

/* `options` begins the program's struct, which is zeroed but for what the caller has set. argv comes without the program's and
 * the command's name; it is reordered, and the options' to keep. USAGE. */
int options_parse(struct options *options, const struct option_set *set, int argc, char **argv, struct atomicdir_error *error);
/* Prints each option with its help, in at most 80 columns. */
void options_help(const struct option_set *set, FILE *to);

#endif
