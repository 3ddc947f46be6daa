/* SPDX-License-Identifier: ISC
 *
 * AWS Secrets Manager: values, twenty with one call where that is allowed, and names.
 */
#ifndef FETCH_SECRETSMANAGER_H
#define FETCH_SECRETSMANAGER_H

#include "aws/aws.h"
#include "base/protocol.h"
#include "fetch/source.h"

/* Those whose result is 0; all have one then. */
void secretsmanager_get(struct aws *aws, struct lookup **lookups, size_t count);
/* The same but for values. */
void secretsmanager_look(struct aws *aws, struct lookup **lookups, size_t count);
/* Those whose name begins so, and that have every tag that the request asks for. */
int secretsmanager_list(struct aws *aws, const struct told *told, const char *prefix, struct listing *listing,
			struct atomicdir_error *error);

/* Is this description, or value, of the secret that was asked for by this name, ARN, or ARN without the six characters at its end? */
bool secretsmanager_is_of(const struct json *answer, const char *id);

/* The stage that is wanted. */
const char *secretsmanager_stage(const struct lookup *lookup);
/* Appends one version and its stages, an array, to the lines that base/protocol.h has. -1 with ENOMEM. */
int secretsmanager_add_version(struct buffer *lines, const char *id, const struct json *stages);
/* Appends all versions of an object whose members are such arrays; NULL: there are none. */
int secretsmanager_add_versions(struct buffer *lines, const struct json *versions);

#endif
