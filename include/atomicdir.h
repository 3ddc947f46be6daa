/* SPDX-License-Identifier: ISC
 *
 * libatomicdir: fill a directory so that its readers see the old content or the new one, whole, and never anything between.
 *
 * LINK is the name that readers use. It is a symlink to a *generation*: a directory in the *store* `.NAME.atomicdir` beside
 * LINK. To publish, a fresh generation (the *stage*) is filled, sealed, made durable, and LINK is replaced by one rename.
 * Readers need nothing of this header; those who read several files that belong together pin the generation first.
 *
 * Publishing, in one call (the seed of the library) or in its parts:
 *
 *	atomicdir_fill(link, populate, arg, NULL, &error)
 *
 *	stage = atomicdir_begin(link, &options, &error);        waits for other writers, recovers from crashed ones
 *	atomicdir_write(stage, "user", "app", 3, 0644, &error); any number of these
 *	atomicdir_commit(stage, &live, &error);                 1: published, 0: what is live is the same already
 *	atomicdir_free(stage);                                  in every case; what was not committed is removed
 *
 * Errors: a call that fails returns -1 or NULL, says why in *error, and stores nothing else. `error`, `options` and pointers
 *	for results may be NULL. Kind ATOMICDIR_OK with a text that is not empty is a warning (something old could not be
 *	removed). LINK is as it was, except for the kinds HOOK_FAILED and NOT_DURABLE.
 * Answers: 1 and 0 answer the question that the call asks.
 * Memory: a list is one block: free(3) its head. Strings inside live as long as the list.
 * Descriptors: close-on-exec, the caller's to close where a call returns one.
 * Threads: any thread may call, for one stage one at a time. No call prints, touches signals, umask or the working directory,
 *	or keeps state between calls.
 * Signals: a caught one (without SA_RESTART) ends a wait with EINTR. SIGXFSZ ends a program that passes RLIMIT_FSIZE unless
 *	it ignores that signal; then the error is EFBIG.
 * Units: milliseconds where a name ends in _ms, else bytes; -1 is "for ever", "in any case" or "as made", as said.
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

/* What a failure is, and what a program ends with. The library itself never sets HOOK_FAILED, REJECTED and UNREACHABLE to NOT_FOUND:
 * they are for callers, so that the same numbers are everyone's. */
enum atomicdir_kind {
	ATOMICDIR_OK = 0,
	ATOMICDIR_FAILED = 1,
	ATOMICDIR_USAGE = 2,	     /* the caller's mistake: a name, an option */
	ATOMICDIR_HOOK_FAILED = 3,   /* published; the hook failed */
	ATOMICDIR_REJECTED = 4,	     /* the caller's check said no */
	ATOMICDIR_BUSY = 5,	     /* another writer holds it, and waiting was limited */
	ATOMICDIR_NOT_DURABLE = 6,   /* published; not known to survive a power cut: the next publication mends that */
	ATOMICDIR_NO_GENERATION = 7, /* no such one, or if_generation does not hold */
	ATOMICDIR_UNREACHABLE = 8,   /* a source: try again */
	ATOMICDIR_DENIED = 9,	     /* a source */
	ATOMICDIR_NOT_FOUND = 10     /* a source */
};

/* The caller's; never grows. `path` is what it happened on, cut if longer, or "". `text` is one line, for people. */
struct atomicdir_error {
	int kind;
	int errnum;
	char path[512];
	char text[1024];
};

/* AUTO: what LINK is already; where nothing is, LINK. VOLUME and FILES are not in this release: USAGE. */
enum atomicdir_layout { ATOMICDIR_LAYOUT_AUTO, ATOMICDIR_LAYOUT_LINK, ATOMICDIR_LAYOUT_VOLUME, ATOMICDIR_LAYOUT_FILES };

/* How a generation is made durable before LINK moves. AUTO: FS (one syncfs(2)) on ext4, xfs and btrfs with Linux 5.17 or
 * later, where it is known to report write errors; NONE on tmpfs and ramfs, which have no disk; else FILES (an fsync(2) of
 * each file and directory). NONE: nothing is synced, and nothing is promised about a power cut. */
enum atomicdir_sync { ATOMICDIR_SYNC_AUTO, ATOMICDIR_SYNC_FILES, ATOMICDIR_SYNC_FS, ATOMICDIR_SYNC_NONE };

