/* SPDX-License-Identifier: ISC */
#include "base/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static int port_of_scheme(const char *url)
{
	if (strncasecmp(url, "https://", 8) == 0)
		return 443;
	return strncasecmp(url, "http://", 7) == 0 ? 80 : 0;
}

/* It follows the last ':' of HOST:PORT, in which an address of IPv6 has others, in brackets. */
int url_port(const char *url)
{
	const char *host = strstr(url, "://"), *end, *colon;
	long port;

	host = host ? host + 3 : url;
	end = host + strcspn(host, "/?#");
	for (colon = end; colon > host && *colon != ':' && *colon != ']' && *colon != '@';)
		colon--;
	port = *colon == ':' ? strtol(colon + 1, NULL, 10) : 0;
	return port > 0 && port < 65536 ? (int)port : port_of_scheme(url);
}
