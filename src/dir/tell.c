/* SPDX-License-Identifier: ISC */
#include "dir/tell.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dir/generation.h"
#include "dir/layout.h"

int tell_live(const struct writer *writer, int64_t replaced, struct atomicdir_generation **live, struct atomicdir_error *error)
{
	cleanup_generations struct generation_list list = { 0 };
	int64_t number = writer->live.number;

	if (!live)
		return 0;
	if ((number && generation_list_add(&list, &writer->place, number, number) < 0) ||
	    (replaced && replaced != number && !writer->place.layout->moves_entries &&
	     generation_list_add(&list, &writer->place, replaced, number) < 0))
		return error_system(error, errno, writer->place.name.link, "cannot describe the live generation of");
	return generation_list_pack(&list, live, error) < 0 ? -1 : 0;
}

void tell_published(struct writer *writer, int64_t replaced, struct atomicdir_generation **live)
{
	struct atomicdir_error why;

	error_clear(&why);
	if (tell_live(writer, replaced, live, &why) < 0)
		error_warn(&writer->warning, 0, NULL, "published, but %s", why.text);
}
