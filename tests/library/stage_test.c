/* SPDX-License-Identifier: ISC
 *
 * What a caller does inside the stage is what is published; and the note, which readers never see. Through the public calls alone.
 */
#include <atomicdir.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static struct atomicdir_error error;

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

/* ---- What is removed or renamed inside the stage ---- */

static void test_removed(void)
{
	struct atomicdir_stage *stage = atomicdir_begin("removed", NULL, &error);
	int fd = atomicdir_fd(stage);

	ok(atomicdir_mkdir(stage, "gone", 0750, &error) == 0 && atomicdir_write(stage, "a/b/c", "c", 1, 0644, &error) == 0 &&
		   unlinkat(fd, "gone", AT_REMOVEDIR) == 0 && unlinkat(fd, "a/b/c", 0) == 0 &&
		   unlinkat(fd, "a/b", AT_REMOVEDIR) == 0 && atomicdir_commit(stage, NULL, &error) == 1,
	   "a stage in which directories were removed is published");
	ok(exists("removed/a") && !exists("removed/gone") && !exists("removed/a/b"), "a removed directory does not come back");
	atomicdir_free(stage);
}

static void test_renamed(void)
{
	struct atomicdir_stage *stage = atomicdir_begin("renamed", NULL, &error);
	int fd = atomicdir_fd(stage);

	ok(atomicdir_mkdir(stage, "old", 0510, &error) == 0 && atomicdir_write(stage, "old/x", "x", 1, 0644, &error) == 0 &&
		   renameat(fd, "old", fd, "new") == 0 && mkdirat(fd, "old", 0711) == 0 &&
		   atomicdir_commit(stage, NULL, &error) == 1,
	   "a stage in which a directory was renamed is published");
	ok(mode_of("renamed/new") == 0510, "a renamed directory gets the mode that it was made with");
	ok(mode_of("renamed/old") == 0711, "a directory that took its name keeps its own mode");
	atomicdir_free(stage);
}

/* ---- Depth ---- */

/* Deeper than a walk may go, below `fd`. */
static bool make_deep(int fd)
{
	bool is_made = true;

	fd = dup(fd);
	for (int i = 0; i < 300 && is_made; i++) {
		int next = mkdirat(fd, "d", 0755) == 0 ? openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		is_made = next >= 0;
		close(fd);
		fd = next;
	}
	close(fd);
	return is_made;
}

static int one(struct atomicdir_stage *stage, void *value, struct atomicdir_error *why)
{
	return atomicdir_write(stage, "value", value, strlen(value), 0644, why);
}

static void test_deep_rollback(void)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_generation *live = NULL;
	int fd;

	ok(atomicdir_fill("deep", one, (char[]){ "1" }, NULL, &error) == 1 &&
		   atomicdir_fill("deep", one, (char[]){ "2" }, NULL, &error) == 1,
	   "(two generations are published)");
	fd = open(".deep.atomicdir/000001", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok(make_deep(fd), "(the older one comes to nest deeper than any walk goes)");
	close(fd);
	options.sync = ATOMICDIR_SYNC_FS;
	ok(atomicdir_rollback("deep", 1, &options, &live, &error) == 1, "a rollback does not walk through the tree");
	ok(live && live->number == 1 && live->files == 1 && live->bytes == 1, "what is known of the generation is as it was");
	free(live);
	options.sync = ATOMICDIR_SYNC_FILES;
	ok(atomicdir_rollback("deep", 2, NULL, NULL, &error) == 1 &&
		   atomicdir_rollback("deep", 1, &options, NULL, &error) < 0 && strstr(error.text, "deeper than"),
	   "a sync file by file refuses what nests too deep");
}

/* ---- The note ---- */

static bool note_is(const char *link, int64_t generation, const void *bytes, ssize_t size)
{
	void *note = NULL;
	ssize_t got = atomicdir_read_note(link, generation, &note, &error);
	bool is_so = got == size && (size <= 0 || memcmp(note, bytes, (size_t)size) == 0);

	free(note);
	return is_so;
}

static int fill_noted(const char *value, const void *note, size_t size)
{
	struct atomicdir_stage *stage = atomicdir_begin("noted", NULL, &error);
	int result = -1;

	if (stage && atomicdir_write(stage, "value", value, strlen(value), 0644, &error) == 0 &&
	    (!note || atomicdir_note(stage, note, size, &error) == 0))
		result = atomicdir_commit(stage, NULL, &error);
	atomicdir_free(stage);
	return result;
}

static void test_note(void)
{
	size_t most = 16 << 20;
	char *large = calloc(1, most + 1);

	ok(fill_noted("1", "a\0b\n", 4) == 1 && note_is("noted", -1, "a\0b\n", 4), "a note is kept byte for byte");
	ok(mode_of(".noted.atomicdir/000001.note") == 0600 && !exists("noted/000001.note"), "out of readers' sight");
	ok(fill_noted("1", "other", 5) == 0 && note_is("noted", 1, "other", 5),
	   "the note of an unchanged fill becomes the live generation's");
	ok(fill_noted("1", NULL, 0) == 0 && note_is("noted", 1, "other", 5), "an unchanged fill without a note keeps it");
	ok(fill_noted("2", NULL, 0) == 1 && note_is("noted", -1, NULL, 0), "a publication without a note has none");
	ok(atomicdir_rollback("noted", 1, NULL, NULL, &error) == 1 && note_is("noted", -1, "other", 5),
	   "a rollback brings the note back");
	ok(large && fill_noted("3", large, most) == 1 && note_is("noted", -1, large, (ssize_t)most), "it may have 16 MiB");
	ok(fill_noted("4", large, most + 1) < 0 && error.kind == ATOMICDIR_USAGE, "and no more: that is USAGE");
	ok(atomicdir_read_note("noted", 999, NULL, &error) < 0 && error.kind == ATOMICDIR_NO_GENERATION,
	   "there is no note of a generation that is not there");
	free(large);
}

static void test_old_note(void)
{
	struct atomicdir_generation *live = NULL;
	char path[PATH_MAX] = "";
	FILE *info;

	if (fill_noted("old", NULL, 0) == 1 && atomicdir_show("noted", &live, &error) == 0)
		snprintf(path, sizeof(path), "%s.info", live->path);
	free(live);
	info = fopen(path, "a");
	ok(info && fputs("note of version one\n", info) >= 0 && fclose(info) == 0 && note_is("noted", -1, "of version one", 14),
	   "a note that an earlier version wrote into N.info is read");
	ok(fill_noted("old", "new", 3) == 0 && note_is("noted", -1, "new", 3), "until there is a newer one");
}

/* ---- Adoption ---- */

/* LINK is opened by the directory that it was found in, not by its path. */
static void test_adoption_by_descriptor(void)
{
	ok(mkdir("place", 0755) == 0 && mkdir("place/target", 0755) == 0 && mkdir("place/target/x", 0755) == 0 &&
		   symlink("target", "place/current") == 0 && atomicdir_adopt("place/current", NULL, &error) == 1 &&
		   exists("place/current/x"),
	   "a symlink in another directory is adopted");
}

int main(void)
{
	char directory[] = "/tmp/stage_test.XXXXXX";
	char remove[64];

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 2;
	test_removed();
	test_renamed();
	test_deep_rollback();
	test_note();
	test_old_note();
	test_adoption_by_descriptor();
	snprintf(remove, sizeof(remove), "rm -rf %s", directory);
	if (chdir("/") < 0 || system(remove) != 0)
		return 2;
	return done();
}
