/* SPDX-License-Identifier: ISC */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define WHAT_MAX 384 /* before a path, which is never cut for it */

void text_sanitise(char *text)
{
	unsigned char *c = (unsigned char *)text;

	while (*c) {
		size_t length = utf8_printable_length(c);

		/* A byte that begins no character may be a control code to a terminal. */
		if (!length)
			*c = '?';
		c += length ? length : 1;
	}
}

void error_clear(struct atomicdir_error *error)
{
	if (!error)
		return;
	error->kind = ATOMICDIR_OK;
	error->errnum = 0;
	error->path[0] = '\0';
	error->text[0] = '\0';
}

struct atomicdir_error *error_or(struct atomicdir_error *error, struct atomicdir_error *own)
{
	error = error ? error : own;
	error_clear(error);
	return error;
}

static void fill_path(struct atomicdir_error *error, const char *path)
{
	size_t size = path ? strlen(path) : 0;

	if (size >= sizeof(error->path))
		size = sizeof(error->path) - 1;
	if (size)
		memcpy(error->path, path, size);
	error->path[size] = '\0';
}

static __attribute__((format(printf, 5, 0))) void fill(struct atomicdir_error *error, int kind, int errnum, const char *path,
						       const char *format, va_list arguments)
{
	const char *before = errnum ? " '" : ": ", *after = errnum ? "'" : "";
	char what[sizeof(error->text)];

	error->kind = kind;
	error->errnum = errnum;
	fill_path(error, path);
	vsnprintf(what, sizeof(what), format, arguments);
	if (!path || !*path)
		before = after = "";
	snprintf(error->text, sizeof(error->text), "%.*s%s%s%s%s%s", path ? WHAT_MAX : (int)sizeof(what), what, before,
		 error->path, after, errnum ? ": " : "", errnum ? strerror(errnum) : "");
	text_sanitise(error->text);
}

int error_errno(struct atomicdir_error *error, const char *path, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	if (error) {
		va_start(arguments, format);
		fill(error, ATOMICDIR_FAILED, saved, path, format, arguments);
		va_end(arguments);
	}
	errno = saved;
	return -1;
}

int error_set(struct atomicdir_error *error, int kind, const char *path, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	if (error) {
		va_start(arguments, format);
		fill(error, kind, 0, path, format, arguments);
		va_end(arguments);
	}
	errno = saved;
	return -1;
}

/* The object stands between `before` and `after`; the text around it is cut before the object is. */
static void fill_around(struct atomicdir_error *error, int kind, int errnum, const char *object, const char *before,
			const char *after)
{
	const char *quote = object && *object ? "'" : "";

	error->kind = kind;
	error->errnum = errnum;
	fill_path(error, object);
	snprintf(error->text, sizeof(error->text), "%.*s%s%s%s%s%s%s%s", WHAT_MAX, before, *before && *quote ? " " : "", quote,
		 error->path, quote, after, errnum ? ": " : "", errnum ? strerror(errnum) : "");
	text_sanitise(error->text);
}

int error_system(struct atomicdir_error *error, int errnum, const char *object, const char *what, ...)
{
	char text[sizeof(error->text)];
	va_list arguments;

	if (!error)
		return -1;
	va_start(arguments, what);
	vsnprintf(text, sizeof(text), what, arguments);
	va_end(arguments);
	fill_around(error, ATOMICDIR_FAILED, errnum, object, text, "");
	return -1;
}

int error_object(struct atomicdir_error *error, int kind, const char *object, const char *claim, ...)
{
	char text[sizeof(error->text)] = " ";
	va_list arguments;

	if (!error)
		return -1;
	va_start(arguments, claim);
	vsnprintf(text + 1, sizeof(text) - 1, claim, arguments);
	va_end(arguments);
	fill_around(error, kind, 0, object, "", object && *object ? text : text + 1);
	return -1;
}

void error_append(struct atomicdir_error *error, const char *format, ...)
{
	size_t used;
	va_list arguments;

	if (!error)
		return;
	used = strlen(error->text);
	if (used && used + 3 < sizeof(error->text)) {
		memcpy(error->text + used, "; ", 3);
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(error->text + used, sizeof(error->text) - used, format, arguments);
	va_end(arguments);
	text_sanitise(error->text);
}

int error_prefix(struct atomicdir_error *error, const char *format, ...)
{
	char old[sizeof(error->text)];
	size_t used;
	va_list arguments;

	if (!error)
		return -1;
	memcpy(old, error->text, sizeof(old));
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	used = strlen(error->text);
	snprintf(error->text + used, sizeof(error->text) - used, ": %.*s", (int)(sizeof(old) - 1), old);
	text_sanitise(error->text);
	return -1;
}

void error_warn(struct atomicdir_error *warning, int errnum, const char *object, const char *what, ...)
{
	static const char more[] = "there were more warnings";
	char text[sizeof(warning->text)];
	size_t size = strlen(warning->text);
	va_list arguments;

	if (warning->kind != ATOMICDIR_OK)
		return;
	if (size) {
		if (size < sizeof(more) || strcmp(warning->text + size - sizeof(more) + 1, more) != 0)
			error_append(warning, "%s", more);
		return;
	}
	va_start(arguments, what);
	vsnprintf(text, sizeof(text), what, arguments);
	va_end(arguments);
	fill_around(warning, ATOMICDIR_OK, errnum, object, text, "");
}
