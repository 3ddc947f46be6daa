/* SPDX-License-Identifier: ISC
 *
 * Step 4: whatever a killed writer or a lost power left in the store is finished or removed. What cannot be is a warning in the
 * writer, never a failure.
 */
#ifndef DIR_RECOVER_H
#define DIR_RECOVER_H

#include "dir/writer.h"

void recover(struct writer *writer);

#endif
