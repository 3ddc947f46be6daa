/* SPDX-License-Identifier: ISC
 *
 * The fetcher: a program that is started, gets a request through a pipe, and answers through another. Each answer is checked
 * here, and a wrong one fails the round. A signal that asks us to end ends the fetcher, and the error says so: call
 * interrupt_begin() before.
 */
#ifndef SECRETDIR_FETCHER_H
#define SECRETDIR_FETCHER_H

#include "base/buffer.h"
#include "base/protocol.h"
#include "base/published.h"
#include "secretdir/entry.h"
#include "secretdir/keys.h"

struct fetcher;

/* Whether the source (it may be NULL) is our standard input, which can be read only once: file:- or file:/dev/stdin. */
bool fetcher_reads_input(const char *source);
/* Whether the source can be asked for versions (OPTION_VERSIONS). */
bool fetcher_knows_versions(const char *source);
/* `source` is NAME or NAME:ARGUMENT; with OPTION_DESCRIBE in what is told, which it takes, secrets are described rather
 * than fetched, and with OPTION_VERSIONS their versions are told. `keys` stay the caller's: a source that needs some uses those that are
 * there, or asks for others, and leaves them for the next fetcher. USAGE, FAILED. */
struct fetcher *fetcher_start(const char *source, struct told *told, const struct entries *entries,
			      const struct published *live, struct keys *keys, struct atomicdir_error *error);
/* Whether it has failed because the source was asked too often. */
bool fetcher_is_throttled(const struct fetcher *fetcher);
/* Ends the program if it runs. The fetcher may be NULL. */
void fetcher_free(struct fetcher *fetcher);

/* An answer; its texts are valid until the next call. */
struct fetched {
	size_t entry; /* the entry's index */
	const char *path, *source, *version;
	const char *created,
		*place; /* of the version, in seconds; where it is from, if that is not where it ought to be; or "" */
	struct buffer value;
	const char *arn, *key;	     /* of a secret that is described; key: of KMS, or "" */
	const char *name, *versions; /* of one that is known, beside source, arn and version; as base/protocol.h has them */
};

void fetched_clear(struct fetched *fetched);

enum {
	FETCHER_DONE,	    /* there is no more, and the program has succeeded */
	FETCHER_FILE,	    /* a file, whose path fits its entry and may be published */
	FETCHER_ABSENT,	    /* the secret of an optional entry does not exist */
	FETCHER_WARNING,    /* a warning, in *error */
	FETCHER_UNCONFINED, /* *error says what this machine lacks to confine the program; the answer is as good as any */
	FETCHER_DESCRIBED,  /* the description of one of the entry's secrets */
	FETCHER_UNKNOWN,    /* the entry's secret cannot be described; *error says why */
	FETCHER_KNOWN,	    /* one of the entry's secrets, and its versions */
	FETCHER_HIDDEN,	    /* `source` may not be looked at; *error says why */
};

/* -1: it failed. */
int fetcher_next(struct fetcher *fetcher, struct fetched *fetched, struct atomicdir_error *error);

#endif
