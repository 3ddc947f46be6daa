/* SPDX-License-Identifier: ISC
 *
 * AWS as a source: Secrets Manager and parameters, in one region, or where that cannot be reached in another one.
 */
#ifndef FETCH_AWS_SOURCE_H
#define FETCH_AWS_SOURCE_H

#include "fetch/request.h"
#include "fetch/source.h"

struct source *aws_source_open(const struct request *request, struct atomicdir_error *error);

#endif
