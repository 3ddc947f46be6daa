/* SPDX-License-Identifier: ISC
 *
 * How the metadata service of an EC2 instance is asked here.
 */
#ifndef IDENTITY_INSTANCE_H
#define IDENTITY_INSTANCE_H

#include "identity/provider.h"

/* Begins the question. 1; 0: it may not be asked, and why is the error; -1: USAGE. It is the caller's to clear whatever comes of it. */
int instance_question(const struct provider_context *context, const char *operation, struct question *question,
		      struct atomicdir_error *error);

/* Is the way to address it one that is known? Also where the instance is not asked, as the AWS CLI has it. USAGE. */
int instance_check_mode(struct atomicdir_error *error);

#endif
