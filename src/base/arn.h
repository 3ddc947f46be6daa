/* SPDX-License-Identifier: ISC
 *
 * The form of arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, and the partitions of AWS: what is known of its regions without
 * asking anybody.
 */
#ifndef BASE_ARN_H
#define BASE_ARN_H

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
/* An ARN of another region, of which no more than that differs. On the heap; NULL with ENOMEM. */
char *arn_in_region(const char *arn, const char *region);

/* Regions whose names begin alike are a partition, with domains of its own. */
struct arn_partition {
	const char *prefix;
	const char *name;		  /* as ARNs have it */
	const char *suffix, *dual_suffix; /* of its hosts; dual: with both of IPv4 and IPv6 */
};

/* A region that is not known is one of "aws". */
const struct arn_partition *arn_partition(const char *region);

#endif
