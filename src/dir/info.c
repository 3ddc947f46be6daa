/* SPDX-License-Identifier: ISC */
#include "dir/info.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "dir/link.h"

#define INFO_SIZE_MAX (2 * INFO_NOTE_MAX)

void info_clear(struct info *info)
{
	free_pointer(&info->replaced);
	free_pointer(&info->note);
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
	struct info_replaced *more;

	info_unstamp(info, number);
	more = reallocarray(info->replaced, info->replaced_count + 1, sizeof(*more));
	if (!more)
		return -1;
	info->replaced = more;
	info->replaced[info->replaced_count++] = (struct info_replaced){ number, at_ms };
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

static int64_t parse_number(const char *text, int64_t otherwise)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || end == text || number < 0 ? otherwise : (int64_t)number;
}

static int parse_line(struct info *info, const char *key, char *value)
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
			*numbers[i].to = parse_number(value, *numbers[i].to);
	if (strcmp(key, "synced") == 0)
		info->is_synced = strcmp(value, "1") == 0;
	else if (strcmp(key, "top_mode") == 0)
		info->top_mode = (mode_t)(strtoul(value, NULL, 8) & 07777);
	else if (strcmp(key, "boot") == 0)
		snprintf(info->boot, sizeof(info->boot), "%s", value);
	else if (strcmp(key, "replaced") == 0 && sscanf(value, "%" SCNd64 " %" SCNd64, &number, &at_ms) == 2)
		return info_stamp(info, number, at_ms);
	else if (strcmp(key, "note") == 0 && !info->note)
		return (info->note = strdup(value)) ? 0 : -1;
	return 0;
}

int info_read(int store_fd, int64_t number, bool is_live, struct info *info)
{
	cleanup(buffer_clear) struct buffer text = { 0 };
	char name[NAME_NUMBER_SIZE];
	char *rest, *line;

	*info = INFO_INIT;
	name_number(name, number, is_live ? ".info.new" : ".info");
	if (read_file_at(store_fd, name, INFO_SIZE_MAX, &text) < 0) {
		if (errno != ENOENT)
			return -1;
		name_number(name, number, is_live ? ".info" : ".info.new");
		if (read_file_at(store_fd, name, INFO_SIZE_MAX, &text) < 0)
			return -1;
	}
	for (rest = text.bytes; rest && (line = strsep(&rest, "\n"));) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		if (parse_line(info, line, value) < 0) {
			info_clear(info);
			errno = ENOMEM;
			return -1;
		}
	}
	if (info->previous > NAME_NUMBER_MAX)
		info->previous = 0;
	return 0;
}

static int print(const struct info *info, struct buffer *text)
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
	if (done == 0 && info->note && *info->note)
		done = buffer_printf(text, "note %s\n", info->note);
	return done;
}

int info_write_new(int store_fd, int64_t number, const struct info *info)
{
	cleanup(buffer_clear) struct buffer text = { 0 };
	char name[NAME_NUMBER_SIZE];

	if (print(info, &text) < 0)
		return -1;
	name_number(name, number, ".info.new");
	if (unlinkat(store_fd, name, 0) < 0 && errno != ENOENT)
		return -1;
	return write_file_at(store_fd, name, 0600, text.bytes, text.size);
}

int info_replace(int store_fd, int64_t number, const struct info *info, bool to_disk)
{
	cleanup(buffer_clear) struct buffer text = { 0 };
	cleanup_fd int fd = -1;
	char name[NAME_NUMBER_SIZE], name_new[NAME_NUMBER_SIZE];
	int saved;

	if (print(info, &text) < 0)
		return -1;
	fd = create_file_at(store_fd, LINK_NEXT, 0600);
	if (fd < 0)
		return -1;
	name_number(name, number, ".info");
	name_number(name_new, number, ".info.new");
	if (write_all(fd, text.bytes, text.size) == 0 && (!to_disk || fsync(fd) == 0) && close(take_fd(&fd)) == 0 &&
	    renameat(store_fd, LINK_NEXT, store_fd, name_new) == 0)
		return renameat(store_fd, name_new, store_fd, name);
	saved = errno;
	link_forget(store_fd);
	errno = saved;
	return -1;
}
