/* SPDX-License-Identifier: ISC */
#include <curl/curl.h>

#include "base/harden.h"
#include "base/version.h"
#include "listen/listen.h"
#include "process/process.h"

int main(int argc, char **argv)
{
	harden();
	if (version_print(argc, argv, "listen-aws", curl_version()))
		return 0;
	process_begin();
	return listen_run();
}
