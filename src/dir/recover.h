/* SPDX-License-Identifier: ISC
 *
 * Step 4: finishes or removes whatever a killed writer or a power cut left in the store. What cannot be finished or removed is
 * a warning in the writer, never a failure.
 */
#ifndef DIR_RECOVER_H
#define DIR_RECOVER_H

#include "dir/writer.h"

void recover(struct writer *writer);

#endif
