/* SPDX-License-Identifier: ISC
 *
 * Claim: a spec is taken whole, as entries that can be read, or refused with its place
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/field.h"
#include "fuzz.h"
#include "secretdir/entry.h"
#include "spec/spec.h"

static void set(struct entries *entries, const struct field *field, bool *is_good)
{
	const char *text = field_text(field);

	must(text && (*text || field_is(field, "prefix")));
	*is_good = *is_good && entries_set(entries, field->name, text, NULL) == 0;
}

/* What secretdir hears of it; whether it likes each entry is another matter. */
static void listen(const struct buffer *fields, size_t wanted)
{
	struct field_reader reader = { .fd = fuzz_file(fields->bytes, fields->size) };
	struct entries entries = { 0 };
	struct field field = { 0 };
	size_t count = 0;
	bool is_good = true;
	int got;

	while ((got = field_read(&reader, &field)) > 0) {
		if (field_is(&field, "option") || field_is(&field, "warning")) {
			must(field_text(&field));
		} else if (field_is(&field, "entry")) {
			must(strncmp(field_text(&field), "spec.yaml:", 10) == 0);
			if (count && is_good)
				is_good = entries_end(&entries, NULL) == 0;
			must(entries_begin(&entries, field_text(&field), NULL) == 0);
			is_good = true;
			count++;
		} else {
			must(count);
			set(&entries, &field, &is_good);
		}
	}
	must(got == 0 && count == wanted);
	entries_clear(&entries);
	field_clear(&field);
	field_reader_clear(&reader);
	close(reader.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct answer answer = { 0 };
	struct atomicdir_error error = { 0 };

	if (spec_parse("spec.yaml", text, size, &answer, &error) == 0) {
		listen(&answer.fields, answer.count);
	} else {
		must_be_told(&error);
		must(error.kind == ATOMICDIR_USAGE && strncmp(error.text, "spec.yaml:", 10) == 0);
	}
	answer_clear(&answer);
	free(text);
	return 0;
}
