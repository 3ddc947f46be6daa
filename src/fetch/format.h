/* SPDX-License-Identifier: ISC
 *
 * All keys of a JSON object as one file, in the format that an entry names.
 */
#ifndef FETCH_FORMAT_H
#define FETCH_FORMAT_H

#include "json/json.h"

/* What cannot be written: the key, and why, never its value. */
struct format_refusal {
	const struct json *member; /* NULL: the object itself */
	const char *why;
};

/* Appends the object, which is sorted (json_sort()), as "env" or "json" has it. env: lines NAME='value' that sh, systemd's
 * EnvironmentFile and Node's --env-file read alike. 1: *refusal says what stands in the way; -1 with ENOMEM. */
int format_object(const char *format, const struct json *object, struct buffer *buffer, struct format_refusal *refusal);

#endif
