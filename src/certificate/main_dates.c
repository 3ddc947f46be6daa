/* SPDX-License-Identifier: ISC
 *
 * certificate-dates: reads certificates on its standard input, and answers when they end (base/protocol.h). It can open no file.
 */
#include <inttypes.h>
#include <stdio.h>

#include <openssl/crypto.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/protocol.h"
#include "base/version.h"
#include "certificate/dates.h"
#include "sandbox/sandbox.h"

/* One field for each certificate, empty where it is none. */
static int answer(struct field_reader *reader, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer output = { 0 };
	cleanup(field_clear) struct field field = { 0 };
	int got;

	while ((got = field_read(reader, &field)) > 0 && field_is(&field, WORD_CONTENT)) {
		int64_t end = field.value.size ? dates_find_end(field.value.bytes, field.value.size) : -1;
		char text[32] = "";

		if (end >= 0)
			snprintf(text, sizeof(text), "%" PRId64, end);
		if (field_add_text(&output, WORD_NOT_AFTER, text) < 0)
			return error_errno(error, NULL, "cannot answer");
	}
	if (got <= 0 || !field_is(&field, WORD_END))
		return error_set(error, ATOMICDIR_FAILED, NULL, "the request is not whole");
	if (field_add_text(&output, WORD_END, "") < 0 || write_all(STDOUT_FILENO, output.bytes, output.size) < 0)
		return error_errno(error, NULL, "cannot answer");
	return 0;
}

int main(int argc, char **argv)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = STDIN_FILENO };
	const struct sandbox sandbox = { 0 };
	struct atomicdir_error error;

	harden();
	if (version_print(argc, argv, "certificate-dates", OpenSSL_version(OPENSSL_VERSION)))
		return 0;
	error_clear(&error);
	/* What this kernel cannot confine is told by those that secretdir fetches with. */
	if (sandbox_enter(&sandbox, -1, &error) == 0 && answer(&reader, &error) == 0)
		return 0;
	fprintf(stderr, "certificate-dates: %s\n", error.text);
	return 1;
}
