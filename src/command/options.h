/* SPDX-License-Identifier: ISC
 *
 * Options as a table. A row says what an option is called, which commands take it, what it means and where its value goes;
 * rows that both programs share are here, the others are each program's. The tables give parsing and help. Parsing is pure: it
 * prints nothing, and its texts point into argv.
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
	int signal;		       /* sent instead of running the on-change command; 0: none */
	const char *pidfile, *process; /* to whom */
	int64_t hook_timeout_ms;
	int64_t hook_after_signal_ms; /* how long a hook goes on once we are asked to end; 0: as long as it may anyway */
	bool json, rollback_on_failure;
	bool is_repeated; /* the command runs for long: that nothing has changed is told with -v alone */
	int verbosity;	  /* -1 quiet, 0, 1 verbose */
	char **operands;  /* the words before "--" that are no options */
	int operand_count;
	char **command; /* the words after "--"; NULL: there was no "--" */
};

/* Groups of commands that take the same options. A program's own groups begin at TAKES_OWN. */
enum {
	TAKES_PUBLISH = 1, /* all that publish */
	TAKES_WAIT = 2,	   /* all that wait for another writer */
	TAKES_JSON = 4,
	TAKES_CONTENT = 8,	/* all that publish what they make, rather than what is there already */
	TAKES_APPLICATION = 16, /* all that run the application, which a signal may be for */
	TAKES_LAYOUT = 32,	/* others that have to know LINK's layout where it has none */
	TAKES_OWN = 64
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
int option_signal(void *integer, const char *text, struct atomicdir_error *error);
int option_text(void *text_pointer, const char *text, struct atomicdir_error *error);
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

/* `options` begins the program's struct, which is zeroed except for what the caller has set. argv comes without the names of
 * program and command; it is reordered, and must live as long as the options, which point into it. USAGE. */
int options_parse(struct options *options, const struct option_set *set, int argc, char **argv, struct atomicdir_error *error);
/* Whether somebody is to be told of a change. */
bool options_have_hook(const struct options *options);
/* The options that these commands take, one after the other; after NULL the first. NULL: there are no more. */
const struct option *options_next(const struct option_set *set, const struct option *last);
/* The option of this name, of `size` bytes; NULL: there is none. */
const struct option *options_find(const struct option_set *set, const char *name, size_t size);
/* The words that an option's value is one of, up to NULL; NULL: it is anything. */
const char *const *option_words(const struct option *option);
/* Prints each option with its help, in at most 80 columns. */
void options_help(const struct option_set *set, FILE *to);

#endif
