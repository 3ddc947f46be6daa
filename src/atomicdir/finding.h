/* SPDX-License-Identifier: ISC
 *
 * What doctor finds. One table has all texts: a finding is a row of it, filled with facts.
 */
#ifndef ATOMICDIR_FINDING_H
#define ATOMICDIR_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command/options.h"

enum finding_kind {
	FINDING_FOREIGN,
	FINDING_DANGLING,
	FINDING_HOOK_DUE,
	FINDING_REMOTE,
	FINDING_SYNC_FILES,
	FINDING_NO_EXCHANGE,
	FINDING_NO_XATTRS,
	FINDING_MOUNT_INSIDE,
	FINDING_MOUNT_OLD,
	FINDING_MOUNT_LIVE,
	FINDING_PROCESS_OLD,
	FINDING_WATCH_OLD,
	FINDING_WATCH_LIVE,
	FINDING_PINNED,
	FINDING_KEPT,
	FINDING_LEFTOVER,
	FINDING_UNREMOVABLE,
	FINDING_STRANGER,
	FINDING_STORE_BROKEN,
	FINDING_STORE_WRITABLE,
	FINDING_STORE_CLOSED,
	FINDING_STORE_OWNERS,
	FINDING_PARENT_WRITABLE,
	FINDING_PARENT_OWNER,
	FINDING_STICKY,
	FINDING_OWNER,
	FINDING_MODE,
	FINDING_LABEL,
	FINDING_SECRETS_ON_DISK,
	FINDING_SECRETS_IN_SWAP,
	FINDING_EQUAL_MTIMES,
	FINDING_WRITTEN,
	FINDING_UNREADABLE,
};

/* What a row's texts name in braces. NULL and 0: the row does not need it. */
struct finding_facts {
	const char *subject; /* a path, or a program's name; LINK where it is NULL */
	const char *other;   /* another path */
	const char *detail;  /* part of a sentence */
	const char *command; /* a command, or a part of one */
	int64_t generation;
	int pid;
};

struct finding {
	enum finding_kind kind;
	char *subject, *what, *command; /* on the heap */
};

struct findings {
	const char *link;
	struct finding *items;
	size_t count;
	bool is_broken; /* memory ran out, and the list is not whole */
};

void finding_add(struct findings *findings, enum finding_kind kind, const struct finding_facts *facts);
#define FINDING(...) (&(struct finding_facts){ __VA_ARGS__ })
void findings_clear(struct findings *findings);

/* Prints them, problems first, for people or as JSON. */
void findings_print(const struct findings *findings, const struct options *options);
bool findings_have_problem(const struct findings *findings);

#endif
