/* SPDX-License-Identifier: ISC */
#include "secretdir/round_versions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "command/report.h"
#include "secretdir/interrupt.h"
#include "secretdir/refused.h"
#include "secretdir/sealed.h"
#include "secretdir/source.h"

#define LOOKS_MAX 5 /* after the first one */
#define SUFFIX 7    /* of an ARN after the name: "-" and six characters */

static int look_fail(struct atomicdir_error *error)
{
	return error_errno(error, NULL, "cannot ask for versions");
}

/* ---- Can it go by the note? ---- */

int note_is_of(const struct round_note *note, const struct entries *entries)
{
	bool is_same = note->entries.count == entries->count;

	for (size_t i = 0; i < entries->count && is_same; i++) {
		cleanup_buffer struct buffer text = { 0 };

		if (entry_print(&entries->items[i], &text) < 0)
			return -1;
		is_same = strcmp(text.bytes, note->entries.items[i]) == 0;
	}
	return is_same;
}

static bool note_has_entry(const struct round_note *note, size_t entry)
{
	for (size_t i = 0; i < note->secret_count; i++)
		if (note_index(note->secrets[i].index) == entry)
			return true;
	return false;
}

/* Of parameters nothing is noted but their files. */
static bool note_has_secrets(const struct round_note *note, const struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (!*entries->items[i].service && !note_has_entry(note, i))
			return false;
	return true;
}

static bool texts_are_same(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool files_are_same(const struct published *published, int live_fd)
{
	for (size_t i = 0; i < published->count; i++)
		if (!sealed_is_same(published->files[i].sealed, live_fd, published->files[i].path))
			return false;
	return true;
}

bool round_files_are_same(const struct round *round)
{
	cleanup_fd int live_fd = open(round->link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return live_fd >= 0 && files_are_same(&round->live.published, live_fd) && files_are_same(&round->live.made, live_fd);
}

int round_can_look(struct round *round, struct atomicdir_error *error)
{
	const struct round_note *live = &round->live;
	int is_of;

	if (round->is_full || !round->memo || !round->first_live || round->memo->live != round->first_live ||
	    !fetcher_knows_versions(source_name(round->options)))
		return 0;
	if (round_note_read(round->options->shared.operands[0], &round->live, error) < 0)
		return -1;
	is_of = live->is_unknown ? 0 : note_is_of(live, &round->entries);
	if (is_of < 0)
		return look_fail(error);
	return is_of && texts_are_same(live->transform, round->options->transform) && note_has_secrets(live, &round->entries) &&
	       round_files_are_same(round);
}

/* ---- Which of the entries are looked at ---- */

/* The name in a secret's ARN, or the text itself. */
static int name_find(const char *secret, char name[static 520])
{
	const char *begin = arn_is(secret) ? strstr(secret, ":secret:") : NULL;
	size_t size;

	begin = begin ? begin + strlen(":secret:") : secret;
	size = strlen(begin);
	if (begin != secret && size > SUFFIX)
		size -= SUFFIX;
	return snprintf(name, 520, "%.*s", (int)size, begin) < 520 ? 0 : -1;
}

static bool noted_is_called(const struct noted *noted, const char *secret)
{
	return *secret &&
	       (strcmp(noted->source, secret) == 0 || strcmp(noted->name, secret) == 0 || strcmp(noted->arn, secret) == 0);
}

/* Whether the label is of a secret that the entry takes. */
static bool label_is_of(const struct round *round, const struct label *label, size_t index)
{
	const struct entry *entry = &round->entries.items[index];
	char name[520];

	if (name_find(label->secret, name) < 0)
		return false;
	if (entry_is_prefix(entry))
		return strncmp(name, entry->secret, strlen(entry->secret)) == 0;
	if (strcmp(entry->secret, label->secret) == 0 || strcmp(entry->secret, name) == 0)
		return true;
	for (size_t i = 0; i < round->live.secret_count; i++)
		if (note_index(round->live.secrets[i].index) == index &&
		    noted_is_called(&round->live.secrets[i], label->secret))
			return true;
	return false;
}

static bool round_looks_at(const struct round *round, size_t index)
{
	if (!round->labels)
		return true;
	for (size_t i = 0; i < round->label_count; i++)
		if (label_is_of(round, &round->labels[i], index))
			return true;
	return false;
}

static bool memo_hides(const struct memo *memo, const char *secret)
{
	for (size_t i = 0; i < memo->hidden.count; i++)
		if (strcmp(memo->hidden.items[i], secret) == 0)
			return true;
	return false;
}

enum way {
	WAY_CARRY, /* it is what it was until everything is fetched */
	WAY_LOOK,
	WAY_FETCH, /* there is no looking: its bytes are held against those that are live */
};

static enum way round_way_of(const struct round *round, size_t index)
{
	const struct entry *entry = &round->entries.items[index];

	if (!round_looks_at(round, index))
		return WAY_CARRY;
	if (*entry->service)
		return round->labels ? WAY_CARRY : WAY_FETCH;
	if (*entry->version)
		return WAY_CARRY;
	return memo_hides(round->memo, entry->secret) && !entry_is_prefix(entry) ? WAY_FETCH : WAY_LOOK;
}

/* ---- Asking ---- */

struct looking {
	struct round *round;
	struct known_list now;
	struct texts warnings;
	/* After a rollback what is live may be older than what was rolled back from, so an answer that seems to be older than what is
	 * live may be newer: all is fetched. */
	bool is_past_rollback;
};

static int looking_record(struct looking *looking, const struct selection *asked, int got, const struct fetched *fetched)
{
	const struct entry *entry = &asked->entries.items[fetched->entry];
	const char *source = got == FETCHER_ABSENT ? entry->secret : fetched->source;
	struct known_secret *known = known_add(&looking->now, asked->of[fetched->entry], source);

	if (!known)
		return -1;
	known->is_listed = entry_is_prefix(entry);
	if (got != FETCHER_KNOWN) {
		known->state = got == FETCHER_ABSENT ? KNOWN_ABSENT : KNOWN_HIDDEN;
		return 0;
	}
	if (published_set(&known->name, fetched->name) < 0 || published_set(&known->arn, fetched->arn) < 0 ||
	    published_set(&known->version, fetched->version) < 0)
		return -1;
	return published_set(&known->versions, fetched->versions);
}

static int looking_listen(struct looking *looking, const struct selection *asked, struct fetcher *fetcher,
			  struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched fetched = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &fetched, error);

		if (got < 0 || got == FETCHER_DONE)
			return got;
		if (got == FETCHER_UNCONFINED)
			round_tell_unconfined(looking->round, error->text);
		else if (got == FETCHER_WARNING && texts_add(&looking->warnings, error->text) < 0)
			return look_fail(error);
		else if (got != FETCHER_WARNING && looking_record(looking, asked, got, &fetched) < 0)
			return look_fail(error);
	}
}

