/* SPDX-License-Identifier: ISC */
#include "dir/info.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"

#define INFO_SIZE_MAX (64 << 20) /* millions of generations */
#define INFO_REPLACED_MAX 1000	 /* RETENTION_YOUNG_MAX: `grace` keeps no more than these */

void info_clear(struct info *info)
{
	line_clear(&info->line);
	free_pointer(&info->replaced);
	free_pointer(&info->old_note);
	*info = INFO_INIT;
}

/* ---- When generations were replaced ---- */

/* Sorts by number; of two records of one number the later one comes first. */
static int info_compare_replaced(const void *a, const void *b)
{
	const struct info_replaced *x = a, *y = b;

	if (x->number != y->number)
		return (x->number > y->number) - (x->number < y->number);
	return (x->at_ms < y->at_ms) - (x->at_ms > y->at_ms);
}

static int info_compare_number(const void *a, const void *b)
{
	const struct info_replaced *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Sorts the latest first, and before all others what is about to be replaced (0). */
static int info_compare_at(const void *a, const void *b)
{
	const struct info_replaced *x = a, *y = b;
	int64_t x_ms = x->at_ms ? x->at_ms : INT64_MAX, y_ms = y->at_ms ? y->at_ms : INT64_MAX;

	return (x_ms < y_ms) - (x_ms > y_ms);
}

static int info_add_replaced(struct info *info, int64_t number, int64_t at_ms)
{
	struct info_replaced *added = array_add(&info->replaced, &info->replaced_count, sizeof(*added));

	if (!added)
		return -1;
	*added = (struct info_replaced){ number, at_ms };
	return 0;
}

/* Sorts by number, and keeps the latest record of each. */
static void info_sort_replaced(struct info *info)
{
	size_t kept = 0;

	if (info->replaced_count)
		qsort(info->replaced, info->replaced_count, sizeof(*info->replaced), info_compare_replaced);
	for (size_t i = 0; i < info->replaced_count; i++)
		if (!kept || info->replaced[i].number != info->replaced[kept - 1].number)
			info->replaced[kept++] = info->replaced[i];
	info->replaced_count = kept;
}

static struct info_replaced *info_find_replaced(const struct info *info, int64_t number)
{
	struct info_replaced key = { .number = number };

	if (!info->replaced_count)
		return NULL;
	return bsearch(&key, info->replaced, info->replaced_count, sizeof(key), info_compare_number);
}

int info_copy_replaced(struct info *info, const struct info *from, const struct found_list *found)
{
	info->replaced_count = 0;
	for (size_t i = 0; i < from->replaced_count; i++)
		if (found_get(found, from->replaced[i].number) &&
		    info_add_replaced(info, from->replaced[i].number, from->replaced[i].at_ms) < 0)
			return -1;
	if (info->replaced_count > INFO_REPLACED_MAX) {
		qsort(info->replaced, info->replaced_count, sizeof(*info->replaced), info_compare_at);
		info->replaced_count = INFO_REPLACED_MAX;
	}
	info_sort_replaced(info);
	return 0;
}

void info_unstamp(struct info *info, int64_t number)
{
	struct info_replaced *found = info_find_replaced(info, number);

	if (!found)
		return;
	info->replaced_count--;
	memmove(found, found + 1, (size_t)(info->replaced + info->replaced_count - found) * sizeof(*found));
}

int info_stamp(struct info *info, int64_t number, int64_t at_ms)
{
	info_unstamp(info, number);
	if (info_add_replaced(info, number, at_ms) < 0)
		return -1;
	info_sort_replaced(info);
	return 0;
}

/* Appends a line to the file. If a crash cuts it short, the line written before the swap stays valid: the time is not known. */
int info_settle(struct info *info, int store_fd, int64_t number, enum part part, int64_t now_ms)
{
	char text[64];

	for (size_t i = 0; i < info->replaced_count; i++) {
		if (info->replaced[i].at_ms)
			continue;
		info->replaced[i].at_ms = now_ms;
		snprintf(text, sizeof(text), "replaced %" PRId64 " %" PRId64 "\n", info->replaced[i].number, now_ms);
		if (part_append(store_fd, number, part, text, strlen(text)) < 0)
			return -1;
	}
	return 0;
}

int64_t info_replaced_at(const struct info *info, int64_t number, const char *boot)
{
	const struct info_replaced *found = info_find_replaced(info, number);

	return found && strcmp(info->boot, boot) == 0 ? found->at_ms : -1;
}

/* ---- Reading ---- */

static int64_t info_parse_number(const char *text, int64_t otherwise)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || end == text || number < 0 ? otherwise : (int64_t)number;
}

