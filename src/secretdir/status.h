/* SPDX-License-Identifier: ISC
 *
 * The file `status` of a store: how things stand, for whoever may list what is published. Each round leaves it as its last act; nobody
 * locks it. A boot id and both clocks tell its age, whatever somebody does to the wall clock.
 */
#ifndef SECRETDIR_STATUS_H
#define SECRETDIR_STATUS_H

#include "base/published.h"
#include "secretdir/standing.h"

struct status {
	struct standing standing;
	int64_t interval_ms; /* 0: no watcher wrote it */
	char boot[64];
	struct published versions; /* what is published */
};

void status_clear(struct status *status);
/* Writes it into the store of LINK; nothing where there is no store. `interval_ms` is the watcher's. FAILED. */
int status_write(const char *link, const struct standing *standing, int64_t interval_ms, struct atomicdir_error *error);
/* NO_GENERATION: there is none. FAILED. */
int status_read(const char *link, struct status *status, struct atomicdir_error *error);
/* How long ago that was. */
int64_t status_age_ms(const struct status *status, const struct instant *instant);

#endif
