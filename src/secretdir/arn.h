/* SPDX-License-Identifier: ISC
 *
 * arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, the names of AWS.
 */
#ifndef SECRETDIR_ARN_H
#define SECRETDIR_ARN_H

#include <stdbool.h>
#include <stddef.h>

enum arn_field { ARN_PARTITION = 1, ARN_SERVICE, ARN_REGION, ARN_ACCOUNT, ARN_RESOURCE };

struct arn_part {
	const char *text; /* not ended by a NUL; NULL: there is none */
	int size;	  /* as printf's "%.*s" takes it */
};

bool arn_is(const char *text);
/* The resource is all that is left. */
struct arn_part arn_part(const char *arn, enum arn_field field);
bool arn_part_is(const char *arn, enum arn_field field, const char *text);
/* The partition that a region is in: of one that is not known, "aws". */
const char *arn_partition_of(const char *region);

#endif
