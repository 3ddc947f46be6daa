/* SPDX-License-Identifier: ISC */
#include "secretdir/round.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
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
#include "secretdir/round_seal.h"
#include "secretdir/round_versions.h"
#include "secretdir/sealed.h"
#include "secretdir/source.h"
#include "secretdir/transform.h"
#include "secretdir/wanted.h"

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
	hook_set_options(&round->options->shared, &round->library);
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
	/* A watcher's later rounds need not say it again. */
	if (!round->memo || texts_add(&round->memo->told, warning.text) != 0)
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
	/* Its type, and whether it has a sign, is the machine's. */
	if ((unsigned int)status.f_type == TMPFS_MAGIC || (unsigned int)status.f_type == RAMFS_MAGIC)
		return 0;
	return error_set(error, ATOMICDIR_FAILED, NULL,
			 "'%s' is not on tmpfs or ramfs, as --require-tmpfs demands; nothing was fetched", given);
}

static int round_read_wanted(struct round *round, int wanted_fd, struct atomicdir_error *error)
{
	if (wanted_fd >= 0)
		return wanted_load(wanted_fd, &round->entries, &round->spec, error);
	return wanted_read(round->options, 1, &round->entries, &round->spec, error);
}

int round_init(struct round *round, const struct secret_options *options, int wanted_fd, struct atomicdir_error *error)
{
	*round = (struct round){ .options = options, .is_full = true, .keys = KEYS_INIT };
	round->link = link_absolute(options->shared.operands[0], error);
	if (!round->link || round_read_wanted(round, wanted_fd, error) < 0)
		return -1;
	round_take_modes(round);
	return round_check_place(round, error);
}

