/* SPDX-License-Identifier: ISC
 *
 * By itself, so that programs that start no other do not even have the call for it.
 */
#include <errno.h>
#include <unistd.h>

#include "process/process.h"
#include "process/signals.h"

int process_become(char *const *argv, const struct environment *environment)
{
	if (environment->is_incomplete) {
		errno = ENOMEM;
		return -1;
	}
	signals_restore();
	return execvpe(argv[0], argv, environment->items);
}
