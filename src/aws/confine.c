/* SPDX-License-Identifier: ISC */
#include "aws/confine.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/url.h"
#include "sandbox/sandbox.h"

#define DNS_PORT 53
#define HTTPS_PORT 443
#define PROXY_PORT 1080 /* libcurl's, where the proxy's URL names none */
#define URLS_MAX 8
#define PROXIES (sizeof(proxies) / sizeof(*proxies))

static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

static size_t confine_add_proxies(int *ports)
{
	size_t count = 0;

	for (size_t i = 0; i < PROXIES; i++) {
		const char *proxy = getenv(proxies[i]);

		if (!proxy || !*proxy)
			continue;
		/* What its scheme says is the port of a server, and of a proxy only with HTTPS. */
		ports[count++] = url_port(proxy);
		ports[count++] = PROXY_PORT;
	}
	return count;
}

static size_t confine_add_urls(int *ports, const char *const *urls, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count && i < URLS_MAX; i++)
		if (urls[i])
			ports[used++] = url_port(urls[i]);
	return used;
}

int aws_confine(const char *ca_bundle, const char *const *urls, size_t count, int answer_fd, struct atomicdir_error *error)
{
	const curl_version_info_data *libcurl = curl_version_info(CURLVERSION_NOW);
	const char *paths[] = { ca_bundle,	  libcurl->cainfo,	   libcurl->capath,
				"/etc/ssl/certs", getenv("SSL_CERT_FILE"), getenv("SSL_CERT_DIR") };
	int ports[2 + 2 * PROXIES + URLS_MAX] = { HTTPS_PORT, DNS_PORT };
	struct sandbox sandbox = { .has_network = true,
				   .ports = ports,
				   .port_count = 2,
				   .paths = paths,
				   .path_count = sizeof(paths) / sizeof(*paths) };

	sandbox.port_count += confine_add_proxies(ports + sandbox.port_count);
	sandbox.port_count += confine_add_urls(ports + sandbox.port_count, urls, count);
	return sandbox_enter(&sandbox, answer_fd, error);
}
