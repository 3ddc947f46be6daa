/* SPDX-License-Identifier: ISC
 *
 * The one module that prints: errors and warnings on standard error, results where the caller says.
 */
#ifndef COMMAND_REPORT_H
#define COMMAND_REPORT_H

#include <stdio.h>

#include "base/json_write.h"
#include "command/options.h"

/* Sets the name of the program, which begins each line; "atomicdir" until then. */
void report_init(const char *name);
const char *report_name(void);
/* Prints the error as one line, and returns its kind, which is the exit status. */
int report_error(const struct atomicdir_error *error);
/* Prints the error if it is a warning, unless -q. */
void report_warning(const struct options *options, const struct atomicdir_error *error);
/* Prints a line for people, unless -q. */
void report_notice(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print with -v alone: a line for people; what differs from the live generation. */
void report_verbose(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_verbose_changes(const struct options *options, const struct atomicdir_change *list);
/* Prints "published 42 (3 files, 1.2 kB)" or "unchanged 42" to `to`, or the same as JSON to standard output. With -q nothing
 * is printed to standard error. Whoever reads it has it when this returns. */
void report_result(const struct options *options, const char *link, bool is_changed, const struct atomicdir_generation *live,
		   FILE *to);
/* The same after a publication that was undone; only as JSON, since the error tells people. */
void report_undone(const struct options *options, const char *link, const struct atomicdir_generation *live);
/* Prints "WHAT LINK", as in "detached site", or "unchanged LINK"; or that as JSON, with `link`, its absolute path. */
void report_done(const struct options *options, const char *link, const char *what, bool is_changed);
/* Prints what a dry run found, as report_changes() does, and whether it would publish, or that as one JSON object. */
void report_would_publish(const struct options *options, bool is_different, const struct atomicdir_change *list, FILE *to);
/* Prints generations, as a table or a JSON array; the note is read for JSON alone. */
void report_generations(const struct options *options, const char *link, const struct atomicdir_generation *list);
void report_changes(const struct options *options, const struct atomicdir_change *list);
/* Prints the writer's JSON. If memory ran out nothing is printed, and report_end() reports that. */
void report_json(const struct json_writer *json);
/* Ends all printing, and returns the exit status: `status`, or FAILED if the output could not be written and nothing was
 * published. */
int report_end(int status, bool is_publication);

/* "1.2 MB", in powers of 1000. */
void report_size(char text[static 32], int64_t bytes);

#endif
