/* SPDX-License-Identifier: ISC
 *
 * Included before every source of the library: what the public header declares is visible, all else is hidden.
 */
#pragma GCC visibility push(default)
#include <atomicdir.h>
#pragma GCC visibility pop
