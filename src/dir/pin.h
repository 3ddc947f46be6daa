/* SPDX-License-Identifier: ISC
 *
 * Pins: while a generation's directory is open and has a shared lock, no writer removes it. Readers, which do not take the
 * writer's lock, pin whatever they look into.
 */
#ifndef DIR_PIN_H
#define DIR_PIN_H

#include "dir/reader.h"

/* Pins a published generation, live or not: the descriptor that holds the pin. -1: NO_GENERATION, BUSY or FAILED. */
int pin_generation(const struct reader *reader, int64_t number, struct atomicdir_error *error);

/* If `path`, which is about to be copied, is in a generation of any store, pins that generation while *pin_fd is open; else
 * *pin_fd stays as it is. -1: it cannot be pinned, for example because it is being removed. */
int pin_source(const char *path, int *pin_fd, struct atomicdir_error *error);

#endif
