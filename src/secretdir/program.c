/* SPDX-License-Identifier: ISC */
#include "secretdir/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/harden.h"
#include "process/child.h"

/* 1 or 0; -1 if that cannot be known. */
static int program_is_there(const char *path, int size)
{
	if (size >= PATH_MAX)
		return 0;
	if (access(path, X_OK) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
}

int program_find(const char *kind, const char *name, char path[static PATH_MAX], struct atomicdir_error *error)
{
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int found = 0;
	char *slash;

	if (size < 0 && errno != ENOENT)
		return error_errno(error, "/proc/self/exe", "cannot read");
	self[size > 0 ? size : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		found = program_is_there(path, snprintf(path, PATH_MAX, "%s/libexec/atomicdir/%s-%s", self, kind, name));
		if (!found)
			found = program_is_there(path,
						 snprintf(path, PATH_MAX, "%s/../libexec/atomicdir/%s-%s", self, kind, name));
	}
	if (!found)
		found = program_is_there(path, snprintf(path, PATH_MAX, LIBEXECDIR "/atomicdir/%s-%s", kind, name));
	return found < 0 ? error_errno(error, path, "cannot look for the program") : found;
}

void program_inherit(struct environment *environment)
{
	static const char *const names[] = { "PATH",
					     "HOME",
					     "TZ",
					     "LANG",
					     "LC_*",
					     "http_proxy",
					     "https_proxy",
					     "HTTPS_PROXY",
					     "all_proxy",
					     "ALL_PROXY",
					     "no_proxy",
					     "NO_PROXY",
					     "SSL_CERT_FILE",
					     "SSL_CERT_DIR",
					     "RES_OPTIONS",
#ifdef IS_SANITIZED /* in tests alone */
					     "ASAN_OPTIONS",
					     "LSAN_OPTIONS",
					     "UBSAN_OPTIONS",
#endif
					     NULL };

	environment_inherit(environment, names);
}

static void program_print_version(const char *kind, const char *name)
{
	cleanup(environment_clear) struct environment environment = { 0 };
	char path[PATH_MAX], option[] = "--version";
	char *argv[] = { path, option, NULL };
	struct launch launch = { .argv = argv, .environment = &environment, .timeout_ms = -1 };
	struct child child;

	if (program_find(kind, name, path, NULL) <= 0) {
		printf("%s-%s is not installed\n", kind, name);
		return;
	}
	program_inherit(&environment);
	fflush(stdout);
	if (child_start(&child, &launch, NULL) == 0)
		child_wait(&child);
}

void program_print_versions(void)
{
	program_print_version("fetch", "aws");
	program_print_version("identity", "net");
	program_print_version("listen", "aws");
	program_print_version("spec", "yaml");
	program_print_version("certificate", "dates");
}