/* A warning that it gave each time would be told in each round: it is told when something moves. */
static int looking_ask(struct looking *looking, const struct selection *asked, struct atomicdir_error *error)
{
	struct round *round = looking->round;
	struct fetcher *fetcher;
	int result;

	if (!asked->count)
		return 0;
	fetcher = round_ask(round, &asked->entries, OPTION_VERSIONS, "1", error);
	result = fetcher ? looking_listen(looking, asked, fetcher, error) : -1;
	round_end_fetcher(round, fetcher);
	return result;
}

/* A name that an event has told need not be looked for on a list. */
static int select_labelled(const struct round *round, size_t index, struct selection *asked)
{
	for (size_t i = 0; i < round->label_count; i++) {
		char name[520];
		struct entry *entry;

		if (!label_is_of(round, &round->labels[i], index) || name_find(round->labels[i].secret, name) < 0)
			continue;
		entry = selection_add_named(asked, &round->entries, index, name);
		if (!entry && errno != EINVAL)
			return -1;
		if (entry)
			entry->is_optional = true;
	}
	return 0;
}

static int select_entries(const struct round *round, enum way way, struct selection *asked)
{
	for (size_t i = 0; i < round->entries.count; i++) {
		if (round_way_of(round, i) != way)
			continue;
		if (round->labels && entry_is_prefix(&round->entries.items[i]) ? select_labelled(round, i, asked) < 0
									       : !selection_add(asked, &round->entries, i))
			return -1;
	}
	return 0;
}

/* ---- Lists: what they say otherwise than the note is described ---- */

static int select_named(const struct round *round, size_t index, const char *name, struct selection *asked)
{
	struct entry *entry = selection_add_named(asked, &round->entries, index, name);

	if (!entry)
		return errno == EINVAL ? 0 : -1;
	entry->is_optional = true;
	return 0;
}

/* New names, and versions that differ. */
static int select_listed(const struct looking *looking, struct selection *asked)
{
	const struct round *round = looking->round;

	for (size_t i = 0; i < looking->now.count; i++) {
		const struct known_secret *known = &looking->now.items[i];
		const struct noted *noted = noted_find(&round->live, known->entry, known->source);

		if (known->is_listed && known->state == KNOWN_THERE && !(noted && noted_is_same(noted, known)) &&
		    select_named(round, known->entry, known->source, asked) < 0)
			return -1;
	}
	return 0;
}

