/* SPDX-License-Identifier: ISC */
#include "secretdir/round.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/protocol.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "secretdir/interrupt.h"
#include "secretdir/path.h"
#include "secretdir/source.h"
#include "secretdir/wanted.h"

/* ---- The command line ---- */

/* Whether LINK's directory hands its group down, as a volume with fsGroup does in a pod. */
static bool link_is_setgid(const char *link)
{
	cleanup_free char *parent = link_parent(link);
	struct stat status;

	return parent && stat(parent, &status) == 0 && status.st_mode & S_ISGID;
}

static bool round_has_group(const struct round *round)
{
	return round->options->shared.library.gid != (gid_t)-1 || link_is_setgid(round->link);
}

/* Whether an entry has its own owner, who must be able to pass the directories above the file: then everybody may. */
static bool round_has_owners(const struct round *round)
{
	for (size_t i = 0; i < round->entries.count; i++)
		if (round->entries.items[i].uid != (uid_t)-1 || round->entries.items[i].gid != (gid_t)-1)
			return true;
	return false;
}

/* The library's modes and owners would override those of single entries, so it is given the mode of directories alone. */
static void round_take_modes(struct round *round)
{
	const struct atomicdir_options *wanted = &round->options->shared.library;
	bool is_grouped = round_has_group(round);

	round->file_mode = is_grouped ? 0440 : 0400;
	if (wanted->file_mode)
		round->file_mode = wanted->file_mode;
	round->library = *wanted;
	round->library.file_mode = 0;
	round->library.keep_times = 1;
	round->library.uid = (uid_t)-1;
	round->library.gid = (gid_t)-1;
	if (!round->library.dir_mode)
		round->library.dir_mode = (is_grouped ? 0550 : 0500) | (round_has_owners(round) ? 0111 : 0);
	if (round->library.keep < 0)
		round->library.keep = 0;
	if (round->library.grace_ms < 0)
		round->library.grace_ms = 1000;
}

void round_warn_of_root(const struct round *round)
{
	const struct atomicdir_options *library = &round->options->shared.library;
	struct atomicdir_error warning;

	if (geteuid() != 0 || library->uid != (uid_t)-1 || library->dir_mode || round_has_group(round) ||
	    round_has_owners(round))
		return;
	error_clear(&warning);
	snprintf(warning.text, sizeof(warning.text),
		 "only root can read the files, whose mode is %04o; give them to somebody with --owner USER[:GROUP]",
		 round->file_mode);
	report_warning(&round->options->shared, &warning);
}

int round_init(struct round *round, const struct secret_options *options, struct atomicdir_error *error)
{
	*round = (struct round){ .options = options };
	round->link = link_absolute(options->shared.operands[0], error);
	if (!round->link || wanted_read(options, 1, &round->entries, &round->spec, error) < 0)
		return -1;
	round_take_modes(round);
	return 0;
}

void round_clear(struct round *round)
{
	atomicdir_free(round->stage);
	round->stage = NULL;
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
	interrupt_end();
}

/* ---- The stage ---- */

/* Begins the stage when the first file is there, so that a slow source does not make other writers wait. */
static int round_begin(struct round *round, struct atomicdir_error *error)
{
	if (round->stage)
		return 0;
	round->stage = interrupt_begin_stage(round->link, &round->library, error);
	if (!round->stage) {
		/* A signal ends the wait for another writer, and is then the reason. */
		round->is_refused = interrupt_check(error) == 0;
		return -1;
	}
	report_warning(&round->options->shared, error);
	return 0;
}

static int round_record(struct round *round, const struct fetched *file, struct atomicdir_error *error)
{
	struct placed *one = array_add(&round->placed, &round->count, sizeof(*one));

	if (!one)
		return error_errno(error, file->path, "cannot record the file");
	one->path = strdup(file->path);
	one->source = strdup(file->source);
	one->version = strdup(file->version);
	one->created = strdup(file->created);
	one->place = strdup(file->place);
	one->size = file->value.size;
	one->entry = file->entry;
	if (one->path && one->source && one->version && one->created && one->place)
		return 0;
	return error_errno(error, file->path, "cannot record the file");
}

/* Says which other file is in the way; where it is none, the error stays as it is. */
static int round_explain(const struct round *round, struct atomicdir_error *error)
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
	return error_set(
		error, ATOMICDIR_FAILED, NULL,
		"path '%.100s' of secret '%.80s' conflicts with path '%.100s' of secret '%.80s'; give one of them another PATH",
		round->placed[one].path, round->placed[one].source, round->placed[other].path, round->placed[other].source);
}

/* Sets the owner of the file of an entry, or of a directory, where `entry` is NULL. */
static int round_own(const struct round *round, const struct entry *entry, int fd, const char *path,
		     struct atomicdir_error *error)
{
	const struct atomicdir_options *wanted = &round->options->shared.library;
	uid_t uid = entry && entry->uid != (uid_t)-1 ? entry->uid : wanted->uid;
	gid_t gid = entry && entry->gid != (gid_t)-1 ? entry->gid : wanted->gid;

	if ((uid == (uid_t)-1 && gid == (gid_t)-1) || fchown(fd, uid, gid) == 0)
		return 0;
	error_errno(error, path, "cannot set the owner of");
	if (errno == EPERM)
		error_append(error, "only root can give files to others: run as root, or leave the owner out");
	return -1;
}

static mode_t round_mode(const struct round *round, const struct entry *entry)
{
	if (entry->mode)
		return entry->mode;
	if (!round->options->shared.library.file_mode && entry->gid != (gid_t)-1)
		return 0440;
	return round->file_mode;
}

