/* SPDX-License-Identifier: ISC */
#include <curl/curl.h>

#include "base/harden.h"
#include "base/version.h"
#include "fetch/aws_source.h"
#include "fetch/serve.h"
#include "process/process.h"

int main(int argc, char **argv)
{
	harden();
	if (version_print(argc, argv, "fetch-aws", curl_version()))
		return 0;
	process_begin();
	return serve(aws_source_open);
}
