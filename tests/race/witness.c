/* SPDX-License-Identifier: ISC
 *
 * The commands that the stress passes to atomicdir, and its readers. Each appends what it saw to RACE_LOG, one line for each look:
 *	fill TOKEN MS STATUS    the COMMAND of fill: fills the stage, waits MS milliseconds, and exits with STATUS
 *	hook MS STATUS          the on-change command
 *	held MS                 the COMMAND of exec: reads the generation twice, MS milliseconds apart
 *	tree TOKEN              makes a tree in the working directory
 *	read LINK pinned|open   a reader, which reads until it is killed
 * A line is KIND OP TIME GENERATION TOKEN BEGAN, or "bad OP TIME CLAIM WHAT".
 */
#include <atomicdir.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "token.h"

static int log_fd;
static const char *op;

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void pause_ms(int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* One write to a file opened with O_APPEND is one line, whoever else writes. */
__attribute__((format(printf, 2, 3))) static void tell(const char *kind, const char *format, ...)
{
	char line[512];
	int size = snprintf(line, sizeof(line), "%s %s %" PRId64 " ", kind, op, now_us());
	va_list arguments;

	va_start(arguments, format);
	size += vsnprintf(line + size, sizeof(line) - (size_t)size - 1, format, arguments);
	va_end(arguments);
	line[size++] = '\n';
	if (write(log_fd, line, (size_t)size) != size)
		abort();
}

static long number_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? atol(slash + 1) : 0;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static int fill(const char *token, int ms, int status)
{
	char before[TOKEN_SIZE] = "-", after[TOKEN_SIZE] = "-";
	long number = number_of(environment("ATOMICDIR_STAGE"));

	if (token_read(AT_FDCWD, before) < 0)
		tell("bad", "one-writer stage %ld holds a mix of two trees before it is filled", number);
	tell("stage", "%ld %s 0", number, before);
	if (token_write(AT_FDCWD, token) < 0)
		return 99;
	pause_ms(ms);
	if (token_read(AT_FDCWD, after) != 1 || strcmp(after, token) != 0)
		tell("bad", "one-writer stage %ld changed while it was filled", number);
	return status;
}

static int hook(int ms, int status)
{
	long number = atol(environment("ATOMICDIR_GENERATION"));
	int fd = open(environment("ATOMICDIR_NEW"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char token[TOKEN_SIZE] = "-";
	int64_t began = now_us();

	if (fd < 0 || token_read(fd, token) != 1 || number_of(environment("ATOMICDIR_NEW")) != number)
		tell("bad", "hook generation %ld is not whole while its hook runs", number);
	tell("hook-began", "%ld %s %" PRId64, number, token, began);
	pause_ms(ms);
	if (!status)
		tell("hook-ended", "%ld %s %" PRId64, number, token, began);
	return status;
}

static int held(int ms)
{
	long number = atol(environment("ATOMICDIR_GENERATION"));
	char token[TOKEN_SIZE] = "-", again[TOKEN_SIZE] = "-";

	if (token_read(AT_FDCWD, token) != 1)
		tell("bad", "pinned generation %ld is not whole when exec starts", number);
	pause_ms(ms);
	if (token_read(AT_FDCWD, again) != 1 || strcmp(token, again) != 0 || access(environment("ATOMICDIR_LIVE"), F_OK) < 0)
		tell("bad", "pinned generation %ld was changed or removed during exec", number);
	tell("held", "%ld %s 0", number, token);
	return 0;
}

static void look_pinned(const char *link)
{
	char token[TOKEN_SIZE] = "-", again[TOKEN_SIZE] = "-";
	struct atomicdir_error error;
	int64_t began = now_us(), number = 0;
	int fd = atomicdir_pin(link, &number, &error);

	if (fd < 0) {
		tell("bad", "pinned it cannot be pinned: %s", error.text);
		return;
	}
	tell("seen", "%" PRId64 " %s %" PRId64, number, token_read(fd, token) == 1 ? token : "MIX", began);
	pause_ms(3);
	if (token_read(fd, again) != 1 || strcmp(token, again) != 0)
		tell("bad", "pinned generation %" PRId64 " was changed or removed while it was pinned", number);
	close(fd);
}

/* Without a pin the directory may be removed while it is read, once LINK has moved on: what was read counts only if LINK stayed. */
static void look_open(const char *link)
{
	char token[TOKEN_SIZE] = "-", text[256] = "";
	struct stat before = { 0 }, after = { 0 };
	int64_t began = now_us();
	bool is_there = lstat(link, &before) == 0 && readlink(link, text, sizeof(text) - 1) > 0;
	int fd = open(link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int seen = fd < 0 ? -1 : token_read(fd, token);

	if (!is_there || lstat(link, &after) < 0)
		tell("bad", "whole LINK does not exist: %s", strerror(errno));
	/* Each publication makes a new symlink: if this one stayed, its text names what was opened. */
	if (before.st_ino == after.st_ino && before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
	    before.st_ctim.tv_nsec == after.st_ctim.tv_nsec)
		tell("seen", "%ld %s %" PRId64, number_of(text), seen == 1 ? token : "MIX", began);
	else
		tell("named", "%ld - %" PRId64, number_of(text), began);
	if (fd >= 0)
		close(fd);
	pause_ms(3);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";

	op = getenv("RACE_OP") ? getenv("RACE_OP") : "0";
	log_fd = open(environment("RACE_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (strcmp(kind, "tree") == 0 && argc == 3)
		return token_write(AT_FDCWD, argv[2]) < 0;
	if (log_fd < 0)
		return 98;
	if (strcmp(kind, "fill") == 0 && argc == 5)
		return fill(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (strcmp(kind, "hook") == 0 && argc == 4)
		return hook(atoi(argv[2]), atoi(argv[3]));
	if (strcmp(kind, "held") == 0 && argc == 3)
		return held(atoi(argv[2]));
	while (strcmp(kind, "read") == 0 && argc == 4)
		(strcmp(argv[3], "pinned") == 0 ? look_pinned : look_open)(argv[2]);
	return 97;
}
