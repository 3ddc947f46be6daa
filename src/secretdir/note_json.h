/* SPDX-License-Identifier: ISC
 *
 * The note that version 0.1 wrote: {"entries":[{"path":"...","source":"...","version":"..."},...]}, of nothing but texts.
 */
#ifndef SECRETDIR_NOTE_JSON_H
#define SECRETDIR_NOTE_JSON_H

#include "base/published.h"

/* The text ends with a NUL. 1: it is such a note; 0: it is not. -1 with ENOMEM. */
int note_json_parse(const char *text, struct published *published);

#endif
