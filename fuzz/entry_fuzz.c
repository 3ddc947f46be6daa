/* SPDX-License-Identifier: ISC
 *
 * Claim: an entry means one thing, stays inside of the directory, and does not clash with another
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "fuzz.h"
#include "secretdir/entry.h"

static bool same(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

/* Its parts, put together again, mean the same. */
static void write_again(const struct entry *entry)
{
	struct entries again = { 0 };
	struct buffer text = { 0 };
	const struct entry *copy;

	must(buffer_printf(&text, "%s%s%s%s%s", entry->path, *entry->path ? "=" : "", entry->secret, *entry->key ? ":" : "",
			   entry->key) == 0);
	if (*entry->stage)
		must(buffer_printf(&text, ",stage=%s", entry->stage) == 0);
	if (*entry->service)
		must(buffer_printf(&text, ",service=%s", entry->service) == 0);
	if (*entry->format)
		must(buffer_printf(&text, ",format=%s", entry->format) == 0);
	if (*entry->version)
		must(buffer_printf(&text, ",version=%s", entry->version) == 0);
	if (entry->mode)
		must(buffer_printf(&text, ",mode=%o", entry->mode) == 0);
	if (entry->gid != (gid_t)-1 && entry->uid != (uid_t)-1)
		must(buffer_printf(&text, ",owner=%u:%u", entry->uid, entry->gid) == 0);
	else if (entry->uid != (uid_t)-1)
		must(buffer_printf(&text, ",owner=%u", entry->uid) == 0);
	else if (entry->gid != (gid_t)-1)
		must(buffer_printf(&text, ",owner=:%u", entry->gid) == 0);
	must(buffer_printf(&text, "%s%s", entry->is_optional ? ",optional" : "", entry->is_base64 ? ",decode=base64" : "") ==
	     0);
	must(entries_add(&again, text.bytes, NULL) == 0);
	copy = again.items;
	must(same(entry->path, copy->path) && same(entry->secret, copy->secret) && same(entry->key, copy->key));
	must(same(entry->service, copy->service) && same(entry->format, copy->format));
	must(same(entry->stage, copy->stage) && same(entry->version, copy->version) && entry->mode == copy->mode);
	must(entry->uid == copy->uid && entry->gid == copy->gid);
	must(entry->is_optional == copy->is_optional && entry->is_base64 == copy->is_base64);
	entries_clear(&again);
	buffer_clear(&text);
}

static void check_entry(const struct entry *entry)
{
	const char *path = entry_path(entry);

	must(*entry->secret);
	must(!*path || is_inside(path));
	must(!entry_is_many(entry) || !*entry->key);
	must(entry->mode <= 07777);
	write_again(entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atomicdir_error error;
	struct entries entries = { 0 };
	int fd = fuzz_file(data, size);
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	error_clear(&error);
	if (entries_add_file(&entries, name, &error) == 0) {
		for (size_t i = 0; i < entries.count; i++)
			check_entry(&entries.items[i]);
		if (entries_check(&entries, &error) < 0)
			must_be_told(&error);
	} else {
		must_be_told(&error);
		must(error.kind == ATOMICDIR_USAGE);
	}
	entries_clear(&entries);
	close(fd);
	return 0;
}
