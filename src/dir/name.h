/* SPDX-License-Identifier: ISC
 *
 * LINK as the caller names it, and every name that follows from it: the store's, a generation's, the text of our symlink.
 * Nothing here touches the disk but name_absolute().
 */
#ifndef DIR_NAME_H
#define DIR_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

#define NAME_NUMBER_MAX INT64_C(1000000000000000) /* more are not ours: a number read from the disk may be anything */
#define NAME_NUMBER_SIZE 32			  /* for "000042.info.new" and its kin */
#define NAME_SIZE 256

struct name {
	char parent[4096];     /* as given; "." where LINK has no '/' */
	char base[NAME_SIZE];  /* LINK's own name */
	char store[NAME_SIZE]; /* the store's, in the same parent; set by name_store() */
};

/* Splits LINK; USAGE for what cannot be one. */
int name_init(struct name *name, const char *link, struct atomicdir_error *error);
/* The store's name on a file system whose names have at most `limit` bytes. */
void name_store(struct name *name, long limit);
/* PARENT's absolute path followed by "/NAME", on the heap; `entry` may hold '/'. */
char *name_absolute(const struct name *name, const char *entry);

/* "000042" and a suffix: "", ".info", ".info.new", ".hook", ".trash". */
void name_number(char text[static NAME_NUMBER_SIZE], int64_t number, const char *suffix);
/* The number at the start of an entry's name, written just as we write it; *suffix is what follows. 0: none. */
int64_t name_parse_number(const char *text, const char **suffix);
/* Our symlink's text, and the number in one; 0 if it is not exactly of our form. */
void name_link_text(const struct name *name, int64_t number, char *text, size_t size);
int64_t name_parse_link_text(const struct name *name, const char *text);

#endif
