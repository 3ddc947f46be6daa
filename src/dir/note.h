/* SPDX-License-Identifier: ISC
 *
 * `N.note`: what the publisher keeps with a generation, out of readers' sight. It is read only when somebody asks for it.
 */
#ifndef DIR_NOTE_H
#define DIR_NOTE_H

#include "base/buffer.h"
#include "dir/place.h"

#define NOTE_MAX (16 << 20)

/* Of what is not live yet; -1 with errno. */
int note_write(const struct place *place, int64_t number, const struct buffer *note);
/* Of the live generation, where it differs. -1 with errno. */
int note_replace(const struct place *place, int64_t number, const struct buffer *note, bool to_disk);
/* Also what an earlier version left in N.info. 1: read; 0: there is none; -1 with errno. */
int note_read(const struct place *place, int64_t number, bool is_live, struct buffer *note);

/* `refused`: the note of the generation that was last rolled back from, for publishers that do not want to publish the same again. A
 * fill that changes something removes it. -1 with errno; fine where the generation has no note. */
int note_refuse(const struct place *place, int64_t number);
void note_forget_refused(const struct place *place);

#endif
