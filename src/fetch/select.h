/* SPDX-License-Identifier: ISC
 *
 * One value inside a JSON value: by a key, or where KEY begins with '/' by a JSON Pointer (RFC 6901).
 */
#ifndef FETCH_SELECT_H
#define FETCH_SELECT_H

#include "fetch/json.h"

/* NULL: there is none. */
const struct json *select_key(const struct json *root, const char *key);

#endif
