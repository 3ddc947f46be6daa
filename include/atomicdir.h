/* SPDX-License-Identifier: ISC
 *
 * libatomicdir: fill a directory so that its readers see the old content or the new one, whole, and never anything between.
 *
 * LINK is the name that readers use. It is a symlink to a *generation*: a directory in the *store* `.NAME.atomicdir` beside
 * LINK. To publish, a fresh generation (the *stage*) is filled, sealed, made durable, and LINK is replaced by one rename.
 * Readers do not need this library; a reader of several files that belong together pins the generation first.
 *
 * A caller publishes in one call, or step by step:
 *
 *	atomicdir_fill(link, populate, arg, NULL, &error)
 *
 *	stage = atomicdir_begin(link, &options, &error);        waits for other writers, recovers from crashed ones
 *	atomicdir_write(stage, "user", "app", 3, 0644, &error); any number of these
 *	atomicdir_commit(stage, &live, &error);                 1: published, 0: what is live is the same already
 *	atomicdir_free(stage);                                  in every case; removes a stage that was not committed
 *
 * Errors: a call that fails returns -1 or NULL, says why in *error, and stores nothing else. `error`, `options` and pointers
 *	for results may be NULL. A call that succeeds with a warning (an old generation could not be removed) leaves kind
 *	ATOMICDIR_OK and a text that is not empty. After an error LINK is unchanged, except for the kinds HOOK_FAILED and
 *	NOT_DURABLE.
 * Answers: a successful call returns 1 or 0; each call says what these mean.
 * Memory: a list is one block of memory: free(3) its head. The strings inside live as long as the list.
 * Descriptors: all are close-on-exec. Where a call returns one, the caller closes it.
 * Threads: any thread may call, but only one at a time for the same stage. No call prints, changes signals, the umask or the
 *	working directory, or keeps state between calls.
 * Signals: a signal that is caught (without SA_RESTART) ends a wait with EINTR. SIGXFSZ ends a program that exceeds
 *	RLIMIT_FSIZE, unless the program ignores that signal; then the error is EFBIG.
 * Users: the store's owner and root may publish. What root makes in the store of another user belongs to that user.
 * Forks: a child that is forked while a stage is open must not free it. The lock ends with commit, finish or free, whatever the child does; if
 *	the process that has it is killed, the child keeps the lock until it ends.
 * Room: if a write of the library fails because the disk or a quota is full (ENOSPC, EDQUOT), old generations that `keep` and
 *	`grace_ms` do not keep are removed once, and the write is tried again. A caller's own write is not: the next call has the room.
 * Units: milliseconds where a name ends in _ms, else bytes. -1 stands for "for ever", "in any case" or "as made", as each field
 *	says.
 */
#ifndef ATOMICDIR_H
#define ATOMICDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kind of a failure, which is also the exit status of a program that fails with it. The library itself never sets HOOK_FAILED,
 * REJECTED, UNREACHABLE, DENIED and NOT_FOUND: they are for callers, so that all programs use the same numbers. */
enum atomicdir_kind {
	ATOMICDIR_OK = 0,
	ATOMICDIR_FAILED = 1,
	ATOMICDIR_USAGE = 2,	   /* the caller's mistake: a name, an option */
	ATOMICDIR_HOOK_FAILED = 3, /* published, but the hook failed */
	ATOMICDIR_REJECTED = 4,	   /* the caller's check rejected the generation */
	ATOMICDIR_BUSY =
		5, /* another writer has the lock, and the time limit of the wait is over (errnum EWOULDBLOCK); or a reader has a pin */
	ATOMICDIR_NOT_DURABLE = 6,   /* published, but a power cut may undo it until the next writer has synced it */
	ATOMICDIR_NO_GENERATION = 7, /* there is no such generation, or if_generation does not hold */
	ATOMICDIR_UNREACHABLE = 8,   /* a source cannot be reached now; a retry may succeed */
	ATOMICDIR_DENIED = 9,	     /* a source denies access */
	ATOMICDIR_NOT_FOUND = 10     /* a source does not have what was asked for */
};

/* An error, in storage of the caller. `path` is the file that the error is about, truncated if it is longer, or "". `text` is one
 * line for people. The struct never grows. */
struct atomicdir_error {
	int kind;
	int errnum;
	char path[512];
	char text[1024];
};

