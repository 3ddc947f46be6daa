/* SPDX-License-Identifier: ISC
 *
 * Claim: a fetcher takes a request whole, or says what is wrong with it
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "fetch/request.h"
#include "fuzz.h"
#include "lines.h"

static void check_request(const struct request *request)
{
	static const char *const names[] = { "argument", "region", "endpoint-url", "ca-bundle" };

	for (size_t i = 0; i < request->count; i++) {
		const struct wanted *wanted = &request->wanted[i];

		must((*wanted->secret || wanted->is_prefix) && *wanted->index);
		must(*wanted_path(wanted) || wanted->is_prefix);
		must(!wanted_is_prefix(wanted) || !wanted_is_expanded(wanted));
	}
	for (size_t i = 0; i < request->live.count; i++)
		must(request->live.files[i].source && request->live.files[i].path && request->live.files[i].place);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		must(!told_option(&request->told, names[i]) || *told_option(&request->told, names[i]));
}

/* Each line is a field. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = { 0 };
	struct atomicdir_error error;
	struct buffer fields = { 0 };
	struct lines lines;
	int fd;

	lines_begin(&lines, data, size);
	while (lines_next(&lines))
		lines_add_field(&lines, &fields);
	fd = fuzz_file(fields.bytes, fields.size);
	error_clear(&error);
	if (request_read(fd, &request, &error) == 0)
		check_request(&request);
	else
		must_be_told(&error);
	request_clear(&request);
	close(fd);
	buffer_clear(&fields);
	lines_end(&lines);
	return 0;
}
