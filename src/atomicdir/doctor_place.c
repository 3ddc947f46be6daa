/* SPDX-License-Identifier: ISC
 *
 * doctor: where LINK is. What its file system can do, who may write there, and who may read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "atomicdir/doctor.h"
#include "base/cleanup.h"

/* ---- The file system ---- */

enum {
	HAS_SYNCFS = 1, /* syncfs(2) reports all write errors */
	HAS_EXCHANGE = 2,
	IS_REMOTE = 4,
	IS_MEMORY = 8,
};

static const struct filesystem {
	unsigned long magic; /* as statfs(2) gives it */
	const char *name;
	unsigned what;
} filesystems[] = {
	{ 0xef53, "ext4", HAS_SYNCFS | HAS_EXCHANGE },
	{ 0x58465342, "xfs", HAS_SYNCFS | HAS_EXCHANGE },
	{ 0x9123683e, "btrfs", HAS_SYNCFS | HAS_EXCHANGE },
	{ 0x01021994, "tmpfs", HAS_SYNCFS | HAS_EXCHANGE | IS_MEMORY },
	{ 0x858458f6, "ramfs", HAS_SYNCFS | HAS_EXCHANGE | IS_MEMORY },
	{ 0xf2f52010, "f2fs", HAS_EXCHANGE },
	{ 0x794c7630, "overlayfs", HAS_EXCHANGE },
	{ 0x2fc12fc1, "zfs", HAS_EXCHANGE },
	{ 0x4d44, "vfat", 0 },
	{ 0x2011bab0, "exfat", 0 },
	{ 0x6969, "NFS", IS_REMOTE },
	{ 0xff534d42, "CIFS", IS_REMOTE },
	{ 0xfe534d42, "SMB", IS_REMOTE },
	{ 0x01021997, "9p", IS_REMOTE },
	{ 0x65735546, "FUSE", IS_REMOTE },
	{ 0x00c36400, "Ceph", IS_REMOTE },
	{ 0x5346414f, "AFS", IS_REMOTE },
	{ 0x0bd00bd0, "Lustre", IS_REMOTE },
	{ 0x47504653, "GPFS", IS_REMOTE },
	{ 0x01161970, "GFS2", IS_REMOTE },
	{ 0x7461636f, "OCFS2", IS_REMOTE },
};

/* One that is not in the table is taken for one that can do nothing. */
static struct filesystem filesystem_of(const char *path)
{
	struct statfs status = { 0 };

	if (statfs(path, &status) == 0)
		for (size_t i = 0; i < sizeof(filesystems) / sizeof(*filesystems); i++)
			if (filesystems[i].magic == (unsigned long)status.f_type)
				return filesystems[i];
	return (struct filesystem){ (unsigned long)status.f_type, "unknown", 0 };
}

bool doctor_is_remote(const struct patient *patient)
{
	return filesystem_of(patient->parent).what & IS_REMOTE;
}

/* Older kernels drop some write errors. */
static bool kernel_reports_errors(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 17));
}

void doctor_filesystem(struct patient *patient)
{
	struct filesystem filesystem = filesystem_of(patient->parent);
	const struct finding_facts facts = { .subject = patient->parent, .detail = filesystem.name };
	struct findings *findings = &patient->findings;

	if (filesystem.what & IS_REMOTE)
		finding_add(findings, FINDING_REMOTE, FINDING(.detail = filesystem.name));
	if (!(filesystem.what & IS_MEMORY) && (!(filesystem.what & HAS_SYNCFS) || !kernel_reports_errors()))
		finding_add(findings, FINDING_SYNC_FILES, &facts);
	if (!(filesystem.what & HAS_EXCHANGE))
		finding_add(findings, FINDING_NO_EXCHANGE, &facts);
	if (getxattr(patient->parent, "user.atomicdir", NULL, 0) < 0 && errno == ENOTSUP)
		finding_add(findings, FINDING_NO_XATTRS, &facts);
}

/* ---- Who may write ---- */

static void mode_text(char text[static 8], mode_t mode)
{
	snprintf(text, 8, "%04o", mode & 07777);
}

/* Who may write in LINK's directory may replace LINK; where it is sticky, only what is his own. */
static void rights_examine_parent(struct patient *patient)
{
	const struct stat *parent = &patient->parent_status;
	uid_t owner = patient->has_store ? patient->store_status.st_uid : patient->link_status.st_uid;
	char mode[8], user[64];

	mode_text(mode, parent->st_mode);
	doctor_name_user(user, parent->st_uid);
	if (parent->st_mode & S_IWOTH && !(parent->st_mode & S_ISVTX))
		finding_add(&patient->findings, FINDING_PARENT_WRITABLE, FINDING(.subject = patient->parent, .detail = mode));
	if (parent->st_uid != 0 && parent->st_uid != owner)
		finding_add(&patient->findings, FINDING_PARENT_OWNER,
			    FINDING(.subject = patient->parent, .detail = user,
				    .other = patient->has_store ? patient->store : patient->link));
	doctor_name_user(user, patient->link_status.st_uid);
	if (parent->st_mode & S_IWOTH && parent->st_mode & S_ISVTX && patient->link_status.st_uid != parent->st_uid)
		finding_add(&patient->findings, FINDING_STICKY, FINDING(.subject = patient->parent, .detail = user));
}

