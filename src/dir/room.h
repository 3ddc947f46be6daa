/* SPDX-License-Identifier: ISC
 *
 * Where room has run out (ENOSPC, EDQUOT) before a swap, old generations make some, once for each writer: those that `keep` and `grace`
 * do not ask for. What failed can then be tried again, if it was the library's own write.
 */
#ifndef DIR_ROOM_H
#define DIR_ROOM_H

#include "dir/writer.h"

/* Whether room was made: true at most once for a writer. */
bool room_make(struct writer *writer, int errnum);
/* After a failure that is not tried again: says in the error that room was made. */
void room_report(struct writer *writer, struct atomicdir_error *error);
/* Whether hardly any room is left where `fd` is. */
bool room_is_out(int fd);

#endif
