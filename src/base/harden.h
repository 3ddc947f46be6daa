/* SPDX-License-Identifier: ISC
 *
 * For programs that hold secrets: no core dump, and no other process of the same user may look into the memory.
 */
#ifndef BASE_HARDEN_H
#define BASE_HARDEN_H

void harden(void);

/* Is this a build with the address sanitizer? */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(IS_SANITIZED)
#define IS_SANITIZED 1
#endif

#endif
