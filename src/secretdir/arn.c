/* SPDX-License-Identifier: ISC */
#include "secretdir/arn.h"

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
	return (struct arn_part){ text, !text ? 0 : field == ARN_RESOURCE ? (int)strlen(text) : (int)strcspn(text, ":") };
}

bool arn_part_is(const char *arn, enum arn_field field, const char *text)
{
	struct arn_part part = arn_part(arn, field);

	return part.text && strlen(text) == (size_t)part.size && strncmp(part.text, text, (size_t)part.size) == 0;
}

const char *arn_partition_of(const char *region)
{
	static const struct {
		const char *prefix, *name;
	} partitions[] = {
		{ "cn-", "aws-cn" },	     { "us-gov-", "aws-us-gov" }, { "eusc-", "aws-eusc" },     { "us-iso-", "aws-iso" },
		{ "us-isob-", "aws-iso-b" }, { "eu-isoe-", "aws-iso-e" }, { "us-isof-", "aws-iso-f" },
	};

	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++)
		if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) == 0)
			return partitions[i].name;
	return "aws";
}
