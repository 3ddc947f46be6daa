/* SPDX-License-Identifier: ISC
 *
 * Trees that say by themselves whether they are whole: every file holds the same token, which also says how many files there are.
 */
#ifndef TREE_H
#define TREE_H

#include <stddef.h>

#define TOKEN_SIZE 64

/* Files "0" to "N-1" and "sub/last" in the directory; what they replace is overwritten. 0: done. */
int tree_write(int directory_fd, const char *token);

/* 1: whole, and `token` is its; 0: empty; -1: a mix, or not all there. */
int tree_look(int directory_fd, char token[static TOKEN_SIZE]);

#endif