/* What LINK is. AUTO: what it is already, or LINK where it does not exist. Another one than LINK has is an error (EEXIST).
 * LINK: a symlink into the store beside it.
 * VOLUME: a directory, which is made (0755) where there is none, and which may be a mount point. It holds the store (..atomicdir), the
 *	symlink ..data, which is what is swapped, and for each NAME at the top of the live generation a symlink NAME -> ..data/NAME, as a
 *	ConfigMap's volume in Kubernetes does. Names at the top that begin with ".." are reserved. A NAME at which something else stands
 *	is an error (EEXIST) before anything has changed. A NAME whose symlink was lost is repaired by each call that writes. What is
 *	replaced is removed by the call that replaces it, once its grace is over, where that is at most a second.
 * FILES: a directory, which is made (0755) where there is none, and stays what it is; it may be a mount point. The store (..atomicdir) is in
 *	it. Each file is replaced by itself, and only where it differs, then what is no longer published is removed: a publication is
 *	atomic for each file, not for the set, and readers find new files beside old ones meanwhile. Other entries may be in the
 *	directory. One that is in the way is an error (EEXIST) before anything has changed; one that comes into the way later stays,
 *	and the call is NOT_DURABLE: not finished. What a call that was killed has begun the next one that writes completes.
 *	Symlinks must not leave the directory by relative paths, nor lead into the stage. There is one generation; its path is LINK. So
 *	USAGE are: rollback, diff, pin, wait, watch, HOOK_LOCKED, and a fill with `keep`, `grace_ms` or `carry_generations`. */
enum atomicdir_layout { ATOMICDIR_LAYOUT_AUTO, ATOMICDIR_LAYOUT_LINK, ATOMICDIR_LAYOUT_VOLUME, ATOMICDIR_LAYOUT_FILES };

/* How a generation is made durable before LINK moves. AUTO: FS (one syncfs(2)) on ext4, xfs and btrfs with Linux 5.17 or
 * later, where syncfs is known to report write errors; NONE on tmpfs and ramfs, which have no disk; else FILES (an fsync(2) of
 * each file and directory). On ext4 and xfs it is FILES also for a few files while much data of others waits to be written, which
 * syncfs would wait for: at least 64 MiB, and 4 MiB for each file and directory. NONE: nothing is synced, and nothing is promised about a power cut. */
enum atomicdir_sync { ATOMICDIR_SYNC_AUTO, ATOMICDIR_SYNC_FILES, ATOMICDIR_SYNC_FS, ATOMICDIR_SYNC_NONE };

/* Whether the caller runs a command (a hook) after a change: see atomicdir_hook_done(). AFTER: commit releases the lock, and the caller
 * then runs the hook. LOCKED: commit keeps the lock and removes no old generation, so that atomicdir_undo() can publish the previous
 * generation again if the hook fails; atomicdir_finish() then removes old generations and releases the lock. LOCKED can only be used with
 * atomicdir_begin(). */
enum atomicdir_hook { ATOMICDIR_HOOK_NONE, ATOMICDIR_HOOK_AFTER, ATOMICDIR_HOOK_LOCKED };

/* Why a generation is kept. */
enum atomicdir_kept {
	ATOMICDIR_KEPT_NO_MORE, /* nothing keeps it: the next call that removes old generations removes it */
	ATOMICDIR_KEPT_LIVE,
	ATOMICDIR_KEPT_KEEP,   /* it is one of the `keep` generations */
	ATOMICDIR_KEPT_GRACE,  /* it was replaced less than `grace_ms` ago */
	ATOMICDIR_KEPT_HOOK,   /* its hook is running, or the live generation's hook is due and a failure may lead back to it */
	ATOMICDIR_KEPT_PINNED, /* only a reader's pin keeps it */
	ATOMICDIR_KEPT_UNKNOWN /* it could not be found out whether it may be removed */
};

