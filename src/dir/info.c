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

#define INFO_SIZE_MAX (2 << 20) /* earlier versions wrote notes of up to 1 MiB into it */

void info_clear(struct info *info)
{
	free_pointer(&info->replaced);
	free_pointer(&info->old_note);
	*info = INFO_INIT;
}

void info_unstamp(struct info *info, int64_t number)
{
	for (size_t i = 0; i < info->replaced_count; i++)
		if (info->replaced[i].number == number)
			info->replaced[i--] = info->replaced[--info->replaced_count];
}

int info_stamp(struct info *info, int64_t number, int64_t at_ms)
{
	struct info_replaced *added;

	info_unstamp(info, number);
	added = array_add(&info->replaced, &info->replaced_count, sizeof(*added));
	if (!added)
		return -1;
	*added = (struct info_replaced){ number, at_ms };
	return 0;
}

int64_t info_replaced_at(const struct info *info, int64_t number, const char *boot)
{
	if (strcmp(info->boot, boot) != 0)
		return -1;
	for (size_t i = 0; i < info->replaced_count; i++)
		if (info->replaced[i].number == number)
			return info->replaced[i].at_ms;
	return -1;
}

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
		{ "created_ms", &info->created_ms }, { "previous", &info->previous }, { "files", &info->files },
		{ "bytes", &info->bytes },	     { "keep", &info->keep },	      { "grace_ms", &info->grace_ms },
	};
	int64_t number, at_ms;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(key, numbers[i].key) == 0)
			*numbers[i].to = info_parse_number(value, *numbers[i].to);
	if (strcmp(key, "synced") == 0)
		info->is_synced = strcmp(value, "1") == 0;
	else if (strcmp(key, "top_mode") == 0)
		info->top_mode = (mode_t)(strtoul(value, NULL, 8) & 07777);
	else if (strcmp(key, "boot") == 0)
		snprintf(info->boot, sizeof(info->boot), "%s", value);
	else if (strcmp(key, "replaced") == 0 && sscanf(value, "%" SCNd64 " %" SCNd64, &number, &at_ms) == 2)
		return info_stamp(info, number, at_ms);
	else if (strcmp(key, "note") == 0 && !info->old_note)
		return (info->old_note = strdup(value)) ? 0 : -1;
	return 0;
}

int info_read(int store_fd, int64_t number, bool is_live, struct info *info)
{
	cleanup(buffer_clear) struct buffer text = { 0 };
	enum part first = is_live ? PART_INFO_NEW : PART_INFO, second = is_live ? PART_INFO : PART_INFO_NEW;
	char *rest, *line;

	*info = INFO_INIT;
	if (part_read(store_fd, number, first, INFO_SIZE_MAX, &text) < 0 &&
	    (errno != ENOENT || part_read(store_fd, number, second, INFO_SIZE_MAX, &text) < 0))
		return -1;
	for (rest = text.bytes; rest && (line = strsep(&rest, "\n"));) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		if (info_parse_line(info, line, value) < 0) {
			info_clear(info);
			errno = ENOMEM;
			return -1;
		}
	}
	if (info->previous > NAME_NUMBER_MAX)
		info->previous = 0;
	return 0;
}

static int info_print(const struct info *info, struct buffer *text)
{
	int done;

	done = buffer_printf(text,
			     "created_ms %" PRId64 "\nprevious %" PRId64 "\nfiles %" PRId64 "\nbytes %" PRId64 "\nsynced %d\n"
			     "top_mode %04o\nkeep %" PRId64 "\ngrace_ms %" PRId64 "\nboot %s\n",
			     info->created_ms, info->previous, info->files, info->bytes, info->is_synced,
			     (unsigned)info->top_mode, info->keep, info->grace_ms, info->boot);
	for (size_t i = 0; done == 0 && i < info->replaced_count; i++)
		done = buffer_printf(text, "replaced %" PRId64 " %" PRId64 "\n", info->replaced[i].number,
				     info->replaced[i].at_ms);
	if (done == 0 && info->old_note && *info->old_note)
		done = buffer_printf(text, "note %s\n", info->old_note);
	return done;
}

int info_write_new(int store_fd, int64_t number, const struct info *info)
{
	cleanup(buffer_clear) struct buffer text = { 0 };

	if (info_print(info, &text) < 0)
		return -1;
	return part_write(store_fd, number, PART_INFO_NEW, text.bytes, text.size);
}

int info_replace(int store_fd, int64_t number, const struct info *info, bool to_disk)
{
	cleanup(buffer_clear) struct buffer text = { 0 };

	if (info_print(info, &text) < 0)
		return -1;
	return part_replace(store_fd, number, PART_INFO, text.bytes, text.size, to_disk);
}
