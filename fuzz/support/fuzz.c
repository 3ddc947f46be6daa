/* SPDX-License-Identifier: ISC */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

void fuzz_fail(const char *claim, const char *file, int line)
{
	/* A target may have given its rights up for a while, and the input is written by who we are. */
	if (seteuid(getuid()) < 0)
		perror("seteuid");
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, claim);
	abort();
}

char *fuzz_copy(const void *bytes, size_t size)
{
	char *copy = malloc(size + 1);

	must(copy);
	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

int fuzz_file(const void *bytes, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	must(fd >= 0 && write_all(fd, bytes, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

void fuzz_read(int fd, struct buffer *content)
{
	struct stat status;

	must(fstat(fd, &status) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	must(buffer_reserve(content, (size_t)status.st_size + 1) == 0);
	must(read_all(fd, content->bytes + content->size, (size_t)status.st_size) == status.st_size);
	content->size += (size_t)status.st_size;
	content->bytes[content->size] = '\0';
}

int fuzz_directory(void)
{
	const char *where = getenv("TMPDIR");
	struct buffer path = { 0 };
	int fd;

	must(buffer_printf(&path, "%s/fuzz-XXXXXX", where ? where : "/tmp") == 0 && mkdtemp(path.bytes));
	fd = open_directory_at(AT_FDCWD, path.bytes);
	must(fd >= 0 && fchmod(fd, 0755) == 0);
	buffer_clear(&path);
	return fd;
}

/* How long a character is that begins with this byte; 0: none does. */
static size_t decode_size(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >> 5 == 6)
		return 2;
	if (first >> 4 == 14)
		return 3;
	return first >> 3 == 30 ? 4 : 0;
}

/* How long the character is that begins here, and which one it is; 0: none. It is judged by its value, not by the ranges of
 * its bytes. */
static size_t decode(const unsigned char *text, unsigned *character)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = decode_size(*text);

	*character = size == 1 ? *text : *text & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return size && *character >= least[size] && *character <= 0x10ffff && *character >> 11 != 0x1b ? size : 0;
}

bool is_clean(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		unsigned character;
		size_t size = decode(c, &character);

		if (!size || character < 0x20 || (character >= 0x7f && character < 0xa0))
			return false;
		c += size;
	}
	return true;
}

bool is_inside(const char *path)
{
	char padded[8192];

	if (!*path || *path == '/' || snprintf(padded, sizeof(padded), "/%s/", path) >= (int)sizeof(padded))
		return false;
	return !strstr(padded, "/../") && !strstr(padded, "/./");
}

void must_be_told(const struct atomicdir_error *error)
{
	must(error->kind >= ATOMICDIR_FAILED && error->kind <= ATOMICDIR_NOT_FOUND);
	must(error->text[0] && strnlen(error->text, sizeof(error->text)) < sizeof(error->text));
	must(is_clean(error->text));
}
