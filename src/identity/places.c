/* SPDX-License-Identifier: ISC */
#include "identity/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/retry.h"
#include "base/error.h"
#include "identity/config.h"
#include "identity/instance.h"
#include "identity/variables.h"

/* ---- Regions ---- */

static int region_find(const struct told *told, const char **region, struct atomicdir_error *error)
{
	const char *from = "--region, or the spec's region,";

	*region = told_option(told, OPTION_REGION);
	if (!*region)
		*region = variable_text(from = "AWS_REGION");
	if (!*region)
		*region = variable_text(from = "AWS_DEFAULT_REGION");
	if (!*region) {
		from = "the profile's region";
		*region = aws_profile_text(aws_profile(), "region");
	}
	return aws_check_region(*region, from, error);
}

int places_check_regions(const struct told *told, const char *region, struct atomicdir_error *error)
{
	const char *failover = told_option(told, OPTION_FAILOVER_REGION);

	if (!failover || !region || strcmp(failover, region) != 0)
		return 0;
	return error_set(error, ATOMICDIR_USAGE, region, "the second region is the first");
}

/* ---- Endpoints ---- */

/* How the user may name a service: in AWS_ENDPOINT_URL_..., and as a key of a [services] section. */
static const struct endpoint_name {
	const char *variable, *key;
} endpoint_names[AWS_SERVICES] = {
	[AWS_SECRETSMANAGER] = { "AWS_ENDPOINT_URL_SECRETS_MANAGER", "secrets_manager" },
	[AWS_SSM] = { "AWS_ENDPOINT_URL_SSM", "ssm" },
	[AWS_SQS] = { "AWS_ENDPOINT_URL_SQS", "sqs" },
	[AWS_STS] = { "AWS_ENDPOINT_URL_STS", "sts" },
	[AWS_SSO] = { "AWS_ENDPOINT_URL_SSO", "sso" },
	[AWS_SSO_OIDC] = { "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc" },
};

/* The one that the user has set, and where; NULL: none. */
static const char *endpoint_find(enum aws_service service, const char **from)
{
	const struct endpoint_name *name = &endpoint_names[service];
	const char *endpoint, *section = aws_profile_text(aws_profile(), "services");
	const struct ini_entry *entry = section ? aws_section_find("services", section, name->key, "endpoint_url") : NULL;

	if (aws_setting_is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
		return NULL;
	endpoint = variable_text(*from = name->variable);
	if (!endpoint)
		endpoint = variable_text(*from = "AWS_ENDPOINT_URL");
	if (endpoint)
		return endpoint;
	*from = "the profile's endpoint_url";
	return entry && *entry->value ? entry->value : aws_profile_text(aws_profile(), "endpoint_url");
}

static bool is_fips(void)
{
	return aws_setting_is_true("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
}

static bool is_dual(void)
{
	return aws_setting_is_true("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
}

/* What follows the scheme; "": it is no URL of HTTP. */
static const char *endpoint_host(const char *endpoint)
{
	if (strncasecmp(endpoint, "https://", 8) == 0)
		return endpoint + 8;
	return strncasecmp(endpoint, "http://", 7) == 0 ? endpoint + 7 : "";
}

static int endpoint_check(const char *endpoint, const char *from, struct atomicdir_error *error)
{
	const char *host = endpoint_host(endpoint);

	if (!*host || *host == '/')
		return error_set(error, ATOMICDIR_USAGE, endpoint, "%s is no URL such as https://HOST[:PORT]", from);
	/* Who has a user there has a password. */
	if (strpbrk(host, "@?# \t\r\n\\"))
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "%s is a URL that holds a user, a query or white space: take that out", from);
	return 0;
}

/* What is wrong with that of a service which is not asked hinders nobody. */
static int endpoints_find(const struct told *told, const char *endpoints[AWS_CALLED], struct atomicdir_error *error)
{
	const char *option = told_option(told, OPTION_ENDPOINT_URL);

	for (int i = 0; i < AWS_CALLED; i++) {
		const char *from = "--endpoint-url";

		if (i == AWS_SQS && !told_option(told, OPTION_QUEUE_URL))
			continue;
		endpoints[i] = option ? option : endpoint_find((enum aws_service)i, &from);
		if (endpoints[i] && endpoint_check(endpoints[i], from, error) < 0)
			return -1;
	}
	return 0;
}

/* ---- All of it ---- */

int places_find(const struct told *told, struct aws_settings *settings, struct atomicdir_error *error)
{
	const char *ca_bundle = told_option(told, OPTION_CA_BUNDLE);
	struct retry retry;

	*settings = (struct aws_settings){
		.profile = aws_profile(),
		.ca_bundle = ca_bundle ? ca_bundle : aws_setting("AWS_CA_BUNDLE", "ca_bundle"),
		.retry_mode = aws_setting("AWS_RETRY_MODE", "retry_mode"),
		.max_attempts = aws_setting("AWS_MAX_ATTEMPTS", "max_attempts"),
		.is_fips = is_fips(),
		.is_dual = is_dual(),
	};
	if (aws_check_region(told_option(told, OPTION_FAILOVER_REGION), "the failover region", error) < 0 ||
	    region_find(told, &settings->region, error) < 0 || endpoints_find(told, settings->endpoints, error) < 0 ||
	    places_check_regions(told, settings->region, error) < 0 || instance_check_mode(error) < 0)
		return -1;
	if (retry_init(&retry, settings->retry_mode, settings->max_attempts, error) < 0)
		return -1;
	return aws_check_ca_bundle(settings->ca_bundle, error);
}

/* Regions that may, as they once had to, use STS's one endpoint for all. */
static bool is_legacy_sts(const char *region)
{
	static const char *const regions[] = { "ap-northeast-1", "ap-south-1",	 "ap-southeast-1", "ap-southeast-2",
					       "ca-central-1",	 "eu-central-1", "eu-north-1",	   "eu-west-1",
					       "eu-west-2",	 "eu-west-3",	 "sa-east-1",	   "us-east-1",
					       "us-east-2",	 "us-west-1",	 "us-west-2" };
	const char *wanted = aws_setting("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");

	for (size_t i = 0; wanted && strcasecmp(wanted, "legacy") == 0 && i < sizeof(regions) / sizeof(*regions); i++)
		if (strcmp(region, regions[i]) == 0)
			return true;
	return strcmp(region, STS_GLOBAL) == 0;
}

static int places_make_url(enum aws_service service, const char *region, char **url)
{
	const struct aws_settings settings = { .is_fips = is_fips(), .is_dual = is_dual() };

	if (service != AWS_STS || settings.is_fips || settings.is_dual || !is_legacy_sts(region))
		return aws_service_url(&settings, service, region, url);
	*url = strdup(STS_GLOBAL_URL);
	return *url ? 0 : -1;
}

int places_url(enum aws_service service, const char *region, char **url, struct atomicdir_error *error)
{
	const char *from, *endpoint = endpoint_find(service, &from);
	int result;

	*url = NULL;
	if (endpoint && endpoint_check(endpoint, from, error) < 0)
		return -1;
	result = endpoint ? aws_endpoint_url(endpoint, url) : places_make_url(service, region, url);
	return result < 0 ? error_errno(error, NULL, "cannot ask") : 0;
}
