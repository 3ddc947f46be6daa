/* SPDX-License-Identifier: ISC
 *
 * doctor: what processes have open or watch in a generation. The paths of those in another mount namespace are looked up below
 * their own root, since containers may have the store at another place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomicdir/doctor.h"
#include "atomicdir/proc.h"
#include "base/array.h"
#include "base/cleanup.h"

#define LINK_SIZE 4096

/* What one process has to do with one generation. */
struct use {
	int64_t generation;
	bool has_cwd, has_root, has_exe, has_pin;
	int files, maps, watches;
};

struct process {
	const struct patient *patient;
	int pid;
	bool shares_mounts; /* it is in our mount namespace */
	struct use *uses;
	size_t count;
};

/* Which inode is in which generation, to know what is watched. */
struct inode {
	ino_t number;
	int64_t generation;
};

struct census {
	struct patient *patient;
	unsigned long device; /* as the kernel writes it in fdinfo; 0: not known */
	struct inode *inodes; /* sorted */
	size_t count;
	bool is_taken;
};

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

static struct use *process_use(struct process *process, int64_t generation)
{
	struct use *added;

	for (size_t i = 0; i < process->count; i++)
		if (process->uses[i].generation == generation)
			return &process->uses[i];
	added = array_add(&process->uses, &process->count, sizeof(*added));
	if (added)
		added->generation = generation;
	return added;
}

/* ---- Paths ---- */

static bool process_shares_mounts(int pid)
{
	char path[64];
	struct stat own, other;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return stat("/proc/self/ns/mnt", &own) == 0 && stat(path, &other) == 0 && own.st_ino == other.st_ino;
}

/* Whether the first `size` bytes of a path name our store. The kernel writes paths as they are below our root, and what our mounts
 * do not have as it is below the root of the process. */
static bool process_has_store(const struct process *process, const char *path, size_t size)
{
	cleanup_free char *store = NULL;
	char root[32] = "";
	struct stat status;

	if (!process->shares_mounts)
		snprintf(root, sizeof(root), "/proc/%d/root", process->pid);
	return asprintf(&store, "%s%.*s", root, (int)size, path) >= 0 && stat(store, &status) == 0 &&
	       status.st_dev == process->patient->store_status.st_dev && status.st_ino == process->patient->store_status.st_ino;
}

/* The generation that a path of the process is in; 0: none. *rest: what follows the number. */
static int64_t process_generation(const struct process *process, const char *path, const char **rest)
{
	const char *name = process->patient->store_name;
	size_t size = strlen(name);

	for (const char *found = strstr(path, name); found; found = strstr(found + 1, name)) {
		int64_t generation = found > path && found[-1] == '/' ? doctor_generation_of(found + size) : 0;

		if (!generation || !process_has_store(process, path, (size_t)(found + size - path)))
			continue;
		*rest = found + size + 1 + strspn(found + size + 1, "0123456789");
		return generation;
	}
	return 0;
}

static struct use *process_use_of(struct process *process, const char *path, const char **rest)
{
	int64_t generation = path[0] == '/' ? process_generation(process, path, rest) : 0;

	return generation ? process_use(process, generation) : NULL;
}

static bool process_read_link(const struct process *process, const char *name, char path[static LINK_SIZE])
{
	char link[320];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/%d/%s", process->pid, name);
	size = readlink(link, path, LINK_SIZE - 1);
	path[size < 0 ? 0 : size] = '\0';
	return size >= 0;
}

/* ---- Watches ---- */

