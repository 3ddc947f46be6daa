/* SPDX-License-Identifier: ISC
 *
 * How every writer begins: steps 1 to 5 of a publication.
 */
#ifndef DIR_BEGIN_H
#define DIR_BEGIN_H

#include "dir/writer.h"

/* What may stand at LINK: an adoption takes over what was made by others. A fill goes by the layout's defaults for what is to be kept, all
 * other calls by what the last fill was told. */
enum begin_with { BEGIN_WITH_OURS, BEGIN_WITH_ANYTHING, BEGIN_A_FILL };

/* -1: the writer has ended, and what was made for it is removed; its place still has the names for the report. */
int writer_begin(struct writer *writer, const char *link, const struct atomicdir_options *options, enum begin_with with,
		 struct atomicdir_error *error);

#endif
