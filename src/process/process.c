/* SPDX-License-Identifier: ISC */
#include "process/process.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/signals.h"

void process_begin(void)
{
	int fd;

	/* Not writable: what is printed to a closed descriptor is to fail, not to vanish. */
	while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
		;
	close_fd(&fd);
	signals_begin();
}
