/* SPDX-License-Identifier: ISC */
#include "token.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/tree.h"

static int files_of(const char *token)
{
	unsigned sum = 0;

	while (*token)
		sum = sum * 31 + (unsigned char)*token++;
	return 1 + (int)(sum % 4);
}

static int write_one(int directory_fd, const char *path, const char *token)
{
	int fd = openat(directory_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t size = (ssize_t)strlen(token), done = fd < 0 ? -1 : write(fd, token, (size_t)size);

	if (fd >= 0)
		close(fd);
	return done == size ? 0 : -1;
}

int token_write(int directory_fd, const char *token)
{
	char name[16];

	if (mkdirat(directory_fd, "sub", 0755) < 0 && faccessat(directory_fd, "sub", F_OK, 0) < 0)
		return -1;
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (i < files_of(token) ? write_one(directory_fd, name, token) < 0
					: unlinkat(directory_fd, name, 0) < 0 && faccessat(directory_fd, name, F_OK, 0) == 0)
			return -1;
	}
	return write_one(directory_fd, "sub/last", token);
}

struct token_reading {
	char token[TOKEN_SIZE]; /* of the first file */
	int files;
	bool is_mixed;
};

/* A file too many makes a tree as wrong as a missing one. */
static int token_take(void *arg, const struct tree_entry *entry)
{
	struct token_reading *reading = arg;

	if (!S_ISREG(entry->status.st_mode))
		return 0;
	if (!reading->files++)
		snprintf(reading->token, sizeof(reading->token), "%s", entry->bytes);
	if (!entry->size || strcmp(reading->token, entry->bytes) != 0)
		reading->is_mixed = true;
	return 0;
}

int token_read(int directory_fd, char token[static TOKEN_SIZE])
{
	struct token_reading reading = { 0 };

	if (tree_read(directory_fd, token_take, &reading) < 0)
		return -1;
	if (!reading.files)
		return 0;
	memcpy(token, reading.token, TOKEN_SIZE);
	return reading.is_mixed || reading.files != files_of(token) + 1 ? -1 : 1;
}
