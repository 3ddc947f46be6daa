/* SPDX-License-Identifier: ISC
 *
 * Where AWS's services are: the region, and the URL for each.
 */
#ifndef FETCH_AWS_PLACE_H
#define FETCH_AWS_PLACE_H

#include <atomicdir.h>

#include "fetch/http.h"
#include "fetch/request.h"

/* What options, environment and profile say; NULL where they say nothing. On the heap. USAGE. */
int aws_find_place(const struct request *request, const char *service, char **region, char **endpoint,
		   struct atomicdir_error *error);
/* The region alone; where nothing is said, that of the entries if all are ARNs, else the instance's. */
int aws_find_region(const struct request *request, struct http *http, char **region, struct atomicdir_error *error);

/* The URL of a service, named as its hosts are ("secretsmanager", "sts", "ssm", "portal.sso", "oidc"), with a '/' at the end
 * where it has no path; the region is one. On the heap. USAGE. */
int aws_url(const char *service, const char *region, char **url, struct atomicdir_error *error);
/* STS has one endpoint that is everybody's; the name stands for where no region is known. */
#define STS_GLOBAL "aws-global"
#define STS_GLOBAL_URL "https://sts.amazonaws.com/"
#define STS_GLOBAL_REGION "us-east-1"
/* For one secret: an ARN says its region by itself. On the heap. USAGE. */
int aws_place(const char *region, const char *endpoint, const char *service, const char *secret, char **its_region, char **url,
	      struct atomicdir_error *error);

/* It becomes part of a host's name. */
bool aws_is_region(const char *text);
/* NULL is one. `from`: where it was said. USAGE. */
int aws_check_region(const char *region, const char *from, struct atomicdir_error *error);

#endif
