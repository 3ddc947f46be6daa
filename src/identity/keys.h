/* SPDX-License-Identifier: ISC
 *
 * Keys as others give them out, taken from what they say.
 */
#ifndef IDENTITY_KEYS_H
#define IDENTITY_KEYS_H

#include <atomicdir.h>

#include "aws/credentials.h"
#include "json/json.h"

/* From the object that processes, containers and instances answer with; `token`: how it calls the session's. Expired ones are taken
 * too. -1: DENIED. */
int credentials_take_json(const struct json *json, const char *token, struct credentials *credentials,
			  struct atomicdir_error *error);
bool credentials_are_expired(const struct credentials *credentials);
/* They cannot be used any more: says so, and what to look at. */
int credentials_refuse_expired(const struct credentials *credentials, struct atomicdir_error *error);
/* NULL, or why it may not stand in a header. */
const char *credentials_refuse_text(const char *text);

#endif
