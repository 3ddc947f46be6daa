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
#include "dir/carried.h"
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
	ok(info_read(store_fd, 3, true, &info) == 0 && info.files == -1, "where there is none, nothing is known");
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

/* ---- The line, and what the first version had instead ---- */

static bool line_is(const struct info *info, const char *wanted)
{
	cleanup_buffer struct buffer text = { 0 };
	bool is_so = line_print(&info->line, &text) == 0 && strcmp(text.size ? text.bytes : "", wanted) == 0;

	if (!is_so)
		printf("# got '%s', wanted '%s'\n", text.size ? text.bytes : "", wanted);
	return is_so;
}

static void test_line(void)
{
	cleanup_info struct info info = INFO_INIT, again = INFO_INIT, old = INFO_INIT, circle = INFO_INIT;

	ok(put("000050.info", "previous 49\nbefore 7\nhook 0\nline 49-48 40\n") && info_read(store_fd, 50, false, &info) == 0 &&
		   info_complete(store_fd, &info) == 0 && info.before == 7 && info.is_without_hook &&
		   line_is(&info, "49-48 40"),
	   "what was live before, the hook and the line are read");
	ok(info_write_new(store_fd, 51, &info) == 0 && info_read(store_fd, 51, true, &again) == 0 && again.has_line &&
		   again.before == 7 && again.is_without_hook && line_is(&again, "49-48 40"),
	   "facts are read as they were written");
	put("000060.info", "previous 59\n");
	put("000059.info", "previous 55\n");
	put("000055.info", "previous 50\n");
	ok(info_read(store_fd, 60, false, &old) == 0 && old.before == 59 && !old.has_line &&
		   info_complete(store_fd, &old) == 0 && line_is(&old, "59 55 50 49-48 40"),
	   "the first version's line is what each of its generations says");
	put("000070.info", "previous 69\n");
	put("000069.info", "previous 70\n");
	ok(info_read(store_fd, 70, false, &circle) == 0 && info_complete(store_fd, &circle) == 0 && line_is(&circle, "69"),
	   "a damaged one does not lead in circles");
}

/* ---- When a generation was replaced ---- */

static void test_settle(void)
{
	cleanup_info struct info info = INFO_INIT, before = INFO_INIT, after = INFO_INIT;

	strcpy(info.boot, "a boot");
	ok(info_stamp(&info, 40, 100) == 0 && info_stamp(&info, 41, 0) == 0 && info_write_new(store_fd, 42, &info) == 0 &&
		   info_read(store_fd, 42, true, &before) == 0 && info_replaced_at(&before, 41, "a boot") == 0,
	   "what is about to be replaced has no time yet");
	ok(info_settle(&info, store_fd, 42, PART_INFO_NEW, 900) == 0 && info_replaced_at(&info, 41, "a boot") == 900 &&
		   info_read(store_fd, 42, true, &after) == 0 && info_replaced_at(&after, 41, "a boot") == 900 &&
		   info_replaced_at(&after, 40, "a boot") == 100,
	   "info_settle() gives it a time, and appends that to the file");
	ok(info_settle(&info, store_fd, 99, PART_INFO_NEW, 950) == 0, "a second info_settle() changes nothing");
}

static void test_most_recent(void)
{
	cleanup_info struct info info = INFO_INIT, copy = INFO_INIT;
	struct found found[3000];
	struct found_list list = { found, 3000 };
	bool is_stamped = true;

	for (int i = 0; i < 3000; i++) {
		found[i] = (struct found){ .number = 3000 - i, .parts = FOUND(PART_DIRECTORY) };
		is_stamped = is_stamped && info_stamp(&info, 1 + i, i % 2 ? 5000 + i : 10 + i) == 0;
	}
	ok(is_stamped && info_copy_replaced(&copy, &info, &list) == 0 && copy.replaced_count == 1000 &&
		   info_replaced_at(&copy, 3000, "") == 7999 && info_replaced_at(&copy, 2999, "") == -1,
	   "of 3,000 times the 1,000 latest are carried along");
	list = (struct found_list){ found + 10, 5 };
	ok(info_copy_replaced(&copy, &info, &list) == 0 && copy.replaced_count == 5,
	   "no time is copied of a generation that does not exist any more");
}

/* ---- What was carried ---- */

static bool put_bytes(const char *name, const char *bytes, size_t size)
{
	unlinkat(store_fd, name, 0);
	return write_file_at(store_fd, name, 0600, bytes, size) == 0;
}

static void test_carried(void)
{
	static const char damaged[] = "1 a\0"
				      "2 b/c\0"
				      "x\0"
				      "3 d";
	cleanup_carried struct carried carried = { 0 }, read = { 0 }, none = { 0 };
	cleanup_buffer struct buffer text = { 0 };

	ok(carried_add(&carried, "z\nz", 3) == 0 && carried_add(&carried, "a b", 1) == 0, "entries are added in any order");
	carried_sort(&carried);
	ok(carried_age(&carried, "a b") == 1 && carried_age(&carried, "z\nz") == 3 && !carried_age(&carried, "a"),
	   "an entry is found by its whole path");
	ok(carried_print(&carried, &text) == 0 && put_bytes("000008.carried", text.bytes, text.size) &&
		   carried_read(store_fd, 8, &read) == 0 && carried_is_same(&carried, &read),
	   "what is written is read again, whatever its name");
	ok(carried_read(store_fd, 99, &none) == 0 && !none.count, "a generation without the file has carried nothing");
	ok(carried_covers(&carried, &none, 3) && !carried_covers(&carried, &none, 2) && !carried_covers(&none, &carried, 3),
	   "what is too old, or missing, has to be published");
	carried_clear(&read);
	ok(put_bytes("000008.carried", damaged, sizeof(damaged)) && carried_read(store_fd, 8, &read) == 0 && read.count == 2 &&
		   carried_age(&read, "b/c") == 2,
	   "of a damaged file what comes before the damage counts");
	carried_clear(&read);
	ok(symlinkat("000008.carried", store_fd, "000009.carried") == 0 && carried_read(store_fd, 9, &read) == 0 && !read.count,
	   "a symlink in its place says nothing");
}

/* ---- What is in the way ---- */

static void test_obstacles(void)
{
	cleanup_info struct info info = INFO_INIT;
	struct buffer bytes = { 0 };

	ok(mkfifoat(store_fd, "000005.info", 0600) == 0 && info_read(store_fd, 5, false, &info) == 0 && info.files == -1,
	   "a FIFO in the place of a file does not wait for its writer, and says nothing");
	ok(symlinkat("000001.info", store_fd, "000006.info") == 0 && put("000001.info", "files 5\n") &&
		   info_read(store_fd, 6, false, &info) == 0 && info.files == -1,
	   "a symlink is not followed");
	ok(part_read(store_fd, 7, PART_NOTE, NOTE_MAX, &bytes) < 0 && errno == ENOENT, "a part that is not there is ENOENT");
	ok(part_remove(store_fd, 7, PART_NOTE) == 0, "removing a part that does not exist succeeds");
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
	test_line();
	test_settle();
	test_most_recent();
	test_carried();
	test_obstacles();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) != 0)
		return 2;
	return done();
}
