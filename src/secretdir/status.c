/* SPDX-License-Identifier: ISC */
#include "secretdir/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "base/record.h"
#include "secretdir/round_note.h"

#define STATUS_NAME "status"
#define STATUS_NEW "status.new"
#define STATUS_MAX (32 << 20)
#define WORD_STATUS "secretdir-status"
#define WORD_BOOT "boot"
#define WORD_INTERVAL "interval-ms"
#define WORD_GENERATION "generation"
#define WORD_PUBLISHED "published"
#define WORD_PUSH "push"
#define WORD_LAST_STATUS "last-status"
#define WORD_LAST_ERROR "last-error"
#define WORD_LAST_WARNING "last-warning"

/* The moments, each as "MS WALL_MS". */
static const struct {
	const char *name;
	size_t offset;
} instants[] = {
	{ "last-attempt", offsetof(struct standing, last_attempt) },
	{ "last-success", offsetof(struct standing, last_success) },
	{ "last-change", offsetof(struct standing, last_change) },
	{ "next", offsetof(struct standing, next) },
};

#define INSTANTS (sizeof(instants) / sizeof(*instants))

static const char *const pushes[] = { [PUSH_OFF] = "off", [PUSH_CONNECTED] = "connected", [PUSH_POLLING] = "polling" };

void status_clear(struct status *status)
{
	published_clear(&status->versions);
}

/* ---- Writing ---- */

static int record_add_number(struct record *record, const char *name, int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return record_add_text(record, name, text);
}

static int record_add_instants(struct record *record, const struct standing *standing)
{
	char text[64];

	for (size_t i = 0; i < INSTANTS; i++) {
		const struct instant *instant = (const void *)((const char *)standing + instants[i].offset);

		snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, instant->ms, instant->wall_ms);
		if (record_add_text(record, instants[i].name, text) < 0)
			return -1;
	}
	return 0;
}

static int record_add_version(struct record *record, const struct published_file *file)
{
	if (record_add_text(record, WORD_PATH, file->path) < 0 || record_add_text(record, WORD_SOURCE, file->source) < 0 ||
	    record_add_text(record, WORD_STAGE, file->stage) < 0)
		return -1;
	return record_add_text(record, WORD_VERSION, file->version);
}

static int status_encode(const char *link, const struct standing *standing, int64_t interval_ms, struct buffer *text,
			 struct atomicdir_error *error)
{
	cleanup(round_note_clear) struct round_note note = { 0 };
	cleanup_record struct record record = { 0 };
	char boot[64];

	if (round_note_read(link, &note, error) < 0)
		return -1;
	clock_read_boot(boot, sizeof(boot));
	if (record_add_text(&record, WORD_STATUS, "1") < 0 || record_add_text(&record, WORD_BOOT, boot) < 0 ||
	    record_add_number(&record, WORD_INTERVAL, interval_ms) < 0 ||
	    record_add_number(&record, WORD_GENERATION, standing->live) < 0 ||
	    record_add_number(&record, WORD_PUBLISHED, standing->published_s) < 0 ||
	    record_add_text(&record, WORD_PUSH, pushes[standing->push]) < 0 ||
	    record_add_number(&record, WORD_LAST_STATUS, standing->status) < 0 ||
	    record_add_text(&record, WORD_LAST_ERROR, standing->error) < 0 ||
	    record_add_text(&record, WORD_LAST_WARNING, standing->warning) < 0 || record_add_instants(&record, standing) < 0)
		return error_errno(error, link, "cannot tell the status of");
	for (size_t i = 0; i < note.published.count; i++)
		if (record_add_version(&record, &note.published.files[i]) < 0)
			return error_errno(error, link, "cannot tell the status of");
	return record_encode(&record, text) < 0 ? error_errno(error, link, "cannot tell the status of") : 0;
}

/* For those who may list the live generation. `group` is that of the generation where it has any say. */
static mode_t status_mode(const char *link, gid_t *group)
{
	struct stat status;

	*group = (gid_t)-1;
	if (stat(link, &status) < 0)
		return 0600;
	if (status.st_mode & S_IROTH)
		return 0644;
	if (!(status.st_mode & S_IRGRP))
		return 0600;
	*group = status.st_gid;
	return 0640;
}

/* A group that we may not give the file to gets no right to it. */
static int status_replace(int store_fd, const char *link, const struct buffer *text)
{
	gid_t group;
	mode_t mode = status_mode(link, &group);
	cleanup_fd int fd = -1;

	if (unlinkat(store_fd, STATUS_NEW, 0) < 0 && errno != ENOENT)
		return -1;
	fd = create_file_at(store_fd, STATUS_NEW, 0600);
	if (fd < 0 || write_all(fd, text->bytes, text->size) < 0 || give_to_owner_of(store_fd, fd) < 0)
		return -1;
	if (group == (gid_t)-1 || fchown(fd, (uid_t)-1, group) == 0)
		fchmod(fd, mode);
	return renameat(store_fd, STATUS_NEW, store_fd, STATUS_NAME);
}

