/* SPDX-License-Identifier: ISC */
#include "secretdir/round.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "secretdir/path.h"
#include "secretdir/source.h"
#include "secretdir/wanted.h"

#define NOTE_MAX (1 << 20)

/* ---- The command line ---- */

static bool is_setgid(const char *link)
{
	cleanup_free char *parent = strdup(link);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	struct stat status;

	if (!slash)
		return false;
	slash[slash == parent ? 1 : 0] = '\0';
	return stat(parent, &status) == 0 && status.st_mode & S_ISGID;
}

static bool has_group(const struct round *round)
{
	return round->options->library.gid != (gid_t)-1 || is_setgid(round->link);
}

/* Then all have to pass its directories on their way to it. */
static bool has_owners(const struct round *round)
{
	for (size_t i = 0; i < round->entries.count; i++)
		if (round->entries.items[i].uid != (uid_t)-1 || round->entries.items[i].gid != (gid_t)-1)
			return true;
	return false;
}

/* Each entry has its own mode and owner, so the library, whose options would override them, is told those of directories alone.
 */
static void take_modes(struct round *round)
{
	const struct options *options = round->options;
	bool is_grouped = has_group(round);

	round->file_mode = options->library.file_mode ? options->library.file_mode : is_grouped ? 0440 : 0400;
	round->library = options->library;
	round->library.file_mode = 0;
	round->library.uid = (uid_t)-1;
	round->library.gid = (gid_t)-1;
	if (!round->library.dir_mode)
		round->library.dir_mode = (is_grouped ? 0550 : 0500) | (has_owners(round) ? 0111 : 0);
	if (round->library.keep < 0)
		round->library.keep = 0;
	if (round->library.grace_ms < 0)
		round->library.grace_ms = 1000;
}

void round_warn_of_root(const struct round *round)
{
	const struct atomicdir_options *library = &round->options->library;
	struct atomicdir_error warning;

	if (geteuid() != 0 || library->uid != (uid_t)-1 || library->dir_mode || has_group(round) || has_owners(round))
		return;
	error_clear(&warning);
	snprintf(warning.text, sizeof(warning.text),
		 "only root can read what is published: files are %04o; --owner USER[:GROUP] is for others", round->file_mode);
	report_warning(round->options, &warning);
}

int round_init(struct round *round, const struct options *options, struct atomicdir_error *error)
{
	*round = (struct round){ .options = options, .old_fd = -1 };
	if (options->operand_count < 1)
		return error_set(error, ATOMICDIR_USAGE, NULL, "there is no LINK: where is it to be published?");
	round->link = absolute_link(options->operands[0]);
	if (!round->link)
		return error_errno(error, NULL, "cannot start");
	if (wanted_take(options, 1, &round->entries, &round->spec, error) < 0)
		return -1;
	take_modes(round);
	return 0;
}

void round_clear(struct round *round)
{
	atomicdir_free(round->stage);
	round->stage = NULL;
	close_fd(&round->old_fd);
	for (size_t i = 0; i < round->count; i++) {
		free(round->placed[i].path);
		free(round->placed[i].source);
		free(round->placed[i].version);
		free(round->placed[i].created);
		free(round->placed[i].place);
	}
	free(round->placed);
	entries_clear(&round->entries);
	spec_clear(&round->spec);
	free(round->link);
}

/* ---- The stage ---- */

/* Late, so that a slow source holds no other writer up. */
static int begin(struct round *round, struct atomicdir_error *error)
{
	if (round->stage)
		return 0;
	round->stage = atomicdir_begin(round->link, &round->library, error);
	if (!round->stage)
		return fetcher_check_signal(error), -1;
	report_warning(round->options, error);
	if (!round->library.dry_run)
		round->old_fd = hook_hold(round->options, round->link);
	return 0;
}

static int remember(struct round *round, const struct fetched *file, struct atomicdir_error *error)
{
	struct placed *placed = reallocarray(round->placed, round->count + 1, sizeof(*placed)), *one;

	if (!placed)
		return error_errno(error, file->path, "cannot remember the file");
	round->placed = placed;
	one = &placed[round->count++];
	*one = (struct placed){
		strdup(file->path), strdup(file->source), strdup(file->version), strdup(file->created), strdup(file->place),
		file->value.size,   file->entry
	};
	return one->path && one->source && one->version && one->created && one->place
		       ? 0
		       : error_errno(error, file->path, "cannot remember the file");
}

/* What is in the way, if it is another of the files; else the error as it is. */
static int explain(const struct round *round, struct atomicdir_error *error)
{
	cleanup_free const char **paths = NULL;
	size_t one, other;

	if (error->errnum != EEXIST && error->errnum != ENOTDIR)
		return -1;
	paths = reallocarray(NULL, round->count, sizeof(*paths));
	for (size_t i = 0; paths && i < round->count; i++)
		paths[i] = round->placed[i].path;
	if (!paths || path_find_clash(paths, round->count, &one, &other) <= 0)
		return -1;
	return error_set(error, ATOMICDIR_FAILED, NULL,
			 "the path '%.100s' of secret '%.80s' clashes with '%.100s' of secret '%.80s': give one another PATH",
			 round->placed[one].path, round->placed[one].source, round->placed[other].path,
			 round->placed[other].source);
}

static int own(const struct round *round, const struct entry *entry, int fd, const char *path, struct atomicdir_error *error)
{
	uid_t uid = entry && entry->uid != (uid_t)-1 ? entry->uid : round->options->library.uid;
	gid_t gid = entry && entry->gid != (gid_t)-1 ? entry->gid : round->options->library.gid;

	if ((uid == (uid_t)-1 && gid == (gid_t)-1) || fchown(fd, uid, gid) == 0)
		return 0;
	error_errno(error, path, "cannot set the owner");
	if (errno == EPERM)
		error_append(error, "only root can give to others: run as root, or leave the owner out");
	return -1;
}

