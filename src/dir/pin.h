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

/* What is to be copied: where it lies in a generation of any store, that is pinned while *pin_fd is open. -1: that generation is
 * being removed at this moment. */
int pin_source(const char *path, int *pin_fd, struct atomicdir_error *error);

#endif
