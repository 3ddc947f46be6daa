/* SPDX-License-Identifier: ISC
 *
 * What is at LINK becomes ours without a gap: a real directory trades places with our symlink in one rename; what a foreign
 * symlink points to is copied and published in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "dir/commit.h"
#include "dir/copy.h"
#include "dir/publish.h"
#include "dir/seal.h"

static const struct seal_rules as_it_is = { .uid = (uid_t)-1, .gid = (gid_t)-1 };

/* A directory moves one level down, and what it holds must mean the same there: the check of a seal, which changes nothing. */
static int adopt_directory(struct writer *writer, struct atomicdir_error *error)
{
	const struct store *store = &writer->store;
	struct publication publication = { .kind = PUBLICATION_EXCHANGE };
	char name[NAME_NUMBER_SIZE], text[NAME_SIZE + NAME_NUMBER_SIZE];
	cleanup_fd int fd = open_lending_at(store->parent_fd, store->name.base, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return error_errno(error, store->name.base, "cannot open the directory to adopt");
	if (tree_seal(fd, &as_it_is, &publication.count, error) < 0)
		return -1;
	if (writer->options.dry_run)
		return 1;
	publication.fd = fd;
	publication.number = store_take_number(store, writer->highest, error);
	if (publication.number < 0)
		return -1;
	name_number(name, publication.number, "");
	name_link_text(&store->name, publication.number, text, sizeof(text));
	if (symlinkat(text, store->fd, name) < 0)
		return error_errno(error, name, "cannot make the symlink to exchange");
	if (publish(writer, &publication, error) == 0)
		return 1;
	if (error->kind != ATOMICDIR_NOT_DURABLE)
		unlinkat(store->fd, name, 0); /* a symlink still, or the exchange would have happened */
	return -1;
}

/* Takes the writer over. */
static int adopt_symlink(struct writer *writer, const char *link, struct atomicdir_error *error)
{
	cleanup_fd int from_fd = open(link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct atomicdir_stage *stage;
	struct stat status;
	int result;

	if (from_fd < 0 || fstat(from_fd, &status) < 0) {
		error_errno(error, link, "cannot open what the symlink points to as a directory");
		writer_end(writer);
		return -1;
	}
	stage = stage_new(writer, error);
	if (!stage)
		return -1;
	stage->top_mode = status.st_mode & 07777;
	if (fchown(stage->fd, status.st_uid, status.st_gid) < 0 && errno != EPERM)
		result = error_errno(error, link, "cannot give the copy its owner");
	else
		result = tree_copy_content(from_fd, stage->fd, false, error);
	if (result == 0)
		result = stage_commit(stage, NULL, error);
	if (result >= 0 && error)
		*error = stage->writer.warning;
	if (result < 0)
		stage->errnum = error->errnum;
	atomicdir_free(stage);
	return result;
}

static int check_options(const struct atomicdir_options *options, struct atomicdir_error *error)
{
	if (options && options->size >= sizeof(*options) &&
	    (options->uid != (uid_t)-1 || options->gid != (gid_t)-1 || options->file_mode || options->dir_mode))
		return error_set(error, ATOMICDIR_USAGE, NULL, "an adoption keeps owners and modes as they are");
	return 0;
}

/* The writer ends in every case. */
static int adopt(struct writer *writer, const char *link, struct atomicdir_error *error)
{
	int result;

	switch (writer->link.kind) {
	case LINK_FOREIGN:
		return adopt_symlink(writer, link, error);
	case LINK_DIRECTORY:
		result = adopt_directory(writer, error);
		if (result < 0)
			publish_make_room(writer, error->errnum);
		break;
	case LINK_OURS:
		result = 0;
		break;
	case LINK_ABSENT:
		result = error_set(error, ATOMICDIR_NO_GENERATION, link, "nothing is there to adopt; fill it");
		break;
	default:
		result = error_set(error, ATOMICDIR_FAILED, link,
				   "neither a directory nor a symlink to one, so it cannot be adopted");
	}
	if (result >= 0)
		*error = writer->warning;
	if (writer->link.kind != LINK_OURS && (result < 0 ? error->kind != ATOMICDIR_NOT_DURABLE : writer->options.dry_run))
		store_unmake(&writer->store);
	writer_end(writer);
	return result;
}

int atomicdir_adopt(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error)
{
	struct atomicdir_error own;
	struct writer writer = { .store = STORE_INIT };
	int result;

	error = error ? error : &own;
	error_clear(error);
	result = check_options(options, error);
	if (result == 0)
		result = writer_begin(&writer, link, options, WRITER_FOREIGN_TOO, error);
	if (result == 0)
		result = adopt(&writer, link, error);
	if (result < 0)
		writer_report(&writer, result, error);
	return result;
}
