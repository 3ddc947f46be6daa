/* SPDX-License-Identifier: ISC */
#include "base/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* Neither can fail for these values. */
void harden(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifndef IS_SANITIZED /* the leak checker looks at its own process as a debugger does */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
