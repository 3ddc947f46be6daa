/* SPDX-License-Identifier: ISC */
#include "secretdir/round.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "command/hook.h"
#include "command/link.h"
#include "command/report.h"
#include "command/waiting.h"
#include "secretdir/interrupt.h"
#include "secretdir/path.h"
#include "secretdir/source.h"
#include "secretdir/transform.h"
#include "secretdir/wanted.h"

#define NOTE_MAX (16 << 20) /* the library's */
#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6

/* ---- The command line ---- */

/* The library's modes and owners would override those of single entries, and the owner those of files that a transformation made. Where
 * there are none the library sets the owner, and lets him in when all is final. */
static void round_take_modes(struct round *round)
{
	const struct atomicdir_options *wanted = &round->options->shared.library;

	rights_init(&round->rights, round->link, wanted, &round->entries);
	round->library = *wanted;
	round->library.file_mode = 0;
	round->library.keep_times = 1;
	round->rights.is_library_owning = rights_have_one_owner(&round->rights) && !round->options->transform;
	if (!round->rights.is_library_owning) {
		round->library.uid = (uid_t)-1;
		round->library.gid = (gid_t)-1;
	}
	if (!round->library.top_mode)
		round->library.top_mode = rights_dir_mode(&round->rights, "");
	if (round->library.keep < 0)
		round->library.keep = 0;
}

void round_warn_of_root(const struct round *round)
{
	const struct placed *first = NULL;
	struct atomicdir_error warning;
	size_t count = 0;
	mode_t mode = 0;
	bool is_one_mode = true;

	for (size_t i = 0; i < round->count; i++) {
		const struct entry *entry = &round->entries.items[round->placed[i].entry];

		if (!rights_are_roots(&round->rights, entry))
			continue;
		first = first ? first : &round->placed[i];
		mode = count++ ? mode : rights_file_mode(&round->rights, entry);
		is_one_mode = is_one_mode && rights_file_mode(&round->rights, entry) == mode;
	}
	if (!count)
		return;
	error_clear(&warning);
	if (count == round->count && is_one_mode)
		snprintf(warning.text, sizeof(warning.text),
			 "only root can read the files, whose mode is %04o; give them to somebody with --owner USER[:GROUP]",
			 mode);
	else
		snprintf(
			warning.text, sizeof(warning.text),
			"only root can read %zu of %zu files, such as '%.200s' (mode %04o); give them to somebody with --owner "
			"USER[:GROUP]",
			count, round->count, first->path, mode);
	report_warning(&round->options->shared, &warning);
}

/* What --require-tmpfs asks for. */
/* LINK as the user gave it, which is how errors name it. */
static const char *round_given(const struct round *round)
{
	return round->options->shared.operands[0];
}

static int round_check_place(const struct round *round, struct atomicdir_error *error)
{
	cleanup_free char *directory = link_directory(round->link);
	const char *given = round_given(round);
	struct statfs status;

	if (!round->options->require_tmpfs)
		return 0;
	if (!directory || statfs(directory, &status) < 0)
		return error_errno(error, given, "cannot tell which file system this is on:");
	if (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC)
		return 0;
	return error_set(error, ATOMICDIR_FAILED, NULL,
			 "'%s' is not on tmpfs or ramfs, as --require-tmpfs demands; nothing was fetched", given);
}

int round_init(struct round *round, const struct secret_options *options, struct atomicdir_error *error)
{
	*round = (struct round){ .options = options };
	round->link = link_absolute(options->shared.operands[0], error);
	if (!round->link || wanted_read(options, 1, &round->entries, &round->spec, error) < 0)
		return -1;
	round_take_modes(round);
	return round_check_place(round, error);
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
	round_note_clear(&round->live);
	round_note_clear(&round->note);
	entries_clear(&round->entries);
	spec_clear(&round->spec);
	free(round->link);
	interrupt_end();
}

/* ---- The stage ---- */

/* The number of the live generation; 0: there is none, or it cannot be told. */
static int64_t round_live_number(const struct round *round)
{
	cleanup_free struct atomicdir_generation *live = NULL;

	return atomicdir_show(round_given(round), &live, NULL) == 0 && live ? live->number : 0;
}

