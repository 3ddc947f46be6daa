/* SPDX-License-Identifier: ISC */
#include "secretdir/sealed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void sealed_print(char text[static SEALED_SIZE], int directory_fd, const char *path)
{
	struct stat status;

	text[0] = '\0';
	if (fstatat(directory_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
		return;
	snprintf(text, SEALED_SIZE, "%jd %ju %jd.%09ld", (intmax_t)status.st_size, (uintmax_t)status.st_ino,
		 (intmax_t)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

bool sealed_is_same(const char *text, int directory_fd, const char *path)
{
	char now[SEALED_SIZE];

	sealed_print(now, directory_fd, path);
	return *text && strcmp(text, now) == 0;
}

size_t sealed_size(const char *text)
{
	return strtoul(text, NULL, 10);
}
