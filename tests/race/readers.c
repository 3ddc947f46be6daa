/* SPDX-License-Identifier: ISC
 *
 * readers LOOKS LAYOUT: publishes in the working directory as fast as it can, with nothing kept and no grace, until readers have looked so
 * often at the live generation. A look reads FILES files, which all hold the number of their publication. Two readers pin what they
 * look at; one opens the directory, and one resolves LINK anew for each file, a twentieth as often. It prints for each way how many looks missed a file and how many read
 * files of two generations, and exits with 1 if a pinned one did or a publication failed.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES 4
#define PINNING 2
#define LINK "link"

struct tally {
	long looks, missing, mixed, failures;
};

static volatile bool is_over;
static long looks_each;
static int layout;

static int populate(struct atomicdir_stage *stage, void *number, struct atomicdir_error *error)
{
	char name[16], text[24];
	int size = snprintf(text, sizeof(text), "%ld", *(long *)number), done = 0;

	for (int i = 0; !done && i < FILES; i++) {
		snprintf(name, sizeof(name), "d%d/f%d", i % 2, i);
		done = atomicdir_write(stage, name, text, (size_t)size, 0644, error);
	}
	return done;
}

static void *publish(void *arg)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct tally *tally = arg;
	struct atomicdir_error error;

	options.layout = layout;
	options.keep = options.grace_ms = 0;
	/* Swaps as many as can be: what a power cut leaves is tried elsewhere. */
	options.sync = ATOMICDIR_SYNC_NONE;
	while (!is_over) {
		tally->looks++;
		if (atomicdir_fill(LINK, populate, &tally->looks, &options, &error) == 1)
			continue;
		tally->failures++;
		printf("# %s\n", error.text);
	}
	return NULL;
}

/* The number in a file; 0: it is not there, or is empty. */
static long read_number(int directory_fd, const char *name)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
	char text[24] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		*text = '\0';
	close(fd);
	return atol(text);
}

/* Reads all files below a directory, or by paths that begin with `prefix`. */
static void look(struct tally *tally, int directory_fd, const char *prefix)
{
	long first = 0, number;
	bool is_missing = false, is_mixed = false;
	char name[32];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%sd%d/f%d", prefix, i % 2, i);
		number = read_number(directory_fd, name);
		first = first ? first : number;
		is_missing = is_missing || !number;
		is_mixed = is_mixed || (number && number != first);
	}
	tally->looks++;
	tally->missing += is_missing;
	tally->mixed += is_mixed;
}

static void *read_pinned(void *arg)
{
	struct tally *tally = arg;
	struct atomicdir_error error;

	while (tally->looks < looks_each) {
		int fd = atomicdir_pin(LINK, NULL, &error);

		if (fd >= 0) {
			look(tally, fd, "");
			close(fd);
			continue;
		}
		tally->failures++;
		tally->looks++;
		printf("# %s\n", error.text);
	}
	return NULL;
}

/* Those who do not pin look less often, so that the pinned ones have the processors. */
static bool look_on(const struct tally *tally)
{
	return !is_over && tally->looks < looks_each / 10;
}

static void *read_opened(void *arg)
{
	const char *path = layout == ATOMICDIR_LAYOUT_VOLUME ? LINK "/..data" : LINK;

	while (look_on(arg)) {
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		look(arg, fd, "");
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static void *read_by_path(void *arg)
{
	while (look_on(arg))
		look(arg, AT_FDCWD, LINK "/");
	return NULL;
}

static void print(const char *way, const struct tally *tally)
{
	printf("%-16s %10ld looks: %8ld missing, %8ld mixed", way, tally->looks, tally->missing, tally->mixed);
	printf(tally->failures ? ", %ld failed\n" : "\n", tally->failures);
}

int main(int argc, char **argv)
{
	struct tally written = { 0, 0, 0, 0 }, opened = written, by_path = written, pinned[PINNING + 1] = { written };
	pthread_t writer, others[2], pinning[PINNING];

	if (argc != 3 || (looks_each = atol(argv[1]) / PINNING) < 1)
		return 2;
	layout = strcmp(argv[2], "volume") == 0 ? ATOMICDIR_LAYOUT_VOLUME : ATOMICDIR_LAYOUT_LINK;
	pthread_create(&writer, NULL, publish, &written);
	while (atomicdir_show(LINK, NULL, NULL) < 0)
		usleep(1000);
	pthread_create(&others[0], NULL, read_opened, &opened);
	pthread_create(&others[1], NULL, read_by_path, &by_path);
	for (int i = 0; i < PINNING; i++)
		pthread_create(&pinning[i], NULL, read_pinned, &pinned[i + 1]);
	for (int i = 0; i < PINNING; i++) {
		pthread_join(pinning[i], NULL);
		pinned[0].looks += pinned[i + 1].looks;
		pinned[0].missing += pinned[i + 1].missing;
		pinned[0].mixed += pinned[i + 1].mixed;
		pinned[0].failures += pinned[i + 1].failures;
	}
	is_over = true;
	pthread_join(writer, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(others[i], NULL);
	printf("%ld publications\n", written.looks);
	print("pinned", &pinned[0]);
	print("directory opened", &opened);
	print("by path", &by_path);
	return pinned[0].missing || pinned[0].mixed || pinned[0].failures || written.failures;
}
