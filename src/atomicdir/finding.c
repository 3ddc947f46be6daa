/* SPDX-License-Identifier: ISC */
#include "atomicdir/finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "command/report.h"

#define PROBLEM true
#define NOTE false

/* What stands in braces is filled in from the facts. In a command {link}, {subject} and {other} are quoted for a shell. */
struct finding_row {
	const char *id;
	bool is_problem;
	const char *what, *why, *command;
};

static const struct finding_row rows[] = {
	[FINDING_FOREIGN] = { "foreign", PROBLEM, "{detail}",
			      "nothing can be published here: atomicdir replaces only what it has made",
			      "atomicdir adopt {link}" },
	[FINDING_DANGLING] = { "dangling", PROBLEM, "'{link}' names a generation that does not exist",
			       "whoever opens it gets ENOENT", "atomicdir fill {link} --from DIR" },
	[FINDING_HOOK_DUE] = { "hook-due", PROBLEM, "the hook of the live generation {generation} has not succeeded yet",
			       "the programs that it tells of a change may still use the old content",
			       "atomicdir fill --edit --on-change COMMAND {link} -- true" },
	[FINDING_REMOTE] = { "remote", NOTE, "'{link}' is on a network file system ({detail})",
			     "pins and locks may not be seen by other hosts, and inotify does not tell what they change: a "
			     "generation may be removed while another host reads it, and watchers there see no update",
			     "atomicdir fill --grace 1h {link} --from DIR" },
	[FINDING_SYNC_FILES] = { "sync-files", NOTE, "on this file system ({detail}) each file is synced by itself",
				 "syncfs(2) reports every write error only on ext4, xfs and btrfs, since Linux 5.17; without "
				 "it a publication of many files takes longer",
				 "findmnt -T {subject}" },
	[FINDING_NO_EXCHANGE] = { "no-exchange", NOTE, "this file system ({detail}) may not be able to exchange two names",
				  "adopt and detach need that (RENAME_EXCHANGE) to take over or give back a directory "
				  "without a gap",
				  "findmnt -T {subject}" },
	[FINDING_NO_XATTRS] = { "no-xattrs", NOTE, "this file system holds no user attributes",
				"user attributes of what is published are lost, with a warning", "findmnt -T {subject}" },
	[FINDING_MOUNT_INSIDE] = { "mount-inside", PROBLEM, "'{subject}' is a mount point inside the store",
				   "readers see what is mounted there, not what was published, and its generation cannot be "
				   "removed",
				   "umount {subject}" },
	[FINDING_MOUNT_OLD] = { "mount-old", PROBLEM,
				"'{subject}'{detail} is mounted from generation {generation}, which is not live",
				"a bind mount keeps what it was made from: its readers never see an update; mount the directory "
				"that the link is in",
				"{command}umount {subject}" },
	[FINDING_MOUNT_LIVE] = { "mount-live", PROBLEM, "'{subject}'{detail} is mounted from the live generation {generation}",
				 "a bind mount keeps what it was made from: its readers will not see the next update; mount the "
				 "directory that the link is in",
				 "{command}umount {subject}" },
	[FINDING_PROCESS_OLD] = { "process-old", PROBLEM,
				  "process {pid} ({subject}) has {detail} in generation {generation}, which is not live",
				  "it goes on with the old content until it opens the link again", "{command}" },
	[FINDING_WATCH_OLD] = { "watch-old", PROBLEM,
				"process {pid} ({subject}) watches {detail} in generation {generation}, which is not live",
				"nothing happens there any more, so it is not told of updates; it should watch the directory "
				"that the link is in, or be told by a hook",
				"{command}" },
	[FINDING_WATCH_LIVE] = { "watch-live", NOTE,
				 "process {pid} ({subject}) watches {detail} in the live generation {generation}",
				 "after the next publication nothing happens there any more: unless it then watches anew it is "
				 "not told of later updates; a hook can tell it",
				 "atomicdir fill --signal HUP --process {subject} {link} --from DIR" },
	[FINDING_PINNED] = { "pinned", NOTE, "process {pid} ({subject}) has pinned generation {generation}, which is not live",
			     "the generation is not removed before that process ends or lets it go", "kill {pid}" },
	[FINDING_KEPT] = { "kept", NOTE, "generation {generation} is kept though no rule keeps it ({detail})",
			   "it takes up room", "atomicdir prune {link}" },
	[FINDING_LEFTOVER] = { "leftover", PROBLEM,
			       "'{subject}' is left of a generation that was not published or not wholly removed",
			       "it takes up room; the next publication or prune removes it", "atomicdir prune {link}" },
	[FINDING_UNREMOVABLE] = { "unremovable", PROBLEM, "'{subject}' cannot be removed: {detail}",
				  "what no rule keeps stays, and takes up room", "{command} {other}" },
	[FINDING_STRANGER] = { "stranger", NOTE, "'{subject}' in the store was not made by atomicdir",
			       "remove and detach leave it, and the store with it", "rm -r {subject}" },
	[FINDING_STORE_BROKEN] = { "store-broken", PROBLEM, "{detail}",
				   "nothing can be published or listed; readers see what the link still leads to",
				   "ls -ld {subject}" },
	[FINDING_STORE_WRITABLE] = { "store-writable", PROBLEM, "others may write in the store (mode {detail})",
				     "they can replace what is published, and publishing is refused; look through it first",
				     "chmod 0711 {subject}" },
	[FINDING_STORE_CLOSED] = { "store-closed", PROBLEM, "others may not pass through the store (mode {detail})",
				   "readers cannot reach the live generation, though its own mode lets them in",
				   "chmod 0711 {subject}" },
	[FINDING_STORE_OWNERS] = { "store-owners", PROBLEM, "'{subject}' belongs to {detail}, not to the store's owner",
				   "the content of the store cannot be trusted, and its owner may be unable to publish",
				   "chown --reference={other} {subject}" },
	[FINDING_PARENT_WRITABLE] = { "parent-writable", PROBLEM, "everybody may write in '{subject}' (mode {detail})",
				      "everybody can replace the link and the store", "chmod o-w {subject}" },
	[FINDING_PARENT_OWNER] = { "parent-owner", PROBLEM,
				   "'{subject}' belongs to {detail}, who is neither root nor the store's owner",
				   "that user can replace the link and the store", "chown --reference={other} {subject}" },
	[FINDING_STICKY] = { "sticky", PROBLEM,
			     "'{link}' belongs to {detail}, and its directory is sticky and writable by everybody",
			     "with fs.protected_symlinks only that user and the directory's owner can follow the link; publish "
			     "in a directory of your own",
			     "chmod o-w {subject}" },
	[FINDING_OWNER] = { "owner", NOTE, "the live generation belongs to {detail}",
			    "whoever may read the directory by its owner or group may be unable to read what is published",
			    "atomicdir fill --edit --owner {command} {link} -- true" },
	[FINDING_MODE] = { "mode", NOTE, "the live generation has mode {detail}",
			   "others who may enter the directory of the link may not enter the generation",
			   "atomicdir fill --edit --top-mode {command} {link} -- true" },
	[FINDING_LABEL] = { "label", NOTE, "the security label of '{subject}' differs from its directory's: {detail}",
			    "a confined program may be denied access", "restorecon -R {subject}" },
	[FINDING_SECRETS_ON_DISK] = { "secrets-on-disk", PROBLEM, "'{link}' holds secrets, and is on a disk ({detail})",
				      "the secrets can be read from the disk, its snapshots and its backups",
				      "secretdir sync --require-tmpfs /run/NAME ENTRY..." },
	[FINDING_SECRETS_IN_SWAP] = { "secrets-in-swap", NOTE, "'{link}' holds secrets, and this machine swaps to {detail}",
				      "a file system in memory may be swapped out, secrets included",
				      "mount -o remount,noswap {subject}" },
	[FINDING_EQUAL_MTIMES] = { "equal-mtimes", NOTE,
				   "{detail} differs from the generation before, and has the same modification time",
				   "programs that compare modification times do not see the change",
				   "atomicdir fill --edit {link} -- touch {other}" },
	[FINDING_WRITTEN] = { "written", NOTE,
			      "'{subject}'{detail} in the live generation {generation} was written to after the publication",
			      "readers see what was not published; a publication of the same source as before puts it right",
			      "atomicdir fill --dry-run {link} --from DIR" },
	[FINDING_UNREADABLE] = { "unreadable", NOTE, "{detail} could not be examined", "what is wrong there is not told",
				 "sudo atomicdir doctor {link}" },
};

