/* SPDX-License-Identifier: ISC
 *
 * The one module that prints: errors and warnings on standard error, results where the caller says.
 */
#ifndef COMMAND_REPORT_H
#define COMMAND_REPORT_H

#include <stdio.h>

#include "base/json_write.h"
#include "command/options.h"

/* The program's name, before anything is reported; "atomicdir" if never called. */
void report_init(const char *name);
/* One line; returns the kind, which is the exit status. */
int report_error(const struct atomicdir_error *error);
/* If the error is a warning, and these are wanted. */
void report_warning(const struct options *options, const struct atomicdir_error *error);
/* A line for people, unless -q. */
void report_notice(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* With -v: a line for people, and what differs from the live generation. */
void report_verbose(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_verbose_changes(const struct options *options, const struct atomicdir_change *list);
/* "published 42 (3 files, 1.2 kB)", "unchanged 42", or the same as JSON. With -q not for people on standard error. */
void report_result(const struct options *options, const char *link, bool is_changed, const struct atomicdir_generation *live,
		   FILE *to);
/* Generations as a JSON array, or as a table. */
void report_generations(const struct options *options, const char *link, const struct atomicdir_generation *list);
void report_changes(const struct options *options, const struct atomicdir_change *list);
/* What was written as JSON, on standard output; where memory ran out, nothing, and report_end() says so. */
void report_json(const struct json_writer *json);
/* After all was printed. Where it could not be: FAILED, unless something was published, which that does not undo. */
int report_end(int status, bool is_publication);

void report_size(char text[static 32], int64_t bytes);

#endif
