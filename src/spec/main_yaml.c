/* SPDX-License-Identifier: ISC
 *
 * spec-yaml: reads a spec's name and bytes on its standard input, and answers with entries (base/protocol.h). It can open no file.
 */
#include <stdio.h>

#include <yaml.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/field.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/version.h"
#include "sandbox/sandbox.h"
#include "spec/spec.h"

static int read_request(struct field fields[static 4], struct atomicdir_error *error)
{
	static const char *const names[] = { WORD_SPEC, WORD_NAME, WORD_CONTENT, WORD_END };
	cleanup(field_reader_clear) struct field_reader reader = { .fd = STDIN_FILENO };

	for (size_t i = 0; i < 4; i++) {
		int got = field_read(&reader, &fields[i]);

		if (got < 0)
			return error_errno(error, NULL, "cannot read the request");
		if (!got || !field_is(&fields[i], names[i]))
			return error_set(error, ATOMICDIR_FAILED, NULL, "the request is not whole");
	}
	return field_text(&fields[1]) ? 0 : error_set(error, ATOMICDIR_FAILED, NULL, "the request is not whole");
}

static int answer(const struct buffer *fields)
{
	return write_all(STDOUT_FILENO, fields->bytes, fields->size) < 0 ? ATOMICDIR_FAILED : 0;
}

static int refuse(const struct atomicdir_error *error)
{
	cleanup_buffer struct buffer fields = { 0 };

	return protocol_add_error(&fields, error) < 0 ? ATOMICDIR_FAILED : answer(&fields);
}

int main(int argc, char **argv)
{
	const struct sandbox sandbox = { 0 };
	struct field fields[4] = { 0 };
	cleanup(answer_clear) struct answer whole = { 0 };
	struct atomicdir_error error;
	char versions[64];
	int result;

	harden();
	snprintf(versions, sizeof(versions), "libyaml/%s", yaml_get_version_string());
	if (version_print(argc, argv, "spec-yaml", versions))
		return 0;
	error_clear(&error);
	result = sandbox_enter(&sandbox, STDOUT_FILENO, &error);
	if (result == 0)
		result = read_request(fields, &error);
	if (result == 0)
		result = spec_parse(field_text(&fields[1]), fields[2].value.bytes, fields[2].value.size, &whole, &error);
	if (result == 0)
		result = answer_done(&whole, &error);
	for (size_t i = 0; i < 4; i++)
		field_clear(&fields[i]);
	return result < 0 ? refuse(&error) : answer(&whole.fields);
}