int status_write(const char *link, const struct standing *standing, int64_t interval_ms, struct atomicdir_error *error)
{
	cleanup_free char *store = atomicdir_store(link, error);
	cleanup_buffer struct buffer text = { 0 };
	cleanup_fd int store_fd = -1;

	if (!store || status_encode(link, standing, interval_ms, &text, error) < 0)
		return -1;
	store_fd = open(store, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store_fd < 0 && errno == ENOENT)
		return 0;
	if (store_fd < 0 || status_replace(store_fd, link, &text) < 0)
		return error_errno(error, store, "cannot leave the status of this round in");
	return 0;
}

/* ---- Reading ---- */

/* What a later version says besides is passed over, and what is not said stays as it was. */
static void status_take_instant(struct standing *standing, const char *name, const char *text)
{
	for (size_t i = 0; i < INSTANTS; i++) {
		struct instant *instant = (void *)((char *)standing + instants[i].offset);

		if (strcmp(name, instants[i].name) == 0)
			sscanf(text, "%" SCNd64 " %" SCNd64, &instant->ms, &instant->wall_ms);
	}
}

static int status_take_version(struct published *versions, const char *name, const char *text)
{
	struct published_file *last = versions->count ? &versions->files[versions->count - 1] : NULL;

	if (strcmp(name, WORD_PATH) == 0) {
		last = published_add(versions);
		return last ? published_set(&last->path, text) : -1;
	}
	if (last && strcmp(name, WORD_SOURCE) == 0)
		return published_set(&last->source, text);
	if (last && strcmp(name, WORD_STAGE) == 0)
		return published_set(&last->stage, text);
	return last && strcmp(name, WORD_VERSION) == 0 ? published_set(&last->version, text) : 0;
}

static int status_take(struct status *status, const char *name, const char *text)
{
	if (strcmp(name, WORD_BOOT) == 0)
		snprintf(status->boot, sizeof(status->boot), "%s", text);
	else if (strcmp(name, WORD_INTERVAL) == 0)
		status->interval_ms = strtoll(text, NULL, 10);
	else if (strcmp(name, WORD_GENERATION) == 0)
		status->standing.live = strtoll(text, NULL, 10);
	else if (strcmp(name, WORD_PUBLISHED) == 0)
		status->standing.published_s = strtoll(text, NULL, 10);
	else if (strcmp(name, WORD_LAST_STATUS) == 0)
		status->standing.status = (int)strtol(text, NULL, 10);
	else if (strcmp(name, WORD_LAST_ERROR) == 0)
		snprintf(status->standing.error, sizeof(status->standing.error), "%s", text);
	else if (strcmp(name, WORD_LAST_WARNING) == 0)
		snprintf(status->standing.warning, sizeof(status->standing.warning), "%s", text);
	for (size_t i = 0; strcmp(name, WORD_PUSH) == 0 && i < sizeof(pushes) / sizeof(*pushes); i++)
		if (strcmp(pushes[i], text) == 0)
			status->standing.push = (enum push)i;
	status_take_instant(&status->standing, name, text);
	return status_take_version(&status->versions, name, text);
}

static int status_decode(struct status *status, const struct buffer *content)
{
	cleanup(field_clear) struct field field = { 0 };
	const char *bytes = content->bytes;
	size_t size = content->size;
	bool is_first = true;

	for (;;) {
		const char *text = field_take(&bytes, &size, &field) > 0 ? field_text(&field) : NULL;

		errno = EPROTO;
		if (!text || (is_first && !field_is(&field, WORD_STATUS)))
			return -1;
		if (field_is(&field, WORD_END))
			return 0;
		if (status_take(status, field.name, text) < 0)
			return -1;
		is_first = false;
	}
}

int status_read(const char *link, struct status *status, struct atomicdir_error *error)
{
	cleanup_free char *store = atomicdir_store(link, error);
	cleanup_buffer struct buffer content = { 0 };
	cleanup_free char *path = NULL;

	*status = (struct status){ .standing = STANDING_INIT };
	if (!store)
		return -1;
	if (asprintf(&path, "%s/" STATUS_NAME, store) < 0)
		return error_errno(error, link, "cannot read the status of");
	if (read_file_at(AT_FDCWD, path, STATUS_MAX, &content) < 0) {
		if (errno == ENOENT)
			return error_set(error, ATOMICDIR_NO_GENERATION, link, "no round has left a status there");
		return error_errno(error, path, "cannot read");
	}
	return status_decode(status, &content) < 0 ? error_errno(error, path, "cannot read") : 0;
}

/* Where the boot is another one only the wall clock goes on. */
int64_t status_age_ms(const struct status *status, const struct instant *instant)
{
	struct instant now = instant_now();
	char boot[64];
	int64_t age_ms;

	clock_read_boot(boot, sizeof(boot));
	age_ms = *boot && strcmp(boot, status->boot) == 0 ? now.ms - instant->ms : now.wall_ms - instant->wall_ms;
	return age_ms;
}
