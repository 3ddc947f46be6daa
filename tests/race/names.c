/* SPDX-License-Identifier: ISC
 *
 * names SWAPS VOLUMES GRACE_MS: fills so many volumes in the working directory, so often in all, each by a thread of its own, with names
 * that come and go at every swap, while readers look for names. GRACE_MS -1 is the default. It prints what the readers missed, and exits
 * with 1 if that was anything:
 *
 *	names that are in every generation, and were not there;
 *	siblings: `index` says N before and after `own-N` was not found, so that N was live all the time.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VOLUMES_MAX 200
#define READERS 3

static const char *const always[] = { "index", "same", "sub/deep/file" };

static volatile bool is_over;
static int volumes, swaps_each;
static int64_t grace_ms;

struct tally {
	long looks, names, siblings, failures;
};

static int populate(struct atomicdir_stage *stage, void *number, struct atomicdir_error *error)
{
	char name[32], text[16];
	int size = snprintf(text, sizeof(text), "%d", *(int *)number);

	snprintf(name, sizeof(name), "own-%s", text);
	return atomicdir_write(stage, name, "", 0, 0644, error) ||
	       atomicdir_write(stage, "index", text, (size_t)size, 0644, error) ||
	       atomicdir_write(stage, "same", "s", 1, 0644, error) ||
	       atomicdir_write(stage, "sub/deep/file", text, (size_t)size, 0644, error);
}

static void *publish(void *arg)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	struct tally *tally = arg;
	struct atomicdir_error error;
	char link[16];

	options.layout = ATOMICDIR_LAYOUT_VOLUME;
	options.grace_ms = grace_ms;
	snprintf(link, sizeof(link), "v%ld", tally->looks);
	for (int i = 1; i <= swaps_each; i++)
		if (atomicdir_fill(link, populate, &i, &options, &error) != 1) {
			tally->failures++;
			printf("# %s\n", error.text);
		}
	return NULL;
}

/* 0: it is not there. */
static int read_index(const char *directory)
{
	char path[64], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/index", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		*text = '\0';
	close(fd);
	return atoi(text);
}

static bool is_there(const char *directory, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

static void look(const char *directory, struct tally *tally)
{
	char own[32];
	int index;

	/* At the first fill names appear one after the other, and then ..data. */
	if (!is_there(directory, "..data"))
		return;
	index = read_index(directory);
	tally->looks++;
	tally->names += !index;
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		tally->names += !is_there(directory, always[i]);
	snprintf(own, sizeof(own), "own-%d", index);
	tally->siblings += !is_there(directory, own) && read_index(directory) == index;
}

static void *read_often(void *arg)
{
	struct tally *tally = arg;
	char directory[16];

	for (int at = 0; !is_over; at = (at + 1) % volumes) {
		snprintf(directory, sizeof(directory), "v%d", at);
		look(directory, tally);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct tally written[VOLUMES_MAX], read[READERS];
	pthread_t writers[VOLUMES_MAX], readers[READERS];
	struct tally sum = { 0, 0, 0, 0 };

	if (argc != 4 || (volumes = atoi(argv[2])) < 1 || volumes > VOLUMES_MAX)
		return 2;
	swaps_each = (atoi(argv[1]) + volumes - 1) / volumes;
	grace_ms = atoi(argv[3]);
	for (int i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, read_often, &read[i]);
	for (int i = 0; i < volumes; i++) {
		written[i].looks = i;
		pthread_create(&writers[i], NULL, publish, &written[i]);
	}
	for (int i = 0; i < volumes; i++) {
		pthread_join(writers[i], NULL);
		sum.failures += written[i].failures;
	}
	is_over = true;
	for (int i = 0; i < READERS; i++) {
		pthread_join(readers[i], NULL);
		sum.looks += read[i].looks;
		sum.names += read[i].names;
		sum.siblings += read[i].siblings;
	}
	printf("%d swaps, %ld looks: %ld names and %ld siblings missed, %ld fills failed\n", swaps_each * volumes, sum.looks,
	       sum.names, sum.siblings, sum.failures);
	return sum.names || sum.siblings || sum.failures || !sum.looks;
}
