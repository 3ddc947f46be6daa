/* SPDX-License-Identifier: ISC
 *
 * publish [OPTION...] --from DIR LINK: what `atomicdir fill --from` does, but each entry goes through the library's calls, in the order
 * of the paths, so that nothing is on disk before one differs. The options and exit statuses are those of atomicdir.
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"

struct entries {
	struct tree_entry *all; /* what they point to is on the heap, until the program ends */
	size_t count;
};

static int keep_entry(void *arg, const struct tree_entry *entry)
{
	struct entries *entries = arg;
	struct tree_entry *grown = realloc(entries->all, (entries->count + 1) * sizeof(*grown));
	char *path = strdup(entry->path), *bytes = malloc(entry->size + 1);

	if (grown)
		entries->all = grown;
	if (!grown || !path || !bytes) {
		free(path);
		free(bytes);
		return -1;
	}
	memcpy(bytes, entry->bytes, entry->size + 1);
	entries->all[entries->count] = *entry;
	entries->all[entries->count].path = path;
	entries->all[entries->count++].bytes = bytes;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

static int read_entries(struct entries *entries, const char *from)
{
	int fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = tree_read(fd, keep_entry, entries);
	close(fd);
	if (result == 0)
		qsort(entries->all, entries->count, sizeof(*entries->all), compare_entries);
	return result;
}

static int put_entry(struct atomicdir_stage *stage, const struct tree_entry *entry, struct atomicdir_error *error)
{
	mode_t mode = entry->status.st_mode;

	if (!*entry->path)
		return 0;
	if (S_ISDIR(mode))
		return atomicdir_mkdir(stage, entry->path, mode & 07777, error);
	if (S_ISLNK(mode))
		return atomicdir_symlink(stage, entry->path, entry->bytes, error);
	return atomicdir_write(stage, entry->path, entry->bytes, entry->size, mode & 07777, error);
}

static int put_entries(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *error)
{
	const struct entries *entries = arg;

	for (size_t i = 0; i < entries->count; i++)
		if (put_entry(stage, &entries->all[i], error) < 0)
			return -1;
	return 0;
}

static int value_of(const char *name, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fprintf(stderr, "publish: unknown value '%s'\n", name);
	exit(ATOMICDIR_USAGE);
}

static const char *read_options(int argc, char **argv, struct atomicdir_options *options)
{
	static const struct option known[] = { { "keep", 1, NULL, 'k' }, { "grace", 1, NULL, 'g' },
					       { "sync", 1, NULL, 's' }, { "layout", 1, NULL, 'l' },
					       { "from", 1, NULL, 'f' }, { "link-unchanged", 0, NULL, 'u' },
					       { NULL, 0, NULL, 0 } };
	static const char *const layouts[] = { "auto", "link", "volume", "files", NULL };
	static const char *const ways[] = { "auto", "files", "fs", "none", NULL };
	const char *from = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0)
		if (option == 'k')
			options->keep = atoi(optarg);
		else if (option == 'g')
			options->grace_ms = atoi(optarg) * 1000;
		else if (option == 's')
			options->sync = value_of(optarg, ways);
		else if (option == 'l')
			options->layout = value_of(optarg, layouts);
		else if (option == 'f')
			from = optarg;
		else if (option == 'u')
			options->link_unchanged = 1;
		else
			exit(ATOMICDIR_USAGE);
	return optind == argc - 1 ? from : NULL;
}

/* One line on standard error, or the outcome on standard output. What was published is so even if its line is lost. */
static int report(int result, const struct atomicdir_error *error)
{
	if (result < 0 || *error->text)
		fprintf(stderr, "publish: %s%s\n", result < 0 ? "" : "warning: ", error->text);
	if (result < 0)
		return error->kind;
	puts(result ? "published" : "unchanged");
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	const char *from = read_options(argc, argv, &options);
	struct entries entries = { NULL, 0 };
	struct atomicdir_error error;

	if (!from) {
		fputs("usage: publish [OPTION...] --from DIR LINK\n", stderr);
		return ATOMICDIR_USAGE;
	}
	if (read_entries(&entries, from) < 0) {
		fprintf(stderr, "publish: cannot read '%s': %s\n", from, strerror(errno));
		return ATOMICDIR_FAILED;
	}
	return report(atomicdir_fill(argv[optind], put_entries, &entries, &options, &error), &error);
}
