/* SPDX-License-Identifier: ISC
 *
 * The region, also where neither options, variables nor the profile say it.
 */
#ifndef IDENTITY_REGION_H
#define IDENTITY_REGION_H

#include "identity/provider.h"

/* The settings' region, else that of the entries' ARNs, else the instance's. On the heap; NULL: none is known. USAGE, UNREACHABLE. */
int region_find(const struct provider_context *context, char **region, struct atomicdir_error *error);

#endif
