/* SPDX-License-Identifier: ISC
 *
 * Amazon Resource Names: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
 */
#ifndef SECRETDIR_ARN_H
#define SECRETDIR_ARN_H

#include <stdbool.h>
#include <stddef.h>

enum arn_field { ARN_PARTITION = 1, ARN_SERVICE, ARN_REGION, ARN_ACCOUNT, ARN_RESOURCE };

struct arn_part {
	const char *text; /* not ended by a NUL; NULL: the text is no ARN, or ends before this field */
	int size;	  /* as printf's "%.*s" takes it */
};

bool arn_is(const char *text);
/* Finds a field of the ARN. The resource is all that follows the fifth colon. */
struct arn_part arn_part(const char *arn, enum arn_field field);
bool arn_part_is(const char *arn, enum arn_field field, const char *text);
/* Returns the partition that a region is in; "aws" for a region that is not known. */
const char *arn_partition_of(const char *region);

#endif
