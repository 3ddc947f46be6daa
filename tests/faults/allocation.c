/* SPDX-License-Identifier: ISC
 *
 * Loaded before libc, or linked in (tests only): one allocation fails, be it asked for by the program or by libc for it.
 */
#include "allocation.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, under the names by which who replaces them reaches them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *pointer);

static struct allocation own;
struct allocation *allocation = &own;

static __attribute__((constructor)) void begin(void)
{
	const char *text = getenv("FAULTS_ALLOCATION"), *program = text ? strrchr(text, ':') : NULL;
	char path[4096];
	void *mapped;
	int fd;

	if (!program || (size_t)(program - text) >= sizeof(path) || strcmp(program + 1, program_invocation_short_name) != 0)
		return;
	memcpy(path, text, (size_t)(program - text));
	path[program - text] = '\0';
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(*allocation), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		allocation = mapped;
}

static int fails(void)
{
	if (__atomic_add_fetch(&allocation->count, 1, __ATOMIC_RELAXED) != allocation->fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

static void *hold(void *pointer)
{
	if (pointer)
		__atomic_add_fetch(&allocation->held, 1, __ATOMIC_RELAXED);
	return pointer;
}

void *malloc(size_t size)
{
	return fails() ? NULL : hold(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : hold(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	return old ? __libc_realloc(old, size) : hold(__libc_malloc(size));
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : hold(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

void free(void *pointer)
{
	if (pointer)
		__atomic_sub_fetch(&allocation->held, 1, __ATOMIC_RELAXED);
	__libc_free(pointer);
}
