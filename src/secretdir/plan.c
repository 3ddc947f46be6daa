/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_write.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/path.h"
#include "secretdir/round.h"

static int placed_compare(const void *one, const void *other)
{
	return strcmp(((const struct placed *)one)->path, ((const struct placed *)other)->path);
}

/* What becomes of the path: 'A', 'M', or '=' for nothing. */
static char change_of(const struct atomicdir_change *changes, const char *path)
{
	for (; changes; changes = changes->next)
		if (strcmp(changes->path, path) == 0)
			return changes->what;
	return '=';
}

/* Whether the list names removed files below it too: then only these are printed. */
static bool change_is_directory(const struct atomicdir_change *change)
{
	size_t size = strlen(change->path);

	for (const struct atomicdir_change *one = change->next; one; one = one->next)
		if (one->what == 'D' && strncmp(one->path, change->path, size) == 0 && one->path[size] == '/')
			return true;
	return false;
}

static bool change_is_removal(const struct atomicdir_change *change)
{
	return change->what == 'D' && !change_is_directory(change);
}

/* The stage of the version, as far as it is known: what the entry asks for, or the current one of a source that has versions. */
static const char *stage_of(const struct round *round, const struct placed *file)
{
	const struct entry *entry = &round->entries.items[file->entry];

	if (*entry->stage)
		return entry->stage;
	return *entry->service || *entry->version || !*file->version ? "" : "AWSCURRENT";
}

/* ---- For people ---- */

static void file_print(const struct round *round, const struct placed *file, char what)
{
	char path[4096], source[2048], version[256], shown[256], size[32];
	const char *stage = stage_of(round, file);

	path_show(file->path, strlen(file->path), path, sizeof(path));
	path_show(file->source, strlen(file->source), source, sizeof(source));
	path_show(file->version, strlen(file->version), version, sizeof(version));
	path_show(stage, strlen(stage), shown, sizeof(shown));
	report_size(size, (int64_t)file->size);
	printf("%c %s (%s%s%s%s%s, %s)\n", what, path, source, *version ? ", version " : "", version, *shown ? ", " : "", shown,
	       size);
}

/* Whether a file was made by the transform: it is none of an entry's. */
static bool change_is_made(const struct round *round, const struct atomicdir_change *change)
{
	struct stat status;

	for (size_t i = 0; i < round->count; i++)
		if (strcmp(round->placed[i].path, change->path) == 0)
			return false;
	return round->options->transform && change->what != 'D' &&
	       fstatat(atomicdir_fd(round->stage), change->path, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode);
}

static void plan_print(const struct round *round, const struct atomicdir_change *changes)
{
	char path[4096];

	for (size_t i = 0; i < round->count; i++)
		file_print(round, &round->placed[i], change_of(changes, round->placed[i].path));
	for (; changes; changes = changes->next) {
		path_show(changes->path, strlen(changes->path), path, sizeof(path));
		if (change_is_removal(changes))
			printf("D %s\n", path);
		else if (change_is_made(round, changes))
			printf("%c %s (transform)\n", changes->what, path);
	}
}

/* ---- As JSON ---- */

static void file_write(struct json_writer *json, const struct round *round, const struct placed *file, char what)
{
	json_write_begin(json, NULL, '{');
	if (what == '=')
		json_write_null(json, "change");
	else
		json_write_text(json, "change", (char[]){ what, '\0' });
	json_write_path(json, "path", file->path);
	json_write_text(json, "source", file->source);
	json_write_text(json, "version", file->version);
	json_write_text(json, "stage", stage_of(round, file));
	json_write_number(json, "bytes", (int64_t)file->size);
	json_write_end(json, '}');
}

static void plan_write(const struct round *round, const struct atomicdir_change *changes, bool is_changed)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };

	json_write_begin(&json, NULL, '{');
	json_write_flag(&json, "changed", is_changed);
	json_write_begin(&json, "entries", '[');
	for (size_t i = 0; i < round->count; i++)
		file_write(&json, round, &round->placed[i], change_of(changes, round->placed[i].path));
	json_write_end(&json, ']');
	json_write_begin(&json, "removed", '[');
	for (; changes; changes = changes->next)
		if (change_is_removal(changes))
			json_write_text(&json, NULL, changes->path);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	report_json(&json);
}

int command_plan(const struct options *options)
{
	cleanup(progress_end) struct progress progress = { .fd = -1 };
	cleanup(round_clear) struct round round;
	cleanup_free struct atomicdir_change *changes = NULL;
	struct atomicdir_error error;
	int is_changed;

	error_clear(&error);
	if (round_init(&round, secret_options_of(options), -1, &error) < 0)
		return report_error(&error);
	round.library.dry_run = 1;
	round.library.hook = ATOMICDIR_HOOK_NONE;
	progress_start(&progress, options);
	round.progress = &progress;
	if (round_fill(&round, &error) < 0)
		return report_error(&error);
	is_changed = round_seal(&round, &changes, &error);
	if (is_changed < 0)
		return report_error(&error);
	if (round.count)
		qsort(round.placed, round.count, sizeof(*round.placed), placed_compare);
	if (options->json)
		plan_write(&round, changes, is_changed);
	else
		plan_print(&round, changes);
	return ATOMICDIR_OK;
}
