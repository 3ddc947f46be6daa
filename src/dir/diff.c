/* SPDX-License-Identifier: ISC
 *
 * What changed between two generations. Both are pinned, or a writer might remove them under the comparison.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/compare.h"
#include "dir/info.h"
#include "dir/layout.h"
#include "dir/pin.h"
#include "dir/reader.h"

/* *b is the live one's number where it was to be found, *a what was live before it. */
static int diff_choose(const char *link, const struct reader *reader, int64_t *a, int64_t *b, struct atomicdir_error *error)
{
	cleanup_info struct info info = INFO_INIT;
	cleanup_fd int fd = -1;

	if (*b < 0 && reader_require_live(reader, error) < 0)
		return -1;
	fd = *b < 0 ? atomicdir_pin(link, b, error) : pin_generation(reader, *b, error);
	if (fd < 0 || *a >= 0)
		return take_fd(&fd);
	if (info_read(reader->place.store_fd, *b, *b == reader->live.number, &info) < 0)
		return error_system(error, errno, link, "cannot read what was live before generation %" PRId64 " of", *b);
	*a = info.previous;
	return take_fd(&fd);
}

int atomicdir_diff(const char *link, int64_t a, int64_t b, struct atomicdir_change **list, struct atomicdir_error *error)
{
	cleanup_changes struct changes *changes = changes_new();
	struct compare compare = { .changes = changes, .is_exact = true };
	cleanup_reader struct reader reader = READER_INIT;
	cleanup_fd int a_fd = -1, b_fd = -1;
	struct atomicdir_error own;
	int result;

	error = error_or(error, &own);
	if (!changes)
		return error_system(error, errno, link, "cannot compare generations of");
	if (reader_open(&reader, link, error) < 0 ||
	    layout_require_generations(&reader.place, "comparing generations needs", error) < 0)
		return -1;
	b_fd = diff_choose(link, &reader, &a, &b, error);
	if (b_fd < 0)
		return -1;
	a_fd = a ? pin_generation(&reader, a, error) : -1;
	if (a && a_fd < 0)
		return -1;
	compare.place = &reader.place;
	compare.a = a;
	compare.b = b;
	result = tree_compare(&compare, a_fd, b_fd, error);
	if (result >= 0 && list && changes_take(changes, list) < 0)
		return error_system(error, errno, link, "cannot list what differs in");
	return result;
}
