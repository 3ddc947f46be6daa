/* SPDX-License-Identifier: ISC */
#include "secretdir/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/link.h"

/* Whether LINK's directory hands its group down, as a volume with fsGroup does in a pod. */
static bool link_is_setgid(const char *link)
{
	cleanup_free char *directory = link_directory(link);
	struct stat status;

	return directory && stat(directory, &status) == 0 && status.st_mode & S_ISGID;
}

void rights_init(struct rights *rights, const char *link, const struct atomicdir_options *wanted, const struct entries *entries)
{
	bool is_grouped = wanted->gid != (gid_t)-1 || link_is_setgid(link);

	*rights = (struct rights){ .wanted = wanted,
				   .entries = entries,
				   .file_mode = is_grouped ? 0440 : 0400,
				   .dir_mode = is_grouped ? 0550 : 0500,
				   .is_grouped = is_grouped };
	if (wanted->file_mode)
		rights->file_mode = wanted->file_mode;
}

mode_t rights_file_mode(const struct rights *rights, const struct entry *entry)
{
	if (entry->mode)
		return entry->mode;
	if (!rights->wanted->file_mode && entry->gid != (gid_t)-1)
		return 0440;
	return rights->file_mode;
}

static bool entry_has_other_owner(const struct rights *rights, const struct entry *entry)
{
	uid_t owner = rights->wanted->uid != (uid_t)-1 ? rights->wanted->uid : geteuid();

	return entry->uid != (uid_t)-1 && entry->uid != owner;
}

static bool entry_has_other_group(const struct rights *rights, const struct entry *entry)
{
	return entry->gid != (gid_t)-1 && entry->gid != rights->wanted->gid;
}

/* The bits that the readers of its file need on each directory above it. Who is neither the directories' owner nor surely outside of
 * their group needs both. */
static mode_t entry_passing(const struct rights *rights, const struct entry *entry)
{
	mode_t mode = rights_file_mode(rights, entry), passing = 0;

	if (mode & S_IROTH || (mode & S_IRUSR && entry_has_other_owner(rights, entry)) ||
	    (mode & S_IRGRP && entry_has_other_group(rights, entry)))
		passing |= S_IXGRP | S_IXOTH;
	return mode & S_IRGRP ? passing | S_IXGRP : passing;
}

/* Whether a file of the entry may be below the directory. */
static bool entry_is_below(const struct entry *entry, const char *directory)
{
	const char *path = entry_path(entry);
	size_t size = strlen(directory), path_size = strlen(path);

	if (!size || !path_size)
		return true;
	if (path_size > size)
		return strncmp(path, directory, size) == 0 && path[size] == '/';
	return entry_is_many(entry) && strncmp(path, directory, path_size) == 0;
}

mode_t rights_dir_mode(const struct rights *rights, const char *path)
{
	mode_t mode = rights->dir_mode;

	if (rights->wanted->dir_mode)
		return rights->wanted->dir_mode;
	for (size_t i = 0; i < rights->entries->count; i++)
		if (entry_is_below(&rights->entries->items[i], path))
			mode |= entry_passing(rights, &rights->entries->items[i]);
	return mode;
}

bool rights_have_one_owner(const struct rights *rights)
{
	for (size_t i = 0; i < rights->entries->count; i++)
		if (rights->entries->items[i].uid != (uid_t)-1 || rights->entries->items[i].gid != (gid_t)-1)
			return false;
	return true;
}

/* False: nobody states an owner of this entry, or the library sets it. NULL: of a directory. */
static bool rights_find_owner(const struct rights *rights, const struct entry *entry, uid_t *uid, gid_t *gid)
{
	*uid = entry && entry->uid != (uid_t)-1 ? entry->uid : rights->wanted->uid;
	*gid = entry && entry->gid != (gid_t)-1 ? entry->gid : rights->wanted->gid;
	return !rights->is_library_owning && (*uid != (uid_t)-1 || *gid != (gid_t)-1);
}

bool rights_have_owner(const struct rights *rights, const struct entry *entry)
{
	uid_t uid;
	gid_t gid;

	return rights_find_owner(rights, entry, &uid, &gid);
}

int rights_own(const struct rights *rights, const struct entry *entry, int fd, const char *path, struct atomicdir_error *error)
{
	uid_t uid;
	gid_t gid;

	if (!rights_find_owner(rights, entry, &uid, &gid) || fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0)
		return 0;
	error_errno(error, path, "cannot set the owner of");
	return rights_explain(error);
}

int rights_explain(struct atomicdir_error *error)
{
	if (error->errnum == EPERM)
		error_append(
			error,
			"only root can give files to others, and in a container or a unit only with the capabilities CHOWN, FOWNER and DAC_OVERRIDE; otherwise leave the owner out");
	return -1;
}

bool rights_are_roots(const struct rights *rights, const struct entry *entry)
{
	mode_t mode = rights_file_mode(rights, entry);

	if (geteuid() != 0 || rights->wanted->uid != (uid_t)-1 || rights->wanted->dir_mode || rights->is_grouped)
		return false;
	return !(mode & S_IROTH) && !(mode & S_IRUSR && entry_has_other_owner(rights, entry)) &&
	       !(mode & S_IRGRP && entry->gid != (gid_t)-1 && entry->gid != 0);
}
