/* SPDX-License-Identifier: ISC
 *
 * status: what a probe asks, and what people read. It asks nobody but LINK itself and the file that the rounds leave.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_write.h"
#include "base/moment.h"
#include "command/link.h"
#include "command/report.h"
#include "secretdir/command.h"
#include "secretdir/options.h"
#include "secretdir/path.h"
#include "secretdir/status.h"

#define LATE_MS 60000

struct answer {
	char *link;
	struct atomicdir_generation *live; /* NULL: nothing is */
	struct status status;
	bool is_known; /* a round has left a status */
	char why[256]; /* what is wrong; "": nothing */
};

static void answer_clear(struct answer *answer)
{
	free(answer->link);
	free(answer->live);
	status_clear(&answer->status);
}

/* ---- What is asked ---- */

static void answer_judge_age(struct answer *answer, int64_t max_age_ms)
{
	const struct status *status = &answer->status;
	char age[32], most[32];
	int64_t age_ms;

	if (max_age_ms < 0 && status->interval_ms)
		max_age_ms = 3 * status->interval_ms;
	if (!status->standing.last_success.wall_ms) {
		snprintf(answer->why, sizeof(answer->why), "no round has gone well since the watcher began");
		return;
	}
	age_ms = status_age_ms(status, &status->standing.last_success);
	if (max_age_ms < 0 || age_ms <= max_age_ms)
		return;
	clock_show(age, age_ms / 1000 * 1000);
	clock_show(most, max_age_ms);
	snprintf(answer->why, sizeof(answer->why), "the last round that went well was %s ago, and %s is the limit", age, most);
}

/* What is live is told by LINK itself, which a watcher that is gone cannot get wrong. */
static void answer_judge(struct answer *answer, const struct secret_options *options)
{
	if (!answer->live)
		snprintf(answer->why, sizeof(answer->why), "nothing is published there");
	else if (options->published)
		return;
	else if (!answer->is_known)
		snprintf(answer->why, sizeof(answer->why), "no round has left a status there");
	else
		answer_judge_age(answer, options->max_age_ms);
}

/* A watcher is told by what it said that it would do next. */
static bool answer_is_watched(const struct answer *answer)
{
	const struct status *status = &answer->status;

	return answer->is_known && status->interval_ms && status->standing.next.ms >= 0 &&
	       status_age_ms(status, &status->standing.next) <= status->interval_ms + LATE_MS;
}

/* Only the owner of the store may read when a generation was published; the others go by what the round said. */
static struct instant answer_find_published(const struct answer *answer)
{
	const struct standing *standing = &answer->status.standing;
	struct instant published = { 0, answer->live ? answer->live->created_ms : 0 };

	if (answer->live && !published.wall_ms && standing->live == answer->live->number)
		published.wall_ms = standing->published_s * 1000;
	return published;
}

/* ---- For people ---- */

static void print_text(const char *name, const char *text)
{
	char shown[1100];

	path_show(text, strlen(text), shown, sizeof(shown));
	printf("%s: %s\n", name, shown);
}

static void print_instant(const char *name, const struct instant *instant)
{
	char text[32] = "-";

	if (instant->wall_ms)
		moment_print(instant->wall_ms / 1000, text);
	printf("%s: %s\n", name, text);
}

static const char *push_name(enum push push)
{
	static const char *const names[] = { "off", "connected", "polling" };

	return names[push];
}

static void print_versions(const struct published *versions)
{
	char path[300], source[300], version[300];

	for (size_t i = 0; i < versions->count; i++) {
		const struct published_file *file = &versions->files[i];

		path_show(file->path, strlen(file->path), path, sizeof(path));
		path_show(file->source, strlen(file->source), source, sizeof(source));
		path_show(file->version, strlen(file->version), version, sizeof(version));
		printf("version: %s %s %s\n", path, source, *version ? version : "-");
	}
}

