/* SPDX-License-Identifier: ISC */
#include "atomicdir/options.h"

#include <string.h>

#include "base/error.h"

#define AT(member) offsetof(struct fill_options, member)
#define LIBRARY(member) offsetof(struct fill_options, shared.library.member)

static int option_note(void *note, const char *text, struct atomicdir_error *error)
{
	if (strlen(text) > NOTE_TEXT_MAX)
		return error_set(error, ATOMICDIR_USAGE, NULL, "it is longer than %d bytes", NOTE_TEXT_MAX);
	if (strchr(text, '\n'))
		return error_set(error, ATOMICDIR_USAGE, NULL, "it has more than one line");
	return option_text(note, text, error);
}

const struct option fill_options_table[] = {
	{ "--from", "DIR", TAKES_FILL, option_text, AT(from), "publish a copy of the directory DIR" },
	{ "--dereference", NULL, TAKES_FILL, option_flag, AT(dereference),
	  "with --from: copy what symlinks point to in their place" },
	{ "--edit", NULL, TAKES_FILL, option_flag, AT(edit), "run COMMAND in a copy of the live generation" },
	{ "--file-mode", "MODE", TAKES_FILL, option_mode, LIBRARY(file_mode),
	  "mode of all files, in octal (default: as made)" },
	{ "--dir-mode", "MODE", TAKES_FILL, option_mode, LIBRARY(dir_mode),
	  "mode of all directories, in octal (default: as made)" },
	{ "--top-mode", "MODE", TAKES_FILL, option_mode, LIBRARY(top_mode),
	  "mode of the top directory, in octal (default: as COMMAND or DIR has it, else 0755 less the umask)" },
	{ "--keep-times", NULL, TAKES_FILL, option_library_flag, LIBRARY(keep_times),
	  "keep the modification time of unchanged files (default: as made)" },
	{ "--link-unchanged", NULL, TAKES_FILL, option_library_flag, LIBRARY(link_unchanged),
	  "make unchanged files hard links to the live one's (default: copies)" },
	{ "--require-xattrs", NULL, TAKES_FILL, option_library_flag, LIBRARY(require_xattrs),
	  "fail where a user attribute cannot be kept (default: a warning)" },
	{ "--owner", "USER[:GROUP]", TAKES_FILL, option_owner, AT(shared.library), "owner of all that is published" },
	{ "--keep", "N", TAKES_FILL, option_count, LIBRARY(keep),
	  "keep N generations beside the live one (default: 1; volume: 0)" },
	{ "--grace", "DURATION", TAKES_FILL, option_duration, LIBRARY(grace_ms),
	  "keep a replaced generation for at least DURATION, such as 500ms, 30s, 5m, 2h or 7d (default: 1s; volume: 100ms)" },
	{ "--keep", "N", TAKES_KEPT | TAKES_PRUNE, option_count, LIBRARY(keep),
	  "keep N generations beside the live one (default: as the last fill)" },
	{ "--grace", "DURATION", TAKES_KEPT, option_duration, LIBRARY(grace_ms),
	  "keep a replaced generation for at least DURATION (default: as the last fill)" },
	{ "--grace", "DURATION", TAKES_PRUNE, option_duration, LIBRARY(grace_ms),
	  "keep a replaced generation for at least DURATION (default: 0)" },
	{ "--grace", "DURATION", TAKES_DETACH, option_duration, LIBRARY(grace_ms),
	  "keep the store for DURATION after the exchange, at least 1s (default: as the last fill)" },
	{ "--carry", "N", TAKES_FILL, option_count, LIBRARY(carry_generations),
	  "files of the last N generations that the new one lacks come along (default: 0)" },
	{ "--note", "TEXT", TAKES_FILL, option_note, AT(note),
	  "keep a line of at most 1024 bytes with the generation; list shows it" },
	{ "--since", "N", TAKES_SINCE, option_count, AT(since),
	  "wait for another generation than N; 0: for any (default: the live one)" },
	{ "--timeout", "DURATION", TAKES_SINCE, option_duration, AT(timeout_ms),
	  "give up after DURATION, with status 5 (default: no limit)" },
	{ "--dry-run", NULL, TAKES_DRY_RUN, option_library_flag, LIBRARY(dry_run),
	  "print what would be published or removed, and change nothing" },
	{ 0 },
};