static int inode_compare(const void *a, const void *b)
{
	const struct inode *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static void census_add(struct census *census, const struct atomicdir_generation *one)
{
	char *const paths[] = { (char *)(uintptr_t)one->path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	const FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		struct inode *added = entry->fts_statp && entry->fts_info != FTS_DP && entry->fts_info != FTS_NS
					      ? array_add(&census->inodes, &census->count, sizeof(*added))
					      : NULL;

		if (added)
			*added = (struct inode){ entry->fts_statp->st_ino, one->number };
	}
	if (tree)
		fts_close(tree);
}

/* Taken only where somebody watches something on the store's file system. */
static void census_take(struct census *census)
{
	if (census->is_taken)
		return;
	census->is_taken = true;
	for (const struct atomicdir_generation *one = census->patient->list; one; one = one->next)
		census_add(census, one);
	if (!census->patient->list && census->patient->live)
		census_add(census, census->patient->live);
	if (census->count)
		qsort(census->inodes, census->count, sizeof(*census->inodes), inode_compare);
}

static void watch_examine(struct census *census, struct process *process, const char *line)
{
	unsigned long inode_number, device;
	const struct inode *found;
	struct inode key = { 0 };
	struct use *use;

	/* proc_pid_fdinfo(5): "inotify wd:1 ino:3c51a sdev:fe00000 mask:2 ..." */
	if (sscanf(line, "inotify wd:%*x ino:%lx sdev:%lx", &inode_number, &device) != 2 || device != census->device)
		return;
	census_take(census);
	key.number = inode_number;
	found = census->count ? bsearch(&key, census->inodes, census->count, sizeof(key), inode_compare) : NULL;
	use = found ? process_use(process, found->generation) : NULL;
	if (use)
		use->watches++;
}

/* ---- Descriptors ---- */

/* Watches, if the descriptor is inotify's; a pin, if it has a generation locked. */
static void descriptor_read_info(struct census *census, struct process *process, const char *name, struct use *use)
{
	char path[320], line[512];
	cleanup(close_stream) FILE *stream = NULL;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", process->pid, name);
	stream = fopen(path, "re");
	while (stream && fgets(line, sizeof(line), stream))
		if (!use)
			watch_examine(census, process, line);
		else if (strncmp(line, "lock:", 5) == 0 && strstr(line, "FLOCK"))
			use->has_pin = true;
}

static void descriptor_examine(struct census *census, struct process *process, const char *name)
{
	char link[300], path[LINK_SIZE];
	const char *rest = "";
	struct use *use;

	snprintf(link, sizeof(link), "fd/%s", name);
	if (!process_read_link(process, link, path))
		return;
	if (strcmp(path, "anon_inode:inotify") == 0)
		descriptor_read_info(census, process, name, NULL);
	use = process_use_of(process, path, &rest);
	/* What follows the number of a generation may be a file that secretdir or a hook has open in the store. */
	if (!use || (*rest && *rest != '/' && *rest != ' '))
		return;
	use->files++;
	if (!*rest)
		descriptor_read_info(census, process, name, use);
}

static bool process_examine_descriptors(struct census *census, struct process *process)
{
	char path[32];
	cleanup(close_directory) DIR *directory = NULL;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/fd", process->pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			descriptor_examine(census, process, entry->d_name);
	return directory || errno != EACCES;
}

static void process_examine_maps(struct process *process)
{
	char path[32], line[LINK_SIZE + 128];
	cleanup(close_stream) FILE *stream = NULL;
	const char *rest;

	snprintf(path, sizeof(path), "/proc/%d/maps", process->pid);
	stream = fopen(path, "re");
	while (stream && fgets(line, sizeof(line), stream)) {
		const char *file = strchr(line, '/');
		struct use *use;

		line[strcspn(line, "\n")] = '\0';
		use = file ? process_use_of(process, file, &rest) : NULL;
		if (use)
			use->maps++;
	}
}

static void process_examine_places(struct process *process)
{
	char path[LINK_SIZE];
	const char *rest;
	struct use *use;

	if (process_read_link(process, "cwd", path) && (use = process_use_of(process, path, &rest)))
		use->has_cwd = true;
	if (process_read_link(process, "root", path) && (use = process_use_of(process, path, &rest)))
		use->has_root = true;
	if (process_read_link(process, "exe", path) && (use = process_use_of(process, path, &rest)))
		use->has_exe = true;
}

/* ---- Telling ---- */

static void detail_add(char detail[static 256], const char *what)
{
	size_t size = strlen(detail);

	snprintf(detail + size, 256 - size, "%s%s", size ? ", " : "", what);
}

static void detail_add_count(char detail[static 256], int count, const char *one, const char *many)
{
	char what[64];

	if (!count)
		return;
	snprintf(what, sizeof(what), "%d %s", count, count == 1 ? one : many);
	detail_add(detail, what);
}

static void use_tell_watches(struct patient *patient, const struct finding_facts *facts, const struct use *use, bool is_live)
{
	struct finding_facts own = *facts;
	char detail[256] = "";

	if (!use->watches)
		return;
	detail_add_count(detail, use->watches, "file or directory", "files and directories");
	own.detail = detail;
	finding_add(&patient->findings, is_live ? FINDING_WATCH_LIVE : FINDING_WATCH_OLD, &own);
}

/* A stage is a directory that was not published: whoever is in it is filling it. */
static bool use_is_stage(const struct patient *patient, int64_t generation)
{
	static const char *const suffixes[] = { ".info", ".info.new" };
	char path[LINK_SIZE];
	struct stat status;

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%06" PRId64 "%s", patient->store, generation, suffixes[i]);
		if (lstat(path, &status) == 0)
			return false;
	}
	snprintf(path, sizeof(path), "%s/%06" PRId64, patient->store, generation);
	return lstat(path, &status) == 0;
}

static void use_tell(struct patient *patient, int pid, const struct use *use)
{
	bool is_live = doctor_is_live(patient, use->generation);
	char name[64], detail[256] = "", command[PROC_COMMAND_SIZE];
	struct finding_facts facts = {
		.subject = name, .detail = detail, .command = command, .pid = pid, .generation = use->generation
	};

	proc_read_name(pid, name);
	proc_reload_command(pid, command);
	if (!is_live && use_is_stage(patient, use->generation))
		return;
	use_tell_watches(patient, &facts, use, is_live);
	if (is_live)
		return;
	if (use->has_pin) {
		finding_add(&patient->findings, FINDING_PINNED, &facts);
		return;
	}
	if (use->has_root)
		detail_add(detail, "its root");
	if (use->has_cwd)
		detail_add(detail, "its working directory");
	if (use->has_exe)
		detail_add(detail, "its program");
	detail_add_count(detail, use->files, "open file or directory", "open files and directories");
	detail_add_count(detail, use->maps, "mapping", "mappings");
	if (*detail)
		finding_add(&patient->findings, FINDING_PROCESS_OLD, &facts);
}

static void process_examine(int pid, void *context)
{
	struct census *census = context;
	struct process process = { .patient = census->patient, .pid = pid, .shares_mounts = process_shares_mounts(pid) };

	if (!process_examine_descriptors(census, &process)) {
		census->patient->unread_processes++;
		return;
	}
	process_examine_places(&process);
	process_examine_maps(&process);
	for (size_t i = 0; i < process.count; i++)
		use_tell(census->patient, pid, &process.uses[i]);
	free(process.uses);
}

void doctor_processes(struct patient *patient)
{
	struct census census = { .patient = patient };
	unsigned device_major, device_minor;

	/* fdinfo has the kernel's own form of a device's number. */
	if (doctor_mount_device(patient, &device_major, &device_minor))
		census.device = (unsigned long)device_major << 20 | device_minor;
	proc_each(process_examine, &census);
	free(census.inodes);
}
