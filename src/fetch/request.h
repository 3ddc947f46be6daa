/* SPDX-License-Identifier: ISC
 *
 * What secretdir asks of a fetcher, as fields on its standard input:
 *
 *	atomicdir-fetch "1"                      the protocol
 *	option "NAME=VALUE"                      any number: argument (of the source), region, endpoint-url, ca-bundle
 *	secret NAME, path PATH, key KEY, stage STAGE, version ID, decode HOW, optional "1", entry INDEX     each entry; entry
 *ends it end ""
 */
#ifndef FETCH_REQUEST_H
#define FETCH_REQUEST_H

#include <stdbool.h>

#include <atomicdir.h>

struct wanted {
	/* As written; "" where not. A path that ends in '/' takes all the keys, or with a secret that ends so, all such
	 * secrets. */
	char *secret, *path, *key, *stage, *version, *decode, *index;
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

/* Its path, or what stands for it: where none was written, the secret's own name. */
const char *wanted_path(const struct wanted *wanted);
bool wanted_is_prefix(const struct wanted *wanted);
bool wanted_is_expanded(const struct wanted *wanted);

#endif
