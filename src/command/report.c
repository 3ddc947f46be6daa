/* SPDX-License-Identifier: ISC */
#include "command/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command/holders.h"

#define NOTE_LINE_MAX 1024

static const char *program = "atomicdir";

void report_init(const char *name)
{
	program = name;
}

int report_error(const struct atomicdir_error *error)
{
	fprintf(stderr, "%s: %s\n", program, error->text);
	return error->kind ? error->kind : ATOMICDIR_FAILED;
}

void report_warning(const struct options *options, const struct atomicdir_error *error)
{
	if (error->kind == ATOMICDIR_OK && error->text[0] && options->verbosity >= 0)
		fprintf(stderr, "%s: warning: %s\n", program, error->text);
}

void report_verbose(const struct options *options, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (options->verbosity <= 0)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_sanitise(text);
	fprintf(stderr, "%s: %s\n", program, text);
}

void report_verbose_changes(const struct options *options, const struct atomicdir_change *list)
{
	for (; list; list = list->next)
		report_verbose(options, "%c %s", list->what, list->path);
}

void report_size(char text[static 32], int64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double size = (double)bytes;
	int unit = -1;

	while (size >= 1000 && unit < 3) {
		size /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(text, 32, "%" PRId64 " B", bytes);
	else
		snprintf(text, 32, "%.1f %s", size, units[unit]);
}

static void format_time(char *text, size_t size, int64_t created_ms)
{
	time_t seconds = (time_t)(created_ms / 1000);
	struct tm time;

	if (!created_ms || !gmtime_r(&seconds, &time) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &time))
		snprintf(text, size, "-");
}

static void print_number(FILE *to, const char *name, int64_t number)
{
	if (number < 0)
		fprintf(to, ",\"%s\":null", name);
	else
		fprintf(to, ",\"%s\":%" PRId64, name, number);
}

static void print_text(FILE *to, const char *name, const char *text)
{
	cleanup(buffer_clear) struct buffer json = { 0 };

	if (buffer_add_json(&json, text) == 0)
		fprintf(to, ",\"%s\":%s", name, json.bytes);
}

static const char *truth(bool is_true)
{
	return is_true ? "true" : "false";
}

void report_result(const struct options *options, const char *link, bool is_changed, const struct atomicdir_generation *live,
		   FILE *to)
{
	char size[32];

	if (!live || (!options->json && to == stderr && options->verbosity < 0))
		return;
	if (!options->json) {
		report_size(size, live->bytes < 0 ? 0 : live->bytes);
		if (is_changed && live->files >= 0)
			fprintf(to, "published %" PRId64 " (%" PRId64 " file%s, %s)\n", live->number, live->files,
				live->files == 1 ? "" : "s", size);
		else
			fprintf(to, "%s %" PRId64 "\n", is_changed ? "published" : "unchanged", live->number);
		return;
	}
	fprintf(stdout, "{\"changed\":%s,\"generation\":%" PRId64, truth(is_changed), live->number);
	print_number(stdout, "previous", live->next ? live->next->number : -1);
	print_number(stdout, "files", live->files);
	print_number(stdout, "bytes", live->bytes);
	fprintf(stdout, ",\"durable\":%s", truth(live->is_durable));
	print_text(stdout, "link", link);
	print_text(stdout, "path", live->path);
	fprintf(stdout, "}\n");
}

/* Only a note that is one short line is for people: programs keep other things in theirs. */
static void print_note(const char *link, int64_t generation)
{
	cleanup_free void *note = NULL;
	ssize_t size = atomicdir_read_note(link, generation, &note, NULL);
	bool is_line = size > 0 && size <= NOTE_LINE_MAX && strlen(note) == (size_t)size && !strchr(note, '\n');

	print_text(stdout, "note", is_line ? note : "");
}

static void print_generation(const char *link, const struct atomicdir_generation *one)
{
	char created[32];

	format_time(created, sizeof(created), one->created_ms);
	printf("{\"generation\":%" PRId64 ",\"live\":%s", one->number, truth(one->is_live));
	print_text(stdout, "created", created);
	print_number(stdout, "files", one->files);
	print_number(stdout, "bytes", one->bytes);
	printf(",\"pinned\":%s,\"durable\":%s,\"hook_due\":%s", truth(one->is_pinned), truth(one->is_durable),
	       truth(one->is_hook_due));
	print_text(stdout, "path", one->path);
	print_note(link, one->number);
	printf("}");
}

static void print_row(const struct atomicdir_generation *one)
{
	cleanup(buffer_clear) struct buffer holders = { 0 };
	char created[32], size[32], files[32] = "-";

	format_time(created, sizeof(created), one->created_ms);
	report_size(size, one->bytes < 0 ? 0 : one->bytes);
	if (one->files >= 0)
		snprintf(files, sizeof(files), "%" PRId64, one->files);
	if (one->is_pinned)
		holders_add(&holders, one->path);
	printf("%6" PRId64 "  %-20s  %6s file%s  %9s%s%s%s%s%s\n", one->number, created, files, one->files == 1 ? " " : "s",
	       one->bytes < 0 ? "-" : size, one->is_live ? "  live" : "", one->is_pinned ? "  pinned" : "",
	       holders.size ? " by " : "", holders.size ? holders.bytes : "", one->is_hook_due ? "  hook due" : "");
}

void report_generations(const struct options *options, const char *link, const struct atomicdir_generation *list)
{
	if (options->json)
		printf("[");
	for (const struct atomicdir_generation *one = list; one; one = one->next) {
		if (!options->json) {
			print_row(one);
			continue;
		}
		print_generation(link, one);
		printf("%s", one->next ? "," : "");
	}
	if (options->json)
		printf("]\n");
}

void report_changes(const struct options *options, const struct atomicdir_change *list)
{
	if (options->json)
		printf("[");
	for (const struct atomicdir_change *one = list; one; one = one->next) {
		if (options->json) {
			printf("{\"change\":\"%c\"", one->what);
			print_text(stdout, "path", one->path);
			printf("}%s", one->next ? "," : "");
		} else {
			char path[4096];

			snprintf(path, sizeof(path), "%s", one->path);
			text_sanitise(path);
			printf("%c %s\n", one->what, path);
		}
	}
	if (options->json)
		printf("]\n");
}

int report_end(int status, bool is_publication)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: cannot write to standard output: %s\n", program, strerror(errno));
	return status == ATOMICDIR_OK && !is_publication ? ATOMICDIR_FAILED : status;
}