struct atomicdir_options {
	size_t size;	       /* of this struct, set by the initialiser */
	int64_t if_generation; /* publish only if this one is live; 0: if none is; -1: in any case */
	int64_t wait_ms;       /* how long to wait for another writer; 0: do not; -1: for ever */
	int64_t grace_ms; /* keep a replaced generation this long; -1: 1000 (volume: 100) for a fill, else the last fill's. Only a fill's value is recorded */
	int64_t keep; /* how many to keep besides the live one; -1: 1 (volume: 0) for a fill, else the last fill's. Only a fill's value is recorded */
	int layout, sync;
	uid_t uid; /* owner of all that is published; -1: as made */
	gid_t gid;
	mode_t file_mode; /* mode of all files, whatever the single entries have; 0: as made */
	mode_t dir_mode;  /* mode of all directories; 0: as made, and the top directory 0755 */
	int hook;	  /* enum atomicdir_hook */
	int dry_run;	  /* only report what would be done: publish and remove nothing, leave no new store */
	mode_t top_mode; /* exact mode of the top directory; 0: as the caller made it, or as the copied directory has it. FILES: none, LINK keeps its own */
	mode_t top_mode_default; /* the same where nothing above decides it; 0: 0755 */
	int keep_times;		 /* a file whose bytes are unchanged keeps the live file's modification time */
	/* Files that are the same as the live generation's in bytes, mode, owner and attributes become hard links to those. Write, copy and
	 * carry make such links at once, seal the others. Whatever is then written into one is written into both, so who changes a file
	 * of the stage must replace it. Where a link cannot be made, or mode or owner are to change, the file is a copy. */
	int link_unchanged;
	int visible_store; /* name the store NAME.atomicdir, without a dot; used only when the store is made. VOLUME, FILES: USAGE */
	int require_xattrs; /* a user attribute (xattr(7)) that the file system cannot hold is an error, not a warning */
	/* When the stage is first sealed, it gets the files and symlinks that it lacks and that one of so many generations had itself: the live
	 * one, then those that were live before it, as far as they are kept. What a generation only carried counts as of the one that had
	 * it, so a file comes along so many times, even if its generation is removed meanwhile. What is in the stage already stays as it
	 * is. If the live generation differs only in such files, and has those that are due, commit says unchanged. 0: none */
	int64_t carry_generations;
	int leave_old; /* for atomicdir_begin(): commit and undo leave old generations, and the lock, to atomicdir_finish() */
	int reserved;  /* 0 */
};
#define ATOMICDIR_OPTIONS_INIT                                                                                          \
	{                                                                                                               \
		sizeof(struct atomicdir_options), -1, -1, -1, -1, 0, 0, -1U, -1U, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
	}

/* The same as the initialiser, for callers that cannot use a macro. `size` is sizeof(struct atomicdir_options) as the caller was
 * compiled: the library may know more or fewer fields. */
void atomicdir_options_init(struct atomicdir_options *options, size_t size);

struct atomicdir_generation {
	struct atomicdir_generation *next;
	int64_t number;
	int64_t created_ms;   /* when it was first published, since 1970, UTC; 0: not known, or this user may not read it */
	int64_t files, bytes; /* of regular files; -1: not known, or this user may not read it */
	const char *path;     /* absolute */
	bool is_good;	      /* last published without a hook, or its hook has succeeded once */
	bool is_live;
	bool is_pinned;
	bool is_durable;     /* known to survive a power cut */
	bool is_hook_due;    /* its hook has not succeeded since it was last published; the mark is `path` + ".hook" */
	int64_t replaced_ms; /* when it was last replaced, since 1970, UTC; set by atomicdir_list(); 0: never, or not known */
	int kept;	     /* enum atomicdir_kept, by the last fill's `keep` and `grace_ms`; set by atomicdir_list() */
};

struct atomicdir_change {
	struct atomicdir_change *next;
	const char *path; /* inside the generation */
	char what;	  /* 'A' added, 'M' modified (bytes, type, link text, mode or owner), 'D' deleted */
};

/* ---- Publishing ---- */

struct atomicdir_stage;
/* Fills the stage. Returns 0 to go on; with anything else nothing is published, and the caller gets what the function stored in
 * *error. */
typedef int (*atomicdir_populate_fn)(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *error);

/* Calls begin, `populate`, commit and free. 1: published; 0: unchanged. */
int atomicdir_fill(const char *link, atomicdir_populate_fn populate, void *arg, const struct atomicdir_options *options,
		   struct atomicdir_error *error);

