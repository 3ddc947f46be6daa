/* SPDX-License-Identifier: ISC
 *
 * AWS as a source: Secrets Manager and parameters, in one region, or where that cannot be reached in another one.
 */
#ifndef FETCH_AWS_SOURCE_H
#define FETCH_AWS_SOURCE_H

#include "aws/credentials.h"
#include "aws/settings.h"
#include "fetch/request.h"
#include "fetch/source.h"

/* Confines the process to what its settings need. */
struct source *aws_source_open(struct request *request, struct atomicdir_error *error);

/* With these keys, and no others; the settings' texts stay the caller's. */
struct source *aws_source_new(const struct request *request, const struct aws_settings *settings,
			      const struct credentials *credentials, struct atomicdir_error *error);

#endif
