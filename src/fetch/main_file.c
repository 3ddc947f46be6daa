/* SPDX-License-Identifier: ISC */
#include "base/harden.h"
#include "fetch/file.h"
#include "fetch/serve.h"
#include "process/process.h"

int main(void)
{
	harden();
	process_begin();
	return serve(file_open);
}
