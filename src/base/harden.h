/* SPDX-License-Identifier: ISC
 *
 * For programs that hold secrets: no core dump, and no other process of the same user may look into the memory.
 */
#ifndef BASE_HARDEN_H
#define BASE_HARDEN_H

void harden(void);

#endif
