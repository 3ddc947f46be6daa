/* SPDX-License-Identifier: ISC */
#include "command/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_write.h"
#include "base/moment.h"
#include "command/holders.h"

#define NOTE_LINE_MAX 1024
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char *program = "atomicdir";
static bool is_journal;	  /* standard error goes to systemd's journal */
static int output_errnum; /* why something could not be printed; 0: all could */

/* systemd names the stream to its journal by device and inode: whoever has redirected standard error since has another one. */
static bool report_find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
	       status.st_dev == device && status.st_ino == inode;
}

/* NO_COLOR is everybody's (no-color.org). */
static bool report_takes_colour(int fd)
{
	const char *refusal = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fd) && !(refusal && *refusal) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

void report_init(const char *name)
{
	program = name;
	is_journal = report_find_journal();
}

const char *report_name(void)
{
	return program;
}

/* The journal reads how grave a line is from its beginning: the numbers are those of syslog(3). */
static void report_print(int priority, const char *kind, const char *text)
{
	char mark[8] = "";

	if (is_journal)
		snprintf(mark, sizeof(mark), "<%d>", priority);
	if (priority <= LOG_WARNING && report_takes_colour(STDERR_FILENO))
		fprintf(stderr, "%s%s:%s %s%s\n", priority == LOG_ERR ? RED : YELLOW, program, PLAIN, kind, text);
	else
		fprintf(stderr, "%s%s: %s%s\n", mark, program, kind, text);
}

int report_error(const struct atomicdir_error *error)
{
	report_print(LOG_ERR, "", error->text);
	return error->kind ? error->kind : ATOMICDIR_FAILED;
}

void report_warning(const struct options *options, const struct atomicdir_error *error)
{
	if (error->kind == ATOMICDIR_OK && error->text[0] && options->verbosity >= 0)
		report_print(LOG_WARNING, "warning: ", error->text);
}

static __attribute__((format(printf, 1, 0))) void report_line(const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	text_sanitise(text);
	report_print(LOG_INFO, "", text);
}

void report_notice(const struct options *options, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (options->verbosity >= 0)
		report_line(format, arguments);
	va_end(arguments);
}

void report_verbose(const struct options *options, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (options->verbosity > 0)
		report_line(format, arguments);
	va_end(arguments);
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

/* Prints "-" where the date is not known. */
static void created_print(char text[static 32], int64_t created_ms)
{
	if (created_ms)
		moment_print(created_ms / 1000, text);
	else
		strcpy(text, "-");
}

void report_json(const struct json_writer *json)
{
	if (json->is_broken)
		output_errnum = ENOMEM;
	else
		printf("%s\n", json->text->bytes);
}

/* What is printed now is to be read now, though much may still be to do. */
static void report_flush(void)
{
	if (fflush(stdout) != 0 && !output_errnum)
		output_errnum = errno;
}

static void number_write(struct json_writer *json, const char *name, int64_t number)
{
	if (number < 0)
		json_write_null(json, name);
	else
		json_write_number(json, name, number);
}

/* `rolled_back`: the generation that was undone; -1: none. */
static void report_result_json(const char *link, bool is_changed, const struct atomicdir_generation *live, int64_t rolled_back)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };

	json_write_begin(&json, NULL, '{');
	json_write_flag(&json, "changed", is_changed);
	json_write_number(&json, "generation", live->number);
	number_write(&json, "previous", live->next ? live->next->number : -1);
	number_write(&json, "files", live->files);
	number_write(&json, "bytes", live->bytes);
	json_write_flag(&json, "durable", live->is_durable);
	json_write_path(&json, "link", link);
	json_write_path(&json, "path", live->path);
	number_write(&json, "rolled_back", rolled_back);
	json_write_end(&json, '}');
	report_json(&json);
}

void report_undone(const struct options *options, const char *link, const struct atomicdir_generation *live)
{
	if (live && options->json)
		report_result_json(link, false, live, live->next ? live->next->number : -1);
	report_flush();
}

void report_result(const struct options *options, const char *link, bool is_changed, const struct atomicdir_generation *live,
		   FILE *to)
{
	const char *published = options->library.dry_run ? "would publish" : "published";
	char size[32];

	if (!live || (!is_changed && options->is_repeated && options->verbosity <= 0))
		return;
	if (options->json) {
		report_result_json(link, is_changed, live, -1);
		report_flush();
		return;
	}
	if (to == stderr && options->verbosity < 0)
		return;
	report_size(size, live->bytes < 0 ? 0 : live->bytes);
	if (is_changed && live->files >= 0)
		fprintf(to, "%s %" PRId64 " (%" PRId64 " file%s, %s)\n", published, live->number, live->files,
			live->files == 1 ? "" : "s", size);
	else
		fprintf(to, "%s %" PRId64 "\n", is_changed ? published : "unchanged", live->number);
	report_flush();
}

