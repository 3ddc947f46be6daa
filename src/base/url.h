/* SPDX-License-Identifier: ISC
 *
 * URLs in texts for people.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

/* Takes users and passwords out of all URLs in it, in place: those of proxies, above all. */
void text_hide_users(char *text);

#endif
