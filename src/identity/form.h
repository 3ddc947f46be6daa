/* SPDX-License-Identifier: ISC
 *
 * Names and values as a URL's query or a form has them.
 */
#ifndef IDENTITY_FORM_H
#define IDENTITY_FORM_H

#include "base/buffer.h"

/* Adds "&NAME=VALUE", encoded; without '&' where it is the first. -1 with ENOMEM. */
int form_add(struct buffer *form, const char *name, const char *value);

#endif
