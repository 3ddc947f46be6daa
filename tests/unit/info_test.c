/* SPDX-License-Identifier: ISC
 *
 * N.info and the files beside a generation: what is written is read again, and what is damaged is no obstacle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "dir/info.h"
#include "dir/note.h"
#include "tap.h"

static int store_fd;

static bool put(const char *name, const char *text)
{
	unlinkat(store_fd, name, 0);
	return write_file_at(store_fd, name, 0600, text, strlen(text)) == 0;
}

/* ---- One line each ---- */

static const struct {
	const char *text;
	int64_t created_ms, previous, files, keep;
	bool is_synced;
} samples[] = {
	{ "created_ms 5\nprevious 1\nfiles 3\nkeep 2\nsynced 1\n", 5, 1, 3, 2, true },
	{ "", 0, 0, -1, -1, false },
	{ "created_ms\nfiles x\nkeep -4\nprevious 99999999999999999999\n", 0, 0, -1, -1, false },
	{ "previous 9999999999999999\n", 0, 0, -1, -1, false },
	{ "later field of a later version\nfiles 7\n", 0, 0, 7, -1, false },
	{ "files 7", 0, 0, 7, -1, false },
	{ "synced 2\nfiles 0\n", 0, 0, 0, -1, false },
};

static void test_samples(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		cleanup_info struct info info = INFO_INIT;
		char claim[64];

		snprintf(claim, sizeof(claim), "sample %zu is read", i);
		ok(put("000001.info", samples[i].text) && info_read(store_fd, 1, false, &info) == 0 &&
			   info.created_ms == samples[i].created_ms && info.previous == samples[i].previous &&
			   info.files == samples[i].files && info.keep == samples[i].keep &&
			   info.is_synced == samples[i].is_synced,
		   claim);
	}
}

/* ---- Which of the two files counts ---- */

static void test_which(void)
{
	cleanup_info struct info info = INFO_INIT;

	put("000002.info", "files 1\n");
	put("000002.info.new", "files 2\n");
	ok(info_read(store_fd, 2, true, &info) == 0 && info.files == 2, "of the live one the facts of the last swap count");
	info_clear(&info);
	ok(info_read(store_fd, 2, false, &info) == 0 && info.files == 1, "of another one the facts of its publication");
	unlinkat(store_fd, "000002.info.new", 0);
	info_clear(&info);
	ok(info_read(store_fd, 2, true, &info) == 0 && info.files == 1, "where there is one file, that");
	ok(info_read(store_fd, 3, true, &info) < 0 && errno == ENOENT && info.files == -1,
	   "where there is none, nothing is known");
}

/* ---- Written and read again ---- */

static void test_again(void)
{
	cleanup_info struct info info = INFO_INIT, again = INFO_INIT;

	info.created_ms = 1234567890123;
	info.previous = 41;
	info.top_mode = 02750;
	strcpy(info.boot, "a boot");
	ok(info_stamp(&info, 40, 100) == 0 && info_stamp(&info, 41, 200) == 0 && info_stamp(&info, 40, 300) == 0,
	   "(two generations are stamped, one of them twice)");
	ok(info_write_new(store_fd, 4, &info) == 0 && info_read(store_fd, 4, true, &again) == 0 &&
		   again.created_ms == info.created_ms && again.previous == 41 && again.top_mode == 02750 &&
		   strcmp(again.boot, "a boot") == 0,
	   "what is written is read again");
	ok(info_replaced_at(&again, 40, "a boot") == 300 && info_replaced_at(&again, 41, "a boot") == 200,
	   "the last stamp of each counts");
	ok(info_replaced_at(&again, 40, "another boot") == -1 && info_replaced_at(&again, 39, "a boot") == -1,
	   "a stamp of another boot is long ago, and so is none");
}

/* ---- What is in the way ---- */

static void test_obstacles(void)
{
	cleanup_info struct info info = INFO_INIT;
	struct buffer bytes = { 0 };

	ok(mkfifoat(store_fd, "000005.info", 0600) == 0 && info_read(store_fd, 5, false, &info) < 0,
	   "a FIFO in the place of a file does not wait for its writer");
	ok(symlinkat("000001.info", store_fd, "000006.info") == 0 && info_read(store_fd, 6, false, &info) < 0,
	   "a symlink is not followed");
	ok(part_read(store_fd, 7, PART_NOTE, NOTE_MAX, &bytes) < 0 && errno == ENOENT, "a part that is not there is ENOENT");
	ok(part_remove(store_fd, 7, PART_NOTE) == 0, "and removing it is fine");
	buffer_clear(&bytes);
}

int main(void)
{
	char directory[] = "/tmp/info_test.XXXXXX", command[64];

	if (!mkdtemp(directory))
		return 2;
	store_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_samples();
	test_which();
	test_again();
	test_obstacles();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) != 0)
		return 2;
	return done();
}
