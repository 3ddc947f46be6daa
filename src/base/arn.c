/* SPDX-License-Identifier: ISC */
#include "base/arn.h"

#include <stdio.h>
#include <string.h>

bool arn_is(const char *text)
{
	return strncmp(text, "arn:", 4) == 0;
}

struct arn_part arn_part(const char *arn, enum arn_field field)
{
	const char *text = arn_is(arn) ? arn : NULL;

	for (int i = 0; i < (int)field && text; i++) {
		text = strchr(text, ':');
		text = text ? text + 1 : NULL;
	}
	if (!text)
		return (struct arn_part){ NULL, 0 };
	return (struct arn_part){ text, (int)(field == ARN_RESOURCE ? strlen(text) : strcspn(text, ":")) };
}

bool arn_part_is(const char *arn, enum arn_field field, const char *text)
{
	struct arn_part part = arn_part(arn, field);

	return part.text && strlen(text) == (size_t)part.size && strncmp(part.text, text, (size_t)part.size) == 0;
}

char *arn_in_region(const char *arn, const char *region)
{
	struct arn_part part = arn_part(arn, ARN_REGION);
	char *other;

	if (!part.text)
		return strdup(arn);
	return asprintf(&other, "%.*s%s%s", (int)(part.text - arn), arn, region, part.text + part.size) < 0 ? NULL : other;
}

const struct arn_partition *arn_partition(const char *region)
{
	static const struct arn_partition partitions[] = {
		{ "cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
		{ "us-gov-", "aws-us-gov", "amazonaws.com", "api.aws" },
		{ "eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu" },
		{ "us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov" },
		{ "us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud" },
		{ "eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
		{ "us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
	};
	static const struct arn_partition otherwise = { "", "aws", "amazonaws.com", "api.aws" };

	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++)
		if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) == 0)
			return &partitions[i];
	return &otherwise;
}