/* Names that are gone. */
static int select_unlisted(const struct looking *looking, struct selection *asked)
{
	const struct round *round = looking->round;

	for (size_t i = 0; i < round->live.secret_count; i++) {
		const struct noted *noted = &round->live.secrets[i];
		size_t entry = note_index(noted->index);

		if (entry < round->entries.count && entry_is_prefix(&round->entries.items[entry]) && *noted->arn &&
		    round_way_of(round, entry) == WAY_LOOK && !known_find(&looking->now, entry, noted->source) &&
		    select_named(round, entry, noted->source, asked) < 0)
			return -1;
	}
	return 0;
}

/* What a description says is put in the list's place. One that may not be had leaves the list's. */
static void looking_correct(struct looking *looking, const struct known_list *described)
{
	for (size_t i = 0; i < looking->now.count; i++) {
		struct known_secret *known = &looking->now.items[i];
		struct known_secret *better =
			(struct known_secret *)(uintptr_t)known_find(described, known->entry, known->source);

		if (better && better->state != KNOWN_HIDDEN) {
			struct known_secret old = *known;

			*known = *better;
			*better = old;
		}
	}
}

/* Those that no list has: what is hidden is fetched if it is there. */
static int looking_add(struct looking *looking, struct known_list *described)
{
	for (size_t i = 0; i < described->count; i++) {
		struct known_secret *one = &described->items[i], *known;

		if (known_find(&looking->now, one->entry, one->source))
			continue;
		known = known_add(&looking->now, one->entry, one->source);
		if (!known || published_set(&known->arn, one->arn) < 0 || published_set(&known->version, one->version) < 0 ||
		    published_set(&known->name, one->name) < 0 || published_set(&known->versions, one->versions) < 0)
			return -1;
		known->state = one->state;
	}
	return 0;
}

static int looking_describe(struct looking *looking, struct atomicdir_error *error)
{
	cleanup(selection_clear) struct selection asked = { 0 };
	struct looking more = { .round = looking->round, .warnings = looking->warnings };
	int result;

	if (looking->round->labels)
		return 0;
	if (select_listed(looking, &asked) < 0 || select_unlisted(looking, &asked) < 0)
		return look_fail(error);
	result = looking_ask(&more, &asked, error);
	looking->warnings = more.warnings;
	if (result == 0) {
		looking_correct(looking, &more.now);
		result = looking_add(looking, &more.now) < 0 ? look_fail(error) : 0;
	}
	known_clear(&more.now);
	return result;
}

/* All of it, once. What was known before goes. */
static int looking_run(struct looking *looking, struct atomicdir_error *error)
{
	cleanup(selection_clear) struct selection asked = { 0 };

	known_clear(&looking->now);
	texts_clear(&looking->warnings);
	if (select_entries(looking->round, WAY_LOOK, &asked) < 0)
		return look_fail(error);
	return looking_ask(looking, &asked, error) < 0 ? -1 : looking_describe(looking, error);
}

/* ---- What may not be looked at ---- */

/* From now on it is fetched each time. */
static int looking_hide(const struct looking *looking)
{
	struct round *round = looking->round;

	for (size_t i = 0; i < looking->now.count; i++) {
		const struct known_secret *known = &looking->now.items[i];

		if (known->state == KNOWN_HIDDEN && !entry_is_prefix(&round->entries.items[known->entry]) &&
		    texts_add(&round->memo->hidden, known->source) < 0)
			return -1;
	}
	return 0;
}

/* Whether the live file holds just these bytes. */
static bool file_holds(int live_fd, const char *path, const struct buffer *value)
{
	cleanup_buffer struct buffer bytes = { 0 };

	return read_file_at(live_fd, path, value->size, &bytes) == 0 && bytes.size == value->size &&
	       (!value->size || memcmp(bytes.bytes, value->bytes, value->size) == 0);
}

struct peek {
	struct round *round;
	const struct selection *asked;
	int live_fd;
	size_t *files; /* that each of those asked for has sent */
	bool *differs;
};

static const struct published_file *note_find_file(const struct round_note *note, size_t entry, const char *path)
{
	for (size_t i = 0; i < note->published.count; i++)
		if (note_index(note->published.files[i].index) == entry && strcmp(note->published.files[i].path, path) == 0)
			return &note->published.files[i];
	return NULL;
}

