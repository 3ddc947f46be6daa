/* SPDX-License-Identifier: ISC */
#include "dir/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* By its text alone. *is_plain: every ".." comes first, so that no other symlink on the way can make a difference. */
static bool link_text_leaves(const char *text, int depth, bool *is_plain)
{
	bool has_name = false;

	*is_plain = true;
	while (*text) {
		size_t size = strcspn(text, "/");

		if (size == 2 && text[0] == '.' && text[1] == '.') {
			*is_plain = *is_plain && !has_name;
			if (--depth < 0)
				return true;
		} else if (size && !(size == 1 && text[0] == '.')) {
			has_name = true;
			depth++;
		}
		text += size;
		text += strspn(text, "/");
	}
	return false;
}

static bool link_resolves_outside(int top_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	cleanup_fd int fd = -1;

	/* EAGAIN: something, anywhere, was renamed meanwhile (openat2(2)). */
	for (int tries = 0; tries < 100; tries++) {
		fd = (int)syscall(SYS_openat2, top_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 && errno == EXDEV;
}

/* Not inlined: its text would stand on the stack of what recurses. */
__attribute__((noinline)) int links_check(int top_fd, const struct walk_entry *entry, struct atomicdir_error *error)
{
	char text[4097];
	ssize_t size = readlinkat(entry->directory_fd, entry->name, text, sizeof(text) - 1);
	bool is_plain;

	if (size < 0)
		return error_system(error, errno, entry->path, "cannot read the symlink");
	text[size] = '\0';
	if (text[0] == '/')
		return 0;
	if (link_text_leaves(text, entry->depth - 1, &is_plain) || (!is_plain && link_resolves_outside(top_fd, entry->path)))
		return error_object(
			error, ATOMICDIR_FAILED, entry->path,
			"is a relative symlink that leaves the directory (to '%.200s') and would lead elsewhere once it is "
			"published; make it absolute, or copy what it leads to",
			text);
	return 0;
}