/* Whether a command is to run after a change: see atomicdir_hook_done(). AFTER: commit gives the lock up, and the command runs then.
 * LOCKED: commit keeps the lock and removes nothing old, so that atomicdir_undo() can publish again what was live before, should
 * the command fail; atomicdir_free() does both. It goes with atomicdir_begin() alone. */
enum atomicdir_hook { ATOMICDIR_HOOK_NONE, ATOMICDIR_HOOK_AFTER, ATOMICDIR_HOOK_LOCKED };

/* Why a generation is there still. */
enum atomicdir_kept {
	ATOMICDIR_KEPT_NO_MORE, /* nothing keeps it: the next call that removes old generations removes it */
	ATOMICDIR_KEPT_LIVE,
	ATOMICDIR_KEPT_KEEP,   /* it is one of the `keep` */
	ATOMICDIR_KEPT_GRACE,  /* it was replaced less than `grace_ms` ago */
	ATOMICDIR_KEPT_HOOK,   /* its hook is running, or the live one's is due and may lead back to it */
	ATOMICDIR_KEPT_PINNED, /* nothing but a reader keeps it */
	ATOMICDIR_KEPT_UNKNOWN /* whether it may go could not be found out */
};

struct atomicdir_options {
	size_t size;	       /* of this struct, set by the initialiser */
	int64_t if_generation; /* only if this one is live; 0: if none is; -1: in any case */
	int64_t wait_ms;       /* for another writer; 0: do not; -1: for ever */
	int64_t grace_ms; /* keep a replaced one so long; -1: 1000 when filling, else as the last fill said. Only a fill is remembered */
	int64_t keep; /* keep so many besides the live one; -1: 1 when filling, else as the last fill said. Likewise */
	int layout, sync;
	uid_t uid; /* of all that is published; -1: as made */
	gid_t gid;
	mode_t file_mode; /* of all that is published, whatever single entries have; 0: as made */
	mode_t dir_mode;  /* likewise; 0: as made, and the top directory 0755 */
	int hook;	  /* enum atomicdir_hook */
	int dry_run;	  /* publish and remove nothing, leave no store behind, only tell what would be */
	mode_t top_mode;  /* of the top directory, exact; 0: as the caller made it; of a copy: as the directory that it is of */
	mode_t top_mode_default; /* where the line above says nothing; 0: 0755 */
	int keep_times;		 /* a file whose bytes are the live one's keeps the live one's modification time */
	int link_unchanged;	 /* not in this release: USAGE */
	int visible_store;  /* the store's name has no dot before it: NAME.atomicdir; counts only where the store is made */
	int require_xattrs; /* a user attribute (xattr(7)) that the file system cannot hold is an error, not a warning */
	int64_t carry_generations; /* not in this release: USAGE */
};
#define ATOMICDIR_OPTIONS_INIT                                                                                    \
	{                                                                                                         \
		sizeof(struct atomicdir_options), -1, -1, -1, -1, 0, 0, -1U, -1U, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
	}

/* The same as the initialiser, for callers that cannot use a macro. `size` is what the caller takes the struct's size for:
 * the library may know more or fewer fields. */
void atomicdir_options_init(struct atomicdir_options *options, size_t size);

struct atomicdir_generation {
	struct atomicdir_generation *next;
	int64_t number;
	int64_t created_ms;   /* since 1970, UTC: when it was first published; 0: not known, or not to be read by us */
	int64_t files, bytes; /* regular files; -1: likewise */
	const char *path;     /* absolute */
	bool is_good;	      /* last published without a hook, or its hook has ended well once */
	bool is_live;
	bool is_pinned;
	bool is_durable;     /* known to survive a power cut */
	bool is_hook_due;    /* its hook has not ended well since it was last published; the mark is `path` + ".hook" */
	int64_t replaced_ms; /* since 1970, UTC: when it was last replaced, as atomicdir_list() says; 0: never, or not known */
	int kept;	     /* enum atomicdir_kept, as atomicdir_list() says: by the `keep` and `grace_ms` of the last fill */
};

struct atomicdir_change {
	struct atomicdir_change *next;
	const char *path; /* inside the generation */
	char what;	  /* 'A' added, 'M' modified (bytes, type, link text, mode or owner), 'D' deleted */
};

/* ---- Publishing ---- */

struct atomicdir_stage;
/* Fills the stage. 0: go on. Anything else: nothing is published; what the function put in *error is what the caller gets. */
typedef int (*atomicdir_populate_fn)(struct atomicdir_stage *stage, void *arg, struct atomicdir_error *error);