/* What a killed run left, secrets in plain, goes before anything is fetched: a source that cannot be reached must not keep it there.
 * Nothing else is removed now, and an error is left to the beginning of the stage. */
static void round_recover(const struct round *round)
{
	struct atomicdir_options library = round->library;
	struct atomicdir_error error;

	library.dry_run = 0;
	library.wait_ms = 0;
	library.if_generation = -1;
	library.keep = INT32_MAX;
	error_clear(&error);
	if (atomicdir_prune(round_given(round), &library, NULL, &error) >= 0)
		report_warning(&round->options->shared, &error);
}

enum { ROUND_STALE = 1 };

static int round_begin_stage(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	struct round *round = context;

	round->stage = interrupt_begin_stage(round_given(round), library, error);
	return round->stage ? 0 : -1;
}

/* Begins the stage when the first file is there, so that a slow source does not make other writers wait. ROUND_STALE: another
 * generation went live since the round began to fetch, so that what came may be older than what is live. */
static int round_begin(struct round *round, struct atomicdir_error *error)
{
	if (round->stage)
		return 0;
	if (waiting_call(&round->options->shared, &round->library, round_begin_stage, round, error) < 0) {
		/* A signal ends the wait for another writer, and is then the reason. */
		round->is_refused = interrupt_check(error) == 0;
		return -1;
	}
	report_warning(&round->options->shared, error);
	if (round_note_read(round_given(round), &round->live, error) < 0)
		return -1;
	return round->first_live == round_live_number(round) ? 0 : ROUND_STALE;
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

/* Makes the directories above the file, each with its own mode. Those that are there already have it. */
static int round_make_directories(const struct round *round, const char *path, struct atomicdir_error *error)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return error_errno(error, path, "cannot make the directories of");
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (atomicdir_mkdir(round->stage, copy, rights_dir_mode(&round->rights, copy), error) < 0 &&
		    error->errnum != EEXIST)
			return -1;
		*slash = '/';
	}
	error_clear(error);
	return 0;
}

/* Nobody else is in the stage, so the name is that of the file just written. */
static int round_own_file(const struct round *round, const struct entry *entry, const char *path, mode_t mode,
			  struct atomicdir_error *error)
{
	int stage_fd = atomicdir_fd(round->stage);
	cleanup_fd int fd = openat(stage_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, path, "cannot set the owner of");
	if (rights_own(&round->rights, entry, fd, path, error) < 0)
		return -1;
	/* chown(2) takes setuid and setgid bits away. */
	if (mode & 07000 && fchmodat(stage_fd, path, mode, 0) < 0)
		return error_errno(error, path, "cannot set the mode of");
	return 0;
}

/* The library writes the file, so that it can make room and try again where the disk is full. */
static int round_place(struct round *round, const struct fetched *file, struct atomicdir_error *error)
{
	const struct entry *entry = &round->entries.items[file->entry];
	mode_t mode = rights_file_mode(&round->rights, entry);
	int result = round_begin(round, error);

	if (result)
		return result;
	if (round_record(round, file, error) < 0 || round_make_directories(round, file->path, error) < 0)
		return -1;
	if (atomicdir_write(round->stage, file->path, file->value.bytes, file->value.size, mode, error) < 0)
		return round_explain(round, error);
	return round_own_file(round, entry, file->path, mode, error);
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
		if (rights_own(&round->rights, NULL, fd, copy, error) < 0)
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
	return rights_own(&round->rights, NULL, atomicdir_fd(round->stage), round_given(round), error);
}

/* ---- The note ---- */

static int round_add_to_note(struct round *round, const struct placed *placed)
{
	struct published_file *file = published_add(&round->note.published);
	const struct entry *entry = &round->entries.items[placed->entry];

	if (!file || published_set(&file->path, placed->path) < 0 || published_set(&file->source, placed->source) < 0 ||
	    published_set(&file->version, placed->version) < 0 || published_set(&file->created, placed->created) < 0 ||
	    published_set(&file->place, placed->place) < 0 || published_set(&file->service, entry->service) < 0)
		return -1;
	return published_set(&file->stage, entry->stage);
}

