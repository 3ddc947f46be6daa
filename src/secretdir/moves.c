/* SPDX-License-Identifier: ISC */
#include "secretdir/moves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/array.h"
#include "base/cleanup.h"

#define CURRENT "AWSCURRENT"
#define PENDING "AWSPENDING"

/* ---- What is known ---- */

#define KNOWN_TEXTS 5

static char **known_text(const struct known_secret *known, size_t i)
{
	return (char **)(uintptr_t)&known->source + i;
}

void known_clear(struct known_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < KNOWN_TEXTS; j++)
			free(*known_text(&list->items[i], j));
	free(list->items);
	*list = (struct known_list){ 0 };
}

struct known_secret *known_add(struct known_list *list, size_t entry, const char *source)
{
	struct known_secret *known = array_add(&list->items, &list->count, sizeof(*known));

	if (!known)
		return NULL;
	known->entry = entry;
	for (size_t i = 0; i < KNOWN_TEXTS; i++)
		if (!(*known_text(known, i) = strdup("")))
			return NULL;
	return published_set(&known->source, source) < 0 ? NULL : known;
}

const struct known_secret *known_find(const struct known_list *list, size_t entry, const char *source)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].entry == entry && strcmp(list->items[i].source, source) == 0)
			return &list->items[i];
	return NULL;
}

bool known_are_same(const struct known_list *one, const struct known_list *other)
{
	for (size_t i = 0; i < one->count; i++) {
		const struct known_secret *known = &one->items[i], *twin = known_find(other, known->entry, known->source);

		if (!twin || known->state != twin->state || strcmp(known->arn, twin->arn) != 0 ||
		    strcmp(known->version, twin->version) != 0)
			return false;
	}
	return one->count == other->count;
}

/* ---- Versions, as lines ---- */

/* Where the version's stages begin; NULL: it is not in the lines. */
static const char *versions_find(const char *lines, const char *version)
{
	size_t size = strlen(version);

	while (*lines) {
		const char *end = strchrnul(lines, '\n');

		if (strncmp(lines, version, size) == 0 && lines[size] == '\t')
			return lines + size + 1;
		lines = *end ? end + 1 : end;
	}
	return NULL;
}

bool versions_have(const char *lines, const char *version)
{
	const char *stage = versions_find(lines, version);

	while (stage && *stage && *stage != '\n') {
		size_t size = strcspn(stage, "\t\n");

		if (size != strlen(PENDING) || strncmp(stage, PENDING, size) != 0)
			return true;
		stage += size + (stage[size] == '\t');
	}
	return false;
}

/* ---- What is noted ---- */

const struct noted *noted_find(const struct round_note *note, size_t entry, const char *source)
{
	for (size_t i = 0; i < note->secret_count; i++)
		if (note_index(note->secrets[i].index) == entry && strcmp(note->secrets[i].source, source) == 0)
			return &note->secrets[i];
	return NULL;
}

bool noted_is_same(const struct noted *noted, const struct known_secret *known)
{
	if (known->state == KNOWN_HIDDEN)
		return false;
	if (known->state == KNOWN_ABSENT || !*noted->arn)
		return known->state == KNOWN_ABSENT && !*noted->arn;
	return strcmp(noted->arn, known->arn) == 0 && strcmp(noted->version, known->version) == 0;
}

/* ---- What has moved ---- */

void moves_clear(struct moves *moves)
{
	for (size_t i = 0; i < moves->count; i++) {
		free(moves->items[i].source);
		free(moves->items[i].version);
	}
	free(moves->items);
	*moves = (struct moves){ 0 };
}

int moves_add(struct moves *moves, const struct move *move)
{
	struct move *added = array_add(&moves->items, &moves->count, sizeof(*added));

	if (!added)
		return -1;
	*added = (struct move){ move->entry, move->source ? strdup(move->source) : NULL, strdup(move->version), move->is_gone };
	return added->version && (added->source || !move->source) ? 0 : -1;
}

