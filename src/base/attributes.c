/* SPDX-License-Identifier: ISC */
#include "base/attributes.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/array.h"
#include "base/cleanup.h"

#define NAMES_SIZE 1024 /* most files have no attribute, and few have many */

void attributes_clear(struct attributes *attributes)
{
	int saved = errno;

	for (size_t i = 0; i < attributes->count; i++) {
		free(attributes->items[i].name);
		free(attributes->items[i].value);
	}
	free(attributes->items);
	*attributes = (struct attributes){ 0 };
	errno = saved;
}

static bool attribute_is_user(const char *name)
{
	return strncmp(name, "user.", 5) == 0;
}

static bool attribute_counts(const char *name)
{
	return attribute_is_user(name) || strcmp(name, ATTRIBUTE_ACL) == 0 || strcmp(name, ATTRIBUTE_DEFAULT_ACL) == 0 ||
	       strcmp(name, ATTRIBUTE_CAPABILITY) == 0;
}

static int attributes_compare(const void *a, const void *b)
{
	return strcmp(((const struct attribute *)a)->name, ((const struct attribute *)b)->name);
}

/* The value grows or shrinks when somebody changes it meanwhile. */
static int attribute_read(int fd, const char *name, struct attribute *attribute)
{
	ssize_t size = fgetxattr(fd, name, NULL, 0), got = -1;

	while (size >= 0) {
		void *value = realloc(attribute->value, (size_t)size + 1);

		if (!value)
			return -1;
		attribute->value = value;
		got = fgetxattr(fd, name, value, (size_t)size + 1);
		if (got >= 0 || errno != ERANGE)
			break;
		size = fgetxattr(fd, name, NULL, 0);
	}
	attribute->size = got < 0 ? 0 : (size_t)got;
	return got < 0 ? -1 : 0;
}

static int attributes_add(int fd, const char *name, struct attributes *attributes)
{
	struct attribute *added = array_add(&attributes->items, &attributes->count, sizeof(*added));

	if (!added)
		return -1;
	added->name = strdup(name);
	if (!added->name)
		return -1;
	if (attribute_read(fd, name, added) == 0)
		return 0;
	/* It was removed meanwhile. */
	if (errno != ENODATA)
		return -1;
	attributes->count--;
	free(added->name);
	free(added->value);
	return 0;
}

static int attributes_gather(int fd, const char *names, size_t size, struct attributes *attributes)
{
	for (const char *name = names; name < names + size; name += strlen(name) + 1)
		if (attribute_counts(name) && attributes_add(fd, name, attributes) < 0)
			return -1;
	if (attributes->count)
		qsort(attributes->items, attributes->count, sizeof(*attributes->items), attributes_compare);
	return 0;
}

int attributes_read(int fd, struct attributes *attributes)
{
	char names[NAMES_SIZE];
	cleanup_free char *more = NULL;
	ssize_t size = flistxattr(fd, names, sizeof(names));

	*attributes = (struct attributes){ 0 };
	while (size < 0 && errno == ERANGE) {
		ssize_t needed = flistxattr(fd, NULL, 0);
		char *larger = needed < 0 ? NULL : realloc(more, (size_t)needed + 1);

		if (!larger)
			return -1;
		more = larger;
		size = flistxattr(fd, more, (size_t)needed + 1);
	}
	if (size < 0)
		return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
	if (attributes_gather(fd, more ? more : names, (size_t)size, attributes) == 0)
		return 0;
	attributes_clear(attributes);
	return -1;
}

bool attributes_are_same(const struct attributes *a, const struct attributes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].name, b->items[i].name) != 0 || a->items[i].size != b->items[i].size ||
		    memcmp(a->items[i].value, b->items[i].value, a->items[i].size) != 0)
			return false;
	return true;
}

const struct attribute *attributes_find(const struct attributes *attributes, const char *name)
{
	for (size_t i = 0; i < attributes->count; i++)
		if (strcmp(attributes->items[i].name, name) == 0)
			return &attributes->items[i];
	return NULL;
}

/* ENOSPC: ext4 says so of what is over its limit for one file, and is not full. */
static bool attribute_is_not_held(const char *name, int errnum)
{
	return attribute_is_user(name) && (errnum == EOPNOTSUPP || errnum == ENOSPC || errnum == E2BIG || errnum == ERANGE);
}

int attributes_write(int fd, const struct attributes *attributes, size_t *lost, const char **failed)
{
	for (size_t i = 0; i < attributes->count; i++) {
		const struct attribute *one = &attributes->items[i];

		if (fsetxattr(fd, one->name, one->value, one->size, 0) == 0)
			continue;
		*failed = one->name;
		if (!attribute_is_not_held(one->name, errno))
			return -1;
		++*lost;
	}
	return 0;
}

static bool attribute_is_there(int fd, const char *name)
{
	return fgetxattr(fd, name, NULL, 0) >= 0 || (errno != ENODATA && errno != EOPNOTSUPP && errno != ENOSYS);
}

bool attributes_have_acl(int directory_fd, const char *name)
{
	cleanup_fd int fd = *name ? openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
				  : fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 || attribute_is_there(fd, ATTRIBUTE_ACL) || attribute_is_there(fd, ATTRIBUTE_DEFAULT_ACL);
}

int attribute_remove(int fd, const char *name)
{
	if (fremovexattr(fd, name) == 0 || errno == ENODATA || errno == EOPNOTSUPP || errno == ENOSYS)
		return 0;
	return -1;
}

mode_t acl_mode(const struct attribute *acl, mode_t mode)
{
	const struct posix_acl_xattr_header *header = acl->value;
	const struct posix_acl_xattr_entry *entries = (const void *)(header + 1);
	mode_t user = 0, group = 0, mask = 0, other = 0;
	bool has_mask = false;

	if (acl->size < sizeof(*header) || le32toh(header->a_version) != POSIX_ACL_XATTR_VERSION)
		return mode;
	for (size_t i = 0; i < (acl->size - sizeof(*header)) / sizeof(*entries); i++) {
		mode_t permission = le16toh(entries[i].e_perm) & 7;

		switch (le16toh(entries[i].e_tag)) {
		case ACL_USER_OBJ:
			user = permission;
			break;
		case ACL_GROUP_OBJ:
			group = permission;
			break;
		case ACL_MASK:
			mask = permission;
			has_mask = true;
			break;
		case ACL_OTHER:
			other = permission;
			break;
		default:
			break;
		}
	}
	return mode & (user << 6 | (has_mask ? mask : group) << 3 | other);
}
