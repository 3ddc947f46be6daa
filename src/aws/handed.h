/* SPDX-License-Identifier: ISC
 *
 * The file of keys that identity-aws has written, and secretdir hands to us (base/protocol.h): how AWS is asked, and with which keys.
 */
#ifndef AWS_HANDED_H
#define AWS_HANDED_H

#include "aws/credentials.h"
#include "aws/settings.h"

struct handed {
	struct field_reader *input;   /* what secretdir says; stays the caller's */
	struct record first, renewed; /* what the file had; the settings are the first one's */
	bool are_kept;		      /* they are an earlier fetcher's, and may be refused */
};

void handed_clear(struct handed *handed);

enum handed_news {
	HANDED_FAILED,	 /* the error says why there are none */
	HANDED_SETTINGS, /* the settings are there, and the keys will be */
	HANDED_COMPLETE, /* both are */
};

/* Waits for what is to be known next. The settings' texts stay the file's; they are new with each call. */
enum handed_news handed_next(struct handed *handed, struct aws_settings *settings, struct credentials *credentials,
			     struct atomicdir_error *error);
/* Asks secretdir for others than those that have expired; region: where it is asked now, or NULL. The settings stay as they are. */
int handed_renew(struct handed *handed, const char *region, struct credentials *credentials, struct atomicdir_error *error);

#endif
