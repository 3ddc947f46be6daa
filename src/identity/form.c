/* SPDX-License-Identifier: ISC */
#include "identity/form.h"

#include <string.h>

int form_add(struct buffer *form, const char *name, const char *value)
{
	if (buffer_add_text(form, form->size ? "&" : "") < 0 || buffer_add_text(form, name) < 0 ||
	    buffer_add_text(form, "=") < 0)
		return -1;
	for (const char *c = value; *c; c++) {
		static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

		if ((strchr(plain, *c) ? buffer_add(form, c, 1) : buffer_printf(form, "%%%02X", (unsigned char)*c)) < 0)
			return -1;
	}
	return 0;
}
