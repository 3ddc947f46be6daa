/* SPDX-License-Identifier: ISC */
#include "secretdir/surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/harden.h"
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
	cleanup_fd int fd = memfd_create("environment", MFD_CLOEXEC);

	if (fd >= 0 && surroundings_write(fd) == 0)
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

void surroundings_give(struct environment *environment)
{
	static const char *const names[] = { "PATH",
					     "HOME",
					     "TZ",
					     "LANG",
					     "LC_*",
					     "http_proxy",
					     "HTTP_PROXY",
					     "https_proxy",
					     "HTTPS_PROXY",
					     "all_proxy",
					     "ALL_PROXY",
					     "no_proxy",
					     "NO_PROXY",
					     "SSL_CERT_FILE",
					     "SSL_CERT_DIR",
					     "RES_OPTIONS",
#ifdef IS_SANITIZED /* how the sanitizers are set up is no secret, and no part of what is released */
					     "ASAN_OPTIONS",
					     "LSAN_OPTIONS",
					     "UBSAN_OPTIONS",
#endif
					     NULL };

	environment_inherit(environment, names);
}
