/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "base/cleanup.h"
#include "base/harden.h"
#include "fetch/file.h"
#include "fetch/serve.h"
#include "process/process.h"
#include "sandbox/sandbox.h"

/* Of a file that anybody may have written nothing is read before this program can do no more than answer. */
static struct source *open_confined(struct request *request, struct atomicdir_error *error)
{
	const struct sandbox sandbox = { 0 };
	cleanup_fd int fd = file_open(request, error);

	if (fd < 0 || sandbox_enter(&sandbox, STDOUT_FILENO, error) < 0)
		return NULL;
	return file_read(fd, request, error);
}

int main(void)
{
	harden();
	process_begin();
	return serve(open_confined);
}
