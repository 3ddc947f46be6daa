/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/path.h"
#include "secretdir/round.h"

/* What becomes of the path; '=': nothing. Both lists are by path. */
static char change_of(const struct atomicdir_change *changes, const char *path)
{
	for (; changes; changes = changes->next)
		if (strcmp(changes->path, path) == 0)
			return changes->what;
	return '=';
}

static int compare(const void *one, const void *other)
{
	return strcmp(((const struct placed *)one)->path, ((const struct placed *)other)->path);
}

static void print_member(const char *name, const char *text)
{
	cleanup_buffer struct buffer json = { 0 };

	if (buffer_add_json(&json, text) == 0)
		printf(",\"%s\":%s", name, json.bytes);
}

/* Which stage it is as far as that is known: the one that was asked for, or the current one of a source that has versions. */
static const char *stage_of(const struct entry *entry, const struct placed *file)
{
	if (*entry->stage)
		return entry->stage;
	return *entry->service || *entry->version || !*file->version ? "" : "AWSCURRENT";
}

static void print_file(const struct placed *file, const char *stage, char what, bool is_json, bool is_first)
{
	char path[4096], source[2048], version[256], shown[256], size[32];

	if (is_json) {
		printf("%s{\"change\":%s", is_first ? "" : ",", what == 'A' ? "\"A\"" : what == 'M' ? "\"M\"" : "null");
		print_member("path", file->path);
		print_member("source", file->source);
		print_member("version", file->version);
		print_member("stage", stage);
		printf(",\"bytes\":%zu}", file->size);
		return;
	}
	path_show(file->path, strlen(file->path), path, sizeof(path));
	path_show(file->source, strlen(file->source), source, sizeof(source));
	path_show(file->version, strlen(file->version), version, sizeof(version));
	path_show(stage, strlen(stage), shown, sizeof(shown));
	report_size(size, (int64_t)file->size);
	printf("%c %s (%s%s%s%s%s, %s)\n", what, path, source, *version ? ", version " : "", version, *shown ? ", " : "", shown,
	       size);
}

/* Then its files are told by themselves. */
static bool is_directory(const struct atomicdir_change *change)
{
	size_t size = strlen(change->path);

	for (const struct atomicdir_change *one = change->next; one; one = one->next)
		if (one->what == 'D' && strncmp(one->path, change->path, size) == 0 && one->path[size] == '/')
			return true;
	return false;
}

/* What is live and would be gone. */
static void print_removed(const struct atomicdir_change *changes, bool is_json)
{
	bool is_first = true;

	for (; changes; changes = changes->next) {
		char path[4096];

		if (changes->what != 'D' || is_directory(changes))
			continue;
		path_show(changes->path, strlen(changes->path), path, sizeof(path));
		if (is_json) {
			cleanup_buffer struct buffer json = { 0 };

			if (buffer_add_json(&json, changes->path) == 0)
				printf("%s%s", is_first ? "" : ",", json.bytes);
		} else {
			printf("D %s\n", path);
		}
		is_first = false;
	}
}

static void print(const struct round *round, const struct atomicdir_change *changes, bool is_changed)
{
	bool is_json = round->options->json;

	if (round->count)
		qsort(round->placed, round->count, sizeof(*round->placed), compare);
	if (is_json)
		printf("{\"changed\":%s,\"entries\":[", is_changed ? "true" : "false");
	for (size_t i = 0; i < round->count; i++)
		print_file(&round->placed[i], stage_of(&round->entries.items[round->placed[i].entry], &round->placed[i]),
			   change_of(changes, round->placed[i].path), is_json, i == 0);
	if (is_json)
		printf("],\"removed\":[");
	print_removed(changes, is_json);
	if (is_json)
		printf("]}\n");
}

int command_plan(const struct options *options)
{
	cleanup(round_clear) struct round round;
	cleanup_free struct atomicdir_change *changes = NULL;
	struct atomicdir_error error;
	int is_changed;

	error_clear(&error);
	if (round_init(&round, options, &error) < 0)
		return report_error(&error);
	round.library.dry_run = 1;
	round.library.hook = ATOMICDIR_HOOK_NONE;
	if (round_fill(&round, &error) < 0)
		return report_error(&error);
	is_changed = round_seal(&round, &changes, &error);
	if (is_changed < 0)
		return report_error(&error);
	print(&round, changes, is_changed);
	return ATOMICDIR_OK;
}
