/* SPDX-License-Identifier: ISC */
#include "dir/links.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "dir/part.h"

#define LINKS_MAX 40 /* as many as the kernel follows (path_resolution(7)) */

struct links_id {
	dev_t device;
	ino_t inode;
};

static struct links_id links_id_of(int directory_fd, const char *name)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
	struct stat status;

	if (fstatat(directory_fd, name, &status, flags) < 0)
		return (struct links_id){ 0 };
	return (struct links_id){ status.st_dev, status.st_ino };
}

static bool links_id_is(struct links_id a, struct links_id b)
{
	return a.inode && a.device == b.device && a.inode == b.inode;
}

void links_clear(struct links *links)
{
	free_pointer(&links->others);
	links->others_count = 0;
	links->has_others = false;
}

/* Finds the directories of the other generations: by inode, since a bind mount gives one another path. */
static void links_find_others(struct links *links)
{
	struct links_id own = links_id_of(links->top_fd, "");
	cleanup_found struct found_list found = { 0 };
	struct atomicdir_error ignored;

	if (links->has_others || links->place->store_fd < 0)
		return;
	links->has_others = true;
	if (found_read(links->place, &found, &ignored) < 0)
		return;
	for (size_t i = 0; i < found.count; i++) {
		char name[NAME_NUMBER_SIZE];
		struct links_id id, *added;

		part_name(name, found.list[i].number, PART_DIRECTORY);
		id = links_id_of(links->place->store_fd, name);
		if (!id.inode || links_id_is(id, own))
			continue;
		added = array_add(&links->others, &links->others_count, sizeof(*added));
		if (added)
			*added = id;
	}
}

/* ---- Following a link by hand ---- */

enum region {
	REGION_STAGE, /* the tree itself */
	REGION_STORE, /* the store, beside the generations */
	REGION_OTHER, /* another generation */
	REGION_OUTSIDE
};

/* A path, followed one component at a time. */
struct pursuit {
	struct links *links;
	int fd; /* O_PATH: where the path has led so far */
	enum region region;
	bool has_left;	    /* the path has been outside the tree */
	bool has_met_other; /* the path goes through another generation, which will be removed some day */
	bool is_in_from;    /* it is in the directory that the tree was copied from */
	char *rest;	    /* the components still to be followed, on the heap */
	int followed;	    /* how many symlinks were followed */
};

static bool pursuit_is_other(const struct pursuit *pursuit, struct links_id id)
{
	for (size_t i = 0; i < pursuit->links->others_count; i++)
		if (links_id_is(pursuit->links->others[i], id))
			return true;
	return false;
}

/* Sets the region after a step: from the directory that was reached if it is one of the known ones, else the region stays. */
static void pursuit_arrive(struct pursuit *pursuit, bool is_up)
{
	const struct links *links = pursuit->links;
	struct links_id here = links_id_of(pursuit->fd, "");
	bool was_from = links->from_fd >= 0 && pursuit->is_in_from;

	if (links_id_is(here, links_id_of(links->top_fd, "")))
		pursuit->region = REGION_STAGE;
	else if (links->place->store_fd >= 0 && links_id_is(here, links_id_of(links->place->store_fd, "")))
		pursuit->region = REGION_STORE;
	else if (pursuit_is_other(pursuit, here))
		pursuit->region = REGION_OTHER;
	else if (links_id_is(here, links_id_of(links->place->parent_fd, "")) || (is_up && pursuit->region == REGION_STORE) ||
		 links_id_is(here, links_id_of(links->top_fd, "..")))
		pursuit->region = REGION_OUTSIDE;
	if (links->from_fd >= 0)
		pursuit->is_in_from = was_from || links_id_is(here, links_id_of(links->from_fd, ""));
	if (is_up && was_from && links_id_is(here, links_id_of(links->from_fd, "..")))
		pursuit->is_in_from = false;
	pursuit->has_left = pursuit->has_left || pursuit->region != REGION_STAGE;
	pursuit->has_met_other = pursuit->has_met_other || pursuit->region == REGION_OTHER;
}

static void pursuit_go(struct pursuit *pursuit, int *fd, bool is_up)
{
	close_fd(&pursuit->fd);
	pursuit->fd = take_fd(fd);
	pursuit_arrive(pursuit, is_up);
}

