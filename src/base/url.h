/* SPDX-License-Identifier: ISC
 *
 * URLs in texts for people, and the ports that they lead to.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

/* Removes users and passwords from all URLs in the text, in place. Proxies' URLs often have them. */
void text_hide_users(char *text);

/* The port that a URL leads to: what it says, else 80 or 443 by its scheme; 0: it says none, and has neither scheme. */
int url_port(const char *url);

#endif