static void peek_take(struct peek *peek, int got, const struct fetched *fetched)
{
	size_t entry = peek->asked->of[fetched->entry];
	const struct round_note *live = &peek->round->live;

	if (got == FETCHER_FILE) {
		const struct published_file *file = note_find_file(live, entry, fetched->path);

		peek->files[fetched->entry]++;
		if (!file || strcmp(file->version, fetched->version) != 0 || strcmp(file->source, fetched->source) != 0 ||
		    !file_holds(peek->live_fd, fetched->path, &fetched->value))
			peek->differs[fetched->entry] = true;
	}
	if (got == FETCHER_KNOWN) {
		const struct noted *noted = noted_find(live, entry, fetched->source);

		if (!noted || strcmp(noted->arn, fetched->arn) != 0 || strcmp(noted->version, fetched->version) != 0)
			peek->differs[fetched->entry] = true;
	}
}

static int peek_listen(struct peek *peek, struct fetcher *fetcher, struct atomicdir_error *error)
{
	cleanup(fetched_clear) struct fetched fetched = { 0 };

	for (;;) {
		int got = fetcher_next(fetcher, &fetched, error);

		if (got < 0 || got == FETCHER_DONE)
			return got;
		if (got == FETCHER_UNCONFINED)
			round_tell_unconfined(peek->round, error->text);
		else if (got == FETCHER_WARNING)
			report_verbose(&peek->round->options->shared, "%s", error->text);
		else
			peek_take(peek, got, &fetched);
	}
}

static size_t note_count_files(const struct round_note *note, size_t entry)
{
	size_t count = 0;

	for (size_t i = 0; i < note->published.count; i++)
		count += note_index(note->published.files[i].index) == entry;
	return count;
}

static int peek_finish(const struct peek *peek, struct moves *moves)
{
	for (size_t i = 0; i < peek->asked->count; i++) {
		size_t entry = peek->asked->of[i];
		struct move move = { .entry = entry, .version = (char *)(uintptr_t) "" };

		if ((peek->differs[i] || peek->files[i] != note_count_files(&peek->round->live, entry)) &&
		    moves_add(moves, &move) < 0)
			return -1;
	}
	return 0;
}

