/* SPDX-License-Identifier: ISC
 *
 * What secretdir asks of a fetcher, as fields on its standard input:
 *
 *	atomicdir-fetch "1"                      the protocol
 *	option "NAME=VALUE"                      any number: argument (of the source), region, failover-region, endpoint-url,
 *	                                         ca-bundle, profile, role-arn, external-id, tag (KEY=VALUE, any number), live (the note of what is published, or "unknown"),
 *	                                         describe (1: no values, but what is known of the secrets)
 *	secret NAME, path PATH, key KEY, query JMESPATH, service SERVICE, stage STAGE, version ID, decode HOW, optional "1",
 *	failover-secret NAME, failover-stage STAGE, entry INDEX
 *	                                         each entry; entry ends it
 *	end ""
 */
#ifndef FETCH_REQUEST_H
#define FETCH_REQUEST_H

#include <stdbool.h>

#include <atomicdir.h>

struct wanted {
	/* As written; "" where not. A path that ends in '/' takes all the keys, or with a secret that ends so, all such
	 * secrets. */
	char *secret, *path, *key, *query, *stage, *version, *decode, *index;
	char *service;				/* "ssm"; else Secrets Manager */
	char *failover_secret, *failover_stage; /* in the failover region, where they differ */
	bool is_optional;
};

struct request {
	char **options; /* "NAME=VALUE" */
	size_t option_count;
	struct wanted *wanted;
	size_t count;
};

int request_read(int fd, struct request *request, struct atomicdir_error *error);
void request_clear(struct request *request);
/* NULL where it was not said, or is empty. */
const char *request_option(const struct request *request, const char *name);
/* The next that is not empty of those that may be said more than once; *from begins as 0. */
const char *request_next_option(const struct request *request, const char *name, size_t *from);

/* Its path, or what stands for it: where none was written, the secret's own name. */
const char *wanted_path(const struct wanted *wanted);
bool wanted_is_prefix(const struct wanted *wanted);
bool wanted_is_expanded(const struct wanted *wanted);

#endif