static void report_done_json(const char *link, bool is_changed)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };

	json_write_begin(&json, NULL, '{');
	json_write_flag(&json, "changed", is_changed);
	json_write_path(&json, "link", link);
	json_write_end(&json, '}');
	report_json(&json);
}

void report_done(const struct options *options, const char *link, const char *what, bool is_changed)
{
	char given[4096];

	if (options->json) {
		report_done_json(link, is_changed);
		return;
	}
	snprintf(given, sizeof(given), "%s", options->operands[0]);
	text_sanitise(given);
	printf("%s %s\n", is_changed ? what : "unchanged", given);
}

/* A list shows a note that is one short line: what programs keep in longer ones is not for people. On the heap; NULL: there is none. */
static char *note_read(const char *link, int64_t generation)
{
	cleanup_free void *note = NULL;
	ssize_t size = atomicdir_read_note(link, generation, &note, NULL);

	if (size <= 0 || size > NOTE_LINE_MAX || strlen(note) != (size_t)size || strchr(note, '\n'))
		return NULL;
	return take_pointer(&note);
}

static void note_write(struct json_writer *json, const char *link, int64_t generation)
{
	cleanup_free char *note = note_read(link, generation);

	json_write_text(json, "note", note ? note : "");
}

/* What a program keeps in JSON is for programs. */
static void note_print(const char *link, int64_t generation)
{
	cleanup_free char *note = note_read(link, generation);

	if (!note || *note == '{')
		return;
	text_sanitise(note);
	printf("  %s", note);
}

static void replaced_write(struct json_writer *json, int64_t replaced_ms)
{
	char replaced[32];

	if (!replaced_ms) {
		json_write_null(json, "replaced");
		return;
	}
	moment_print(replaced_ms / 1000, replaced);
	json_write_text(json, "replaced", replaced);
}

static void holders_write(struct json_writer *json, const struct atomicdir_generation *one)
{
	cleanup(holders_clear) struct holders holders = { 0 };

	json_write_begin(json, "holders", '[');
	if (one->is_pinned && holders_find(&holders, one->path) < 0)
		json->is_broken = true;
	for (size_t i = 0; i < holders.count; i++) {
		json_write_begin(json, NULL, '{');
		json_write_number(json, "pid", holders.items[i].pid);
		json_write_text(json, "command", holders.items[i].command);
		json_write_end(json, '}');
	}
	json_write_end(json, ']');
}

static void kept_write(struct json_writer *json, int kept)
{
	static const char *const reasons[] = {
		[ATOMICDIR_KEPT_LIVE] = "live", [ATOMICDIR_KEPT_KEEP] = "keep",	    [ATOMICDIR_KEPT_GRACE] = "grace",
		[ATOMICDIR_KEPT_HOOK] = "hook", [ATOMICDIR_KEPT_PINNED] = "pinned", [ATOMICDIR_KEPT_UNKNOWN] = "unknown"
	};

	if (kept == ATOMICDIR_KEPT_NO_MORE)
		json_write_null(json, "kept_because");
	else
		json_write_text(json, "kept_because", reasons[kept]);
}

static void generation_write(struct json_writer *json, const char *link, const struct atomicdir_generation *one)
{
	char created[32];

	created_print(created, one->created_ms);
	json_write_begin(json, NULL, '{');
	json_write_number(json, "generation", one->number);
	json_write_flag(json, "live", one->is_live);
	json_write_text(json, "created", created);
	number_write(json, "files", one->files);
	number_write(json, "bytes", one->bytes);
	json_write_flag(json, "pinned", one->is_pinned);
	json_write_flag(json, "durable", one->is_durable);
	json_write_flag(json, "hook_due", one->is_hook_due);
	json_write_path(json, "path", one->path);
	note_write(json, link, one->number);
	json_write_flag(json, "good", one->is_good);
	replaced_write(json, one->replaced_ms);
	holders_write(json, one);
	kept_write(json, one->kept);
	json_write_end(json, '}');
}