void round_clear(struct round *round)
{
	atomicdir_free(round->stage);
	round->stage = NULL;
	keys_close(&round->keys);
	for (size_t i = 0; i < round->count; i++) {
		free(round->placed[i].path);
		free(round->placed[i].source);
		free(round->placed[i].version);
		free(round->placed[i].created);
		free(round->placed[i].place);
	}
	free(round->placed);
	moves_clear(&round->moves);
	selection_clear(&round->asked);
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

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

/* Whether a generation lies in the store that was never published: it has no record there. */
static bool round_has_remains(const struct round *round)
{
	cleanup_free char *path = atomicdir_store(round_given(round), NULL);
	DIR *store = path ? opendir(path) : NULL;
	const struct dirent *one;
	bool has_remains = !store;

	while (store && !has_remains && (one = readdir(store))) {
		char info[sizeof(one->d_name) + 8];

		snprintf(info, sizeof(info), "%s.info", one->d_name);
		has_remains = is_number(one->d_name) && !exists_at(dirfd(store), info);
	}
	if (store)
		closedir(store);
	return has_remains;
}

enum { ROUND_STALE = 1 };

static int round_begin_stage(const struct atomicdir_options *library, void *context, struct atomicdir_error *error)
{
	struct round *round = context;

	round->stage = interrupt_begin_stage(round_given(round), library, error);
	return round->stage ? 0 : -1;
}

/* Whether what is not fetched can still be carried, now that the lock is held. -1 with ENOMEM. */
static int round_can_carry(const struct round *round)
{
	int is_of = note_is_of(&round->live, &round->entries);

	return is_of > 0 ? round_files_are_same(round) : is_of;
}

/* Begins the stage when the first file is there, so that a slow source does not make other writers wait. ROUND_STALE: another
 * generation went live since the round began to fetch, so that what came may be older than what is live; or what was to be carried is not
 * what it was. */
static int round_begin(struct round *round, struct atomicdir_error *error)
{
	int can_carry;

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
	if (round->first_live != round_live_number(round))
		return ROUND_STALE;
	if (!round->is_partial)
		return 0;
	can_carry = round_can_carry(round);
	return can_carry < 0 ? error_errno(error, round_given(round), "cannot carry what is live at")
			     : !can_carry * ROUND_STALE;
}

static int round_record(struct round *round, const struct placed *placed, struct atomicdir_error *error)
{
	struct placed *one = array_add(&round->placed, &round->count, sizeof(*one));

	if (!one)
		return error_errno(error, placed->path, "cannot record the file");
	*one = (struct placed){ strdup(placed->path),
				strdup(placed->source),
				strdup(placed->version),
				strdup(placed->created),
				strdup(placed->place),
				placed->size,
				placed->entry };
	if (one->path && one->source && one->version && one->created && one->place)
		return 0;
	return error_errno(error, placed->path, "cannot record the file");
}

static int round_record_fetched(struct round *round, const struct fetched *file, struct atomicdir_error *error)
{
	const struct placed placed = { (char *)(uintptr_t)file->path,
				       (char *)(uintptr_t)file->source,
				       (char *)(uintptr_t)file->version,
				       (char *)(uintptr_t)file->created,
				       (char *)(uintptr_t)file->place,
				       file->value.size,
				       file->entry };

	return round_record(round, &placed, error);
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

/* Nobody else is in the stage, so the name is that of the file just written. Where no owner is to be set the stage is not asked for its
 * directory, so that the library need not make one before something differs. */
static int round_own_file(const struct round *round, const struct entry *entry, const char *path, mode_t mode,
			  struct atomicdir_error *error)
{
	cleanup_fd int fd = -1;
	int stage_fd;

	if (!rights_have_owner(&round->rights, entry))
		return 0;
	stage_fd = atomicdir_fd(round->stage);
	fd = openat(stage_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
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
	if (round_record_fetched(round, file, error) < 0 || round_make_directories(round, file->path, error) < 0)
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
	if (!rights_have_owner(&round->rights, NULL))
		return 0;
	for (size_t i = 0; i < round->count; i++)
		if (round_own_directories(round, round->placed[i].path, error) < 0)
			return -1;
	return rights_own(&round->rights, NULL, atomicdir_fd(round->stage), round_given(round), error);
}

/* ---- Secrets ---- */

/* Versions of what is fetched. One that is not there is noted too, once. */
static int round_note_secret(struct round *round, const struct fetched *fetched, bool is_known)
{
	const char *source = is_known ? fetched->source : round->entries.items[fetched->entry].secret;
	struct noted *secret;
	char index[32];

	if (noted_find(&round->note, fetched->entry, source))
		return 0;
	secret = round_note_add(&round->note);
	snprintf(index, sizeof(index), "%zu", fetched->entry);
	if (!secret || published_set(&secret->source, source) < 0 || published_set(&secret->index, index) < 0)
		return -1;
	if (!is_known)
		return 0;
	if (published_set(&secret->name, fetched->name) < 0 || published_set(&secret->arn, fetched->arn) < 0 ||
	    published_set(&secret->version, fetched->version) < 0)
		return -1;
	return published_set(&secret->stages, fetched->versions);
}

/* ---- What is carried ---- */

static int round_carry_file(struct round *round, const struct published_file *file, size_t entry, struct atomicdir_error *error)
{
	const struct placed placed = { file->path,    file->source, file->version,
				       file->created, file->place,  sealed_size(file->sealed),
				       entry };

	if (round_record(round, &placed, error) < 0 || round_make_directories(round, file->path, error) < 0)
		return -1;
	return atomicdir_carry(round->stage, file->path, error) < 0 ? round_explain(round, error) : 0;
}

/* What is gone is noted as absent, so that it is seen when it comes back. Of a prefix it is told by the list. */
static int round_note_gone(struct round *round)
{
	for (size_t i = 0; i < round->moves.count; i++) {
		const struct move *move = &round->moves.items[i];
		const struct fetched gone = { .entry = move->entry };

		if (move->is_gone && !entry_is_prefix(&round->entries.items[move->entry]) &&
		    round_note_secret(round, &gone, false) < 0)
			return -1;
	}
	return 0;
}

/* All that has not moved, as it was under the lock just now. */
static int round_carry(struct round *round, struct atomicdir_error *error)
{
	const struct round_note *live = &round->live;

	for (size_t i = 0; i < live->published.count; i++) {
		const struct published_file *file = &live->published.files[i];
		size_t entry = note_index(file->index);

		if (entry < round->entries.count && !moves_have(&round->moves, entry, file->source) &&
		    round_carry_file(round, file, entry, error) < 0)
			return -1;
	}
	for (size_t i = 0; i < live->secret_count; i++)
		if (!moves_have(&round->moves, note_index(live->secrets[i].index), live->secrets[i].source) &&
		    round_note_copy(&round->note, &live->secrets[i]) < 0)
			return error_errno(error, NULL, "cannot note the versions");
	return round_note_gone(round) < 0 ? error_errno(error, NULL, "cannot note the versions") : 0;
}

/* ---- The whole round ---- */

void round_tell_unconfined(struct round *round, const char *text)
{
	/* 0: an earlier round of this watcher has said so. */
	if (!round->memo || texts_add(&round->memo->told, text) != 0)
		report_verbose(&round->options->shared, "%s", text);
}

static int round_take(struct round *round, int got, struct fetched *fetched, struct atomicdir_error *error)
{
	if (round->is_partial)
		fetched->entry = round->asked.of[fetched->entry];
	if (got == FETCHER_WARNING)
		report_warning(&round->options->shared, error);
	if (got == FETCHER_UNCONFINED)
		round_tell_unconfined(round, error->text);
	if ((got == FETCHER_KNOWN || got == FETCHER_ABSENT) && round_note_secret(round, fetched, got == FETCHER_KNOWN) < 0)
		return error_errno(error, NULL, "cannot note the versions");
	return got == FETCHER_FILE ? round_place(round, fetched, error) : 0;
}

/* ROUND_STALE: as round_begin() has it. */
static int round_listen(struct round *round, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched fetched = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &fetched, error), result;

		if (got < 0)
			return -1;
		if (got == FETCHER_DONE)
			return round_begin(round, error);
		result = round_take(round, got, &fetched, error);
		if (result)
			return result;
	}
}

/* With -v: where the keys are from that AWS is asked with. */
static void round_report_keys(struct round *round)
{
	const struct keys *keys = &round->keys;
	char expiry[64] = "";

	if (!keys->from[0] || round->are_keys_told)
		return;
	round->are_keys_told = true;
	if (keys->seconds_left >= 0)
		snprintf(expiry, sizeof(expiry), ", which expire in %" PRId64 " s", keys->seconds_left);
	report_verbose(&round->options->shared, "AWS is asked%s%s with keys from %s%s", *keys->region ? " in region " : "",
		       keys->region, keys->from, expiry);
}

/* A source that may have something older is told what is live. */
struct fetcher *round_ask(struct round *round, const struct entries *entries, const char *name, const char *value,
			  struct atomicdir_error *error)
{
	bool can_be_older = source_regions(round->options, &round->spec).other;
	struct source_question question = { .options = round->options,
					    .spec = &round->spec,
					    .all = &round->entries,
					    .entries = entries,
					    .name = name,
					    .value = value,
					    .live = can_be_older ? &round->live.published : NULL,
					    .keys = &round->keys };
	struct fetcher *fetcher;

	if (can_be_older && round->live.is_unknown) {
		question.name = OPTION_LIVE;
		question.value = "unknown";
	}
	fetcher = source_ask(&question, error);
	if (fetcher)
		round_report_keys(round);
	return fetcher;
}

void round_end_fetcher(struct round *round, struct fetcher *fetcher)
{
	round->is_throttled = round->is_throttled || (fetcher && fetcher_is_throttled(fetcher));
	if (round->memo)
		round->memo->keys_asked = round->keys.is_filled ? round->keys.asked : 0;
	fetcher_free(fetcher);
}

static int round_fetch(struct round *round, struct atomicdir_error *error)
{
	const struct entries *entries = round->is_partial ? &round->asked.entries : &round->entries;
	struct fetcher *fetcher;
	int result;

	round_note_clear_secrets(&round->note);
	if (!round->stage && round_note_read(round_given(round), &round->live, error) < 0)
		return -1;
	/* All that has moved may be gone. */
	if (round->is_partial && !entries->count)
		return round_begin(round, error);
	fetcher = round_ask(round, entries, NULL, NULL, error);
	result = fetcher ? round_listen(round, fetcher, error) : -1;
	round_end_fetcher(round, fetcher);
	return result;
}

/* What is made of the entries' files. */
static int round_complete(struct round *round, struct atomicdir_error *error)
{
	struct transform transform = { round->options, round->link, round->stage, &round->rights, &round->live, &round->note };

	if (round->is_partial && round_carry(round, error) < 0)
		return -1;
	if (round_note_make(round, error) < 0 || transform_apply(&transform, error) < 0)
		return -1;
	return round_own_all_directories(round, error);
}

static int round_fetch_all(struct round *round, struct atomicdir_error *error)
{
	int result;

	progress_set_count(round->progress, PROGRESS_FETCHING, round->entries.count);
	result = round_fetch(round, error);

	/* The lock is held by now, so nothing else goes live. What was piped to us cannot be had again. */
	if (result == ROUND_STALE && !fetcher_reads_input(round->options->source)) {
		round->is_partial = false;
		result = round_fetch(round, error);
	}
	progress_set(round->progress, PROGRESS_NONE);
	return result < 0 ? -1 : round_complete(round, error);
}

int round_fill(struct round *round, struct atomicdir_error *error)
{
	int can_look;

	if (interrupt_begin(error) < 0)
		return -1;
	interrupt_limit(round->options->round_timeout_ms);
	round->first_live = round_live_number(round);
	can_look = round_can_look(round, error);
	/* Whoever takes the lock writes on the disk: where nothing was left that is not to be done each time. */
	if (can_look <= 0 || round_has_remains(round))
		round_recover(round);
	if (can_look > 0) {
		int result = round_look(round, error);

		if (result)
			return result;
	}
	return can_look < 0 ? -1 : round_fetch_all(round, error);
}

void round_published(struct round *round, int64_t number)
{
	if (round->memo)
		round->memo->live = number;
}

int64_t round_keys_left_ms(const struct round *round)
{
	const struct keys *keys = &round->keys;

	if (!keys->is_lent || !keys_can_stay(keys))
		return -1;
	return keys->is_fresh ? keys->seconds_left * 1000 : ROUND_KEYS_STAY;
}
