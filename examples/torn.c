/* SPDX-License-Identifier: ISC
 *
 * torn [--json] [SECONDS]: a certificate and its key are replaced as fast as possible, in each of several ways, while a reader
 * reads one and then the other. Counts what the reader sees, SECONDS (default: 2) for each way.
 *
 * To add a way, write a function that replaces the pair, and add a row to `ways`.
 */
#include <atomicdir.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_SIZE = 2048 };

struct way {
	const char *name;
	const char *path; /* of the directory that the reader reads */
	bool is_pinned;	  /* the reader pins it for each pair; else it opens each file by its path */
	int (*replace)(const struct way *way, const char *bytes);
};

struct counts {
	long replaced, reads, torn, missing;
};

struct reader {
	const struct way *way;
	struct counts counts;
};

static volatile bool is_over;
static volatile sig_atomic_t is_interrupted;

/* ---- The ways ---- */

static int file_write(const char *path, const char *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool is_written;

	if (fd < 0)
		return -1;
	is_written = write(fd, bytes, FILE_SIZE) == FILE_SIZE;
	return close(fd) == 0 && is_written ? 0 : -1;
}

/* As cp does where the file exists. */
static int replace_in_place(const struct way *way, const char *bytes)
{
	mkdir(way->path, 0700);
	return file_write("copied/cert", bytes) || file_write("copied/key", bytes) ? -1 : 0;
}

static int replace_each(const struct way *way, const char *bytes)
{
	mkdir(way->path, 0700);
	if (file_write("renamed/cert.new", bytes) < 0 || rename("renamed/cert.new", "renamed/cert") < 0)
		return -1;
	return file_write("renamed/key.new", bytes) < 0 || rename("renamed/key.new", "renamed/key") < 0 ? -1 : 0;
}

static int populate(struct atomicdir_stage *stage, void *bytes, struct atomicdir_error *error)
{
	return atomicdir_write(stage, "cert", bytes, FILE_SIZE, 0644, error) ||
	       atomicdir_write(stage, "key", bytes, FILE_SIZE, 0600, error);
}

static int publish(const struct way *way, const char *bytes, enum atomicdir_layout layout)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct atomicdir_error error;

	/* All other ways leave syncing out too. */
	options.sync = ATOMICDIR_SYNC_NONE;
	options.layout = layout;
	if (atomicdir_fill(way->path, populate, (void *)(uintptr_t)bytes, &options, &error) >= 0)
		return 0;
	warnx("%s", error.text);
	return -1;
}

static int publish_link(const struct way *way, const char *bytes)
{
	return publish(way, bytes, ATOMICDIR_LAYOUT_LINK);
}

static int publish_volume(const struct way *way, const char *bytes)
{
	return publish(way, bytes, ATOMICDIR_LAYOUT_VOLUME);
}

static int publish_files(const struct way *way, const char *bytes)
{
	mkdir(way->path, 0700);
	return publish(way, bytes, ATOMICDIR_LAYOUT_FILES);
}

static const struct way ways[] = {
	{ "each file copied in place", "copied", false, replace_in_place },
	{ "each file renamed", "renamed", false, replace_each },
	{ "link swapped, read by path", "link", false, publish_link },
	{ "link swapped, pinned", "link", true, publish_link },
	{ "volume, read by path", "volume", false, publish_volume },
	{ "volume, pinned", "volume", true, publish_volume },
	{ "files, read by path", "files", false, publish_files },
};

/* ---- The reader ---- */

/* The size; -1: the file is not there. */
static ssize_t file_read(int directory_fd, const char *directory, const char *name, char bytes[static FILE_SIZE])
{
	char path[64];
	int fd;
	ssize_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size = read(fd, bytes, FILE_SIZE);
	close(fd);
	return size;
}

static void pair_read(struct counts *counts, int directory_fd, const char *directory)
{
	char cert[FILE_SIZE], key[FILE_SIZE];
	ssize_t cert_size = file_read(directory_fd, directory, "cert", cert);
	ssize_t key_size = file_read(directory_fd, directory, "key", key);

	counts->reads++;
	if (cert_size < 0 || key_size < 0)
		counts->missing++;
	else if (cert_size != FILE_SIZE || key_size != FILE_SIZE || memcmp(cert, key, FILE_SIZE) != 0)
		counts->torn++;
}

