/* SPDX-License-Identifier: ISC
 *
 * Clean-up by attribute. A variable that owns something is declared with one of these; ownership is passed on with take_fd() or
 * take_pointer() on the line that stores it elsewhere. errno survives every clean-up.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* close(2) is never retried: Linux has released the number even when it reports EINTR. */
static inline void close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void free_pointer(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	*(void **)pointer = NULL;
	errno = saved;
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *take_pointer_(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}

#define take_pointer(pointer) ((__typeof__(*(pointer)))take_pointer_(pointer))

#define cleanup(function) __attribute__((cleanup(function)))
#define cleanup_fd cleanup(close_fd)
#define cleanup_free cleanup(free_pointer)

#endif
