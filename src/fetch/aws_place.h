/* SPDX-License-Identifier: ISC
 *
 * Where a service ("secretsmanager", "ssm") is: the region, and the URL for it.
 */
#ifndef FETCH_AWS_PLACE_H
#define FETCH_AWS_PLACE_H

#include <atomicdir.h>

#include "fetch/request.h"

/* What options and environment say; NULL where they say nothing. On the heap. USAGE. */
int aws_find_place(const struct request *request, const char *service, char **region, char **endpoint,
		   struct atomicdir_error *error);
/* For one secret: an ARN says its region by itself. On the heap. USAGE. */
int aws_place(const char *region, const char *endpoint, const char *service, const char *secret, char **its_region, char **url,
	      struct atomicdir_error *error);

/* It becomes part of a host's name. */
bool aws_is_region(const char *text);

#endif
