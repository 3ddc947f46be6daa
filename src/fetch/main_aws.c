/* SPDX-License-Identifier: ISC */
#include "fetch/aws_source.h"
#include "fetch/serve.h"

int main(void)
{
	return serve(aws_source_open);
}