/* Takes the writer's lock of LINK, cleans up after crashed writers, and makes an empty stage, mode 0700 (where something is live:
 * once it is needed). The lock is held until commit, finish or free. All paths are resolved here, so the working directory may change
 * later. LINK's parent must exist. A LINK that this
 * library did not make is an error (FAILED) and is not touched. If somebody removes, moves or replaces the store or the stage's
 * directory meanwhile, seal and commit fail (FAILED). BUSY: the text names the process that has the lock, and since when.
 * Other kinds of error: USAGE, BUSY, NO_GENERATION. */
struct atomicdir_stage *atomicdir_begin(const char *link, const struct atomicdir_options *options,
					struct atomicdir_error *error);

/* The descriptor of the stage's directory; the stage closes it. A program may fill the directory by descriptor or path as it likes.
 * Entries that the calls below made, and that are the same as the live generation's, may not be on disk yet: the first call of
 * atomicdir_fd() or _path() writes them. -1 (NULL) with errno: that failed, and the next call that has an `error` says why. */
int atomicdir_fd(const struct atomicdir_stage *stage);
/* The absolute path of the stage's directory. The generation keeps this path, so files in it may contain the path. */
const char *atomicdir_path(const struct atomicdir_stage *stage);

/* These calls make entries. `path` is relative, without "." and "..", and is never followed through a symlink; missing directories on
 * the way are made with mode 0755. An entry that exists is EEXIST. Modes are exact, whatever the umask; the mode of a directory is set
 * when the stage is sealed, so that a directory of mode 0500 can still be filled. Write, mkdir and symlink write nothing before something
 * differs from the live generation, so errors of the file system may come from a later call, at the latest from commit. 0: done. */
int atomicdir_write(struct atomicdir_stage *stage, const char *path, const void *data, size_t size, mode_t mode,
		    struct atomicdir_error *error);
/* Makes an empty file and returns its descriptor, which the caller writes to and closes. */
int atomicdir_create(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error);
int atomicdir_mkdir(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error);
int atomicdir_symlink(struct atomicdir_stage *stage, const char *path, const char *to, struct atomicdir_error *error);
/* Copies a file, symlink or tree `from` anywhere to `path`. With `path` "." the content of the directory `from` goes into the stage
 * itself. The copy keeps modes, symlinks as they are, modification times, ACLs, file capabilities, user attributes, holes, hard links,
 * and owners where the caller may set them. Data is reflinked where the file system can do that. */
int atomicdir_copy(struct atomicdir_stage *stage, const char *path, const char *from, struct atomicdir_error *error);
/* Compares the directory `from` with the live generation before anything is copied. 1: a copy of it to "." would be unchanged; then the
 * stage can only be sealed, committed or freed, which all change nothing on the disk. 0: it differs, or that is in doubt: copy it. Only
 * for a stage in which nothing is yet. What could not be copied differs. */
int atomicdir_matches(struct atomicdir_stage *stage, const char *from, struct atomicdir_error *error);
/* Copies `path` from the live generation. Entries that the stage has already stay as they are. With carry_generations the path "." leaves
 * out what the live generation only carried; what other paths name is the stage's own. ENOENT: nothing is live, or the live generation
 * has no such entry. */
int atomicdir_carry(struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error);
/* Sets the note: at most 16 MiB of data that is stored with the generation, where readers do not see it. The data is copied. A later
 * call replaces the note. If the content is unchanged, the note becomes the live generation's. USAGE: the note is too large. 0: done. */
int atomicdir_note(struct atomicdir_stage *stage, const void *data, size_t size, struct atomicdir_error *error);

/* Sets owners and modes, and refuses what cannot be published: devices, sockets, FIFOs, mount points, symlinks into another
 * generation, and in a copy relative symlinks that leave it. Then compares the stage with the live generation: bytes, names, types,
 * symlink targets, modes, owners, ACLs, file capabilities and user attributes, but not times. 1: they differ, and *changes lists how,
 * by path; 0: they are the same. It may be called again after further changes. */
int atomicdir_seal(struct atomicdir_stage *stage, struct atomicdir_change **changes, struct atomicdir_error *error);

/* Publishes the stage, and seals it first if the caller has not. 1: published; 0: unchanged, and the stage's directory, if one was needed, is removed. In
 * both cases the live generation is durable when the call returns. *live is the live generation; the next item, if there is one, is
 * the generation that it replaced. The call removes old generations and releases the lock, unless the hook is LOCKED or leave_old is
 * set. Afterwards the stage can only be finished, undone or freed. */
