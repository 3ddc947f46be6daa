/* SPDX-License-Identifier: ISC
 *
 * doctor: what lies in the store, and why it does. Names are as ARCHITECTURE.md has them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "atomicdir/doctor.h"
#include "base/cleanup.h"

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

/* Whether a writer is at work, as /proc/locks says: taking the lock, even for a moment, would be in a writer's way. */
static bool store_is_locked(const struct patient *patient)
{
	cleanup(close_stream) FILE *locks = fopen("/proc/locks", "re");
	cleanup_free char *path = NULL;
	struct stat lock;
	char line[256];

	if (!locks || asprintf(&path, "%s/lock", patient->store) < 0 || stat(path, &lock) < 0)
		return false;
	while (fgets(line, sizeof(line), locks)) {
		unsigned long inode;

		if (sscanf(line, "%*s FLOCK %*s WRITE %*d %*x:%*x:%lu", &inode) == 1 && inode == lock.st_ino)
			return true;
	}
	return false;
}

/* ---- Names ---- */

enum entry_kind { ENTRY_OURS, ENTRY_GENERATION, ENTRY_TRASH, ENTRY_STRANGER };

static bool name_is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static enum entry_kind entry_kind_of(const char *name)
{
	static const char *const own[] = { "lock",    "next",	     "turned", "status", "status.new",
					   "refused", "refused.new", "live",   NULL };
	static const char *const parts[] = { ".info", ".info.new", ".hook", ".good", ".note", ".carried", ".files", NULL };
	size_t digits = strspn(name, "0123456789");

	/* Of an adoption that died. */
	if (strcmp(name, "adopted") == 0)
		return ENTRY_TRASH;
	if (digits < 6)
		return name_is_one_of(name, own) ? ENTRY_OURS : ENTRY_STRANGER;
	if (!name[digits])
		return ENTRY_GENERATION;
	if (strcmp(name + digits, ".trash") == 0)
		return ENTRY_TRASH;
	return name_is_one_of(name + digits, parts) ? ENTRY_OURS : ENTRY_STRANGER;
}

/* ---- What cannot be removed, and why ---- */

/* The first entry below `path`, or itself, that is immutable; on the heap. */
static char *store_find_immutable(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup(close_directory) DIR *directory = NULL;
	const struct dirent *entry;
	int flags = 0;

	if (fd < 0)
		return NULL;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))
		return strdup(path);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		cleanup_free char *below = NULL;
		char *found;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_REG) || asprintf(&below, "%s/%s", path, entry->d_name) < 0)
			continue;
		found = store_find_immutable(below);
		if (found)
			return found;
	}
	return NULL;
}

static bool store_tell_immutable(struct patient *patient, const char *path)
{
	cleanup_free char *immutable = store_find_immutable(path), *detail = NULL;

	if (!immutable || asprintf(&detail, "'%s' has the attribute i or a (chattr)", immutable) < 0)
		return false;
	finding_add(&patient->findings, FINDING_UNREMOVABLE,
		    FINDING(.subject = path, .detail = detail, .command = "chattr -R -ia", .other = path));
	return true;
}

static bool store_tell_mounted(struct patient *patient, const char *path)
{
	cleanup_free char *mounted = doctor_mount_below(path), *detail = NULL;

	if (!mounted || asprintf(&detail, "'%s' is a mount point", mounted) < 0)
		return false;
	finding_add(&patient->findings, FINDING_UNREMOVABLE,
		    FINDING(.subject = path, .detail = detail, .command = "umount", .other = mounted));
	return true;
}

static void store_tell_leftover(struct patient *patient, const char *path)
{
	if (!store_tell_mounted(patient, path) && !store_tell_immutable(patient, path))
		finding_add(&patient->findings, FINDING_LEFTOVER, FINDING(.subject = path));
}

/* ---- Entries ---- */

static bool store_lists(const struct patient *patient, int64_t number)
{
	const struct atomicdir_generation *one = patient->list;

	while (one && one->number != number)
		one = one->next;
	return one;
}

static void store_examine_owner(struct patient *patient, const char *path)
{
	struct stat status;
	char user[64];

	if (lstat(path, &status) < 0 || status.st_uid == patient->store_status.st_uid)
		return;
	doctor_name_user(user, status.st_uid);
	finding_add(&patient->findings, FINDING_STORE_OWNERS,
		    FINDING(.subject = path, .detail = user, .other = patient->store));
}

/* A generation's directory may have any owner. What is no generation yet may be one that is just being filled. */
static void store_examine_entry(struct patient *patient, const char *name, bool is_locked)
{
	enum entry_kind kind = entry_kind_of(name);
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/%s", patient->store, name) < 0)
		return;
	if (kind == ENTRY_STRANGER)
		finding_add(&patient->findings, FINDING_STRANGER, FINDING(.subject = path));
	else if (kind == ENTRY_OURS)
		store_examine_owner(patient, path);
	else if (!is_locked && (kind == ENTRY_TRASH || !store_lists(patient, strtoll(name, NULL, 10))))
		store_tell_leftover(patient, path);
}

static void store_examine_entries(struct patient *patient)
{
	cleanup(close_directory) DIR *directory = opendir(patient->store);
	bool is_locked = store_is_locked(patient);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			store_examine_entry(patient, entry->d_name, is_locked);
}

/* ---- Generations ---- */

static void store_examine_generation(struct patient *patient, const struct atomicdir_generation *one)
{
	if (one->is_live) {
		if (one->is_hook_due)
			finding_add(&patient->findings, FINDING_HOOK_DUE, FINDING(.generation = one->number));
		return;
	}
	if (one->kept != ATOMICDIR_KEPT_NO_MORE && one->kept != ATOMICDIR_KEPT_UNKNOWN)
		return;
	if (store_tell_mounted(patient, one->path) || store_tell_immutable(patient, one->path))
		return;
	finding_add(&patient->findings, FINDING_KEPT,
		    FINDING(.subject = one->path, .generation = one->number,
			    .detail = one->kept == ATOMICDIR_KEPT_UNKNOWN ? "whether somebody uses it cannot be found out"
									  : "the next publication or prune removes it"));
}

void doctor_store(struct patient *patient)
{
	if (!patient->list)
		return;
	store_examine_entries(patient);
	for (const struct atomicdir_generation *one = patient->list; one; one = one->next)
		store_examine_generation(patient, one);
}
