/* SPDX-License-Identifier: ISC
 *
 * Parameters of AWS Systems Manager, ten with one call. A version or a stage is a number or a label of the parameter's.
 */
#ifndef FETCH_PARAMETERSTORE_H
#define FETCH_PARAMETERSTORE_H

#include "aws/aws.h"
#include "fetch/source.h"

/* Those whose result is 0; all have one then. */
void parameterstore_get(struct aws *aws, struct lookup **lookups, size_t count);
/* Adds the names of all parameters below the path, which begins and ends with '/'. */
int parameterstore_list(struct aws *aws, const char *path, struct listing *listing, struct atomicdir_error *error);

#endif
