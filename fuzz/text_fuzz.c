/* SPDX-License-Identifier: ISC
 *
 * Claim: whatever a name holds, an error is one clean line, and JSON says the name again
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "json/json.h"
#include "fuzz.h"

static void sanitise(const char *text, size_t size)
{
	char *copy = fuzz_copy(text, size);
	bool was_clean = is_clean(copy);

	text_sanitise(copy);
	must(strlen(copy) == strlen(text) && is_clean(copy));
	must(!was_clean || strcmp(copy, text) == 0);
	free(copy);
}

static void tell(const char *text)
{
	struct atomicdir_error error;

	error_clear(&error);
	error_set(&error, ATOMICDIR_FAILED, text, "cannot do it with %s", text);
	must_be_told(&error);
	error_append(&error, "and then %s", text);
	must_be_told(&error);
	error_prefix(&error, "%.600s", text);
	must(is_clean(error.text));
}

static void write_json(const char *text)
{
	struct buffer json = { 0 };
	const char *why = NULL;
	struct json *read;

	must(buffer_add_json(&json, text) == 0);
	must(utf8_is_valid(json.bytes, json.size) && is_clean(json.bytes));
	read = json_parse(json.bytes, json.size, &why);
	must(read && read->type == JSON_STRING && strlen(read->text) == read->size);
	if (utf8_is_valid(text, strlen(text)))
		must(strcmp(read->text, text) == 0);
	json_free(read);
	buffer_clear(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);

	sanitise(text, strlen(text));
	tell(text);
	write_json(text);
	free(text);
	return 0;
}
