/* SPDX-License-Identifier: ISC
 *
 * The file of keys that identity-aws has written, and secretdir hands to us (base/protocol.h): how AWS is asked, and with which keys.
 */
#ifndef FETCH_KEYS_H
#define FETCH_KEYS_H

#include "aws/credentials.h"
#include "aws/settings.h"

struct keys {
	struct field_reader *input;   /* what secretdir says; stays the caller's */
	struct record first, renewed; /* what the file had; the settings are the first one's */
	bool are_kept;		      /* they are an earlier fetcher's, and may be refused */
};

void keys_clear(struct keys *keys);

enum keys_news {
	KEYS_FAILED,   /* the error says why there are none */
	KEYS_SETTINGS, /* the settings are there, and the keys will be */
	KEYS_COMPLETE, /* both are */
};

/* Waits for what is to be known next. The settings' texts stay the keys'; they are new with each call. */
enum keys_news keys_next(struct keys *keys, struct aws_settings *settings, struct credentials *credentials,
			 struct atomicdir_error *error);
/* Asks secretdir for others than those that have expired; region: where it is asked now, or NULL. The settings stay as they are. */
int keys_renew(struct keys *keys, const char *region, struct credentials *credentials, struct atomicdir_error *error);

#endif
