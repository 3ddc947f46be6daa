/* SPDX-License-Identifier: ISC
 *
 * What an answer other than 200 means, and what to do about it.
 */
#ifndef FETCH_AWS_ERROR_H
#define FETCH_AWS_ERROR_H

#include <stdbool.h>

#include "fetch/aws.h"

/* 0: another attempt may help; -1: it cannot. */
int aws_error(const struct http_reply *reply, const struct aws_call *call, bool *is_throttled, struct atomicdir_error *error);

#endif
