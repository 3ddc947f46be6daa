/* SPDX-License-Identifier: ISC
 *
 * Claim: the shared files are read as they stand: what is found is what a line says, in one section and once
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "identity/ini.h"
#include "fuzz.h"

static size_t count_lines(const uint8_t *bytes, size_t size)
{
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += bytes[i] == '\n';
	return lines;
}

/* Each entry is the one that is found by its names, on lines of its own: its value may have more than one. */
static void check(const struct ini *ini, size_t lines)
{
	int line = 0;

	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *entry = &ini->entries[i];

		must(entry->line > line && (size_t)entry->line <= lines);
		line = entry->line + (int)count_lines((const uint8_t *)entry->value, strlen(entry->value)) - 1;
		must((size_t)line <= lines);
		must(*entry->section && !strpbrk(entry->section, "\n") && !strpbrk(entry->key, "\n"));
		must(!entry->parent || *entry->parent);
		must(ini_find(ini, entry->section, entry->parent, entry->key) == entry);
		must(ini_find(ini, entry->section, NULL, "") != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = fuzz_file(bytes, size);
	char path[64];
	struct ini ini = { 0 };
	struct atomicdir_error error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error_clear(&error);
	if (ini_load(path, true, &ini, &error) == 0)
		check(&ini, count_lines(bytes, size));
	else
		must_be_told(&error);
	ini_clear(&ini);
	close(fd);
	return 0;
}
