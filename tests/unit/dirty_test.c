/* SPDX-License-Identifier: ISC
 *
 * When single syncs are preferred to syncfs(2).
 */
#include "dir/dirty.h"
#include "tap.h"

#define MIB (1LL << 20)

static const struct row {
	const char *claim;
	int64_t bytes_of_others, syncs;
	bool favours_files;
} rows[] = {
	{ "nothing of others is dirty: syncfs", 0, 1, false },
	{ "less of others than any machine has now and then: syncfs", 64 * MIB - 1, 1, false },
	{ "as much as is dear, and one file: file by file", 64 * MIB, 1, true },
	{ "64 MiB and 16 syncs, the most for so much: file by file", 64 * MIB, 16, true },
	{ "64 MiB and 17 syncs: syncfs", 64 * MIB, 17, false },
	{ "256 MiB and 15 syncs, those of ten files: file by file", 256 * MIB, 15, true },
	{ "256 MiB and 64 syncs, the most for so much: file by file", 256 * MIB, 64, true },
	{ "256 MiB and 65 syncs: syncfs", 256 * MIB, 65, false },
	{ "256 MiB and 100,000 syncs: syncfs", 256 * MIB, 100000, false },
	{ "less than nothing: what is ours was counted twice: syncfs", -MIB, 1, false },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ok(dirty_favours_files(rows[i].bytes_of_others, rows[i].syncs) == rows[i].favours_files, rows[i].claim);
	return done();
}
