/* SPDX-License-Identifier: ISC
 *
 * What people write for a number, a duration, a mode or an owner. Each function is pure but for looking up names of users, and leaves
 * its result as it was where the text is refused: USAGE, "'TEXT' is not ...".
 */
#ifndef COMMAND_VALUE_H
#define COMMAND_VALUE_H

#include <atomicdir.h>

int value_count(const char *text, int64_t *count, struct atomicdir_error *error);
/* Takes 500ms, 30s, 5m, 2h, 7d or 0; gives milliseconds. */
int value_duration(const char *text, int64_t *ms, struct atomicdir_error *error);
/* Takes an octal number, but not 0. */
int value_mode(const char *text, mode_t *mode, struct atomicdir_error *error);
/* Takes what chown(1) takes, by name or number: USER, USER:GROUP, :GROUP, or USER: for the user's own group. An ID that is not given
 * stays as it was. */
int value_owner(const char *text, uid_t *uid, gid_t *gid, struct atomicdir_error *error);

/* Takes HUP, SIGHUP or 1. */
int value_signal(const char *text, int *signal, struct atomicdir_error *error);

#endif