/* begin, populate, commit, free. 1: published; 0: unchanged. */
int atomicdir_fill(const char *link, atomicdir_populate_fn populate, void *arg, const struct atomicdir_options *options,
		   struct atomicdir_error *error);

/* Takes the writer's lock of LINK, cleans up after crashed writers, and makes an empty stage, mode 0700. The lock is held until
 * commit or free. LINK's parent must exist. Refused and left alone (FAILED): a LINK that is not a symlink of ours.
 * Further kinds: USAGE, BUSY, NO_GENERATION. */
struct atomicdir_stage *atomicdir_begin(const char *link, const struct atomicdir_options *options,
					struct atomicdir_error *error);

/* The stage's directory; it stays the stage's. A program that fills it by descriptor or path may do as it likes inside. */
int atomicdir_fd(const struct atomicdir_stage *stage);
/* The same, absolute. It is the name that the generation keeps, so what is built in it may remember it. */
const char *atomicdir_path(const struct atomicdir_stage *stage);

/* Entries. `path` is relative, without "." and "..", never through a symlink; directories on the way are made, 0755. What is
 * there already is EEXIST. Modes are exact, whatever the umask; a directory's is set when the stage is sealed, so that one
 * with 0500 can still be filled. 0: done. */
int atomicdir_write(struct atomicdir_stage *stage, const char *path, const void *data, size_t size, mode_t mode,
		    struct atomicdir_error *error);
/* An empty file's descriptor, to be written to and closed by the caller. */
int atomicdir_create(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error);
int atomicdir_mkdir(struct atomicdir_stage *stage, const char *path, mode_t mode, struct atomicdir_error *error);
int atomicdir_symlink(struct atomicdir_stage *stage, const char *path, const char *to, struct atomicdir_error *error);
/* A file, symlink or tree `from` anywhere, as `path`; "." is the stage itself, into which the content of a directory goes. Keeps modes, links
 * (as they are), modification times, and owners where we may set them. Reflinks where the file system has them. */
int atomicdir_copy(struct atomicdir_stage *stage, const char *path, const char *from, struct atomicdir_error *error);
/* The same from the live generation, for what the stage lacks; what the stage has stays. ENOENT: nothing is live, or it has no
 * such entry. */
int atomicdir_carry(struct atomicdir_stage *stage, const char *path, struct atomicdir_error *error);
/* At most 16 MiB, kept with the generation, out of readers' sight; copied. The last call counts. Where the content turns out to be
 * unchanged the note becomes the live generation's. USAGE: it is larger. 0: done. */
int atomicdir_note(struct atomicdir_stage *stage, const void *data, size_t size, struct atomicdir_error *error);

/* Sets owners and modes, refuses what cannot be published (devices, sockets, FIFOs, mount points, relative links that leave the
 * tree), and compares with what is live: bytes, names, types, link texts, modes and owners, not times.
 * 1: differs from the live one, and *changes says in what, by path; 0: the same. May be called again after more was changed. */
int atomicdir_seal(struct atomicdir_stage *stage, struct atomicdir_change **changes, struct atomicdir_error *error);

/* Publishes: seals first unless that was done; durable when it returns, both ways. 1: published; 0: unchanged, the stage is gone
 * and nothing was touched. *live: the live generation and, next, the one it replaced if there was one. Releases the lock and
 * removes old generations, unless the hook is LOCKED. The stage can only be freed, or undone, afterwards. */
int atomicdir_commit(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error);

/* The call that works on this stage just now, and every later one but atomicdir_free(), ends soon with EINTR, unless it has begun to
 * swap LINK. It may be called from a signal handler or another thread. */
void atomicdir_interrupt(struct atomicdir_stage *stage);

/* Ends every stage; NULL is fine. What was not committed is removed. */
void atomicdir_free(struct atomicdir_stage *stage);

/* After a commit with ATOMICDIR_HOOK_LOCKED, published or unchanged: what was live before the live generation is published again,
 * exactly that, with a fresh mark for a hook of its own, and old generations are removed. The generation that is undone keeps its
 * mark, so it is not good. NO_GENERATION: nothing was live before, or it is not there any more. 1: done; *live is as commit says it.
 * Only atomicdir_free() can follow. */
int atomicdir_undo(struct atomicdir_stage *stage, struct atomicdir_generation **live, struct atomicdir_error *error);

