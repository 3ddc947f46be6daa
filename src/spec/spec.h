/* SPDX-License-Identifier: ISC
 *
 * A whole spec: a list of entries or of a provider's objects, the parameters that hold such a list, or the manifest of a
 * SecretProviderClass.
 */
#ifndef SPEC_SPEC_H
#define SPEC_SPEC_H

#include "spec/answer.h"

/* `name` is the file's, for errors. USAGE; the answer is complete but for its end. */
int spec_parse(const char *name, const char *bytes, size_t size, struct answer *answer, struct atomicdir_error *error);

#endif