/* " by 1234 (nginx), 1240 (sh)"; nothing where it cannot be known. */
static void holders_print(const struct atomicdir_generation *one)
{
	cleanup(holders_clear) struct holders holders = { 0 };

	holders_find(&holders, one->path);
	for (size_t i = 0; i < holders.count; i++) {
		printf("%s%d", i ? ", " : " by ", holders.items[i].pid);
		if (*holders.items[i].command)
			printf(" (%s)", holders.items[i].command);
	}
}

/* The widths of a table's columns, so that they line up whatever the numbers are. */
struct widths {
	int number, files;
};

static struct widths widths_find(const struct atomicdir_generation *list)
{
	struct widths widths = { 1, 1 };

	for (; list; list = list->next) {
		int number = snprintf(NULL, 0, "%" PRId64, list->number), files = snprintf(NULL, 0, "%" PRId64, list->files);

		widths.number = number > widths.number ? number : widths.number;
		widths.files = list->files >= 0 && files > widths.files ? files : widths.files;
	}
	return widths;
}

static void generation_print(const char *link, const struct atomicdir_generation *one, const struct widths *widths)
{
	bool is_coloured_live = one->is_live && report_takes_colour(STDOUT_FILENO);
	char created[32], size[32], files[32] = "-";

	created_print(created, one->created_ms);
	report_size(size, one->bytes < 0 ? 0 : one->bytes);
	if (one->files >= 0)
		snprintf(files, sizeof(files), "%" PRId64, one->files);
	printf("%*" PRId64 "  %-20s  %*s file%s  %8s", widths->number, one->number, created, widths->files, files,
	       one->files == 1 ? " " : "s", one->bytes < 0 ? "-" : size);
	if (one->is_live)
		printf("  %slive%s", is_coloured_live ? GREEN : "", is_coloured_live ? PLAIN : "");
	if (one->is_pinned) {
		printf("  pinned");
		holders_print(one);
	}
	printf("%s", one->is_hook_due ? "  hook due" : "");
	note_print(link, one->number);
	putchar('\n');
}

void report_generations(const struct options *options, const char *link, const struct atomicdir_generation *list)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };
	const struct widths widths = widths_find(list);

	json_write_begin(&json, NULL, '[');
	for (; list; list = list->next)
		if (options->json)
			generation_write(&json, link, list);
		else
			generation_print(link, list, &widths);
	json_write_end(&json, ']');
	if (options->json)
		report_json(&json);
}

static void change_write(struct json_writer *json, const struct atomicdir_change *change)
{
	json_write_begin(json, NULL, '{');
	json_write_text(json, "change", (char[]){ change->what, '\0' });
	json_write_path(json, "path", change->path);
	json_write_end(json, '}');
}

static void change_print(const struct atomicdir_change *change, FILE *to)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s", change->path);
	text_sanitise(path);
	fprintf(to, "%c %s\n", change->what, path);
}

void report_changes(const struct options *options, const struct atomicdir_change *list)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };

	json_write_begin(&json, NULL, '[');
	for (; list; list = list->next)
		if (options->json)
			change_write(&json, list);
		else
			change_print(list, stdout);
	json_write_end(&json, ']');
	if (options->json)
		report_json(&json);
}

static void report_would_publish_json(bool is_different, const struct atomicdir_change *list)
{
	cleanup_buffer struct buffer text = { 0 };
	struct json_writer json = { .text = &text };

	json_write_begin(&json, NULL, '{');
	json_write_flag(&json, "changed", is_different);
	json_write_begin(&json, "changes", '[');
	for (; list; list = list->next)
		change_write(&json, list);
	json_write_end(&json, ']');
	json_write_end(&json, '}');
	report_json(&json);
}

void report_would_publish(const struct options *options, bool is_different, const struct atomicdir_change *list, FILE *to)
{
	if (options->json) {
		report_would_publish_json(is_different, list);
		return;
	}
	for (; list; list = list->next)
		change_print(list, to);
	fprintf(to, "%s\n", is_different ? "would publish" : "unchanged");
}

int report_end(int status, bool is_publication)
{
	report_flush();
	if (!output_errnum && ferror(stdout))
		output_errnum = EIO;
	if (!output_errnum)
		return status;
	fprintf(stderr, "%s: cannot write to standard output: %s\n", program, strerror(output_errnum));
	return status == ATOMICDIR_OK && !is_publication ? ATOMICDIR_FAILED : status;
}
