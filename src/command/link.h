/* SPDX-License-Identifier: ISC
 *
 * LINK as the user gave it.
 */
#ifndef COMMAND_LINK_H
#define COMMAND_LINK_H

/* LINK as an absolute path, on the heap; as given where its directory cannot be found. */
char *absolute_link(const char *link);

#endif
