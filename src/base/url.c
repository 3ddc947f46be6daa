/* SPDX-License-Identifier: ISC */
#include "base/url.h"

#include <string.h>

/* A password may hold an '@' that it ought not to: the last one before the URL's end counts. */
void text_hide_users(char *text)
{
	for (char *url = text; (url = strstr(url, "://"));) {
		char *end, *at = NULL;

		url += 3;
		end = url + strcspn(url, " \t\"<>");
		for (char *c = url; c < end; c++)
			if (*c == '@')
				at = c;
		if (at)
			memmove(url, at + 1, strlen(at + 1) + 1);
	}
}
