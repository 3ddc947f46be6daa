/* SPDX-License-Identifier: ISC */
#include "fetch/aws_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool is_true(const char *name)
{
	const char *value = environment(name);

	return value && strcasecmp(value, "true") == 0;
}

/* It becomes part of a host's name. */
bool aws_is_region(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return size && size < 64 && !text[size];
}

static const char *find_endpoint(const struct request *request, const char *service)
{
	const char *endpoint = request_option(request, "endpoint-url");

	if (!endpoint && !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
		endpoint = environment(strcmp(service, "ssm") == 0 ? "AWS_ENDPOINT_URL_SSM" : "AWS_ENDPOINT_URL_SECRETS_MANAGER");
		if (!endpoint)
			endpoint = environment("AWS_ENDPOINT_URL");
	}
	return endpoint;
}

static int check_endpoint(const char *endpoint, struct atomicdir_error *error)
{
	const char *host = strncasecmp(endpoint, "https://", 8) == 0  ? endpoint + 8
			   : strncasecmp(endpoint, "http://", 7) == 0 ? endpoint + 7
								      : "";

	if (!*host || *host == '/')
		return error_set(error, ATOMICDIR_USAGE, endpoint, "the endpoint is no URL such as https://HOST[:PORT]");
	if (strpbrk(host, "@?# \t\r\n\\"))
		return error_set(error, ATOMICDIR_USAGE, NULL, "the endpoint's URL may hold neither a user nor a query");
	if (is_true("AWS_USE_FIPS_ENDPOINT"))
		return error_set(error, ATOMICDIR_USAGE, endpoint,
				 "AWS_USE_FIPS_ENDPOINT and an endpoint of your own do not go together");
	return 0;
}

int aws_find_place(const struct request *request, const char *service, char **region, char **endpoint,
		   struct atomicdir_error *error)
{
	const char *where = request_option(request, "region"), *url = find_endpoint(request, service);

	if (!where)
		where = environment("AWS_REGION");
	if (!where)
		where = environment("AWS_DEFAULT_REGION");
	if (where && !aws_is_region(where))
		return error_set(error, ATOMICDIR_USAGE, where, "not the name of a region");
	if (url && check_endpoint(url, error) < 0)
		return -1;
	*region = where ? strdup(where) : NULL;
	*endpoint = url ? strdup(url) : NULL;
	if ((where && !*region) || (url && !*endpoint))
		return error_errno(error, NULL, "cannot start");
	return 0;
}

/* arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME */
static char *region_of(const char *secret, const char *region)
{
	const char *field = secret;

	if (strncmp(secret, "arn:", 4) != 0)
		return region ? strdup(region) : NULL;
	for (int i = 0; i < 3 && field; i++) {
		field = strchr(field, ':');
		field = field ? field + 1 : NULL;
	}
	return !field || *field == ':' ? region ? strdup(region) : NULL : strndup(field, strcspn(field, ":"));
}

/* By the partitions of AWS's endpoint rules; a region that is not known is one of the first partition's. */
static const char *suffix_of(const char *region)
{
	static const struct {
		const char *prefix, *suffix;
	} partitions[] = {
	    {"cn-", "amazonaws.com.cn"},    {"eusc-", "amazonaws.eu"}, {"us-isob-", "sc2s.sgov.gov"},
	    {"us-isof-", "csp.hci.ic.gov"}, {"us-iso-", "c2s.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"},
	};

	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++)
		if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) == 0)
			return partitions[i].suffix;
	return "amazonaws.com";
}

int aws_place(const char *region, const char *endpoint, const char *service, const char *secret, char **its_region, char **url,
	      struct atomicdir_error *error)
{
	const char *scheme_end = endpoint ? strstr(endpoint, "://") : NULL;
	int result;

	*its_region = region_of(secret, region);
	if (!*its_region)
		return error_set(error, ATOMICDIR_USAGE, NULL, "no region: say --region, or set AWS_REGION");
	if (!aws_is_region(*its_region))
		return error_set(error, ATOMICDIR_USAGE, secret, "the ARN's region is not the name of one");
	if (endpoint)
		result = asprintf(url, "%s%s", endpoint, scheme_end && strchr(scheme_end + 3, '/') ? "" : "/");
	else
		result = asprintf(url, "https://%s%s.%s.%s/", service, is_true("AWS_USE_FIPS_ENDPOINT") ? "-fips" : "",
				  *its_region, suffix_of(*its_region));
	if (result >= 0)
		return 0;
	*url = NULL;
	return error_errno(error, NULL, "cannot ask");
}