static void *read_pairs(void *argument)
{
	struct reader *reader = argument;

	while (!is_over) {
		int pin = AT_FDCWD;

		if (reader->way->is_pinned)
			pin = atomicdir_pin(reader->way->path, NULL, NULL);
		pair_read(&reader->counts, pin, reader->way->is_pinned ? "." : reader->way->path);
		if (pin >= 0)
			close(pin);
	}
	return NULL;
}

/* ---- One way after the other ---- */

/* A pair is a number, as often as it fits: the certificate and the key of a pair have the same bytes. */
static int pair_replace(const struct way *way, int number)
{
	char bytes[FILE_SIZE + 1];

	for (int at = 0; at < FILE_SIZE; at += 16)
		snprintf(bytes + at, 17, "%015d\n", number);
	return way->replace(way, bytes);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A line on the terminal that says how far it is, and nothing anywhere else. */
static void progress_show(const struct way *way, double seconds)
{
	static int last = -1;
	int now = (int)(seconds * 10);

	if (now == last || !isatty(STDERR_FILENO))
		return;
	last = now;
	if (way)
		fprintf(stderr, "\r\033[K%s: %.1f s", way->name, seconds);
	else
		fprintf(stderr, "\r\033[K");
}

static int way_run(const struct way *way, double seconds, struct counts *counts)
{
	struct reader reader = { .way = way };
	double begin = now_s();
	pthread_t thread;
	int written = 0, result = 0;

	is_over = false;
	if (pair_replace(way, 0) < 0 || pthread_create(&thread, NULL, read_pairs, &reader) != 0)
		return -1;
	while (result == 0 && !is_interrupted && now_s() - begin < seconds) {
		progress_show(way, now_s() - begin);
		result = pair_replace(way, ++written);
	}
	is_over = true;
	pthread_join(thread, NULL);
	progress_show(NULL, -1);
	*counts = reader.counts;
	counts->replaced = written;
	return result;
}

static void row_print(const struct way *way, const struct counts *counts)
{
	char percent[16] = "";

	if (counts->torn)
		snprintf(percent, sizeof(percent), "%.2g %%", 100.0 * (double)counts->torn / (double)counts->reads);
	printf("%-28s %10ld %10ld %10ld %9s %10ld\n", way->name, counts->replaced, counts->reads, counts->torn, percent,
	       counts->missing);
	fflush(stdout);
}

static void row_print_json(const struct way *way, const struct counts *counts, bool is_first)
{
	printf("%s{\"way\":\"%s\",\"replaced\":%ld,\"reads\":%ld,\"torn\":%ld,\"missing\":%ld}", is_first ? "[" : ",\n ",
	       way->name, counts->replaced, counts->reads, counts->torn, counts->missing);
}

static int ways_run(double seconds, bool is_json)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways) && !is_interrupted; i++) {
		struct counts counts;

		if (way_run(&ways[i], seconds, &counts) < 0)
			return -1;
		if (is_json)
			row_print_json(&ways[i], &counts, i == 0);
		else
			row_print(&ways[i], &counts);
	}
	return is_interrupted ? -1 : 0;
}

static void head_print(double seconds)
{
	printf("A certificate and its key are replaced as fast as possible while a program reads them, for %g s each way:\n\n",
	       seconds);
	printf("%-28s %10s %10s %10s %9s %10s\n", "", "replaced", "read", "torn", "", "missing");
}

static void interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

int main(int argc, char **argv)
{
	bool is_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	double seconds = argc > 1 + is_json ? atof(argv[1 + is_json]) : 2;
	char top[4096];
	int result;

	if (!(seconds > 0) || argc > 2 + is_json)
		errx(2, "usage: torn [--json] [SECONDS]");
	snprintf(top, sizeof(top), "%s/atomicdir-torn-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(top) || chdir(top) < 0)
		err(1, "%s", top);
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	if (!is_json)
		head_print(seconds);
	result = ways_run(seconds, is_json);
	printf(is_json ? "]\n"
		       : "\ntorn: a certificate and a key that do not belong together, or a part of a file. missing: a file was not there.\n");
	if (chdir("/") < 0 || nftw(top, entry_remove, 64, FTW_DEPTH | FTW_PHYS) < 0)
		warn("%s", top);
	return result < 0 || fflush(stdout) != 0;
}