int atomicdir_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error);

/* After a commit with leave_old or ATOMICDIR_HOOK_LOCKED, or its undo: removes old generations and releases the lock. So a caller can
 * tell what was published, and use it, before the removal has taken its time. In a volume this call waits out the grace, as VOLUME says.
 * A warning names what could not be removed; atomicdir_free() does the same without it. USAGE: the stage was not committed. 0: done, or
 * there was nothing left to do. */
int atomicdir_finish(struct atomicdir_stage *stage, struct atomicdir_error *error);

/* Makes the call that is at work on this stage, and every later one but atomicdir_finish() and atomicdir_free(), end soon with EINTR,
 * unless it has begun to replace LINK. This call may be made from a signal handler or another thread. */
void atomicdir_interrupt(struct atomicdir_stage *stage);

/* Ends the stage, in whatever state it is: finishes it if it was committed, else removes its directory. NULL is allowed. */
void atomicdir_free(struct atomicdir_stage *stage);

/* Undoes a commit with ATOMICDIR_HOOK_LOCKED, whether that published or found nothing changed: publishes exactly the generation that
 * was live before, with a fresh mark for its own hook, and removes old generations unless leave_old is set. The generation that is
 * undone keeps its mark, so it is not good. NO_GENERATION: nothing was live before, or it does not exist any more. 1: done; *live is set
 * as by commit. Only atomicdir_finish() and atomicdir_free() may follow. */
int atomicdir_undo(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error);

/* Records that the hook of a generation has succeeded, which makes the generation good. 0: done, or no hook was due.
 *
 * The caller runs hooks: after commit, without the lock, or with it (ATOMICDIR_HOOK_LOCKED). Before LINK is replaced, commit writes a
 * mark (the number as in the store, and ".hook", in atomicdir_store()) that says that the hook is due; this call removes it. Until then every commit, also one that finds nothing
 * changed, sets is_hook_due in *live, and its caller runs its own hook. So a hook runs at least once for the live generation, not
 * exactly once.
 *
 * Whoever runs a hook first locks the mark with flock(2), keeps the lock while the hook runs, and, once it has the lock, checks that
 * LINK still names the generation. So two hooks never run at once, no hook runs for a generation that is not live, and the generation
 * is not removed meanwhile. A generation that is published again gets a fresh mark: a caller whose locked file is no longer the mark
 * must not call this.
 *
 * While the live generation's hook is due the generation that was live before it is kept, whatever `keep` says. So call
 * atomicdir_prune() after a hook that has succeeded. */
int atomicdir_hook_done(const char *link, int64_t generation, struct atomicdir_error *error);

/* ---- Generations ---- */

/* Lists the generations, newest first, and returns their number. A warning names those that could not be removed. Only the owner of the
 * store may call this, since it reads the store. */
int atomicdir_list(const char *link, struct atomicdir_generation **list, struct atomicdir_error *error);

/* Lists the changes from generation `a` to `b`, sorted by path. b -1: the live one; a -1: the one that was live before `b`, or an empty
 * tree if there is none. 1: they differ; 0: they are the same. */
int atomicdir_diff(const char *link, int64_t a, int64_t b, struct atomicdir_change **changes, struct atomicdir_error *error);

/* Publishes a kept generation again; -1: the newest good one of those that were live before the live one was first published
 * (NO_GENERATION: there is none; the text names the generations that are kept). The others are kept as `keep` and `grace_ms` say.
 * 1: done; 0: it is live already. With dry_run *live is the generation that would be live. */
int atomicdir_rollback(const char *link, int64_t generation, const struct atomicdir_options *options,
		       struct atomicdir_generation **live, struct atomicdir_error *error);

/* Takes over a directory or symlink at LINK that this library did not make; LINK exists at every moment. A directory becomes the next
 * generation (renameat2(2) with RENAME_EXCHANGE). The target of a symlink is copied into the next generation, and is not changed. Modes
 * and owners stay. With the layout VOLUME it takes over the symlink ..data that is in the directory LINK already, as that of a Kubernetes
 * volume; where there is none, the content of the directory is copied, and each name in it trades places with its symlink. What was changed
 * meanwhile is an error, and everything is taken back; the originals are removed after the grace, but at least a second. After a crash
 * the next writer takes it back. 1: done; 0: LINK was made by this library already. */
