/* SPDX-License-Identifier: ISC
 *
 * Setting the caller's `struct atomicdir_error`. All functions take NULL for it, keep errno, and return -1 so that a failure is
 * one line: `return error_set(error, ATOMICDIR_FAILED, path, "cannot open")`. Text is one line whatever stands in a path.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <atomicdir.h>

void error_clear(struct atomicdir_error *error);
/* A public call begins with this: returns the caller's error, or `own` if that is NULL, cleared. So no function below gets
 * NULL. */
struct atomicdir_error *error_or(struct atomicdir_error *error, struct atomicdir_error *own);

/* "FORMAT 'PATH': why", with the reason from errno, which error->errnum keeps: "cannot open the store of 'site': Permission
 * denied". */
int error_errno(struct atomicdir_error *error, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "FORMAT: PATH", or FORMAT alone where the path is NULL, with another kind and no errno. */
int error_set(struct atomicdir_error *error, int kind, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "WHAT 'OBJECT': why": what could not be done, to what, and why (`errnum`, which error->errnum keeps). */
int error_system(struct atomicdir_error *error, int errnum, const char *object, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
/* "'OBJECT' CLAIM": what is wrong with the object. */
int error_object(struct atomicdir_error *error, int kind, const char *object, const char *claim, ...)
	__attribute__((format(printf, 4, 5)));
/* Appends "; " and more. */
void error_append(struct atomicdir_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "FORMAT: " before the text. */
int error_prefix(struct atomicdir_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets a warning, which has kind OK and a text: "WHAT 'OBJECT': why"; `errnum` 0: without why. If there is a warning already
 * it stays, and "there were more warnings" is appended. A warning never replaces an error. */
void error_warn(struct atomicdir_error *warning, int errnum, const char *object, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/* Replaces control codes, and what is no UTF-8, by "?", so that a hostile name cannot forge lines or drive a terminal. */
void text_sanitise(char *text);

#endif
