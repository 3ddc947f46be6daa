/* SPDX-License-Identifier: ISC */
#include "states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SECTOR 512
#define UNIT 4096
#define ALL_SUBSETS_UP_TO 6 /* units: 64 states */
#define RANDOM_SUBSETS 32
#define TORN_UNITS 8
#define FEWEST_FOR_EPOCH 4 /* states; with fewer, rather fewer epochs */
#define LAST_EPOCHS 8	   /* are always visited: what was reported must be there from then on */

/* A write, cut at pages, or a hole. */
struct unit {
	const uint8_t *bytes; /* NULL: zeroes */
	uint64_t offset, size;
};

struct epoch {
	struct unit *units;
	size_t count, room;
	int reported;
};

/* Which of an epoch's units are there, and how many sectors of the one that is torn. */
struct choice {
	uint8_t *chosen;      /* one byte for each unit */
	size_t torn, sectors; /* sectors 0: none is torn */
	const char *how;
	size_t which;
};

/* ---- Random numbers and hashes ---- */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93;
	return x ^ x >> 32;
}

uint64_t states_random(struct states *states, uint64_t bound)
{
	states->seed += 0x9e3779b97f4a7c15;
	return bound ? mix(states->seed) % bound : 0;
}

/* Zeroes give 0, so that the hash of an empty disk, however large, is known. */
static uint64_t hash_sector(uint64_t index, const uint8_t *bytes)
{
	uint64_t hash = 0, word, any = 0;

	for (size_t i = 0; i < SECTOR; i += 8) {
		memcpy(&word, bytes + i, 8);
		any |= word;
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return any ? mix(hash ^ mix(index + 1)) : 0;
}

static uint64_t hash_range(const struct disk *disk, uint64_t offset, uint64_t size)
{
	uint64_t hash = 0, first = offset / SECTOR, end = (offset + size + SECTOR - 1) / SECTOR;

	for (uint64_t sector = first; sector < end; sector++)
		hash ^= hash_sector(sector, disk->image + sector * SECTOR);
	return hash;
}

/* 1: not seen before */
static int remember(struct states *states, uint64_t hash)
{
	size_t at;

	if (2 * (states->seen_count + 1) > states->seen_room) {
		size_t old_room = states->seen_room;
		uint64_t *old = states->seen;

		states->seen_room = old_room ? old_room * 2 : 4096;
		states->seen = calloc(states->seen_room, sizeof(*states->seen));
		if (!states->seen)
			abort();
		states->seen_count = 0;
		for (size_t i = 0; i < old_room; i++)
			if (old[i])
				remember(states, old[i]);
		free(old);
	}
	hash += !hash;
	for (at = hash % states->seen_room; states->seen[at]; at = (at + 1) % states->seen_room)
		if (states->seen[at] == hash)
			return 0;
	states->seen[at] = hash;
	states->seen_count++;
	return 1;
}

/* ---- The image ---- */

/* Writes the first `size` bytes of a unit; gives what that does to the hash. */
static uint64_t put(const struct disk *disk, const struct unit *unit, uint64_t size)
{
	uint64_t before = hash_range(disk, unit->offset, size);

	if (unit->bytes)
		memcpy(disk->image + unit->offset, unit->bytes, size);
	else
		memset(disk->image + unit->offset, 0, size);
	return before ^ hash_range(disk, unit->offset, size);
}

static void settle_range(struct states *states, uint64_t offset, uint64_t size)
{
	memcpy(states->settled + offset, states->disk->image + offset, size);
}

static void unsettle_range(struct states *states, uint64_t offset, uint64_t size)
{
	memcpy(states->disk->image + offset, states->settled + offset, size);
}

void states_undo(struct states *states)
{
	const struct log *log = states->disk->log;

	for (const struct record *record = NULL; (record = log_next_change(log, record));)
		unsettle_range(states, record->offset, record->size);
	states->disk->log->used = 0;
	disk_forget_cache(states->disk);
}

void states_settle(struct states *states)
{
	const struct log *log = states->disk->log;

	for (const struct record *record = NULL; (record = log_next_change(log, record));)
		settle_range(states, record->offset, record->size);
	states->disk->log->used = 0;
}

/* ---- One state ---- */

static void try(struct states *states, const struct epoch *epoch, const struct choice *choice, size_t number,
		state_visitor visitor, void *arg)
{
	struct state state = { .reported = epoch->reported, .is_torn = choice->sectors > 0 };
	uint64_t hash = states->hash;

	for (size_t i = 0; i < epoch->count; i++)
		if (choice->chosen[i])
			hash ^= put(states->disk, &epoch->units[i], epoch->units[i].size);
	if (choice->sectors)
		hash ^= put(states->disk, &epoch->units[choice->torn], choice->sectors * SECTOR);
	if (remember(states, hash + (uint64_t)epoch->reported)) {
		snprintf(state.text, sizeof(state.text), "flush %zu, %s %zu of %zu", number, choice->how, choice->which,
			 epoch->count);
		states->disk->log->used = 0;
		disk_forget_cache(states->disk);
		visitor(arg, &state);
		states_undo(states);
	}
	for (size_t i = 0; i < epoch->count; i++)
		if (choice->chosen[i] || (choice->sectors && i == choice->torn))
			unsettle_range(states, epoch->units[i].offset, epoch->units[i].size);
}

/* ---- The choices of an epoch ---- */

enum family { ALL_SUBSETS, PREFIXES, SUFFIXES, ONE_LOST, ONE_KEPT, TORN, RANDOM, FAMILIES };

static size_t family_size(enum family family, size_t units)
{
	if (units <= ALL_SUBSETS_UP_TO && family == ALL_SUBSETS)
		return (size_t)1 << units;
	if (units <= ALL_SUBSETS_UP_TO)
		return family == TORN ? units * (UNIT / SECTOR - 1) : 0;
	switch (family) {
	case PREFIXES:
		return units + 1;
	case SUFFIXES:
	case ONE_LOST:
	case ONE_KEPT:
		return units;
	case TORN:
		return (units < TORN_UNITS ? units : TORN_UNITS) * (UNIT / SECTOR - 1);
	case RANDOM:
		return RANDOM_SUBSETS;
	default:
		return 0;
	}
}

static bool is_chosen(struct states *states, enum family family, size_t which, size_t unit)
{
	switch (family) {
	case ALL_SUBSETS:
		return which >> unit & 1;
	case PREFIXES:
		return unit < which;
	case SUFFIXES:
		return unit > which;
	case ONE_LOST:
		return unit != which;
	case ONE_KEPT:
		return unit == which;
	default:
		return states_random(states, 2);
	}
}

/* A torn write has all that came before it, or nothing would ask for it at a journal's replay. */
static void choose_torn(struct states *states, const struct epoch *epoch, struct choice *choice, size_t which)
{
	size_t parts = UNIT / SECTOR - 1, torn = which / parts;

	if (epoch->count > TORN_UNITS)
		torn = states_random(states, epoch->count);
	choice->torn = torn;
	choice->sectors = which % parts + 1;
	if (choice->sectors * SECTOR >= epoch->units[torn].size || !epoch->units[torn].bytes)
		choice->sectors = 0;
	for (size_t i = 0; i < epoch->count; i++)
		choice->chosen[i] = i < torn;
}

static void choose(struct states *states, const struct epoch *epoch, struct choice *choice, enum family family, size_t which)
{
	static const char *const names[] = { "subset", "the first", "after the first", "all but", "only", "torn", "random" };

	choice->how = names[family];
	choice->which = which;
	choice->sectors = 0;
	if (family == TORN) {
		choose_torn(states, epoch, choice, which);
		return;
	}
	for (size_t i = 0; i < epoch->count; i++)
		choice->chosen[i] = is_chosen(states, family, which, i);
}

/* With a limit: nothing, everything, and as many others as fit, drawn from all. */
static void visit_epoch(struct states *states, const struct epoch *epoch, size_t number, size_t most, state_visitor visitor,
			void *arg)
{
	struct choice choice = { .chosen = calloc(epoch->count + 1, 1) };
	size_t total = 0;

	if (!choice.chosen)
		abort();
	for (enum family family = 0; family < FAMILIES; family++)
		total += family_size(family, epoch->count);
	for (enum family family = 0; family < FAMILIES; family++) {
		size_t size = family_size(family, epoch->count);

		for (size_t which = 0; which < size; which++) {
			bool is_end = family <= PREFIXES && (which == 0 || which == size - 1);

			if (most && !is_end && states_random(states, total) >= most)
				continue;
			choose(states, epoch, &choice, family, which);
			try(states, epoch, &choice, number, visitor, arg);
		}
	}
	free(choice.chosen);
}

/* ---- The epochs of a log ---- */

static void epoch_add(struct epoch *epoch, const uint8_t *bytes, uint64_t offset, uint64_t size)
{
	if (epoch->count == epoch->room) {
		epoch->room = epoch->room ? epoch->room * 2 : 64;
		epoch->units = reallocarray(epoch->units, epoch->room, sizeof(*epoch->units));
		if (!epoch->units)
			abort();
	}
	epoch->units[epoch->count++] = (struct unit){ bytes, offset, size };
}

static void epoch_write(struct epoch *epoch, const uint8_t *bytes, uint64_t offset, uint64_t size)
{
	while (size) {
		uint64_t part = UNIT - offset % UNIT < size ? UNIT - offset % UNIT : size;

		epoch_add(epoch, bytes, offset, part);
		bytes += part;
		offset += part;
		size -= part;
	}
}

/* A flush: what the epoch wrote is on the disk for sure. */
static void epoch_settle(struct states *states, struct epoch *epoch)
{
	for (size_t i = 0; i < epoch->count; i++) {
		states->hash ^= put(states->disk, &epoch->units[i], epoch->units[i].size);
		settle_range(states, epoch->units[i].offset, epoch->units[i].size);
	}
	epoch->count = 0;
}

static size_t count_flushes(const struct log *log)
{
	size_t count = 1;

	for (const struct record *record = NULL; (record = log_next(log, record));)
		count += record->kind == RECORD_FLUSH;
	return count;
}

/* Puts image and settled back to where the log began. */
static void unwind(struct states *states, const struct log *log, const uint8_t *saved)
{
	for (const struct record *record = NULL; (record = log_next_change(log, record));) {
		memcpy(states->settled + record->offset, saved, record->size);
		memcpy(states->disk->image + record->offset, saved, record->size);
		saved += record->size;
	}
}

/* What the log's ranges hold now, one after the other. */
static uint8_t *save(const struct states *states, const struct log *log)
{
	size_t size = 0, at = 0;
	uint8_t *saved;

	for (const struct record *record = NULL; (record = log_next_change(log, record));)
		size += record->size;
	saved = malloc(size + 1);
	if (!saved)
		abort();
	for (const struct record *record = NULL; (record = log_next_change(log, record)); at += record->size)
		memcpy(saved + at, states->settled + record->offset, record->size);
	return saved;
}

/* With a limit and a thousand flushes, not every one. */
static bool is_epoch_drawn(struct states *states, size_t number, size_t flushes)
{
	size_t wanted = states->most / FEWEST_FOR_EPOCH + 1;

	return !states->most || wanted >= flushes || number + LAST_EPOCHS >= flushes || states_random(states, flushes) < wanted;
}

void states_visit(struct states *states, const struct log *log, state_visitor visitor, void *arg)
{
	size_t number = 0, flushes = count_flushes(log);
	size_t most = states->most ? states->most / flushes + 1 : 0;
	uint64_t hash = states->hash;
	uint8_t *saved = save(states, log);
	struct epoch epoch = { 0 };

	for (const struct record *record = NULL; (record = log_next(log, record));) {
		switch (record->kind) {
		case RECORD_WRITE:
			epoch_write(&epoch, record_bytes(record), record->offset, record->size);
			break;
		case RECORD_ZERO:
			epoch_add(&epoch, NULL, record->offset, record->size);
			break;
		case RECORD_MARK:
			epoch.reported = (int)record->mark + 1;
			break;
		default:
			if (is_epoch_drawn(states, number++, flushes))
				visit_epoch(states, &epoch, number - 1, most, visitor, arg);
			epoch_settle(states, &epoch);
		}
	}
	visit_epoch(states, &epoch, number, most, visitor, arg);
	unwind(states, log, saved);
	states->hash = hash;
	free(epoch.units);
	free(saved);
}

int states_start(struct states *states, struct disk *disk, uint64_t seed)
{
	*states = (struct states){ .disk = disk, .seed = seed };
	states->settled = mmap(NULL, disk->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return states->settled == MAP_FAILED ? -1 : 0;
}

void states_stop(struct states *states)
{
	munmap(states->settled, states->disk->size);
	free(states->seen);
}
