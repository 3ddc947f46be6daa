/* SPDX-License-Identifier: ISC */
#include "aws/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "base/error.h"

static const struct service {
	const char *host;
	bool has_no_dual_suffix; /* it has both stacks under its ordinary name */
	bool is_own_fips;	 /* its ordinary name is FIPS's in the partition of US-GOV */
} services[AWS_SERVICES] = {
	[AWS_SECRETSMANAGER] = { "secretsmanager", true, false },
	[AWS_SSM] = { "ssm", false, true },
	[AWS_SQS] = { "sqs", false, true },
	[AWS_STS] = { "sts", false, true },
	[AWS_SSO] = { "portal.sso", false, true },
	[AWS_SSO_OIDC] = { "oidc", false, true },
};

const char *aws_service_host(enum aws_service service)
{
	return services[service].host;
}

bool aws_is_region(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return size && size < 64 && !text[size];
}

int aws_check_region(const char *region, const char *from, struct atomicdir_error *error)
{
	if (!region || aws_is_region(region))
		return 0;
	return error_set(error, ATOMICDIR_USAGE, region, "%s is not the name of a region such as eu-west-1", from);
}

static int url_print(char **url, const char *host, bool is_fips, const char *region, const char *suffix)
{
	if (asprintf(url, "https://%s%s.%s.%s/", host, is_fips ? "-fips" : "", region, suffix) >= 0)
		return 0;
	*url = NULL;
	return -1;
}

int aws_service_url(const struct aws_settings *settings, enum aws_service service, const char *region, char **url)
{
	const struct service *its = &services[service];
	const struct arn_partition *partition = arn_partition(region);
	bool is_gov = strcmp(partition->prefix, "us-gov-") == 0, is_china = strcmp(partition->prefix, "cn-") == 0;
	bool is_fips = settings->is_fips && !(its->is_own_fips && !settings->is_dual && is_gov);
	bool is_plain = its->has_no_dual_suffix && (!*partition->prefix || is_gov || (!is_fips && is_china));

	return url_print(url, its->host, is_fips, region,
			 settings->is_dual && !is_plain ? partition->dual_suffix : partition->suffix);
}

int aws_endpoint_url(const char *endpoint, char **url)
{
	const char *host = strstr(endpoint, "://");

	if (asprintf(url, "%s%s", endpoint, host && strchr(host + 3, '/') ? "" : "/") >= 0)
		return 0;
	*url = NULL;
	return -1;
}

/* On the heap; NULL with ENOMEM, or where none is known. */
static char *place_find_region(const struct aws_settings *settings, const char *secret)
{
	struct arn_part of_arn = arn_part(secret, ARN_REGION);

	if (of_arn.size)
		return strndup(of_arn.text, (size_t)of_arn.size);
	return settings->region ? strdup(settings->region) : NULL;
}

int aws_place(const struct aws_settings *settings, enum aws_service service, const char *secret, char **region, char **url,
	      struct atomicdir_error *error)
{
	const char *endpoint = settings->endpoints[service];
	int result;

	*url = NULL;
	*region = place_find_region(settings, secret);
	if (!*region)
		return error_set(error, ATOMICDIR_USAGE, NULL,
				 "no region: say --region, set AWS_REGION, or write region = ... in profile '%.64s'",
				 settings->profile ? settings->profile : "default");
	if (!aws_is_region(*region))
		return error_set(error, ATOMICDIR_USAGE, secret, "the ARN's region is not the name of one such as eu-west-1");
	result = endpoint ? aws_endpoint_url(endpoint, url) : aws_service_url(settings, service, *region, url);
	return result < 0 ? error_errno(error, NULL, "cannot ask") : 0;
}