static void answer_print(const struct answer *answer)
{
	const struct standing *standing = &answer->status.standing;
	struct instant published = answer_find_published(answer);

	print_text("link", answer->link);
	printf("live: %s\n", answer->live ? "yes" : "no");
	if (answer->live)
		printf("generation: %" PRId64 "\n", answer->live->number);
	print_text("state", *answer->why ? answer->why : "ok");
	if (published.wall_ms)
		print_instant("published", &published);
	if (!answer->is_known)
		return;
	print_instant("last_success", &standing->last_success);
	print_instant("last_attempt", &standing->last_attempt);
	print_instant("next", &standing->next);
	if (standing->status)
		print_text("error", standing->error);
	if (*standing->warning)
		print_text("warning", standing->warning);
	printf("watcher: %s\n", answer_is_watched(answer) ? "yes" : "no");
	printf("push: %s\n", push_name(standing->push));
	print_versions(&answer->status.versions);
}

/* ---- As JSON ---- */

static void write_instant(struct json_writer *json, const char *name, const struct instant *instant)
{
	char text[32];

	if (!instant->wall_ms) {
		json_write_null(json, name);
		return;
	}
	moment_print(instant->wall_ms / 1000, text);
	json_write_text(json, name, text);
}

static void write_error(struct json_writer *json, const struct standing *standing)
{
	if (!standing->status) {
		json_write_null(json, "error");
		return;
	}
	json_write_begin(json, "error", '{');
	json_write_number(json, "status", standing->status);
	json_write_text(json, "text", standing->error);
	json_write_end(json, '}');
}

static void write_versions(struct json_writer *json, const struct published *versions)
{
	json_write_begin(json, "versions", '[');
	for (size_t i = 0; i < versions->count; i++) {
		const struct published_file *file = &versions->files[i];

		json_write_begin(json, NULL, '{');
		json_write_path(json, "path", file->path);
		json_write_text(json, "source", file->source);
		json_write_text(json, "version", file->version);
		json_write_text(json, "stage", file->stage);
		json_write_end(json, '}');
	}
	json_write_end(json, ']');
}

static void answer_write(const struct answer *answer)
{
	const struct standing *standing = &answer->status.standing;
	struct instant published = answer_find_published(answer);
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };

	json_write_begin(&json, NULL, '{');
	json_write_path(&json, "link", answer->link);
	json_write_flag(&json, "live", answer->live);
	if (answer->live)
		json_write_number(&json, "generation", answer->live->number);
	else
		json_write_null(&json, "generation");
	json_write_text(&json, "state", *answer->why ? answer->why : "ok");
	write_instant(&json, "published", &published);
	write_instant(&json, "last_success", &standing->last_success);
	write_instant(&json, "last_attempt", &standing->last_attempt);
	write_instant(&json, "next", &standing->next);
	write_error(&json, standing);
	if (*standing->warning)
		json_write_text(&json, "warning", standing->warning);
	else
		json_write_null(&json, "warning");
	json_write_flag(&json, "watcher", answer_is_watched(answer));
	json_write_text(&json, "push", push_name(standing->push));
	write_versions(&json, &answer->status.versions);
	json_write_end(&json, '}');
	report_json(&json);
}

/* ---- The command ---- */

static int answer_find(struct answer *answer, const char *link, struct atomicdir_error *error)
{
	answer->link = link_absolute(link, error);
	if (!answer->link)
		return -1;
	if (atomicdir_show(link, &answer->live, error) < 0 && error->kind != ATOMICDIR_NO_GENERATION)
		return -1;
	error_clear(error);
	answer->is_known = status_read(link, &answer->status, error) == 0;
	return answer->is_known || error->kind == ATOMICDIR_NO_GENERATION ? 0 : -1;
}

int command_status(const struct options *options)
{
	cleanup(answer_clear) struct answer answer = { 0 };
	struct atomicdir_error error;

	error_clear(&error);
	if (answer_find(&answer, options->operands[0], &error) < 0) {
		report_error(&error);
		return error.kind == ATOMICDIR_USAGE ? ATOMICDIR_USAGE : ATOMICDIR_FAILED;
	}
	answer_judge(&answer, secret_options_of(options));
	if (options->json)
		answer_write(&answer);
	else
		answer_print(&answer);
	return *answer.why ? ATOMICDIR_FAILED : ATOMICDIR_OK;
}
