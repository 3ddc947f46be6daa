/* SPDX-License-Identifier: ISC
 *
 * One value inside a JSON value: by a key, where KEY begins with '/' by a JSON Pointer (RFC 6901), or by a JMESPath expression.
 */
#ifndef JSON_SELECT_H
#define JSON_SELECT_H

#include "json/json.h"
#include "json/query.h"

/* NULL: there is none. */
const struct json *select_key(const struct json *root, const char *key);
/* Likewise; null is none, as JMESPath has it. */
const struct json *select_query(const struct json *root, const struct query *query);

#endif
