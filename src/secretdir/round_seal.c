/* SPDX-License-Identifier: ISC */
#include "secretdir/round_seal.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/hook.h"
#include "command/link.h"
#include "secretdir/sealed.h"

#define NOTE_MAX (16 << 20) /* the library's */

static int note_fail(struct atomicdir_error *error)
{
	return error_errno(error, NULL, "cannot note the versions");
}

/* ---- What is noted ---- */

static int note_add_file(struct round *round, const struct placed *placed)
{
	struct published_file *file = published_add(&round->note.published);
	const struct entry *entry = &round->entries.items[placed->entry];
	char index[32];

	snprintf(index, sizeof(index), "%zu", placed->entry);
	if (!file || published_set(&file->path, placed->path) < 0 || published_set(&file->source, placed->source) < 0 ||
	    published_set(&file->version, placed->version) < 0 || published_set(&file->created, placed->created) < 0 ||
	    published_set(&file->place, placed->place) < 0 || published_set(&file->service, entry->service) < 0 ||
	    published_set(&file->index, index) < 0)
		return -1;
	return published_set(&file->stage, entry->stage);
}

static int note_add_entries(struct round *round)
{
	for (size_t i = 0; i < round->entries.count; i++) {
		cleanup_buffer struct buffer text = { 0 };

		if (entry_print(&round->entries.items[i], &text) < 0 || texts_add(&round->note.entries, text.bytes) < 0)
			return -1;
	}
	return 0;
}

int round_note_make(struct round *round, struct atomicdir_error *error)
{
	const char *transform = round->options->transform;

	if (note_add_entries(round) < 0)
		return note_fail(error);
	for (size_t i = 0; i < round->count; i++)
		if (note_add_file(round, &round->placed[i]) < 0)
			return note_fail(error);
	return transform && published_set(&round->note.transform, transform) < 0 ? note_fail(error) : 0;
}

/* ---- What the files are like ---- */

static int files_take(struct published *published, int directory_fd)
{
	char text[SEALED_SIZE];

	for (size_t i = 0; i < published->count; i++) {
		sealed_print(text, directory_fd, published->files[i].path);
		if (published_set(&published->files[i].sealed, text) < 0)
			return -1;
	}
	return 0;
}

static int note_take_files(struct round *round, int directory_fd, struct atomicdir_error *error)
{
	if (files_take(&round->note.published, directory_fd) < 0 || files_take(&round->note.made, directory_fd) < 0)
		return note_fail(error);
	return 0;
}

/* A later round goes by the versions, so a generation without them is not published. */
static int round_add_note(const struct round *round, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	if (round_note_write(&round->note, &text) < 0)
		return note_fail(error);
	if (text.size > NOTE_MAX)
		return error_set(
			error, ATOMICDIR_FAILED, NULL,
			"the versions of %zu files take %zu bytes, and a generation can hold %d of them; publish fewer files here",
			round->count, text.size, NOTE_MAX);
	return atomicdir_note(round->stage, text.bytes, text.size, error);
}

/* ---- The seal ---- */

static int round_seal_stage(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	const struct options *shared = &round->options->shared;
	int is_different = atomicdir_seal(round->stage, shared->check ? NULL : changes, error);

	if (is_different < 0)
		return rights_explain(error);
	if (!shared->check)
		return is_different;
	if (is_different > 0 && check_run(shared, round->link, atomicdir_path(round->stage), error) < 0)
		return -1;
	return atomicdir_seal(round->stage, changes, error);
}

/* The seal is the last that changes a file: what its files are like is noted after it, and before anybody else can reach them. Where the
 * stage is the same as what is live, the live files stay. Those are looked at before they are compared: whoever alters one after that makes
 * it differ from its note, and one that was altered before makes a difference. */
int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	cleanup_fd int live_fd = open(round->link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int is_different;

	if (live_fd >= 0 && note_take_files(round, live_fd, error) < 0)
		return link_unchanged(round->options->shared.operands[0], error);
	is_different = round_seal_stage(round, changes, error);
	if (is_different < 0)
		return -1;
	if ((is_different && note_take_files(round, atomicdir_fd(round->stage), error) < 0) || round_add_note(round, error) < 0)
		return link_unchanged(round->options->shared.operands[0], error);
	return is_different;
}
