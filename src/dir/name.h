/* SPDX-License-Identifier: ISC
 *
 * LINK as the caller names it, and every name that follows from it: its directory, the store's name, a generation's, the text
 * of our symlink. Nothing here touches the disk.
 */
#ifndef DIR_NAME_H
#define DIR_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include <atomicdir.h>

/* Numbers that are read from the disk may be anything; a larger one than this is ignored. */
#define NAME_NUMBER_MAX INT64_C(1000000000000000)
#define NAME_NUMBER_SIZE 32 /* for "000042.info.new" and its kin */
#define NAME_SIZE 256
#define NAME_STORE_SUFFIX ".atomicdir"
#define NAME_PARENT_SIZE 4096

struct name {
	char link[NAME_PARENT_SIZE + NAME_SIZE];       /* as given, without slashes at its end: what messages call it */
	char parent[NAME_PARENT_SIZE];		       /* as given; "." where LINK has no '/' */
	char base[NAME_SIZE];			       /* the entry of the parent that is swapped */
	char swapped[NAME_PARENT_SIZE + NAME_SIZE];    /* that entry's path; the same as `link` where LINK itself is swapped */
	char store[NAME_SIZE];			       /* the store's, in the same parent */
	char store_path[NAME_PARENT_SIZE + NAME_SIZE]; /* what messages call it */
	bool is_in_store; /* that entry is a symlink in the store, so its text is a generation's name alone */
};

/* Splits LINK into its directory and its own name; USAGE for what cannot be one. */
int name_init(struct name *name, const char *link, struct atomicdir_error *error);
/* LINK is a directory, and what is swapped is `base` in it, beside the store. USAGE: the path is too long. */
int name_enter(struct name *name, const char *base, const char *store, struct atomicdir_error *error);
/* Sets the name of the store beside LINK, with a dot before it or without, on a file system whose names have at most `limit`
 * bytes. */
void name_store(struct name *name, bool is_visible, long limit);

/* "000042" and a suffix. */
void name_number(char text[static NAME_NUMBER_SIZE], int64_t number, const char *suffix);
/* The number at the start of an entry's name, if it is written as name_number() writes it; *suffix is what follows. 0: none. */
int64_t name_parse_number(const char *text, const char **suffix);
/* Our symlink's text, and the number in one; 0 if it is not exactly of our form. */
void name_link_text(const struct name *name, int64_t number, char *text, size_t size);
int64_t name_parse_link_text(const struct name *name, const char *text);

/* A file that is made and removed in a replaced generation's top directory, to wake its watchers; never part of its content. */
#define NAME_WAKE "..atomicdir-wake"
/* The temporary name of the new symlink, and of files of the store before they replace others. */
#define NAME_NEXT "next"
#define NAME_REFUSED "refused"
/* What a symlink of the layout volume is called for the moment before it takes another's place. */
#define NAME_TURNED "turned"
/* The temporary name of a copy before it replaces its original (seal.c). */
#define NAME_COPY "..atomicdir-copy"

#endif