static int info_parse_line(struct info *info, const char *key, char *value)
{
	struct {
		const char *key;
		int64_t *to;
	} numbers[] = {
		{ "created_ms", &info->created_ms }, { "previous", &info->previous }, { "before", &info->before },
		{ "files", &info->files },	     { "bytes", &info->bytes },	      { "keep", &info->keep },
		{ "grace_ms", &info->grace_ms },
	};
	int64_t number, at_ms;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(key, numbers[i].key) == 0)
			*numbers[i].to = info_parse_number(value, *numbers[i].to);
	if (strcmp(key, "line") == 0 && !info->has_line) {
		info->has_line = true;
		return line_parse(&info->line, value);
	}
	if (strcmp(key, "hook") == 0)
		info->is_without_hook = strcmp(value, "0") == 0;
	else if (strcmp(key, "synced") == 0)
		info->is_synced = strcmp(value, "1") == 0;
	else if (strcmp(key, "top_mode") == 0)
		info->top_mode = (mode_t)(strtoul(value, NULL, 8) & 07777);
	else if (strcmp(key, "boot") == 0)
		snprintf(info->boot, sizeof(info->boot), "%s", value);
	else if (strcmp(key, "replaced") == 0 && sscanf(value, "%" SCNd64 " %" SCNd64, &number, &at_ms) == 2)
		return at_ms < 0 ? 0 : info_add_replaced(info, number, at_ms);
	else if (strcmp(key, "note") == 0 && !info->old_note)
		return (info->old_note = strdup(value)) ? 0 : -1;
	return 0;
}

/* Gives the keys that the first version did not write the values that follow from the others. */
static void info_check(struct info *info, bool has_before)
{
	if (info->previous > NAME_NUMBER_MAX)
		info->previous = 0;
	if (!has_before || info->before > NAME_NUMBER_MAX)
		info->before = info->previous;
	info_sort_replaced(info);
}

static int info_parse(struct info *info, char *text)
{
	bool has_before = false;
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		has_before = has_before || strcmp(line, "before") == 0;
		if (info_parse_line(info, line, value) < 0) {
			info_clear(info);
			errno = ENOMEM;
			return -1;
		}
	}
	info_check(info, has_before);
	return 0;
}

/* 1: read; 0: missing, or something that we never write, such as a symlink or FIFO; -1 with errno. */
static int info_read_part(int store_fd, int64_t number, enum part part, struct buffer *text)
{
	if (part_read(store_fd, number, part, INFO_SIZE_MAX, text) == 0)
		return 1;
	return errno == ENOENT || errno == EINVAL || errno == ELOOP || errno == ENXIO || errno == EFBIG ? 0 : -1;
}

int info_read(int store_fd, int64_t number, bool is_live, struct info *info)
{
	cleanup_buffer struct buffer text = { 0 };
	enum part first = is_live ? PART_INFO_NEW : PART_INFO, second = is_live ? PART_INFO : PART_INFO_NEW;
	int found;

	*info = INFO_INIT;
	found = info_read_part(store_fd, number, first, &text);
	if (found == 0) {
		buffer_clear(&text);
		found = info_read_part(store_fd, number, second, &text);
	}
	return found <= 0 ? found : info_parse(info, text.bytes);
}

int info_complete(int store_fd, struct info *info)
{
	int64_t next = info->previous, last = next + 1;
	bool has_line = info->has_line;

	/* A previous generation has a smaller number: checked, so that a damaged file cannot make this loop endless. */
	while (!has_line && next > 0 && next < last) {
		cleanup_info struct info before = INFO_INIT;

		if (line_add(&info->line, next, false) < 0 || info_read(store_fd, next, false, &before) < 0 ||
		    line_append(&info->line, &before.line, next) < 0)
			return -1;
		has_line = before.has_line;
		last = next;
		next = before.previous;
	}
	return 0;
}

/* ---- Writing ---- */

static int info_print_line(const struct info *info, struct buffer *text)
{
	if (!info->has_line && !info->line.count)
		return 0;
	if (buffer_add_text(text, "line ") < 0 || line_print(&info->line, text) < 0)
		return -1;
	return buffer_add_text(text, "\n");
}

static int info_print(const struct info *info, struct buffer *text)
{
	int done;

	done = buffer_printf(text,
			     "created_ms %" PRId64 "\nprevious %" PRId64 "\nbefore %" PRId64 "\nhook %d\nfiles %" PRId64
			     "\nbytes %" PRId64 "\nsynced %d\ntop_mode %04o\nkeep %" PRId64 "\ngrace_ms %" PRId64 "\nboot %s\n",
			     info->created_ms, info->previous, info->before, !info->is_without_hook, info->files, info->bytes,
			     info->is_synced, (unsigned)info->top_mode, info->keep, info->grace_ms, info->boot);
	if (done == 0)
		done = info_print_line(info, text);
	for (size_t i = 0; done == 0 && i < info->replaced_count; i++)
		done = buffer_printf(text, "replaced %" PRId64 " %" PRId64 "\n", info->replaced[i].number,
				     info->replaced[i].at_ms);
	if (done == 0 && info->old_note && *info->old_note)
		done = buffer_printf(text, "note %s\n", info->old_note);
	return done;
}

int info_write_new(int store_fd, int64_t number, const struct info *info)
{
	cleanup_buffer struct buffer text = { 0 };

	if (info_print(info, &text) < 0)
		return -1;
	return part_write(store_fd, number, PART_INFO_NEW, text.bytes, text.size);
}

int info_replace(int store_fd, int64_t number, const struct info *info, bool to_disk)
{
	cleanup_buffer struct buffer text = { 0 };

	if (info_print(info, &text) < 0)
		return -1;
	return part_replace(store_fd, number, PART_INFO, text.bytes, text.size, to_disk);
}
