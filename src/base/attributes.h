/* SPDX-License-Identifier: ISC
 *
 * What a file or directory has beside its mode and owner, and what a copy keeps and a comparison looks at: ACLs, file
 * capabilities and user attributes (xattr(7)). All other attributes (labels, integrity measurements, `trusted.*`) belong to
 * the place, not to the content. A list is owned by the caller.
 */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ATTRIBUTE_ACL "system.posix_acl_access"
#define ATTRIBUTE_DEFAULT_ACL "system.posix_acl_default"
#define ATTRIBUTE_CAPABILITY "security.capability"

struct attribute {
	char *name;
	void *value;
	size_t size;
};
struct attributes {
	struct attribute *items; /* by name */
	size_t count;
};

/* Reads those of an open file; on a file system without attributes the list is empty. -1 with errno. */
int attributes_read(int fd, struct attributes *attributes);
void attributes_clear(struct attributes *attributes);
#define cleanup_attributes cleanup(attributes_clear)

bool attributes_are_same(const struct attributes *a, const struct attributes *b);
const struct attribute *attributes_find(const struct attributes *attributes, const char *name);

/* Sets them on an open file. *lost counts the user attributes that its file system cannot hold. -1 with errno: an ACL or
 * capability, which *failed names, cannot be set. */
int attributes_write(int fd, const struct attributes *attributes, size_t *lost, const char **failed);
/* Whether it has an ACL, or one to hand down; so it is too where that cannot be told. */
bool attributes_have_acl(int directory_fd, const char *name);
/* Removes one attribute; 0 also if the file does not have it. -1 with errno. */
int attribute_remove(int fd, const char *name);

/* The mode that a directory gets which is made with `mode` in a directory that has this default ACL (acl(5)). */
mode_t acl_mode(const struct attribute *acl, mode_t mode);

#endif