static void rights_examine_store(struct patient *patient, mode_t live_mode)
{
	mode_t mode = patient->store_status.st_mode;
	char text[8];

	mode_text(text, mode);
	if (!patient->has_store)
		return;
	if (mode & 022)
		finding_add(&patient->findings, FINDING_STORE_WRITABLE, FINDING(.subject = patient->store, .detail = text));
	if (live_mode & 011 && !(mode & S_IXOTH))
		finding_add(&patient->findings, FINDING_STORE_CLOSED, FINDING(.subject = patient->store, .detail = text));
}

/* ---- Who may read ---- */

static void rights_compare_label(struct patient *patient)
{
	char parent[256] = "", live[256] = "", detail[600];
	ssize_t parent_size = getxattr(patient->parent, "security.selinux", parent, sizeof(parent) - 1);
	ssize_t live_size = getxattr(patient->live->path, "security.selinux", live, sizeof(live) - 1);

	if ((parent_size < 0 && live_size < 0) || strcmp(parent, live) == 0)
		return;
	snprintf(detail, sizeof(detail), "%s, not %s", *live ? live : "none", *parent ? parent : "none");
	finding_add(&patient->findings, FINDING_LABEL, FINDING(.subject = patient->live->path, .detail = detail));
}

static void rights_compare_owner(struct patient *patient, const struct stat *live)
{
	const struct stat *parent = &patient->parent_status;
	char detail[128], owner[32], user[64];

	if (live->st_uid == parent->st_uid && live->st_gid == parent->st_gid)
		return;
	doctor_name_user(user, live->st_uid);
	snprintf(detail, sizeof(detail), "%s and group %u, its directory to %u and %u", user, live->st_gid, parent->st_uid,
		 parent->st_gid);
	snprintf(owner, sizeof(owner), "%u:%u", parent->st_uid, parent->st_gid);
	finding_add(&patient->findings, FINDING_OWNER,
		    FINDING(.subject = patient->live->path, .detail = detail, .command = owner));
}

/* Only what is taken away from group and others: more than the directory gives is of no use to anybody. */
static void rights_compare_mode(struct patient *patient, const struct stat *live)
{
	mode_t missing = patient->parent_status.st_mode & 055 & ~live->st_mode;
	char detail[8], wanted[8], text[64];

	if (!missing)
		return;
	mode_text(detail, live->st_mode);
	mode_text(wanted, live->st_mode | missing);
	snprintf(text, sizeof(text), "%s, where its directory has %04o", detail, patient->parent_status.st_mode & 07777);
	finding_add(&patient->findings, FINDING_MODE,
		    FINDING(.subject = patient->live->path, .detail = text, .command = wanted));
}

void doctor_rights(struct patient *patient)
{
	struct stat live = { 0 };
	bool has_live = patient->live && stat(patient->live->path, &live) == 0;

	rights_examine_parent(patient);
	rights_examine_store(patient, live.st_mode);
	if (!has_live)
		return;
	rights_compare_owner(patient, &live);
	rights_compare_mode(patient, &live);
	rights_compare_label(patient);
}

/* ---- Secrets ---- */

static void secrets_examine_swap(struct patient *patient)
{
	char line[512], *end;
	FILE *swaps = fopen("/proc/swaps", "re");

	/* The first line names the columns. */
	if (swaps && fgets(line, sizeof(line), swaps) && fgets(line, sizeof(line), swaps)) {
		end = line + strcspn(line, " \t\n");
		*end = '\0';
		finding_add(&patient->findings, FINDING_SECRETS_IN_SWAP, FINDING(.subject = patient->parent, .detail = line));
	}
	if (swaps)
		fclose(swaps);
}

void doctor_secrets(struct patient *patient)
{
	struct filesystem filesystem = filesystem_of(patient->parent);

	if (!doctor_has_secrets(patient))
		return;
	if (!(filesystem.what & IS_MEMORY))
		finding_add(&patient->findings, FINDING_SECRETS_ON_DISK, FINDING(.detail = filesystem.name));
	else if (!doctor_mount_has(patient, "noswap"))
		secrets_examine_swap(patient);
}

/* ---- Times ---- */

static bool times_are_equal(const char *a, const char *b, const char *path)
{
	cleanup_free char *in_a = NULL, *in_b = NULL;
	struct stat of_a, of_b;

	return asprintf(&in_a, "%s/%s", a, path) >= 0 && asprintf(&in_b, "%s/%s", b, path) >= 0 && lstat(in_a, &of_a) == 0 &&
	       lstat(in_b, &of_b) == 0 && S_ISREG(of_a.st_mode) && S_ISREG(of_b.st_mode) &&
	       of_a.st_mtim.tv_sec == of_b.st_mtim.tv_sec && of_a.st_mtim.tv_nsec == of_b.st_mtim.tv_nsec;
}

/* Compares the live generation with the newest of the others, which is the one that watchers know. */
void doctor_times(struct patient *patient)
{
	cleanup_free struct atomicdir_change *changes = NULL;
	const struct atomicdir_generation *other = patient->list;
	char detail[600];

	while (other && other->is_live)
		other = other->next;
	if (!patient->live || !other || atomicdir_diff(patient->link, other->number, patient->live->number, &changes, NULL) < 0)
		return;
	for (const struct atomicdir_change *one = changes; one; one = one->next) {
		if (one->what != 'M' || !times_are_equal(other->path, patient->live->path, one->path))
			continue;
		snprintf(detail, sizeof(detail), "'%.500s'", one->path);
		finding_add(&patient->findings, FINDING_EQUAL_MTIMES,
			    FINDING(.subject = one->path, .other = one->path, .detail = detail));
		return;
	}
}