/* Nothing is kept of what is fetched here: if it has moved it is fetched with all the rest. */
static int round_peek(struct round *round, struct moves *moves, struct atomicdir_error *error)
{
	cleanup(selection_clear) struct selection asked = { 0 };
	int selected = select_entries(round, WAY_FETCH, &asked);
	cleanup_free size_t *files = calloc(asked.count + 1, sizeof(*files));
	cleanup_free bool *differs = calloc(asked.count + 1, sizeof(*differs));
	cleanup_fd int live_fd = open(round->link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct peek peek = { round, &asked, live_fd, files, differs };
	struct fetcher *fetcher;
	int result;

	if (selected < 0 || !files || !differs)
		return look_fail(error);
	if (!asked.count)
		return 0;
	fetcher = round_ask(round, &asked.entries, NULL, NULL, error);
	result = fetcher ? peek_listen(&peek, fetcher, error) : -1;
	round_end_fetcher(round, fetcher);
	if (result < 0)
		return -1;
	return peek_finish(&peek, moves) < 0 ? look_fail(error) : 0;
}

/* ---- Until it has settled ---- */

static int looking_settle(struct looking *looking, struct atomicdir_error *error)
{
	struct round *round = looking->round;
	bool is_settled = false;

	for (int i = 0; i < LOOKS_MAX && !is_settled; i++) {
		struct known_list before = looking->now;
		int result;

		looking->now = (struct known_list){ 0 };
		interrupt_pause(clock_ms() + round->options->settle_ms);
		result = interrupt_check(error) < 0 ? -1 : looking_run(looking, error);
		is_settled = result == 0 && known_are_same(&before, &looking->now);
		known_clear(&before);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* ---- Events ---- */

/* What it names has been seen under some stage: whatever it says is true by now, or past. */
static bool label_is_seen(const struct looking *looking, const struct label *label)
{
	bool is_asked = false;

	for (size_t i = 0; i < looking->now.count; i++) {
		const struct known_secret *known = &looking->now.items[i];

		if (!label_is_of(looking->round, label, known->entry) || known->state == KNOWN_HIDDEN)
			continue;
		is_asked = true;
		if (versions_have(known->versions, label->version))
			return true;
	}
	return !is_asked;
}

static bool labels_are_open(const struct looking *looking)
{
	const struct round *round = looking->round;

	for (size_t i = 0; i < round->label_count; i++)
		if (*round->labels[i].version && !label_is_seen(looking, &round->labels[i]))
			return true;
	return false;
}

/* ---- What is to be fetched ---- */

/* What has moved in the one and only version that it was seen in. */
static int select_move(struct round *round, const struct move *move)
{
	const struct entries *all = &round->entries;
	bool is_one_of_many = move->source && entry_is_prefix(&all->items[move->entry]);
	struct entry *entry;

	if (move->is_gone)
		return 0;
	entry = is_one_of_many ? selection_add_named(&round->asked, all, move->entry, move->source)
			       : selection_add(&round->asked, all, move->entry);
	if (!entry)
		return -1;
	if (!*move->version)
		entry->is_optional = entry->is_optional || is_one_of_many;
	else if (entry_replace(&entry->version, move->version) < 0 || entry_replace(&entry->stage, "") < 0)
		return -1;
	return 0;
}

/* A transformation is made of all of it, and a path that only the whole entry can judge is judged so. */
static int round_select_moves(struct round *round, struct atomicdir_error *error)
{
	round->is_partial = !round->moves.is_all && !round->options->transform;
	for (size_t i = 0; i < round->moves.count && round->is_partial; i++) {
		if (select_move(round, &round->moves.items[i]) == 0)
			continue;
		if (errno != EINVAL)
			return look_fail(error);
		round->is_partial = false;
	}
	return ROUND_FILLED;
}

/* ---- All of it ---- */

static int looking_find(const struct looking *looking, struct moves *moves, struct texts *stale, struct atomicdir_error *error)
{
	const struct round *round = looking->round;

	moves_clear(moves);
	texts_clear(stale);
	return moves_find(moves, &round->live, &looking->now, &round->entries, &round->memo->stale, stale) < 0
		       ? look_fail(error)
		       : 0;
}

/* What an event did not ask about stays as doubtful as it was. */
static int memo_take_stale(struct memo *memo, struct texts *stale, bool is_all)
{
	for (size_t i = 0; i < memo->stale.count && !is_all; i++)
		if (texts_add(stale, memo->stale.items[i]) < 0)
			return -1;
	texts_clear(&memo->stale);
	memo->stale = *stale;
	*stale = (struct texts){ 0 };
	return 0;
}

static void looking_warn(const struct looking *looking)
{
	struct atomicdir_error warning;

	for (size_t i = 0; i < looking->warnings.count; i++) {
		protocol_take_text(looking->warnings.items[i], &warning);
		report_warning(&looking->round->options->shared, &warning);
	}
}

/* What can only be judged once it is fetched is not held back here. */
static bool looking_sees_all(const struct looking *looking)
{
	cleanup(selection_clear) struct selection asked = { 0 };

	for (size_t i = 0; i < looking->now.count; i++)
		if (looking->now.items[i].state == KNOWN_HIDDEN)
			return false;
	return select_entries(looking->round, WAY_FETCH, &asked) >= 0 && !asked.count;
}

/* -1: what was rolled back from is wanted once more, so nothing is fetched. */
static int looking_hold_back(const struct looking *looking, struct atomicdir_error *error)
{
	struct round *round = looking->round;
	const struct moves *moves = &round->moves;

	if (!moves->count || moves->is_all || round->options->retry || !looking_sees_all(looking) ||
	    refused_check_moves(round->options->shared.operands[0], &round->live, moves, error) == 0)
		return 0;
	round->is_held_back = error->kind == ATOMICDIR_REJECTED;
	return -1;
}

static int looking_decide(struct looking *looking, struct texts *stale, struct atomicdir_error *error)
{
	struct round *round = looking->round;
	struct moves *moves = &round->moves;

	if (looking_run(looking, error) < 0 || looking_find(looking, moves, stale, error) < 0 ||
	    looking_hold_back(looking, error) < 0)
		return -1;
	/* A burst of events has settled before it wakes a round. */
	if (moves->count && !round->labels &&
	    (looking_settle(looking, error) < 0 || looking_find(looking, moves, stale, error) < 0))
		return -1;
	looking->is_past_rollback = stale->count && refused_is_there(round->options->shared.operands[0]);
	round->is_event_open = labels_are_open(looking);
	if (looking_hide(looking) < 0 || memo_take_stale(round->memo, stale, !round->labels) < 0)
		return look_fail(error);
	return round_peek(round, moves, error);
}

int round_look(struct round *round, struct atomicdir_error *error)
{
	struct looking looking = { .round = round };
	struct texts stale = { 0 };
	int result = looking_decide(&looking, &stale, error);

	if (result == 0 && round->moves.count)
		looking_warn(&looking);
	known_clear(&looking.now);
	texts_clear(&looking.warnings);
	texts_clear(&stale);
	if (result < 0)
		return -1;
	if (looking.is_past_rollback)
		return ROUND_FILLED;
	return round->moves.count ? round_select_moves(round, error) : ROUND_UNMOVED;
}
