/* SPDX-License-Identifier: ISC
 *
 * What a spec comes to, as the fields that spec-yaml answers with (base/protocol.h).
 */
#ifndef SPEC_ANSWER_H
#define SPEC_ANSWER_H

#include "base/buffer.h"
#include "base/protocol.h"
#include "spec/node.h"

struct answer {
	struct buffer fields;
	size_t count;	      /* of the entries */
	struct buffer warned; /* a line for each text that was warned of */
};

/* All fail only where memory is out, and say so. */
int answer_entry(struct answer *answer, const struct place *place, struct atomicdir_error *error);
/* Nothing where the text is NULL or "". */
int answer_add(struct answer *answer, const char *name, const char *text, struct atomicdir_error *error);
/* Also where it is "". */
int answer_add_text(struct answer *answer, const char *name, const char *text, struct atomicdir_error *error);
int answer_option(struct answer *answer, const char *name, const char *value, struct atomicdir_error *error);
/* Only the first of several that have the same text. */
int answer_warning(struct answer *answer, const struct place *place, const char *text, struct atomicdir_error *error);
int answer_done(struct answer *answer, struct atomicdir_error *error);
void answer_clear(struct answer *answer);

#endif
