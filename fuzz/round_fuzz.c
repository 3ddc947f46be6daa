/* SPDX-License-Identifier: ISC
 *
 * Claim: what our own fetcher makes of any file of secrets, secretdir takes or refuses for a reason
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fetch/file.h"
#include "fetch/serve.h"
#include "fetcher.h"
#include "lines.h"

#define ENTRIES_MAX 16

static void replace_fd(int fd, int with)
{
	must(dup2(with, fd) == fd);
	close(with);
}

static struct source *open_file(struct request *request, struct atomicdir_error *error)
{
	cleanup_fd int fd = file_open(request, error);

	return fd < 0 ? NULL : file_read(fd, request, error);
}

/* The fetcher is this very process: it has ended when secretdir begins to listen. Runs it on what secretdir asks; what it says is in `reply_fd`. */
static void ask(const char *file, size_t size, const struct entries *entries, int reply_fd)
{
	static const struct told told;
	int file_fd = fuzz_file(file, size), input = dup(STDIN_FILENO), output = dup(STDOUT_FILENO);
	struct buffer request = { 0 };
	char name[64];

	must(file_fd >= 0 && input >= 0 && output >= 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file_fd);
	must(make_request(&request, name, &told, entries, NULL) == 0);
	replace_fd(STDIN_FILENO, fuzz_file(request.bytes, request.size));
	replace_fd(STDOUT_FILENO, dup(reply_fd));
	fetcher_status = serve(open_file) << 8;
	replace_fd(STDIN_FILENO, input);
	replace_fd(STDOUT_FILENO, output);
	close(file_fd);
	buffer_clear(&request);
}

static void listen(int reply_fd, const struct entries *entries)
{
	struct fetcher *fetcher = fetcher_make(reply_fd, entries);
	struct fetched file = { 0 };
	struct atomicdir_error error;
	int got;

	must(lseek(reply_fd, 0, SEEK_SET) == 0);
	error_clear(&error);
	while ((got = fetcher_next(fetcher, &file, &error)) > 0)
		must(got == FETCHER_ABSENT || (got == FETCHER_FILE && is_inside(file.path)));
	if (got < 0) {
		must_be_told(&error);
		must(strncmp(error.text, "the fetcher", 11) != 0);
	} else {
		must(fetcher_status == 0);
	}
	fetched_clear(&file);
	fetcher_free(fetcher);
}

/* Lines "ENTRY", an empty line, and the file of secrets. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entries entries = { 0 };
	struct lines lines;
	const char *file;
	size_t file_size;
	int reply_fd;

	lines_begin(&lines, data, size);
	while (lines_next(&lines) && *lines.word)
		if (entries.count < ENTRIES_MAX && entries_add(&entries, lines.word, NULL) < 0)
			entries_clear(&entries);
	file = lines_left(&lines, &file_size);
	if (entries.count && entries_check(&entries, NULL) == 0) {
		reply_fd = fuzz_file("", 0);
		ask(file, file_size, &entries, reply_fd);
		listen(reply_fd, &entries);
	}
	entries_clear(&entries);
	lines_end(&lines);
	return 0;
}
