/* SPDX-License-Identifier: ISC
 *
 * Pins: a generation's directory, open and locked, so that no writer removes it. Whoever looks without the writer's lock pins what
 * he looks at.
 */
#ifndef DIR_PIN_H
#define DIR_PIN_H

#include "dir/reader.h"

/* One that was published, whether it is live or not. NO_GENERATION. */
int pin_generation(const struct reader *reader, int64_t number, struct atomicdir_error *error);

#endif
