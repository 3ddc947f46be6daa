/* SPDX-License-Identifier: ISC
 *
 * IAM Identity Center: the credentials of a role, and a login that is renewed.
 */
#ifndef IDENTITY_SSO_H
#define IDENTITY_SSO_H

#include "identity/network.h"

NETWORK_OPERATION(sso_get_role);
NETWORK_OPERATION(sso_renew_token);

#endif