static int round_make_note(struct round *round, struct atomicdir_error *error)
{
	const char *transform = round->options->transform;

	for (size_t i = 0; i < round->count; i++)
		if (round_add_to_note(round, &round->placed[i]) < 0)
			return error_errno(error, NULL, "cannot note the versions");
	return transform && published_set(&round->note.transform, transform) < 0
		       ? error_errno(error, NULL, "cannot note the versions")
		       : 0;
}

/* The watcher and the failover go by the versions, so a generation without them is not published. */
static int round_add_note(const struct round *round, struct atomicdir_error *error)
{
	cleanup_buffer struct buffer text = { 0 };

	if (round_note_write(&round->note, &text) < 0)
		return error_errno(error, NULL, "cannot note the versions");
	if (text.size > NOTE_MAX)
		return error_set(
			error, ATOMICDIR_FAILED, NULL,
			"the versions of %zu files take %zu bytes, and a generation can hold %d of them; publish fewer files here",
			round->count, text.size, NOTE_MAX);
	return atomicdir_note(round->stage, text.bytes, text.size, error);
}

/* ---- The whole round ---- */

/* ROUND_STALE: as round_begin() has it. */
static int round_listen(struct round *round, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched file = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &file, error);

		if (got < 0)
			return -1;
		if (got == FETCHER_DONE)
			return round_begin(round, error);
		if (got == FETCHER_WARNING)
			report_warning(&round->options->shared, error);
		if (got == FETCHER_FILE) {
			int result = round_place(round, &file, error);

			if (result)
				return result;
		}
	}
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

/* A source that may have something older is told what is live. */
static struct fetcher *round_ask(struct round *round, struct atomicdir_error *error)
{
	bool can_be_older = source_regions(round->options, &round->spec).other;
	struct fetcher *fetcher;
	const char *live = NULL;

	if (can_be_older && !round->stage && round_note_read(round_given(round), &round->live, error) < 0)
		return NULL;
	if (can_be_older && round->live.is_unknown)
		live = "unknown";
	fetcher = source_ask(round->options, &round->spec, &round->entries, OPTION_LIVE, live,
			     can_be_older ? &round->live.published : NULL, error);
	if (fetcher && fetcher_keys(fetcher))
		round_report_keys(round, fetcher_keys(fetcher));
	return fetcher;
}

static int round_fetch(struct round *round, struct atomicdir_error *error)
{
	struct fetcher *fetcher = round_ask(round, error);
	int result = fetcher ? round_listen(round, fetcher, error) : -1;

	fetcher_free(fetcher);
	return result;
}

/* What is made of the entries' files. */
static int round_complete(struct round *round, struct atomicdir_error *error)
{
	struct transform transform = { round->options, round->link,  round->stage,
				       &round->rights, &round->live, &round->note.published };

	if (round_make_note(round, error) < 0 || transform_apply(&transform, error) < 0 ||
	    round_own_all_directories(round, error) < 0)
		return -1;
	return round_add_note(round, error);
}

int round_fill(struct round *round, struct atomicdir_error *error)
{
	int result;

	if (interrupt_begin(error) < 0)
		return -1;
	interrupt_limit(round->options->round_timeout_ms);
	round_recover(round);
	round->first_live = round_live_number(round);
	result = round_fetch(round, error);
	/* The lock is held by now, so nothing else goes live. What was piped to us cannot be had again. */
	if (result == ROUND_STALE && !fetcher_reads_input(round->options->source))
		result = round_fetch(round, error);
	return result < 0 ? -1 : round_complete(round, error);
}

int round_seal(struct round *round, struct atomicdir_change **changes, struct atomicdir_error *error)
{
	const struct options *shared = &round->options->shared;
	int is_different = atomicdir_seal(round->stage, shared->check ? NULL : changes, error);

	if (is_different < 0)
		return rights_explain(error);
	if (!shared->check)
		return is_different;
	if (is_different > 0 && check_run(shared, round->link, atomicdir_path(round->stage), error) < 0)
		return -1;
	return atomicdir_seal(round->stage, changes, error);
}
