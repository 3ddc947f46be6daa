/* SPDX-License-Identifier: ISC
 *
 * Data of other programs that is in memory and belongs to the same disk: syncfs(2) waits until all of it is written, syncs of single
 * files do not. Where there is much of it, and few files to sync, those are faster.
 */
#ifndef DIR_DIRTY_H
#define DIR_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

/* The rule: whether `syncs` single syncs take less time than writing so many bytes of others. */
bool dirty_favours_files(int64_t bytes_of_others, int64_t syncs);

/* Whether the rule holds for the generation open as `top_fd`, which has `files` files of `bytes` bytes that may be in memory too. False also
 * where it cannot be known. */
bool dirty_is_dear(int top_fd, int64_t files, int64_t bytes);

#endif