static int place(struct round *round, const struct fetched *file, struct atomicdir_error *error)
{
	const struct entry *entry = &round->entries.items[file->entry];
	mode_t mode = entry->mode			  ? entry->mode
		      : round->options->library.file_mode ? round->file_mode
		      : entry->gid != (gid_t)-1		  ? 0440
							  : round->file_mode;
	cleanup_fd int fd = -1;

	if (begin(round, error) < 0 || remember(round, file, error) < 0)
		return -1;
	fd = atomicdir_create(round->stage, file->path, mode, error);
	if (fd < 0)
		return explain(round, error);
	if (write_all(fd, file->value.bytes, file->value.size) < 0)
		return error_errno(error, file->path, "cannot write the file");
	if (own(round, entry, fd, file->path, error) < 0)
		return -1;
	/* chown(2) takes setuid and setgid bits away. */
	if (mode & 07000 && fchmod(fd, mode) < 0)
		return error_errno(error, file->path, "cannot set the mode");
	return close(take_fd(&fd)) < 0 ? error_errno(error, file->path, "cannot write the file") : 0;
}

/* Each directory above the file, which all are ours and none of them a link. */
static int own_directories(const struct round *round, const char *path, struct atomicdir_error *error)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return error_errno(error, path, "cannot set the owner");
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_fd int fd = -1;

		*slash = '\0';
		fd = openat(atomicdir_fd(round->stage), copy, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_errno(error, copy, "cannot set the owner");
		if (own(round, NULL, fd, copy, error) < 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

static int own_all_directories(const struct round *round, struct atomicdir_error *error)
{
	if (round->options->library.uid == (uid_t)-1 && round->options->library.gid == (gid_t)-1)
		return 0;
	for (size_t i = 0; i < round->count; i++)
		if (own_directories(round, round->placed[i].path, error) < 0)
			return -1;
	return own(round, NULL, atomicdir_fd(round->stage), round->link, error);
}

static int add_member(struct buffer *note, const char *name, const char *text)
{
	if (buffer_add_text(note, note->bytes[note->size - 1] == '{' ? "" : ",") < 0 || buffer_add_json(note, name) < 0 ||
	    buffer_add_text(note, ":") < 0)
		return -1;
	return buffer_add_json(note, text);
}

static int add_if(struct buffer *note, const char *name, const char *text)
{
	return *text ? add_member(note, name, text) : 0;
}

static int add_note(const struct round *round, struct buffer *note)
{
	if (buffer_add_text(note, "{\"entries\":[") < 0)
		return -1;
	for (size_t i = 0; i < round->count; i++) {
		const struct placed *one = &round->placed[i];

		if (buffer_add_text(note, i ? ",{" : "{") < 0 || add_member(note, "path", one->path) < 0 ||
		    add_member(note, "source", one->source) < 0 || add_member(note, "version", one->version) < 0 ||
		    add_if(note, "service", round->entries.items[one->entry].service) < 0 ||
		    add_if(note, "stage", round->entries.items[one->entry].stage) < 0 ||
		    add_if(note, "created", one->created) < 0 || add_if(note, "place", one->place) < 0 ||
		    buffer_add_text(note, "}") < 0)
			return -1;
	}
	return buffer_add_text(note, "]}");
}

static int take_note(const struct round *round, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer note = { 0 };

	if (add_note(round, &note) < 0)
		return error_errno(error, NULL, "cannot note the versions");
	return note.size > NOTE_MAX ? 0 : atomicdir_note(round->stage, note.bytes, error);
}

/* ---- The whole ---- */

static int fetch(struct round *round, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched file = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &file, error);

		if (got < 0 || got == FETCHER_DONE)
			return got;
		if (got == FETCHER_WARNING)
			report_warning(round->options, error);
		if (got == FETCHER_FILE && place(round, &file, error) < 0)
			return -1;
	}
}

/* The note of what is live, for a fetcher that might get something older; NULL: nothing is. On the heap. */
static char *live_note(const char *link)
{
	struct atomicdir_generation *list = NULL;
	char *note = NULL;

	if (atomicdir_list(link, &list, NULL) > 0)
		for (const struct atomicdir_generation *one = list; one && !note; one = one->next)
			if (one->is_live)
				note = strdup(*one->note ? one->note : "unknown");
	free(list);
	return note;
}

static struct fetcher *start(const struct round *round, struct atomicdir_error *error)
{
	bool can_be_older = source_regions(round->options, &round->spec).other;
	cleanup_free char *live = can_be_older ? live_note(round->link) : NULL;

	return source_ask(round->options, &round->spec, &round->entries, OPTION_LIVE, live, error);
}

int round_fill(struct round *round, struct atomicdir_error *error)
{
	struct fetcher *fetcher = start(round, error);
	int result = fetcher ? fetch(round, fetcher, error) : -1;

	fetcher_free(fetcher);
	if (result == 0)
		result = begin(round, error);
	if (result == 0)
		result = own_all_directories(round, error);
	return result == 0 ? take_note(round, error) : -1;
}

int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	int is_different = atomicdir_seal(round->stage, round->options->check ? NULL : changes, error);

	if (is_different < 0 || !round->options->check)
		return is_different;
	if (is_different > 0 && check_run(round->options, round->link, atomicdir_path(round->stage), error) < 0)
		return -1;
	return atomicdir_seal(round->stage, changes, error);
}
