/* SPDX-License-Identifier: ISC
 *
 * Claim: a JMESPath is read to its end, or refused at a character that it has
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "json/json.h"
#include "json/select.h"
#include "fuzz.h"

/* Each step leads on from the one before it, or nowhere. */
static void follow(const struct json *root, const struct query *query)
{
	const struct json *found = root;

	for (size_t i = 0; i < query->count; i++) {
		const struct query one = { &query->steps[i], 1 };

		must(query->steps[i].name ? query->steps[i].size > 0 : labs(query->steps[i].index) < 1000000000);
		found = found ? select_query(found, &one) : NULL;
	}
	must(select_query(root, query) == found);
	must(!found || found->type != JSON_NULL);
}

/* The first line is an expression, the rest JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t text_size = end ? (size_t)(end - data) : size, json_size = end ? size - text_size - 1 : 0;
	char *text = fuzz_copy(data, text_size), *json = fuzz_copy(end ? end + 1 : data, json_size);
	const char *why = NULL, *ignored;
	struct json *root = json_parse(json, json_size, &ignored);
	struct query query;
	size_t column = 0;

	if (query_parse(text, &query, &column, &why) < 0) {
		must(is_clean(why) && column >= 1 && column <= strlen(text) + 1);
		must(!query.count && !query.steps);
	} else {
		must(query.count && utf8_is_valid(text, strlen(text)));
		if (root)
			follow(root, &query);
	}
	query_clear(&query);
	json_free(root);
	free(text);
	free(json);
	return 0;
}
