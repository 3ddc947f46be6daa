/* SPDX-License-Identifier: ISC */
#include "secretdir/surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/protocol.h"
#include "base/record.h"

#define PREFIX "AWS_"

/* Like the environment, there is one of this. */
static struct {
	int fd, errnum; /* errnum: why there is no file */
	char region[64];
} kept = { .fd = -1 };

/* ---- Taking ---- */

static int surroundings_write(int fd)
{
	cleanup_record struct record record = { 0 };

	for (char **variable = environ; *variable; variable++)
		if (record_add(&record, WORD_VARIABLE, *variable, strlen(*variable)) < 0)
			return -1;
	return record_write(&record, fd);
}

/* Whoever reads it opens it anew, from its beginning. */
static void surroundings_keep(void)
{
	cleanup_fd int made_fd = memfd_create("environment", MFD_CLOEXEC);
	/* Where a standard descriptor is closed it is not this file that takes its place. */
	cleanup_fd int fd = made_fd < 0 ? -1 : fcntl(made_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd >= 0 && fchmod(fd, 0600) == 0 && surroundings_write(fd) == 0)
		kept.fd = take_fd(&fd);
	else
		kept.errnum = errno;
}

/* Which region is meant is no secret. One that is cut here is no region's name. */
static void region_keep(const char *name)
{
	const char *region = getenv(name);

	if (region && !kept.region[0])
		snprintf(kept.region, sizeof(kept.region), "%s", region);
}

/* The strings lie where the kernel has put them, and where it looks for /proc/PID/environ. */
static void surroundings_wipe(void)
{
	char **to = environ;

	for (char **variable = environ; *variable; variable++) {
		if (strncmp(*variable, PREFIX, strlen(PREFIX)) == 0)
			explicit_bzero(*variable, strlen(*variable));
		else
			*to++ = *variable;
	}
	*to = NULL;
}

void surroundings_take(void)
{
	surroundings_keep();
	region_keep("AWS_REGION");
	region_keep("AWS_DEFAULT_REGION");
	surroundings_wipe();
}

void surroundings_close(void)
{
	wipe_file(kept.fd);
	close_fd(&kept.fd);
}

/* ---- Giving ---- */

int surroundings_fd(struct atomicdir_error *error)
{
	if (kept.fd >= 0)
		return kept.fd;
	errno = kept.errnum;
	return error_errno(error, NULL, "cannot keep the environment in memory");
}

const char *surroundings_region(void)
{
	return kept.region[0] ? kept.region : NULL;
}

static bool is_key(const char *variable)
{
	static const char *const names[] = { "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void surroundings_add(struct environment *environment, const struct field *field)
{
	cleanup_free char *copy = strdup(field_text(field));
	char *value = copy ? strchr(copy, '=') : NULL;

	if (!value) {
		environment->is_incomplete = true;
		return;
	}
	*value++ = '\0';
	environment_set(environment, copy, value);
	explicit_bzero(value, strlen(value));
}

int surroundings_give(struct environment *environment, bool with_keys)
{
	cleanup(field_reader_clear) struct field_reader reader = { .fd = kept.fd };
	cleanup_record struct record record = { 0 };

	if (kept.fd < 0 || lseek(kept.fd, 0, SEEK_SET) < 0 || record_read(&reader, &record) <= 0)
		return -1;
	for (size_t i = 0; i < record.count; i++) {
		const char *variable = field_text(&record.fields[i]);

		if (variable && strncmp(variable, PREFIX, strlen(PREFIX)) == 0 && (with_keys || !is_key(variable)))
			surroundings_add(environment, &record.fields[i]);
	}
	return 0;
}
