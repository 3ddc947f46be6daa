/* SPDX-License-Identifier: ISC */
#include "fetch/secretsmanager.h"
#include "fetch/serve.h"

int main(void)
{
	return serve(secretsmanager_open);
}
