/* SPDX-License-Identifier: ISC */
#include "fetch/aws_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arn.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "fetch/aws_config.h"
#include "fetch/imds.h"

/* ---- Regions ---- */

/* It becomes part of a host's name. */
bool aws_is_region(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return size && size < 64 && !text[size];
}

int aws_check_region(const char *region, const char *from, struct atomicdir_error *error)
{
	return !region || aws_is_region(region)
		       ? 0
		       : error_set(error, ATOMICDIR_USAGE, region, "%s is not the name of a region such as eu-west-1", from);
}

static int find_said_region(const struct request *request, const char **region, struct atomicdir_error *error)
{
	const char *from = "--region, or the spec's region,";

	*region = told_option(&request->told, OPTION_REGION);
	if (!*region)
		*region = aws_environment(from = "AWS_REGION");
	if (!*region)
		*region = aws_environment(from = "AWS_DEFAULT_REGION");
	if (!*region) {
		from = "the profile's region";
		*region = aws_profile_text(aws_profile(), "region");
	}
	return aws_check_region(*region, from, error);
}

/* NULL: it is no ARN, or one without. On the heap. */
static char *region_of(const char *secret)
{
	struct arn_part region = arn_part(secret, ARN_REGION);

	return region.size ? strndup(region.text, (size_t)region.size) : NULL;
}

static char *region_of_all(const struct request *request)
{
	char *first = NULL;

	for (size_t i = 0; i < request->count; i++) {
		char *region = region_of(request->wanted[i].secret);

		if (!region) {
			free(first);
			return NULL;
		}
		if (first)
			free(region);
		else
			first = region;
	}
	return first;
}

int aws_find_region(const struct request *request, struct http *http, char **region, struct atomicdir_error *error)
{
	const char *said;

	*region = NULL;
	if (find_said_region(request, &said, error) < 0)
		return -1;
	*region = said ? strdup(said) : region_of_all(request);
	if (said)
		return *region ? 0 : error_errno(error, NULL, "cannot start");
	if (*region)
		return aws_check_region(*region, "the ARN's region", error);
	return imds_region(http, region, error) < 0 ? -1 : aws_check_region(*region, "the instance's region", error);
}

/* ---- Endpoints ---- */

