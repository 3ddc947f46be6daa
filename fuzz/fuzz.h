/* SPDX-License-Identifier: ISC
 *
 * What every target has: its entry, and what it says when a claim does not hold. Each target is a program of its own, which
 * begins with the line "Claim: ..." that fuzz/fuzz.sh prints for it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <atomicdir.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The claim does not hold: says which, and where, and ends the program so that the input is kept. */
#define must(claim) ((claim) ? (void)0 : fuzz_fail(#claim, __FILE__, __LINE__))
void fuzz_fail(const char *claim, const char *file, int line) __attribute__((noreturn));

/* A copy that ends just where the input ends, so that reading past it is seen; a NUL follows. The caller's to free. */
char *fuzz_copy(const void *bytes, size_t size);
/* A file that is nowhere, with these bytes, at its beginning. The caller's to close. */
int fuzz_file(const void *bytes, size_t size);
/* All that is in it, from its beginning. */
void fuzz_read(int fd, struct buffer *content);

/* A directory on TMPDIR for all runs, open; run.sh removes it. */
int fuzz_directory(void);

/* Not 0: a pause in this thread takes no time, and may not be as long. */
extern __thread int fuzz_pause_max_s;

/* Fit for a terminal and a log: one line, UTF-8, no control code. Written a second time here, on purpose. */
bool is_clean(const char *text);
/* Stays below the directory that it is relative to. Likewise. */
bool is_inside(const char *path);
/* A failure is told as the header says, in one clean line. */
void must_be_told(const struct atomicdir_error *error);

#endif
