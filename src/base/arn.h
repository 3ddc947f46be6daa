/* SPDX-License-Identifier: ISC
 *
 * Amazon Resource Names, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, and the partitions that AWS's regions are in.
 */
#ifndef BASE_ARN_H
#define BASE_ARN_H

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
/* Returns the ARN with another region, and whatever is no ARN as it is. On the heap; NULL with ENOMEM. */
char *arn_in_region(const char *arn, const char *region);

/* A partition: regions whose names begin alike, and the domains of their hosts. */
struct arn_partition {
	const char *prefix;
	const char *name;		  /* as ARNs write it */
	const char *suffix, *dual_suffix; /* domains; dual: of endpoints with both IPv4 and IPv6 */
};

/* Returns the partition that a region is in; "aws" for a region that is not known. */
const struct arn_partition *arn_partition(const char *region);

#endif
