/* SPDX-License-Identifier: ISC
 *
 * In libFuzzer's place where it is absent: runs the target on each file of the directories that are named, and on no others.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "fuzz.h"

#define INPUT_MAX (16 << 20)

static void replay(int directory_fd, const char *name)
{
	struct buffer input = { 0 };
	char *copy;

	if (read_file_at(directory_fd, name, INPUT_MAX, &input) < 0) {
		perror(name);
		exit(1);
	}
	/* The last line is the input that ended it. */
	fprintf(stderr, "replay: %s\n", name);
	copy = fuzz_copy(input.bytes, input.size);
	LLVMFuzzerTestOneInput((const uint8_t *)copy, input.size);
	free(copy);
	buffer_clear(&input);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *directory = opendir(argv[i]);

		if (!directory) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(directory));)
			if (entry->d_name[0] != '.')
				replay(dirfd(directory), entry->d_name);
		closedir(directory);
	}
	return 0;
}
