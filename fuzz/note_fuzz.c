/* SPDX-License-Identifier: ISC
 *
 * Claim: a note is read whole or is not known, and what was read is written as it was
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "secretdir/round_note.h"

static bool same(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

static void check_file(const struct published_file *file, const struct published_file *again)
{
	must(same(file->path, again->path) && same(file->source, again->source) && same(file->version, again->version));
	must(same(file->service, again->service) && same(file->stage, again->stage));
	must(same(file->created, again->created) && same(file->place, again->place));
	must(same(file->index, again->index) && same(file->sealed, again->sealed));
}

static void check_secret(const struct noted *secret, const struct noted *again)
{
	must(same(secret->source, again->source) && same(secret->index, again->index) && same(secret->name, again->name));
	must(same(secret->arn, again->arn) && same(secret->version, again->version) && same(secret->stages, again->stages));
}

static void write_again(const struct round_note *note)
{
	struct buffer text = { 0 };
	struct round_note again = { 0 };

	must(round_note_write(note, &text) == 0);
	must(round_note_parse(&again, text.bytes, text.size) == 0 && !again.is_unknown);
	must(again.published.count == note->published.count && same(again.transform, note->transform));
	for (size_t i = 0; i < note->published.count; i++)
		check_file(&note->published.files[i], &again.published.files[i]);
	must(again.made.count == note->made.count && again.entries.count == note->entries.count);
	must(again.secret_count == note->secret_count);
	for (size_t i = 0; i < note->secret_count; i++)
		check_secret(&note->secrets[i], &again.secrets[i]);
	round_note_clear(&again);
	buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct round_note note = { 0 };

	must(round_note_parse(&note, text, size) == 0);
	must(!note.is_unknown || (!note.published.count && !note.transform && !note.secret_count));
	if (!note.is_unknown)
		write_again(&note);
	round_note_clear(&note);
	free(text);
	return 0;
}
