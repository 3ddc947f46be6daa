/* SPDX-License-Identifier: ISC
 *
 * Claim: what is known of a generation is read whatever the file says, and again as it was written
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dir/info.h"
#include "fuzz.h"

static void check_info(const struct info *info)
{
	must(info->created_ms >= 0 && info->previous >= 0 && info->previous <= NAME_NUMBER_MAX);
	must(info->before >= 0 && info->before <= NAME_NUMBER_MAX);
	must(info->files >= -1 && info->bytes >= -1 && info->keep >= -1 && info->grace_ms >= -1);
	must(info->top_mode <= 07777 && memchr(info->boot, '\0', sizeof(info->boot)));
	must(!info->old_note || !strchr(info->old_note, '\n'));
	for (size_t i = 1; i < info->replaced_count; i++)
		must(info->replaced[i - 1].number < info->replaced[i].number);
	for (size_t i = 0; i < info->line.count; i++) {
		must(info->line.runs[i].low >= 1 && info->line.runs[i].low <= info->line.runs[i].high);
		must(info->line.runs[i].high <= NAME_NUMBER_MAX &&
		     (!i || info->line.runs[i].high < info->line.runs[i - 1].low));
	}
}

static bool same(const struct info *one, const struct info *other)
{
	const char *a = one->old_note ? one->old_note : "", *b = other->old_note ? other->old_note : "";

	if (one->replaced_count != other->replaced_count || one->line.count != other->line.count ||
	    (one->line.count && memcmp(one->line.runs, other->line.runs, one->line.count * sizeof(*one->line.runs)) != 0) ||
	    (one->replaced_count && memcmp(one->replaced, other->replaced, one->replaced_count * sizeof(*one->replaced)) != 0))
		return false;
	return one->created_ms == other->created_ms && one->previous == other->previous && one->before == other->before &&
	       one->is_without_hook == other->is_without_hook && one->files == other->files && one->bytes == other->bytes &&
	       one->keep == other->keep && one->grace_ms == other->grace_ms && one->is_synced == other->is_synced &&
	       one->top_mode == other->top_mode && strcmp(one->boot, other->boot) == 0 && strcmp(a, b) == 0;
}

static void write_again(int directory_fd, const struct info *info)
{
	struct info again;

	must(info_write_new(directory_fd, 1, info) == 0 && info_read(directory_fd, 1, true, &again) == 0);
	must(same(info, &again));
	info_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int directory_fd = -1;
	struct info info;

	if (directory_fd < 0)
		directory_fd = fuzz_directory();
	must(write_file_at(directory_fd, "000001.info", 0600, data, size) == 0);
	if (info_read(directory_fd, 1, false, &info) == 0) {
		check_info(&info);
		write_again(directory_fd, &info);
		unlinkat(directory_fd, "000001.info.new", 0);
	}
	info_clear(&info);
	must(unlinkat(directory_fd, "000001.info", 0) == 0);
	return 0;
}