static const struct service {
	const char *host;
	const char *variable;	 /* AWS_ENDPOINT_URL_... */
	const char *key;	 /* in a [services] section */
	bool has_no_dual_suffix; /* where it has both stacks under its ordinary name */
	bool is_own_fips;	 /* where its ordinary name is FIPS's in the partition of US-GOV */
} services[] = {
	{ "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "secrets_manager", true, false },
	{ "sts", "AWS_ENDPOINT_URL_STS", "sts", false, true },
	{ "ssm", "AWS_ENDPOINT_URL_SSM", "ssm", false, true },
	{ "portal.sso", "AWS_ENDPOINT_URL_SSO", "sso", false, true },
	{ "oidc", "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc", false, true },
};

static const struct service *find_service(const char *host)
{
	size_t i = 0;

	while (i < sizeof(services) / sizeof(*services) - 1 && strcmp(services[i].host, host) != 0)
		i++;
	return &services[i];
}

static bool is_fips(void)
{
	return aws_setting_is_true("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
}

static bool is_dual(void)
{
	return aws_setting_is_true("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
}

/* The one that the user has set, and where; NULL: none. */
static const char *own_endpoint(const struct service *service, const char **from)
{
	const char *endpoint, *section = aws_profile_text(aws_profile(), "services");
	const struct ini_entry *entry = section ? aws_section_find("services", section, service->key, "endpoint_url") : NULL;

	if (aws_setting_is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
		return NULL;
	endpoint = aws_environment(*from = service->variable);
	if (!endpoint)
		endpoint = aws_environment(*from = "AWS_ENDPOINT_URL");
	if (endpoint)
		return endpoint;
	*from = "the profile's endpoint_url";
	return entry && *entry->value ? entry->value : aws_profile_text(aws_profile(), "endpoint_url");
}

static int check_endpoint(const char *endpoint, const char *from, struct atomicdir_error *error)
{
	const char *host = strncasecmp(endpoint, "https://", 8) == 0  ? endpoint + 8
			   : strncasecmp(endpoint, "http://", 7) == 0 ? endpoint + 7
								      : "";

	if (!*host || *host == '/')
		return error_set(error, ATOMICDIR_USAGE, endpoint, "%s is no URL such as https://HOST[:PORT]", from);
	/* Who has a user there has a password. */
	if (strpbrk(host, "@?# \t\r\n\\"))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "%s is a URL that holds a user, a query or white space: take that out", from);
	if (is_fips() || is_dual())
		return error_set(error, ATOMICDIR_USAGE, endpoint, "%s and %s do not go together: take one of them out",
				 is_fips() ? "AWS_USE_FIPS_ENDPOINT (use_fips_endpoint)"
					   : "AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint)",
				 from);
	return 0;
}

int aws_find_place(const struct request *request, const char *service, char **region, char **endpoint,
		   struct atomicdir_error *error)
{
	const char *said, *url = told_option(&request->told, OPTION_ENDPOINT_URL), *from = "--endpoint-url";

	url = url ? url : own_endpoint(find_service(service), &from);
	if (find_said_region(request, &said, error) < 0 || (url && check_endpoint(url, from, error) < 0))
		return -1;
	*region = said ? strdup(said) : NULL;
	*endpoint = url ? strdup(url) : NULL;
	if ((said && !*region) || (url && !*endpoint))
		return error_errno(error, NULL, "cannot start");
	return 0;
}

/* An endpoint of the user's own, with a path. */
static int whole_url(const char *endpoint, char **url)
{
	const char *host = strstr(endpoint, "://");

	return asprintf(url, "%s%s", endpoint, host && strchr(host + 3, '/') ? "" : "/");
}

/* Regions that may, as they once had to, use STS's one endpoint for all. */
static bool is_global_sts(const struct service *service, const char *region)
{
	static const char *const regions[] = { "ap-northeast-1", "ap-south-1",	 "ap-southeast-1", "ap-southeast-2",
					       "ca-central-1",	 "eu-central-1", "eu-north-1",	   "eu-west-1",
					       "eu-west-2",	 "eu-west-3",	 "sa-east-1",	   "us-east-1",
					       "us-east-2",	 "us-west-1",	 "us-west-2" };
	const char *wanted = aws_setting("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");

	if (strcmp(service->host, "sts") != 0 || is_fips() || is_dual())
		return false;
	for (size_t i = 0; wanted && strcasecmp(wanted, "legacy") == 0 && i < sizeof(regions) / sizeof(*regions); i++)
		if (strcmp(region, regions[i]) == 0)
			return true;
	return strcmp(region, STS_GLOBAL) == 0;
}

static int make_url(const struct service *service, const char *region, char **url)
{
	const struct arn_partition *partition = arn_partition(region);
	bool fips = is_fips() && !(service->is_own_fips && !is_dual() && strcmp(partition->prefix, "us-gov-") == 0);
	bool keeps = service->has_no_dual_suffix && (!*partition->prefix || strcmp(partition->prefix, "us-gov-") == 0 ||
						     (!fips && strcmp(partition->prefix, "cn-") == 0));

	if (is_global_sts(service, region))
		return asprintf(url, "%s", STS_GLOBAL_URL);
	return asprintf(url, "https://%s%s.%s.%s/", service->host, fips ? "-fips" : "", region,
			is_dual() && !keeps ? partition->dual_suffix : partition->suffix);
}

int aws_url(const char *host, const char *region, char **url, struct atomicdir_error *error)
{
	const struct service *service = find_service(host);
	const char *from, *endpoint = own_endpoint(service, &from);

	*url = NULL;
	if (endpoint && check_endpoint(endpoint, from, error) < 0)
		return -1;
	if ((endpoint ? whole_url(endpoint, url) : make_url(service, region, url)) >= 0)
		return 0;
	*url = NULL;
	return error_errno(error, NULL, "cannot ask");
}

int aws_place(const char *region, const char *endpoint, const char *service, const char *secret, char **its_region, char **url,
	      struct atomicdir_error *error)
{
	*its_region = region_of(secret);
	if (!*its_region)
		*its_region = region ? strdup(region) : NULL;
	if (!*its_region)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "no region: say --region, set AWS_REGION, or write region = ... in profile '%.64s'",
				 aws_profile());
	if (!aws_is_region(*its_region))
		return error_set(error, ATOMICDIR_USAGE, secret, "the ARN's region is not the name of one such as eu-west-1");
	if ((endpoint ? whole_url(endpoint, url) : make_url(find_service(service), *its_region, url)) >= 0)
		return 0;
	*url = NULL;
	return error_errno(error, NULL, "cannot ask");
}
