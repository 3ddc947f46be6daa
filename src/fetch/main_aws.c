/* SPDX-License-Identifier: ISC */
#include "base/harden.h"
#include "fetch/aws_source.h"
#include "fetch/serve.h"
#include "process/process.h"

int main(void)
{
	harden();
	process_begin();
	return serve(aws_source_open);
}
