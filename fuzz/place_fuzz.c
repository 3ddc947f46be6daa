/* SPDX-License-Identifier: ISC
 *
 * Claim: no region, ARN or endpoint leads the keys to a host that was not named
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "identity/config.h"
#include "identity/places.h"
#include "fuzz.h"
#include "lines.h"

static bool is_of(const char *text, size_t size, const char *bytes)
{
	return size && strspn(text, bytes) >= size;
}

/* AWS's own: a host of its domains, and nothing after it. */
static void check_own(const char *url, const char *region)
{
	static const char begin[] = "https://secretsmanager.";
	static const char *const suffixes[] = { ".amazonaws.com/",  ".amazonaws.com.cn/", ".amazonaws.eu/",  ".sc2s.sgov.gov/",
						".csp.hci.ic.gov/", ".c2s.ic.gov/",	  ".cloud.adc-e.uk/" };
	const char *rest = url + sizeof(begin) - 1 + strlen(region);
	bool is_known = false;

	must(strncmp(url, begin, sizeof(begin) - 1) == 0 && strncmp(url + sizeof(begin) - 1, region, strlen(region)) == 0);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		is_known |= strcmp(rest, suffixes[i]) == 0;
	must(is_known);
}

/* As it was given: scheme and host are its own, with no user before and no query after them. */
static void check_given(const char *url, const char *endpoint)
{
	size_t size = strlen(endpoint);

	must(strncmp(url, endpoint, size) == 0 && (!url[size] || strcmp(url + size, "/") == 0));
	must(strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
	must(!strpbrk(url, "@?# \t\r\n\\"));
}

static void place(const struct aws_settings *settings, const char *secret)
{
	const char *endpoint = settings->endpoints[AWS_SECRETSMANAGER];
	struct atomicdir_error error;
	char *region = NULL, *url = NULL;

	error_clear(&error);
	if (aws_place(settings, AWS_SECRETSMANAGER, secret, &region, &url, &error) == 0) {
		must(is_of(region, strlen(region), "abcdefghijklmnopqrstuvwxyz0123456789-") && strlen(region) < 64);
		if (endpoint)
			check_given(url, endpoint);
		else
			check_own(url, region);
	} else {
		must_be_told(&error);
	}
	free(region);
	free(url);
}

/* "region=R" and "endpoint-url=URL" are options of the request, "secret NAME" is asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *options[8], *secret = fuzz_copy("s", 1);
	struct told told = { options, 0 };
	struct aws_settings settings;
	struct atomicdir_error error;
	struct lines lines;

	lines_begin(&lines, data, size);
	while (lines_next(&lines)) {
		if (lines_is(&lines, "secret")) {
			free(secret);
			secret = fuzz_copy(lines.rest, lines.rest_size);
		} else if (told.count < sizeof(options) / sizeof(*options)) {
			options[told.count++] = lines.word;
		}
	}
	error_clear(&error);
	if (places_find(&told, &settings, &error) == 0)
		place(&settings, secret);
	else
		must_be_told(&error);
	free(secret);
	lines_end(&lines);
	return 0;
}
