/* SPDX-License-Identifier: ISC
 *
 * What AWS says of secrets and parameters beside their values: their ARNs, and the KMS keys that encrypt them.
 */
#ifndef FETCH_AWS_DESCRIBE_H
#define FETCH_AWS_DESCRIBE_H

#include "aws/aws.h"
#include "fetch/request.h"
#include "fetch/source.h"

/* Of all that the request wants, in each region that it may be fetched from. -1: the taker wants no more. */
int aws_describe(struct aws *aws, const struct request *request, described_fn take, void *context);

#endif
