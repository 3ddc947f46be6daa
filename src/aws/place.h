/* SPDX-License-Identifier: ISC
 *
 * Where AWS's services are: the URL of each. What the user has said of that is in the settings.
 */
#ifndef AWS_PLACE_H
#define AWS_PLACE_H

#include <atomicdir.h>

#include "aws/settings.h"

/* As hosts and signatures name it. */
const char *aws_service_host(enum aws_service service);

/* AWS's own URL of a service; FIPS and both stacks as the settings have it. On the heap. -1 with ENOMEM. */
int aws_service_url(const struct aws_settings *settings, enum aws_service service, const char *region, char **url);
/* The user's own, with a '/' at the end where it has no path. Likewise. */
int aws_endpoint_url(const char *endpoint, char **url);
/* Where one secret is asked for, of the source `service`, in the settings' region: an ARN says its region by itself. On the heap.
 * USAGE. */
int aws_place(const struct aws_settings *settings, enum aws_service service, const char *secret, char **region, char **url,
	      struct atomicdir_error *error);

/* It becomes part of a host's name. */
bool aws_is_region(const char *text);
/* NULL is one. `from`: where it was said. USAGE. */
int aws_check_region(const char *region, const char *from, struct atomicdir_error *error);

#endif