/* A symlink was met: its text is followed before the rest. */
static int pursuit_prepend(struct pursuit *pursuit, const char *text)
{
	cleanup_fd int root_fd = -1;
	char *joined;

	if (++pursuit->followed > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (asprintf(&joined, "%s/%s", text, pursuit->rest) < 0)
		return -1;
	free(pursuit->rest);
	pursuit->rest = joined;
	if (*text != '/')
		return 0;
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -1;
	pursuit->region = REGION_OUTSIDE;
	pursuit->is_in_from = false;
	pursuit_go(pursuit, &root_fd, false);
	return 0;
}

/* Follows one component. 1: go on; 0: it does not exist, so the path ends here; -1 with errno. */
static int pursuit_step(struct pursuit *pursuit, const char *name)
{
	const struct links *links = pursuit->links;
	bool is_up = strcmp(name, "..") == 0, is_link;
	cleanup_fd int fd = -1;
	char text[PATH_MAX];
	ssize_t size;

	/* LINK will lead to this tree, so it is followed as if it did already. */
	is_link = strcmp(name, links->place->name.base) == 0 &&
		  links_id_is(links_id_of(pursuit->fd, ""), links_id_of(links->place->parent_fd, ""));
	fd = is_link ? fcntl(links->top_fd, F_DUPFD_CLOEXEC, 0) : openat(pursuit->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	size = is_link ? -1 : readlinkat(fd, "", text, sizeof(text) - 1);
	if (size < 0) {
		pursuit_go(pursuit, &fd, is_up);
		return 1;
	}
	text[size] = '\0';
	return pursuit_prepend(pursuit, text) < 0 ? -1 : 1;
}

/* Follows the path to its end. -1 with errno; ELOOP: it leads to itself. */
static int pursuit_run(struct pursuit *pursuit)
{
	int done = 1;

	while (done > 0) {
		size_t start = strspn(pursuit->rest, "/"), size = strcspn(pursuit->rest + start, "/");
		char name[NAME_MAX + 1];

		if (!size)
			return 0;
		if (size > NAME_MAX)
			return 0;
		memcpy(name, pursuit->rest + start, size);
		name[size] = '\0';
		memmove(pursuit->rest, pursuit->rest + start + size, strlen(pursuit->rest + start + size) + 1);
		if (strcmp(name, ".") != 0)
			done = pursuit_step(pursuit, name);
	}
	return done;
}

static void pursuit_clear(struct pursuit *pursuit)
{
	close_fd(&pursuit->fd);
	free_pointer(&pursuit->rest);
}

/* ---- What is refused ---- */

static int links_refuse_self(const struct walk_entry *entry, const char *text, struct atomicdir_error *error)
{
	return error_object(error, ATOMICDIR_FAILED, entry->path, "is a symlink that leads to itself (by '%.200s')", text);
}

/* Whether the symlink leads to the same inode here as in the directory that the tree was copied from. */
static bool links_agree(const struct links *links, const struct walk_entry *entry)
{
	struct stat there, here;

	return links->from_fd >= 0 && fstatat(links->from_fd, entry->path, &there, 0) == 0 &&
	       fstatat(links->top_fd, entry->path, &here, 0) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

static int links_judge(const struct pursuit *pursuit, const struct walk_entry *entry, const char *text,
		       struct atomicdir_error *error)
{
	const struct links *links = pursuit->links;

	if (*text == '/' && links->is_left && pursuit->region == REGION_STAGE)
		return error_object(
			error, ATOMICDIR_FAILED, entry->path,
			"is a symlink into the directory that is filled (to '%.200s'), which its content will leave; make it relative",
			text);
	if (pursuit->has_met_other || pursuit->region == REGION_STORE)
		return error_object(
			error, ATOMICDIR_FAILED, entry->path,
			"is a symlink into another generation or the store itself (to '%.200s'), which would not last; let it "
			"lead within this directory, or through '%s'",
			text, links->place->name.link);
	if (*text == '/' && pursuit->is_in_from && links->leaving == LINKS_MUST_STAY)
		return error_object(
			error, ATOMICDIR_FAILED, entry->path,
			"is a symlink into the directory that is copied (to '%.200s'); make it relative, or copy what it "
			"leads to",
			text);
	if (*text == '/' || !pursuit->has_left || links->leaving == LINKS_MAY_LEAVE ||
	    (links->leaving == LINKS_MUST_AGREE && links_agree(links, entry)))
		return 0;
	return error_object(error, ATOMICDIR_FAILED, entry->path,
			    "is a relative symlink that leaves the directory (to '%.200s') and would lead elsewhere from its "
			    "new place; make it absolute, or copy what it leads to",
			    text);
}

static int links_pursue(struct links *links, const struct walk_entry *entry, const char *text, struct atomicdir_error *error)
{
	cleanup(pursuit_clear) struct pursuit pursuit = {
		.links = links,
		.fd = fcntl(entry->directory_fd, F_DUPFD_CLOEXEC, 0),
		.rest = strdup(""),
	};

	links_find_others(links);
	if (pursuit.fd < 0 || !pursuit.rest)
		return error_system(error, errno, entry->path, "cannot follow the symlink");
	if (pursuit_prepend(&pursuit, text) < 0 || pursuit_run(&pursuit) < 0) {
		if (errno == ELOOP)
			return links_refuse_self(entry, text, error);
		return error_system(error, errno, entry->path, "cannot follow the symlink");
	}
	return links_judge(&pursuit, entry, text, error);
}

/* Asks the kernel whether the symlink stays in the tree. 0: it does; else an errno, which may also mean that openat2(2) is not
 * allowed here (old seccomp filters): then it is followed by hand. */
static int links_try_beneath(int top_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	cleanup_fd int fd = -1;

	/* EAGAIN: something on this system was renamed at this moment (openat2(2)). */
	for (int tries = 0; tries < 100; tries++) {
		fd = (int)syscall(SYS_openat2, top_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd >= 0 || errno == ENOENT ? 0 : errno;
}

bool links_stay(int top_fd, const char *path)
{
	return links_try_beneath(top_fd, path) == 0;
}

/* Not inlined: its buffer would otherwise be on the stack at each level of the walk's recursion. */
__attribute__((noinline)) int links_check(struct links *links, const struct walk_entry *entry, struct atomicdir_error *error)
{
	char text[PATH_MAX];
	ssize_t size = readlinkat(entry->directory_fd, entry->name, text, sizeof(text) - 1);
	int refused;

	if (size < 0)
		return error_system(error, errno, entry->path, "cannot read the symlink");
	text[size] = '\0';
	refused = *text == '/' ? EXDEV : links_try_beneath(links->top_fd, entry->path);
	if (!refused)
		return 0;
	if (refused == ELOOP)
		return links_refuse_self(entry, text, error);
	return links_pursue(links, entry, text, error);
}

/* ---- Symlinks and scripts that name their own generation ---- */

/* Where in `text` the component stands that may be a generation's number: after the store's name if the text is absolute, else
 * after `depth` times "../", if it is `number`. NULL: there is none. */
static char *links_find_number(const struct place *place, char *text, int depth, const char *number)
{
	char *store = strstr(text, place->name.store), *at = text;

	if (*text == '/') {
		struct links_id parent = links_id_of(place->parent_fd, "");
		struct stat status;

		if (!store || store == text || store[-1] != '/' || store[strlen(place->name.store)] != '/')
			return NULL;
		at = store + strlen(place->name.store) + 1;
		/* A store of the same name in another directory is not this one. */
		store[-1] = '\0';
		if (stat(store - 1 == text ? "/" : text, &status) < 0)
			status.st_ino = 0;
		store[-1] = '/';
		return links_id_is((struct links_id){ status.st_dev, status.st_ino }, parent) ? at : NULL;
	}
	for (; strncmp(at, "../", 3) == 0; at += 3)
		depth--;
	return depth == 0 && strncmp(at, number, strlen(number)) == 0 ? at : NULL;
}

/* The path of a script's interpreter (execve(2)); "" if the file is not a script. */
static void script_read_interpreter(const struct walk_entry *entry, char *text, size_t capacity)
{
	cleanup_fd int fd = openat(entry->directory_fd, entry->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, text, capacity - 1);

	text[0] = size < 2 ? '\0' : text[0];
	text[size < 2 ? 1 : size] = '\0';
	if (text[0] != '#' || text[1] != '!') {
		text[0] = '\0';
		return;
	}
	memmove(text, text + 2 + strspn(text + 2, " \t"), strlen(text + 2 + strspn(text + 2, " \t")) + 1);
	text[strcspn(text, " \t\n")] = '\0';
}

int links_check_script(const struct links *links, const struct walk_entry *entry, struct atomicdir_error *error)
{
	char interpreter[PATH_MAX];
	const char *number, *rest;

	if (!links->carried_to || !(entry->facts.mode & 0111))
		return 0;
	script_read_interpreter(entry, interpreter, sizeof(interpreter));
	number = *interpreter == '/' ? links_find_number(links->place, interpreter, 0, "") : NULL;
	if (!number || !name_parse_number(number, &rest) || name_parse_number(number, &rest) == links->carried_to)
		return 0;
	return error_object(
		error, ATOMICDIR_FAILED, entry->path,
		"runs '%.300s', which is in another generation and will be removed; make it anew, or let it run one "
		"through '%s'",
		interpreter, links->place->name.link);
}

void links_move(const struct place *place, char *text, int depth, int64_t from, int64_t to)
{
	char old[NAME_NUMBER_SIZE], new[NAME_NUMBER_SIZE];
	size_t size;
	char *at;

	part_name(old, from, PART_DIRECTORY);
	part_name(new, to, PART_DIRECTORY);
	size = strlen(old);
	at = links_find_number(place, text, depth, old);
	if (at && strlen(new) == size && strncmp(at, old, size) == 0 && (at[size] == '/' || !at[size]))
		memcpy(at, new, size);
}