static int round_place(struct round *round, const struct fetched *file, struct atomicdir_error *error)
{
	const struct entry *entry = &round->entries.items[file->entry];
	mode_t mode = round_mode(round, entry);
	cleanup_fd int fd = -1;

	if (round_begin(round, error) < 0 || round_record(round, file, error) < 0)
		return -1;
	fd = atomicdir_create(round->stage, file->path, mode, error);
	if (fd < 0)
		return round_explain(round, error);
	if (write_all(fd, file->value.bytes, file->value.size) < 0)
		return error_errno(error, file->path, "cannot write the file");
	if (round_own(round, entry, fd, file->path, error) < 0)
		return -1;
	/* fchown(2) takes setuid and setgid bits away. */
	if (mode & 07000 && fchmod(fd, mode) < 0)
		return error_errno(error, file->path, "cannot set the mode of");
	return close(take_fd(&fd)) < 0 ? error_errno(error, file->path, "cannot write the file") : 0;
}

/* Gives each directory above the file its owner. The library has made them, so none of them is a symlink. */
static int round_own_directories(const struct round *round, const char *path, struct atomicdir_error *error)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return error_errno(error, path, "cannot set the owner of the directories of");
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_fd int fd = -1;

		*slash = '\0';
		fd = openat(atomicdir_fd(round->stage), copy, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_errno(error, copy, "cannot set the owner of");
		if (round_own(round, NULL, fd, copy, error) < 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

static int round_own_all_directories(const struct round *round, struct atomicdir_error *error)
{
	const struct atomicdir_options *wanted = &round->options->shared.library;

	if (wanted->uid == (uid_t)-1 && wanted->gid == (gid_t)-1)
		return 0;
	for (size_t i = 0; i < round->count; i++)
		if (round_own_directories(round, round->placed[i].path, error) < 0)
			return -1;
	return round_own(round, NULL, atomicdir_fd(round->stage), round->link, error);
}

/* ---- The note ---- */

static void note_write_if(struct json_writer *json, const char *name, const char *text)
{
	if (*text)
		json_write_text(json, name, text);
}

static void note_write_file(struct json_writer *json, const struct placed *file, const struct entry *entry)
{
	json_write_begin(json, NULL, '{');
	json_write_text(json, "path", file->path);
	json_write_text(json, "source", file->source);
	json_write_text(json, "version", file->version);
	note_write_if(json, "service", entry->service);
	note_write_if(json, "stage", entry->stage);
	note_write_if(json, "created", file->created);
	note_write_if(json, "place", file->place);
	json_write_end(json, '}');
}

static int round_note(const struct round *round, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer note = { 0 };
	struct json_writer json = { .text = &note };

	json_write_begin(&json, NULL, '{');
	json_write_begin(&json, "entries", '[');
	for (size_t i = 0; i < round->count; i++)
		note_write_file(&json, &round->placed[i], &round->entries.items[round->placed[i].entry]);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	if (json.is_broken)
		return error_errno(error, NULL, "cannot note the versions");
	return atomicdir_note(round->stage, note.bytes, note.size, error);
}

/* ---- The whole round ---- */

static int round_fetch(struct round *round, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched file = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &file, error);

		if (got < 0 || got == FETCHER_DONE)
			return got;
		if (got == FETCHER_WARNING)
			report_warning(&round->options->shared, error);
		if (got == FETCHER_FILE && round_place(round, &file, error) < 0)
			return -1;
	}
}

/* Returns the note of the live generation, on the heap, for a fetcher that could be given something older; NULL: nothing is live. */
static char *round_live_note(const char *link)
{
	struct atomicdir_error error;
	void *note = NULL;
	ssize_t size = atomicdir_read_note(link, -1, &note, &error);

	if (size < 0 && error.kind == ATOMICDIR_NO_GENERATION)
		return NULL;
	return size > 0 ? note : strdup("unknown");
}

/* With -v: where the keys are from that AWS is asked with. */
static void round_report_keys(const struct round *round, const struct keys *keys)
{
	char expiry[64] = "";

	if (keys->seconds_left >= 0)
		snprintf(expiry, sizeof(expiry), ", which expire in %" PRId64 " s", keys->seconds_left);
	report_verbose(&round->options->shared, "AWS is asked%s%s with keys from %s%s", *keys->region ? " in region " : "",
		       keys->region, keys->from, expiry);
}

static struct fetcher *round_ask(const struct round *round, struct atomicdir_error *error)
{
	bool can_be_older = source_regions(round->options, &round->spec).other;
	cleanup_free char *live = can_be_older ? round_live_note(round->link) : NULL;
	struct fetcher *fetcher;

	fetcher = source_ask(round->options, &round->spec, &round->entries, OPTION_LIVE, live, error);
	if (fetcher && fetcher_keys(fetcher))
		round_report_keys(round, fetcher_keys(fetcher));
	return fetcher;
}

int round_fill(struct round *round, struct atomicdir_error *error)
{
	struct fetcher *fetcher;
	int result;

	if (interrupt_begin(error) < 0)
		return -1;
	fetcher = round_ask(round, error);
	result = fetcher ? round_fetch(round, fetcher, error) : -1;

	fetcher_free(fetcher);
	if (result == 0)
		result = round_begin(round, error);
	if (result == 0)
		result = round_own_all_directories(round, error);
	return result == 0 ? round_note(round, error) : -1;
}

int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	const struct options *shared = &round->options->shared;
	int is_different = atomicdir_seal(round->stage, shared->check ? NULL : changes, error);

	if (is_different < 0 || !shared->check)
		return is_different;
	if (is_different > 0 && check_run(shared, round->link, atomicdir_path(round->stage), error) < 0)
		return -1;
	return atomicdir_seal(round->stage, changes, error);
}
