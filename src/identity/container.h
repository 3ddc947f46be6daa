/* SPDX-License-Identifier: ISC
 *
 * The agents of ECS and of EKS's Pod Identity, which give a container its credentials.
 */
#ifndef IDENTITY_CONTAINER_H
#define IDENTITY_CONTAINER_H

#include "identity/network.h"

NETWORK_OPERATION(container_get);

#endif
