/* SPDX-License-Identifier: ISC
 *
 * Counts torn reads. A pair of files, tls.crt and tls.key, is replaced again and again by pairs that are known beforehand;
 * a certificate of one pair with the key of another is torn.
 *
 *	rotation read PAIRS DIRECTORY      reads both files until SIGTERM, then prints "reads torn missing swaps"
 *	rotation replace PAIR DIRECTORY    replaces each file of DIRECTORY by itself: write, fsync, rename
 *
 * PAIRS holds one directory for each pair. This is a plain reader: it needs nothing but open(2) and read(2).
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAIRS_MAX = 64, CONTENT_MAX = 8192 };

struct content {
	char bytes[CONTENT_MAX];
	ssize_t size;
};

struct pair {
	struct content certificate, key;
};

static struct pair pairs[PAIRS_MAX];
static int pair_count;
static volatile sig_atomic_t is_over;

static void end(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

/* The file's size, or -1 if it is not there. */
static ssize_t content_read(struct content *content, int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);

	content->size = -1;
	if (fd < 0)
		return -1;
	content->size = read(fd, content->bytes, sizeof(content->bytes));
	close(fd);
	return content->size;
}

static bool content_is(const struct content *one, const struct content *other)
{
	return one->size == other->size && !memcmp(one->bytes, other->bytes, (size_t)one->size);
}

/* Both files of one directory, which is opened once: what LINK names may move on meanwhile. */
static bool pair_read(struct pair *pair, const char *path)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_whole;

	if (directory < 0)
		return false;
	is_whole = content_read(&pair->certificate, directory, "tls.crt") > 0 &&
		   content_read(&pair->key, directory, "tls.key") > 0;
	close(directory);
	return is_whole;
}

static void pairs_load(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char name[4096];

	if (!directory)
		err(1, "%s", path);
	while ((entry = readdir(directory)) && pair_count < PAIRS_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (!pair_read(&pairs[pair_count++], name))
			errx(1, "%s: not a pair of tls.crt and tls.key", name);
	}
	closedir(directory);
}

/* Which pair's certificate and key it is; -1: torn. */
static int pair_find(const struct pair *pair)
{
	for (int i = 0; i < pair_count; i++)
		if (content_is(&pair->certificate, &pairs[i].certificate) && content_is(&pair->key, &pairs[i].key))
			return i;
	return -1;
}

static int read_on(const char *known, const char *path)
{
	long reads = 0, torn = 0, missing = 0, swaps = 0;
	int last = -1;
	struct pair pair;

	pairs_load(known);
	signal(SIGTERM, end);
	while (!is_over) {
		int found;

		reads++;
		if (!pair_read(&pair, path)) {
			missing++;
			continue;
		}
		found = pair_find(&pair);
		torn += found < 0;
		swaps += found >= 0 && last >= 0 && found != last;
		if (found >= 0)
			last = found;
	}
	printf("%ld %ld %ld %ld\n", reads, torn, missing, swaps);
	return 0;
}

static void file_replace(int directory, const char *name, const struct content *content)
{
	char temporary[64];
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, content->bytes, (size_t)content->size) != content->size || fsync(fd) < 0 || close(fd) < 0 ||
	    renameat(directory, temporary, directory, name) < 0)
		err(1, "%s", name);
}

static int replace(const char *from, const char *path)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pair pair;

	if (directory < 0 || !pair_read(&pair, from))
		err(1, "%s or %s", path, from);
	file_replace(directory, "tls.crt", &pair.certificate);
	file_replace(directory, "tls.key", &pair.key);
	close(directory);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "read"))
		return read_on(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "replace"))
		return replace(argv[2], argv[3]);
	fprintf(stderr, "usage: rotation read PAIRS DIRECTORY | rotation replace PAIR DIRECTORY\n");
	return 2;
}