/* Hooks are the caller's to run: after commit, outside the lock, or inside it with ATOMICDIR_HOOK_LOCKED. With a hook a mark is on
 * disk with the generation before LINK moves, until this call says that the hook has ended well, which makes the generation good:
 * whoever commits next, also with the outcome unchanged, sees is_hook_due in *live and runs its own hook. So a hook is run at least
 * once for what is live, not exactly once. Whoever runs it holds an flock(2) on the mark (path + ".hook") meanwhile, and then looks
 * whether LINK names the generation still: so no two run at once, none for what is not live, and the generation is not removed. A
 * generation that is published again gets a fresh mark: one that is no longer the file that was locked is not the caller's to
 * remove. While the live one's hook is due what was live before it is kept, whatever `keep` says; so a call of atomicdir_prune()
 * follows a hook that has ended well. 0: done, or there was none. */
int atomicdir_hook_done(const char *link, int64_t generation, struct atomicdir_error *error);

/* ---- Generations ---- */

/* Newest first; returns how many. A warning names what could not be removed. Needs to read the store, so: the owner. */
int atomicdir_list(const char *link, struct atomicdir_generation **list, struct atomicdir_error *error);

/* What changed from `a` to `b`, by path. b -1: the live one; a -1: the one that was live before `b` (nothing, if there is none).
 * 1: they differ; 0: the same. */
int atomicdir_diff(const char *link, int64_t a, int64_t b, struct atomicdir_change **changes, struct atomicdir_error *error);

/* Publishes a kept one again; -1: the newest good one of those that were live before the live one was first published
 * (NO_GENERATION: there is none; the text names what is kept). The others stay by `keep` and `grace_ms`. 1: done; 0: it is live
 * already. With dry_run *live is the one that would be. */
int atomicdir_rollback(const char *link, int64_t generation, const struct atomicdir_options *options,
		       struct atomicdir_generation **live, struct atomicdir_error *error);

/* What is at LINK becomes ours without a moment's gap. A real directory becomes the next generation (renameat2(2) with
 * RENAME_EXCHANGE); what somebody else's symlink points to is copied into one, and stays untouched. Modes and owners stay.
 * 1: done; 0: it is ours already. */
int atomicdir_adopt(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

/* The other way: the live generation becomes a real directory at LINK without a moment's gap (RENAME_EXCHANGE), and all that was made
 * for LINK goes, after the grace, but at least a second. Refused: a relative link that leaves the directory, and would lead elsewhere
 * from there; BUSY: a reader has an older generation pinned. 1: done; 0: it is a directory, and there is no store. */
int atomicdir_detach(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

/* Removes LINK, and then all that was made for it. BUSY: a reader has a generation pinned. 1: done; 0: there was nothing. */
int atomicdir_remove(const char *link, const struct atomicdir_options *options, struct atomicdir_error *error);

/* Removes old generations by the rules of `keep` and `grace_ms`; *removed lists them (with dry_run: would be). How many. A warning
 * says what should have gone and stays: a reader has it pinned, its hook is running, or it could not be removed. Of all that is
 * there are kept `keep`: first the good ones of those that were live before the live one, then other good ones, newest first, then
 * the others in the same order; and besides those that were replaced less than `grace_ms` ago (at most 1,000), and, while the live
 * one's hook is due, what was live before it and the newest good one before it. */
int atomicdir_prune(const char *link, const struct atomicdir_options *options, struct atomicdir_generation **removed,
		    struct atomicdir_error *error);

/* The note of a generation (-1: of the live one), on the heap and followed by a NUL that does not count: free(3) it. Its size; 0
 * and *data NULL: it has none. For the store's owner alone. */
ssize_t atomicdir_read_note(const char *link, int64_t generation, void **data, struct atomicdir_error *error);

/* ---- Readers: the right to read LINK is enough ---- */

/* The live generation. 0: *live is set. NO_GENERATION: nothing is live. */
int atomicdir_show(const char *link, struct atomicdir_generation **live, struct atomicdir_error *error);

/* The live generation's directory, which is not removed while the descriptor, or any copy of it that dup or fork made, is open.
 * Read with openat(2) below it; two files read so are of one generation. Holds within one kernel and one mount of the file
 * system, not between NFS or virtiofs clients. *generation: its number. */
int atomicdir_pin(const char *link, int64_t *generation, struct atomicdir_error *error);

#ifdef __cplusplus
}
#endif

#endif
