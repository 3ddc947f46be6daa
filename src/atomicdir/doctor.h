/* SPDX-License-Identifier: ISC
 *
 * doctor: what is examined, and the parts of the examination. It changes nothing and takes no lock. What it may not read it counts,
 * and says so once.
 */
#ifndef ATOMICDIR_DOCTOR_H
#define ATOMICDIR_DOCTOR_H

#include <sys/stat.h>

#include <atomicdir.h>

#include "atomicdir/finding.h"

struct patient {
	struct findings findings;
	char *link, *parent, *store;	   /* absolute */
	const char *store_name;		   /* the last part of `store` */
	struct atomicdir_generation *live; /* NULL: nothing is live */
	struct atomicdir_generation *list; /* NULL: the store may not be read */
	bool has_store;
	struct stat link_status, parent_status, store_status;
	int unread_processes;
};

/* The file system, owners, modes, labels; the store; secrets; times. */
void doctor_filesystem(struct patient *patient);
void doctor_rights(struct patient *patient);
void doctor_store(struct patient *patient);
void doctor_secrets(struct patient *patient);
void doctor_times(struct patient *patient);
/* What somebody has written to since it was published. */
void doctor_written(struct patient *patient);
/* Every process that we may look into: what it has mounted from a generation, and what it has open or watches in one. */
void doctor_mounts(struct patient *patient);
void doctor_processes(struct patient *patient);

/* Of our own mounts: whether that of LINK has the option; the device of that of the store, as the kernel names it; one at the path or
 * below it, on the heap, or NULL. */
bool doctor_mount_has(const struct patient *patient, const char *option);
bool doctor_mount_device(const struct patient *patient, unsigned *device_major, unsigned *device_minor);
char *doctor_mount_below(const char *path);

/* A path in the store names which generation? `text` is that path below the store's, such as "/000042/f". 0: none. */
int64_t doctor_generation_of(const char *text);
bool doctor_is_live(const struct patient *patient, int64_t generation);
/* Whether LINK is on a network file system. */
bool doctor_is_remote(const struct patient *patient);
/* Whether the store is one of secretdir's. */
bool doctor_has_secrets(const struct patient *patient);
/* "user 1000", for texts. */
void doctor_name_user(char text[static 64], uid_t uid);

#endif
