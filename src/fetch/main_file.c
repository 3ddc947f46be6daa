/* SPDX-License-Identifier: ISC */
#include "fetch/file.h"
#include "fetch/serve.h"

int main(void)
{
	return serve(file_open);
}
