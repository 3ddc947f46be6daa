/* SPDX-License-Identifier: ISC
 *
 * Trees that show by themselves whether they are whole: every file holds the same token, which also determines the number of files.
 */
#ifndef RACE_TOKEN_H
#define RACE_TOKEN_H

#include <stddef.h>

#define TOKEN_SIZE 64

/* Files "0" to "N-1" and "sub/last" in the directory; what they replace is overwritten. 0: done. */
int token_write(int directory_fd, const char *token);

/* 1: whole, and `token` is its; 0: no file is in it, and `token` is as it was; -1: a mix, or not all there. */
int token_read(int directory_fd, char token[static TOKEN_SIZE]);

#endif
