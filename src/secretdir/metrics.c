/* SPDX-License-Identifier: ISC */
#include "secretdir/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "secretdir/round_note.h"

/* Failures are told by what they mean for whoever is woken. */
static const char *const kinds[STANDING_KINDS] = { [ATOMICDIR_FAILED] = "failed",
						   [ATOMICDIR_USAGE] = "usage",
						   [ATOMICDIR_HOOK_FAILED] = "hook",
						   [ATOMICDIR_REJECTED] = "rejected",
						   [ATOMICDIR_BUSY] = "busy",
						   [ATOMICDIR_NOT_DURABLE] = "not_durable",
						   [ATOMICDIR_NO_GENERATION] = "no_generation",
						   [ATOMICDIR_UNREACHABLE] = "unreachable",
						   [ATOMICDIR_DENIED] = "denied",
						   [ATOMICDIR_NOT_FOUND] = "not_found" };

struct metrics {
	struct buffer *text;
	const char *link; /* escaped */
	bool is_broken;
};

static __attribute__((format(printf, 2, 3))) void metrics_add(struct metrics *metrics, const char *format, ...)
{
	cleanup_free char *line = NULL;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (size < 0 || buffer_add(metrics->text, line, (size_t)size) < 0)
		metrics->is_broken = true;
}

/* A label's value: the exposition format escapes these three. On the heap. */
static char *label_escape(const char *value)
{
	char *escaped = malloc(2 * strlen(value) + 1), *to = escaped;

	for (; escaped && *value; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			*to++ = '\\';
		*to++ = (char)(*value == '\n' ? 'n' : *value);
	}
	if (escaped)
		*to = '\0';
	return escaped;
}

static void metric_begin(struct metrics *metrics, const char *name, const char *type, const char *help)
{
	metrics_add(metrics, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metric_number(struct metrics *metrics, const char *name, const char *type, const char *help, int64_t value)
{
	metric_begin(metrics, name, type, help);
	metrics_add(metrics, "%s{link=\"%s\"} %" PRId64 "\n", name, metrics->link, value);
}

static void metric_instant(struct metrics *metrics, const char *name, const char *help, const struct instant *instant)
{
	metric_begin(metrics, name, "gauge", help);
	metrics_add(metrics, "%s{link=\"%s\"} %" PRId64 ".%03d\n", name, metrics->link, instant->wall_ms / 1000,
		    (int)(instant->wall_ms % 1000));
}

static void metric_failures(struct metrics *metrics, const struct standing *standing)
{
	static const char name[] = "secretdir_failures_total";

	metric_begin(metrics, name, "counter", "Rounds that failed, by kind.");
	for (int kind = 1; kind < STANDING_KINDS; kind++)
		metrics_add(metrics, "%s{link=\"%s\",kind=\"%s\"} %" PRId64 "\n", name, metrics->link, kinds[kind],
			    standing->failures_of[kind]);
}

static void metric_versions(struct metrics *metrics, const struct published *versions)
{
	static const char name[] = "secretdir_secret_version_info";

	metric_begin(metrics, name, "gauge", "The version that each file holds.");
	for (size_t i = 0; versions && i < versions->count; i++) {
		cleanup_free char *path = label_escape(versions->files[i].path);
		cleanup_free char *version = label_escape(versions->files[i].version);

		if (!path || !version)
			metrics->is_broken = true;
		else
			metrics_add(metrics, "%s{link=\"%s\",path=\"%s\",version=\"%s\"} 1\n", name, metrics->link, path,
				    version);
	}
}

static void metric_certificates(struct metrics *metrics, const struct certificates *certificates)
{
	static const char name[] = "secretdir_certificate_not_after_timestamp_seconds";

	metric_begin(metrics, name, "gauge", "When the first certificate of a file ends.");
	for (size_t i = 0; i < certificates->count; i++) {
		const struct certificate *one = &certificates->items[i];
		cleanup_free char *path = label_escape(one->path);

		if (!path)
			metrics->is_broken = true;
		else if (one->not_after >= 0)
			metrics_add(metrics, "%s{link=\"%s\",path=\"%s\"} %" PRId64 "\n", name, metrics->link, path,
				    one->not_after);
	}
}

int metrics_print(struct buffer *text, const char *link, const struct standing *standing, const struct published *versions,
		  const struct certificates *certificates)
{
	cleanup_free char *escaped = label_escape(link);
	struct metrics metrics = { text, escaped, !escaped };

	if (!escaped)
		return -1;
	metric_begin(&metrics, "secretdir_info", "gauge", "The version of secretdir.");
	metrics_add(&metrics, "secretdir_info{link=\"%s\",version=\"%s\"} 1\n", escaped, VERSION);
	metric_number(&metrics, "secretdir_up", "gauge", "Whether the last round went well.", standing->status == ATOMICDIR_OK);
	metric_number(&metrics, "secretdir_generation", "gauge", "The generation that is live; 0: none.", standing->live);
	metric_number(&metrics, "secretdir_files", "gauge", "Files of the live generation.", standing->files);
	metric_instant(&metrics, "secretdir_last_attempt_timestamp_seconds", "When the last round ended.",
		       &standing->last_attempt);
	metric_instant(&metrics, "secretdir_last_success_timestamp_seconds", "When the last round that went well ended.",
		       &standing->last_success);
	metric_instant(&metrics, "secretdir_last_change_timestamp_seconds", "When a round last published a change.",
		       &standing->last_change);
	metric_number(&metrics, "secretdir_rounds_total", "counter", "Rounds since the watcher began.", standing->rounds);
	metric_number(&metrics, "secretdir_publications_total", "counter", "Changes published since the watcher began.",
		      standing->publications);
	metric_failures(&metrics, standing);
	metric_number(&metrics, "secretdir_hook_failed", "gauge", "Whether the last hook failed.", standing->is_hook_failed);
	metric_number(&metrics, "secretdir_held_back", "gauge",
		      "Whether a change is held back because it was rolled back from.", standing->is_held_back);
	metric_number(&metrics, "secretdir_push_connected", "gauge", "Whether a queue tells of changes.",
		      standing->push == PUSH_CONNECTED);
	metric_number(&metrics, "secretdir_push_ignored_total", "counter",
		      "Messages of the queue that were of no concern here.", standing->ignored);
	metric_certificates(&metrics, certificates);
	metric_versions(&metrics, versions);
	return metrics.is_broken ? -1 : 0;
}

/* The temporary name does not end in .prom, so the exporter does not read it. */
static int metrics_replace(const char *path, const struct buffer *text)
{
	cleanup_free char *temporary = NULL;

	if (asprintf(&temporary, "%s.new", path) < 0)
		return -1;
	if (unlink(temporary) < 0 && errno != ENOENT)
		return -1;
	if (write_file_at(AT_FDCWD, temporary, 0644, text->bytes, text->size) < 0)
		return -1;
	return rename(temporary, path);
}

int metrics_write(const char *path, const char *link, const struct standing *standing, bool is_naming,
		  struct atomicdir_error *error)
{
	cleanup(certificates_clear) struct certificates certificates = { 0 };
	cleanup(round_note_clear) struct round_note note = { 0 };
	cleanup_buffer struct buffer text = { 0 };

	if (round_note_read(link, &note, error) < 0 || certificates_find(&certificates, link, &note.published, error) < 0)
		return -1;
	if (metrics_print(&text, link, standing, is_naming ? &note.published : NULL, &certificates) < 0 ||
	    metrics_replace(path, &text) < 0)
		return error_errno(error, path, "cannot write the metrics to");
	return 0;
}