int atomicdir_adopt(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

/* The reverse of an adoption: the live generation becomes a real directory at LINK (RENAME_EXCHANGE; LINK exists at every moment). After
 * the grace, but at least a second, the store is removed. A relative symlink that leaves the directory, and would lead elsewhere from
 * the new place, is an error. BUSY: a reader has an older generation pinned. In a volume each symlink trades places with what it leads
 * to, one after the other, and a pin on the live generation is BUSY too. With the layout FILES only the store goes. 1: done; 0: LINK is a directory, and there is no store. */
int atomicdir_detach(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

/* Removes LINK, and then its store; of a volume the directory stays, and with the layout FILES the directory and what others have in it. BUSY: a reader has a generation pinned. 1: done; 0: there was nothing
 * to remove. */
int atomicdir_remove(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

/* Removes old generations, and returns their number; *removed lists them. With dry_run nothing is removed, and *removed lists what
 * would be. A warning names a generation that no rule keeps and that still stays: a reader has it pinned, its hook is running, or it
 * could not be removed. These are kept:
 *	- the live generation;
 *	- `keep` others: first the good ones of those that were live before the live one, then other good ones, then those that are not
 *	  good, in the same order; newest first within each group;
 *	- those that were replaced less than `grace_ms` ago (at most 1,000);
 *	- while the live generation's hook is due, the one that was live before it, and the newest good one before it. */
int atomicdir_prune(const char *link, const struct atomicdir_options *options, struct atomicdir_generation **removed,
		    struct atomicdir_error *error);

/* Reads the note of a generation (-1: of the live one), and returns its size; 0 with *data NULL: it has none. *data is on the heap and
 * is followed by a NUL that is not part of its size: free(3) it. Only the owner of the store may call this. */
ssize_t atomicdir_read_note(const char *link, int64_t generation, void **data, struct atomicdir_error *error);

/* ---- Readers: the right to read LINK is enough ---- */

/* Sets *live to the live generation, and returns 0. NO_GENERATION: nothing is live. */
int atomicdir_show(const char *link, struct atomicdir_generation **live, struct atomicdir_error *error);

/* Returns the absolute path of the store of LINK, whether there is one or not, on the heap: free(3) it. Programs may keep files of their
 * own in a store, under the names `status` and `refused`; atomicdir_remove() and atomicdir_detach() remove them. NULL: error. */
char *atomicdir_store(const char *link, struct atomicdir_error *error);

/* Pins the live generation: returns a descriptor of its directory, which is not removed while the descriptor, or a copy of it made by
 * dup(2) or fork(2), is open. Files that are opened with openat(2) below it are of one generation. *generation is set to its number.
 * A pin works within one kernel and one mount of the file system, not between NFS or virtiofs clients. */
int atomicdir_pin(const char *link, int64_t *generation, struct atomicdir_error *error);

/* Waits until a generation is live that is not `since` (0: until anything is live), and returns its number; 0: the time is over. With
 * timeout_ms 0 it only looks, -1: no time limit. If nothing is live, or LINK is something that this library did not make, it waits
 * until that has changed: a removal or an adoption ends no wait. No change is lost between two calls if `since` is what the first one
 * returned; several changes in between are one.
 *
 *	while ((seen = atomicdir_wait(link, seen, -1, &error)) > 0) ...
 *
 * If LINK cannot be watched with inotify(7), it is looked at every half second, and a warning says why: too many watches or
 * instances, or a file system on which other hosts make changes. The directory of LINK must exist; where it is moved meanwhile, and
 * nothing takes its place, LINK is looked for in it. */
int64_t atomicdir_wait(const char *link, int64_t since, int64_t timeout_ms, struct atomicdir_error *error);

/* The same for event loops: returns a descriptor that becomes readable when it is time to close it and to look: with
 * atomicdir_wait(link, since, 0, &error), which may return 0; then watch again. It is readable at once if another generation than
 * `since` is live already. Do not read from it. */
int atomicdir_watch(const char *link, int64_t since, struct atomicdir_error *error);

#ifdef __cplusplus
}
#endif

#endif
