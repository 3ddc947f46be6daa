/* SPDX-License-Identifier: ISC
 *
 * What became of a publication. It is a value that is returned from the swap to the public calls; nobody finds it out from an error.
 */
#ifndef DIR_OUTCOME_H
#define DIR_OUTCOME_H

enum outcome {
	OUTCOME_NOT_PUBLISHED = -1, /* LINK names what it named before; the error says why */
	OUTCOME_UNCHANGED = 0,	    /* the same: there was nothing to publish */
	OUTCOME_PUBLISHED = 1,	    /* LINK names the new generation, also after a power cut */
	OUTCOME_IN_DOUBT = 2	    /* the swap has happened or may have, and a power cut may undo it: nothing may be deleted */
};

#endif
