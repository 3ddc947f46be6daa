/* SPDX-License-Identifier: ISC
 *
 * A source that is AWS Secrets Manager: GetSecretValue and ListSecrets.
 */
#ifndef FETCH_SECRETSMANAGER_H
#define FETCH_SECRETSMANAGER_H

#include "fetch/request.h"
#include "fetch/source.h"

struct source *secretsmanager_open(const struct request *request, struct atomicdir_error *error);

#endif