/* ---- Filling in ---- */

static bool text_is_plain(const char *text)
{
	return *text &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,") == strlen(text) &&
	       *text != '-';
}

/* As one word of a shell. */
static int quote_add(struct buffer *text, const char *word)
{
	if (text_is_plain(word))
		return buffer_add_text(text, word);
	if (buffer_add_text(text, *word == '-' ? "./'" : "'") < 0)
		return -1;
	for (; *word; word++)
		if ((*word == '\'' ? buffer_add_text(text, "'\\''") : buffer_add(text, word, 1)) < 0)
			return -1;
	return buffer_add_text(text, "'");
}

struct finding_place {
	const char *name, *value;
	bool is_path;
};

static const struct finding_place *place_find(const struct finding_place *places, const char *text, size_t size)
{
	for (; places->name; places++)
		if (strlen(places->name) == size && strncmp(places->name, text, size) == 0)
			return places;
	return NULL;
}

static char *template_fill(const char *template, const struct finding_place *places, bool is_command)
{
	cleanup_buffer struct buffer text = { 0 };
	char *filled;

	while (*template) {
		size_t plain = strcspn(template, "{"), name;
		const struct finding_place *place;
		int added = buffer_add(&text, template, plain);

		template += plain;
		name = *template ? strcspn(template, "}") : 0;
		place = name ? place_find(places, template + 1, name - 1) : NULL;
		if (added == 0 && place && place->value)
			added = is_command && place->is_path ? quote_add(&text, place->value)
							     : buffer_add_text(&text, place->value);
		if (added < 0)
			return NULL;
		template += name ? name + 1 : 0;
	}
	filled = strdup(text.size ? text.bytes : "");
	if (filled)
		text_sanitise(filled);
	return filled;
}

