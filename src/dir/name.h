/* SPDX-License-Identifier: ISC
 *
 * LINK as the caller names it, and every name that follows from it: its directory, the store's name, a generation's, the text of our
 * symlink. Nothing here touches the disk.
 */
#ifndef DIR_NAME_H
#define DIR_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

/* A larger number was not given by us: what is read from the disk may be anything. */
#define NAME_NUMBER_MAX INT64_C(1000000000000000)
#define NAME_NUMBER_SIZE 32 /* for "000042.info.new" and its kin */
#define NAME_SIZE 256
#define NAME_PARENT_SIZE 4096

struct name {
	char link[NAME_PARENT_SIZE + NAME_SIZE];    /* as given, without slashes at its end: what messages call it */
	char parent[NAME_PARENT_SIZE];		    /* as given; "." where LINK has no '/' */
	char base[NAME_SIZE];			    /* the entry of the parent that is swapped */
	char swapped[NAME_PARENT_SIZE + NAME_SIZE]; /* that entry's path; the same as `link` where LINK itself is swapped */
	char store[NAME_SIZE];			    /* the store's, in the same parent */
};

/* Splits LINK into its directory and its own name; USAGE for what cannot be one. */
int name_init(struct name *name, const char *link, struct atomicdir_error *error);
/* LINK is a directory, and what is swapped is `base` in it, beside the store. USAGE: the path is too long. */
int name_enter(struct name *name, const char *base, const char *store, struct atomicdir_error *error);
/* Sets the name of the store beside LINK, with a dot before it or without, on a file system whose names have at most `limit` bytes. */
void name_store(struct name *name, bool is_visible, long limit);

/* "000042" and a suffix. */
void name_number(char text[static NAME_NUMBER_SIZE], int64_t number, const char *suffix);
/* The number at the start of an entry's name, written just as we write it; *suffix is what follows. 0: none. */
int64_t name_parse_number(const char *text, const char **suffix);
/* Our symlink's text, and the number in one; 0 if it is not exactly of our form. */
void name_link_text(const struct name *name, int64_t number, char *text, size_t size);
int64_t name_parse_link_text(const struct name *name, const char *text);

/* Made and removed in a replaced generation's top directory, for whoever watches that: never part of its content. */
#define NAME_WAKE "..atomicdir-wake"
/* What the new symlink and other new files of the store are called for the moment before they take another's place. */
#define NAME_NEXT "next"
/* What a symlink of the layout volume is called for the moment before it takes another's place. */
#define NAME_TURNED "turned"
/* What a copied file is called for the moment before it takes the place of the one that it was copied from. */
#define NAME_COPY "..atomicdir-copy"

#endif
