/* SPDX-License-Identifier: ISC
 *
 * The metadata service of an EC2 instance: a token first, and without one only where that is allowed. What does not answer in time is
 * not there.
 */
#ifndef IDENTITY_IMDS_H
#define IDENTITY_IMDS_H

#include "identity/network.h"

NETWORK_OPERATION(imds_get_role);
NETWORK_OPERATION(imds_get_region);

#endif
