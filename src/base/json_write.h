/* SPDX-License-Identifier: ISC
 *
 * Writing JSON; the one module that does. It appends to the caller's buffer, which is wiped as all buffers are. A failure is
 * remembered in `is_broken`, so that callers look once, at the end. Brackets must match: nothing checks that.
 *
 *	struct json_writer json = { .text = &text };
 *	json_write_begin(&json, NULL, '{');
 *	json_write_text(&json, "path", path);
 *	json_write_end(&json, '}');
 *	return json.is_broken ? -1 : 0;
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct json_writer {
	struct buffer *text; /* must be empty at first */
	bool is_indented;    /* each member and item on a line of its own */
	int depth;
	bool is_broken; /* memory ran out, and the text is not whole */
};

/* `name` is that of a member of an object; NULL for an item of an array, and for the outermost value. */
void json_write_begin(struct json_writer *json, const char *name, char bracket);
void json_write_end(struct json_writer *json, char bracket);
/* Invalid UTF-8 becomes U+FFFD. */
void json_write_text(struct json_writer *json, const char *name, const char *text);
/* A path, which may be any bytes: one that is no UTF-8 also has a member NAME_base64 with the bytes (RFC 4648), so that two paths never
 * look the same. The name is not NULL. */
void json_write_path(struct json_writer *json, const char *name, const char *path);
void json_write_number(struct json_writer *json, const char *name, int64_t number);
void json_write_flag(struct json_writer *json, const char *name, bool is_true);
void json_write_null(struct json_writer *json, const char *name);

#endif
