/* SPDX-License-Identifier: ISC
 *
 * doctor: mounts (proc_pid_mountinfo(5)). A bind mount of LINK, or of something below it, is a mount of one generation, and stays
 * one. Who made it may be in another mount namespace, as containers are: the mounts of every process that we may look into are read,
 * of each namespace once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "atomicdir/doctor.h"
#include "atomicdir/proc.h"
#include "base/array.h"
#include "base/cleanup.h"

#define MOUNT_LINE_SIZE 16384

struct mount {
	char device[32]; /* "254:0" */
	char *root;	 /* which directory of its file system is mounted */
	char *point;	 /* where */
	char *options;	 /* of the file system */
};

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

/* Spaces and their like are written in octal: "\040". */
static void mount_unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Reads the next mount. Its texts point into `line`. */
static bool mount_next(FILE *stream, char line[static MOUNT_LINE_SIZE], struct mount *mount)
{
	char *rest = line, *word, *separator;

	if (!stream || !fgets(line, MOUNT_LINE_SIZE, stream))
		return false;
	line[strcspn(line, "\n")] = '\0';
	separator = strstr(line, " - ");
	mount->options = separator ? strrchr(separator, ' ') + 1 : line + strlen(line);
	strsep(&rest, " ");
	strsep(&rest, " ");
	word = strsep(&rest, " ");
	mount->root = strsep(&rest, " ");
	mount->point = strsep(&rest, " ");
	if (!word || !mount->root || !mount->point)
		return false;
	snprintf(mount->device, sizeof(mount->device), "%.31s", word);
	mount_unescape(mount->root);
	mount_unescape(mount->point);
	return true;
}

/* What follows the directory in the path: "" or "/..."; NULL: the path is not below it. */
static const char *path_below(const char *path, const char *directory)
{
	size_t size = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, size) == 0 && (path[size] == '/' || !path[size]) ? path + size : NULL;
}

/* Finds the mount that the path is on in our own namespace: the last one of the deepest. */
static bool mount_of(const char *path, char line[static MOUNT_LINE_SIZE], struct mount *found)
{
	cleanup(close_stream) FILE *stream = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *buffer = malloc(MOUNT_LINE_SIZE);
	size_t deepest = 0;
	struct mount mount;

	while (buffer && mount_next(stream, buffer, &mount)) {
		size_t depth = strlen(mount.point);

		if (depth < deepest || !path_below(path, mount.point))
			continue;
		deepest = depth;
		memcpy(line, buffer, MOUNT_LINE_SIZE);
		*found = mount;
		found->root = line + (mount.root - buffer);
		found->point = line + (mount.point - buffer);
		found->options = line + (mount.options - buffer);
	}
	return deepest;
}

bool doctor_mount_has(const struct patient *patient, const char *option)
{
	char line[MOUNT_LINE_SIZE], *rest, *word;
	struct mount mount;

	if (!mount_of(patient->parent, line, &mount))
		return false;
	for (rest = mount.options; (word = strsep(&rest, ","));)
		if (strcmp(word, option) == 0)
			return true;
	return false;
}

bool doctor_mount_device(const struct patient *patient, unsigned *device_major, unsigned *device_minor)
{
	char line[MOUNT_LINE_SIZE];
	struct mount mount;
	struct stat status;

	if (mount_of(patient->store, line, &mount))
		return sscanf(mount.device, "%u:%u", device_major, device_minor) == 2;
	/* After a chroot(2) to a directory that is no mount point, the mount that it is on is not listed. This number is the same but on
	 * btrfs, where a subvolume has one of its own. */
	if (stat(patient->store, &status) < 0)
		return false;
	*device_major = major(status.st_dev);
	*device_minor = minor(status.st_dev);
	return true;
}

char *doctor_mount_below(const char *path)
{
	cleanup(close_stream) FILE *stream = fopen("/proc/self/mountinfo", "re");
	char line[MOUNT_LINE_SIZE];
	struct mount mount;

	while (mount_next(stream, line, &mount))
		if (path_below(mount.point, path))
			return strdup(mount.point);
	return NULL;
}

/* ---- Mounts inside the store ---- */

static void mounts_examine_inside(struct patient *patient)
{
	cleanup(close_stream) FILE *stream = fopen("/proc/self/mountinfo", "re");
	char line[MOUNT_LINE_SIZE];
	struct mount mount;

	while (mount_next(stream, line, &mount))
		if (path_below(mount.point, patient->store))
			finding_add(&patient->findings, FINDING_MOUNT_INSIDE, FINDING(.subject = mount.point));
}

/* ---- Mounts of generations ---- */

struct mounts {
	struct patient *patient;
	struct mount own;  /* the mount that the store is on */
	char *store;	   /* the store's path on its file system */
	ino_t *namespaces; /* those that were examined */
	size_t namespace_count;
};

/* In which mount namespace the process is, if that was not examined yet; 0: it was, or it cannot be known. */
static ino_t mounts_take_namespace(struct mounts *mounts, int pid)
{
	char path[64];
	struct stat status;
	ino_t *added;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &status) < 0)
		return 0;
	for (size_t i = 0; i < mounts->namespace_count; i++)
		if (mounts->namespaces[i] == status.st_ino)
			return 0;
	added = array_add(&mounts->namespaces, &mounts->namespace_count, sizeof(*added));
	if (added)
		*added = status.st_ino;
	return status.st_ino;
}

/* A mount from a generation that was removed has "//deleted" at its end. */
static void mounts_examine(struct mounts *mounts, int pid, const struct mount *mount, bool is_own_namespace)
{
	const char *below = path_below(mount->root, mounts->store);
	int64_t generation = below ? doctor_generation_of(below) : 0;
	bool is_live = doctor_is_live(mounts->patient, generation);
	char command[64] = "", detail[128] = "", name[64];

	if (!generation || strcmp(mount->device, mounts->own.device) != 0)
		return;
	if (!is_own_namespace) {
		proc_read_name(pid, name);
		snprintf(command, sizeof(command), "nsenter -t %d -m ", pid);
		snprintf(detail, sizeof(detail), ", as process %d (%s) sees it,", pid, name);
	}
	finding_add(
		&mounts->patient->findings, is_live ? FINDING_MOUNT_LIVE : FINDING_MOUNT_OLD,
		FINDING(.subject = mount->point, .detail = detail, .pid = pid, .generation = generation, .command = command));
}

static void mounts_examine_process(int pid, void *context)
{
	struct mounts *mounts = context;
	ino_t own = mounts->namespace_count ? mounts->namespaces[0] : 0;
	ino_t namespace = mounts_take_namespace(mounts, pid);
	cleanup(close_stream) FILE *stream = NULL;
	char path[64], line[MOUNT_LINE_SIZE];
	struct mount mount;

	if (!namespace)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	stream = fopen(path, "re");
	while (mount_next(stream, line, &mount))
		mounts_examine(mounts, pid, &mount, !own || namespace == own);
}

/* Our own namespace is the first. */
void doctor_mounts(struct patient *patient)
{
	struct mounts mounts = { .patient = patient };
	char line[MOUNT_LINE_SIZE];

	mounts_examine_inside(patient);
	if (!mount_of(patient->store, line, &mounts.own) ||
	    asprintf(&mounts.store, "%s%s", strcmp(mounts.own.root, "/") == 0 ? "" : mounts.own.root,
		     path_below(patient->store, mounts.own.point)) < 0)
		return;
	mounts_examine_process(getpid(), &mounts);
	proc_each(mounts_examine_process, &mounts);
	free(mounts.store);
	free(mounts.namespaces);
}