void finding_add(struct findings *findings, enum finding_kind kind, const struct finding_facts *facts)
{
	const char *subject = facts->subject ? facts->subject : findings->link;
	char pid[16], generation[24];
	const struct finding_place places[] = { { "link", findings->link, true },
						{ "subject", subject, true },
						{ "other", facts->other, true },
						{ "detail", facts->detail, false },
						{ "command", facts->command, false },
						{ "generation", generation, false },
						{ "pid", pid, false },
						{ 0 } };
	struct finding *added = array_add(&findings->items, &findings->count, sizeof(*added));

	if (!added) {
		findings->is_broken = true;
		return;
	}
	snprintf(pid, sizeof(pid), "%d", facts->pid);
	snprintf(generation, sizeof(generation), "%" PRId64, facts->generation);
	added->kind = kind;
	added->subject = strdup(subject);
	added->what = template_fill(rows[kind].what, places, false);
	added->command = template_fill(rows[kind].command, places, true);
	if (!added->subject || !added->what || !added->command)
		findings->is_broken = true;
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->items[i].subject);
		free(findings->items[i].what);
		free(findings->items[i].command);
	}
	free_pointer(&findings->items);
	findings->count = 0;
}

bool findings_have_problem(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (rows[findings->items[i].kind].is_problem)
			return true;
	return false;
}

/* ---- Printing ---- */

static void finding_write(struct json_writer *json, const struct finding *finding)
{
	const struct finding_row *row = &rows[finding->kind];

	json_write_begin(json, NULL, '{');
	json_write_text(json, "severity", row->is_problem ? "problem" : "note");
	json_write_text(json, "id", row->id);
	json_write_path(json, "subject", finding->subject);
	json_write_text(json, "what", finding->what);
	json_write_text(json, "why", row->why);
	json_write_text(json, "command", finding->command);
	json_write_end(json, '}');
}

static void finding_print(const struct finding *finding)
{
	const struct finding_row *row = &rows[finding->kind];

	printf("%s %s: %s\n  why: %s\n  try: %s\n", row->is_problem ? "problem" : "note", row->id, finding->what, row->why,
	       finding->command);
}

static void findings_each(const struct findings *findings, bool is_problem, struct json_writer *json)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (rows[findings->items[i].kind].is_problem != is_problem)
			continue;
		if (json)
			finding_write(json, &findings->items[i]);
		else
			finding_print(&findings->items[i]);
	}
}

void findings_print(const struct findings *findings, const struct options *options)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };
	struct json_writer *writer = options->json ? &json : NULL;

	json_write_begin(&json, NULL, '{');
	json_write_path(&json, "link", findings->link);
	json_write_begin(&json, "findings", '[');
	findings_each(findings, PROBLEM, writer);
	findings_each(findings, NOTE, writer);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	if (options->json)
		report_json(&json);
	else if (!findings_have_problem(findings))
		printf("no problem found at %s\n", findings->link);
}
