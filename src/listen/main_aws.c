/* SPDX-License-Identifier: ISC */
#include "base/harden.h"
#include "listen/listen.h"
#include "process/process.h"

int main(void)
{
	harden();
	process_begin();
	return listen_run();
}
