/* SPDX-License-Identifier: ISC
 *
 * Publishing a kept generation again: a publication without steps 6 and 7.
 */
#ifndef DIR_ROLLBACK_H
#define DIR_ROLLBACK_H

#include "dir/outcome.h"
#include "dir/writer.h"

/* Steps 8 to 12. */
enum outcome rollback_publish(struct writer *writer, int64_t number, struct atomicdir_error *error);

#endif
