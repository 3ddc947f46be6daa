/* SPDX-License-Identifier: ISC
 *
 * Entries of a stage that are not on disk, since each is the same as the live generation's. Nothing is written before it is known
 * to differ.
 *
 * A stage is held from its beginning until
 *	- an entry differs from the live one, or it is in doubt whether it does,
 *	- somebody needs the stage's directory,
 *	- the seal finds a difference in what no entry says: names that nobody wrote, owners and modes of directories.
 * Then its directory is made, all entries are written into it (stage_write_held() in stage.h), and the list is empty from there on.
 * Whether the stage is unchanged is then decided by comparing the two trees. If nothing of that happens the stage is unchanged,
 * and no byte was written.
 *
 * What is written later are the bytes that the caller gave. Of HELD_BYTES bytes there is a copy here. An entry beyond those is held
 * only where nobody but us can write to the live file, and is copied from that: as it was when it was compared, or not at all.
 *
 * The list owns paths and bytes, and wipes the bytes. It reads the live generation, and changes nothing.
 */
#ifndef DIR_HELD_H
#define DIR_HELD_H

#include <stdint.h>

#include "base/buffer.h"
#include "dir/entry.h"
#include "dir/tree.h"
#include "dir/writer.h"

#define HELD_BYTES (1 << 20)

struct held {
	const struct writer *writer; /* whose live generation is compared; NULL: nothing is held */
	uint64_t mount;		     /* the live generation's */
	uid_t self;		     /* whom this process runs as */
	uid_t uid;		     /* the owner that sealing gives to an entry */
	gid_t gid;
	gid_t store_gid; /* the group that a new entry has before that */
	mode_t setgid;	 /* the bit that directories get from the store */
	struct held_entry *items;
	size_t count;
	uint32_t *slots; /* a hash table of the paths: 1 + the index of an item; 0: free */
	size_t slot_count;
	size_t kept;	   /* how many bytes are here */
	char *recent_path; /* with recent_fd: the live directory of the last entry; NULL: its top directory */
	int recent_fd;
	bool is_parent_ours; /* nobody but us can write in it, or in a directory above it */
	bool can_look;	     /* the live generation can be looked into */
	struct buffer block; /* to read files into */
};
#define HELD_INIT ((struct held){ .recent_fd = -1 })

/* Begins to hold entries against what is live. False: they cannot be held, since nothing is live, or it is not known to be on
 * disk, or what sealing would give to a new entry is not known (a default ACL, a group that depends on how the file system is
 * mounted). */
bool held_begin(struct held *held, const struct writer *writer);
void held_clear(struct held *held);

enum held_answer {
	HELD_REFUSED = -1, /* with errno: it is there already (EEXIST), or a file is where a directory is needed (ENOTDIR) */
	HELD_NOT,	   /* it is in doubt whether the entry differs: it was not added, and the stage is to be written */
	HELD_DIFFERS,	   /* the live generation has not got it, or other bytes: it was not added either */
	HELD_SAME	   /* it was added */
};
enum held_answer held_add(struct held *held, const struct entry *entry);

/* Whether the live generation holds just these entries, each as it was when it was added, and owners and modes of its directories
 * are those that sealing would give. -1 with errno EINTR: `stop` was set. */
int held_is_live(struct held *held, const volatile int *stop);

/* The entry as the caller gave it. The order is that of adding. If `bytes` is NULL and the size is not 0, held_copy() has the bytes. */
void held_get(const struct held *held, size_t index, struct entry *entry);
/* Copies the bytes of an entry from its live file. ESTALE: the file is not what it was. */
int held_copy(struct held *held, size_t index, int to_fd, const volatile int *stop);
/* Empties the list once all of it is written. The live generation can be looked into as before. */
void held_forget(struct held *held);

/* A live file that has the bytes of an entry, and what it was when it was found to have them. */
struct twin {
	int directory_fd; /* the list's, until it is asked for another twin */
	struct tree_entry facts;
	bool is_recent;	  /* it was changed just before: a further change might not show in its time of change */
	bool has_bytes;	  /* its bytes were compared just now, and are the entry's */
	bool is_linkable; /* it has all else that sealing will give to the entry */
};
/* Whether the live generation can be looked into. */
static inline bool held_can_look(const struct held *held)
{
	return held->can_look;
}
/* Returns the live directory that `path` is in; it stays the list's, until another one is asked for. -1 with errno. */
int held_reach(struct held *held, const char *path);
/* Whether there is a live file with the entry's bytes, and without attributes. */
bool held_find_twin(struct held *held, const struct entry *entry, struct twin *twin);
bool held_get_twin(struct held *held, size_t index, struct twin *twin);
/* Makes a hard link to the twin. -1: that could not be, or the twin is not what it was; there is nothing of that name then. The bytes of
 * `entry` are asked for only if the twin is recent. */
int held_link(struct held *held, const struct entry *entry, const struct twin *twin, int directory_fd, const char *name);

#endif
