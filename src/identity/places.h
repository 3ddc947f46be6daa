/* SPDX-License-Identifier: ISC
 *
 * What options, variables and the profile say of regions, endpoints and how AWS's services are asked.
 */
#ifndef IDENTITY_PLACES_H
#define IDENTITY_PLACES_H

#include <atomicdir.h>

#include "aws/place.h"
#include "base/protocol.h"

/* All that is said of the services that keep secrets. Its texts are good as long as `told` and the configuration are. USAGE. */
int places_find(const struct told *told, struct aws_settings *settings, struct atomicdir_error *error);
/* Are there two regions, if there is a second one? USAGE. */
int places_check_regions(const struct told *told, const char *region, struct atomicdir_error *error);

/* STS has one endpoint that is everybody's; the name stands for where no region is known. */
#define STS_GLOBAL "aws-global"
#define STS_GLOBAL_URL "https://sts.amazonaws.com/"
#define STS_GLOBAL_REGION "us-east-1"
/* The URL of a service that serves identities, with a '/' at the end where it has no path. On the heap. USAGE. */
int places_url(enum aws_service service, const char *region, char **url, struct atomicdir_error *error);

#endif
