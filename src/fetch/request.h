/* SPDX-License-Identifier: ISC
 *
 * What secretdir asks of a fetcher (base/protocol.h).
 */
#ifndef FETCH_REQUEST_H
#define FETCH_REQUEST_H

#include <stdbool.h>

#include <atomicdir.h>

#include "base/protocol.h"
#include "base/published.h"

struct wanted {
	/* As written; "" where not. A path that ends in '/' takes all the keys, or with a secret that ends so, all such
	 * secrets. */
	char *secret, *path, *key, *query, *stage, *version, *decode, *format, *index;
	char *service;				/* "ssm"; else Secrets Manager */
	char *failover_secret, *failover_stage; /* in the failover region, where they differ */
	bool is_optional;
	bool is_prefix; /* `secret` is the beginning of names, and may be "" */
};

struct request {
	struct field_reader input; /* where it came from; a source may go on to read there */
	struct told told;
	struct published live;
	struct wanted *wanted;
	size_t count;
};

/* The descriptor stays the caller's. */
int request_read(int fd, struct request *request, struct atomicdir_error *error);
void request_clear(struct request *request);
/* Its path, or what stands for it: where none was written, the secret's own name. */
const char *wanted_path(const struct wanted *wanted);
bool wanted_is_prefix(const struct wanted *wanted);
bool wanted_is_expanded(const struct wanted *wanted);

#endif