bool moves_have(const struct moves *moves, size_t entry, const char *source)
{
	for (size_t i = 0; i < moves->count; i++) {
		const struct move *move = &moves->items[i];

		if (move->entry == entry && (!source || !move->source || strcmp(move->source, source) == 0))
			return true;
	}
	return false;
}

static const char *stage_of(const struct entries *entries, size_t entry)
{
	return *entries->items[entry].stage ? entries->items[entry].stage : CURRENT;
}

/* The secret's version by which it is told whether a description is older than the note: that of AWSCURRENT, where that is noted too,
 * since the one before loses its last stage with each rotation. */
static const char *noted_evidence(const struct round_note *live, const struct entries *entries, const struct noted *noted)
{
	for (size_t i = 0; i < live->secret_count; i++) {
		const struct noted *one = &live->secrets[i];
		size_t entry = note_index(one->index);

		if (strcmp(one->arn, noted->arn) == 0 && entry < entries->count && !*entries->items[entry].version &&
		    strcmp(stage_of(entries, entry), CURRENT) == 0)
			return one->version;
	}
	return noted->version;
}

/* A version that was current, and of which the source has not heard: its answer is from before. */
static bool known_is_older(const struct known_secret *known, const struct noted *noted, const struct round_note *live,
			   const struct entries *entries)
{
	return !versions_have(known->versions, noted_evidence(live, entries, noted));
}

static bool regions_differ(const char *arn, const char *other)
{
	struct arn_part one = arn_part(arn, ARN_REGION), two = arn_part(other, ARN_REGION);

	return one.size != two.size || strncmp(one.text, two.text, (size_t)one.size) != 0;
}

struct finding {
	struct moves *moves;
	const struct round_note *live;
	const struct entries *entries;
	const struct texts *before;
	struct texts *stale;
};

static bool texts_have(const struct texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return true;
	return false;
}

/* 1: it is older, and nobody has said so before; 0: it is not, or it is said again; -1 with ENOMEM. */
static int finding_is_stale(const struct finding *finding, const struct known_secret *known, const struct noted *noted)
{
	cleanup_free char *text = NULL;

	if (!known_is_older(known, noted, finding->live, finding->entries))
		return 0;
	if (asprintf(&text, "%s\n%s\n%s", known->arn, known->version, stage_of(finding->entries, known->entry)) < 0) {
		text = NULL;
		return -1;
	}
	if (texts_have(finding->before, text))
		return 0;
	return texts_add(finding->stale, text) < 0 ? -1 : 1;
}

static int finding_take(const struct finding *finding, const struct known_secret *known)
{
	const struct noted *noted = noted_find(finding->live, known->entry, known->source);
	bool was_there = noted && *noted->arn, is_gone = known->state == KNOWN_ABSENT;
	struct move move = { known->entry, known->source, known->version, is_gone };

	if ((noted && noted_is_same(noted, known)) || (is_gone && !was_there))
		return 0;
	/* Whoever asks fetches it, and sees. */
	if (known->state == KNOWN_HIDDEN && !entry_is_prefix(&finding->entries->items[known->entry]))
		return 0;
	if (was_there && known->state == KNOWN_THERE && strcmp(noted->arn, known->arn) == 0) {
		int is_stale = finding_is_stale(finding, known, noted);

		if (is_stale)
			return is_stale < 0 ? -1 : 0;
	}
	/* All secrets of a generation are of one region. */
	if (was_there && known->state == KNOWN_THERE && regions_differ(noted->arn, known->arn))
		finding->moves->is_all = true;
	return moves_add(finding->moves, &move);
}

int moves_find(struct moves *moves, const struct round_note *live, const struct known_list *now, const struct entries *entries,
	       const struct texts *before, struct texts *stale)
{
	struct finding finding = { moves, live, entries, before, stale };

	for (size_t i = 0; i < now->count; i++)
		if (finding_take(&finding, &now->items[i]) < 0)
			return -1;
	return 0;
}
