/* SPDX-License-Identifier: ISC
 *
 * URLs in texts for people.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

/* Removes users and passwords from all URLs in the text, in place. Proxies' URLs often have them. */
void text_hide_users(char *text);

#endif
