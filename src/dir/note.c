/* SPDX-License-Identifier: ISC */
#include "dir/note.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dir/info.h"
#include "dir/part.h"

int note_write(const struct place *place, int64_t number, const struct buffer *note)
{
	return part_write(place->store_fd, number, PART_NOTE, note->bytes, note->size);
}

int note_replace(const struct place *place, int64_t number, const struct buffer *note, bool to_disk)
{
	cleanup_buffer struct buffer old = { 0 };

	if (part_read(place->store_fd, number, PART_NOTE, NOTE_MAX, &old) == 0 && old.size == note->size &&
	    (!old.size || memcmp(old.bytes, note->bytes, old.size) == 0))
		return 0;
	return part_replace(place->store_fd, number, PART_NOTE, note->bytes, note->size, to_disk);
}

int note_read(const struct place *place, int64_t number, bool is_live, struct buffer *note)
{
	cleanup_info struct info info = INFO_INIT;

	if (part_read(place->store_fd, number, PART_NOTE, NOTE_MAX, note) == 0)
		return 1;
	if (errno != ENOENT)
		return -1;
	if (info_read(place->store_fd, number, is_live, &info) < 0)
		return -1;
	if (!info.old_note)
		return 0;
	return buffer_add_text(note, info.old_note) < 0 ? -1 : 1;
}

int note_refuse(const struct place *place, int64_t number)
{
	cleanup_buffer struct buffer note = { 0 };
	int got = note_read(place, number, false, &note);

	return got <= 0 ? got : store_file_replace(place->store_fd, NAME_REFUSED, note.bytes, note.size, false);
}

void note_forget_refused(const struct place *place)
{
	unlinkat(place->store_fd, NAME_REFUSED, 0);
}
