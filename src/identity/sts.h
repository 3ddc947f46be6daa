/* SPDX-License-Identifier: ISC
 *
 * AWS STS: credentials of a role. The one module that reads XML.
 */
#ifndef IDENTITY_STS_H
#define IDENTITY_STS_H

#include "identity/network.h"

NETWORK_OPERATION(sts_assume_role);
NETWORK_OPERATION(sts_assume_role_with_web_identity);

#endif
