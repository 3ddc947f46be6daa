/* SPDX-License-Identifier: ISC */
#include "scenario.h"

/* Three sources, 1 to 3; what is in `same` is so in all, `only-N` is in one. */
#define SOURCES                                                                                                                                            \
	"for i in 1 2 3; do mkdir -p $i/sub; echo $i >$i/a; echo $i >$i/sub/b; echo s >$i/same; echo $i >$i/only-$i; ln -s a $i/link; chmod 0500 $i/sub; " \
	"printf '{\"a\":\"%s\\\\n\",\"b\":\"%s\\\\n\",\"same\":\"s\\\\n\"}' $i $i >$i.json; done; "
#define FILL "$atomicdir fill -q --grace 0s app --from "
#define SYNC "$secretdir sync -q --grace 0s --source file:"
#define ENTRIES " app a sub/b=b same"
#define TWICE SOURCES FILL "2 && " FILL "1"
#define THRICE SOURCES FILL "1 --keep 5 && " FILL "2 --keep 5 && " FILL "1 --keep 5 && " FILL "2 --keep 5 && " FILL "1 --keep 5"
/* What a detach leaves that dies once LINK is a directory. */
#define UNFINISHED " && rm app && mv .app.atomicdir/000002 app && ln -s .app.atomicdir/000002 .app.atomicdir/000002"
#define NEXT .next = "atomicdir fill --grace 0s app --from 3", .next_value = '3', .kept = 1
#define NEXT_SYNC .next = "secretdir sync --grace 0s --source file:3.json" ENTRIES, .next_value = '3'
/* The same in a volume, where names come and go. */
#define VOLUME "$atomicdir fill -q --layout volume --keep 1 --grace 0s app --from "
#define VOLUME_TWICE SOURCES VOLUME "2 && " VOLUME "1"
#define NEXT_VOLUME .next = "atomicdir fill --layout volume --keep 1 --grace 0s app --from 3", .next_value = '3', .kept = 1
/* The same with the layout files: also a file for a directory, and a directory for a file. */
#define FILES "$atomicdir fill -q --layout files app --from "
#define FILES_TWICE                                                                                                           \
	SOURCES "rm 1/link; mkdir 1/link 1/turns; echo 1 >1/link/x; echo 1 >1/turns/x; echo 2 >2/turns; " FILES "2 && " FILES \
		"1"
#define NEXT_FILES .next = "atomicdir fill --layout files app --from 3", .next_value = '3', .is_by_file = true
#define KUBELETS \
	"mkdir app; mv 1 app/..1; ln -s ..1 app/..data; for i in a sub same only-1 link; do ln -s ..data/$i app/$i; done"
#define POPULATE \
	"printf '#!/bin/sh\\necho 2 >a\\nmkdir -p sub\\nchmod 700 sub\\necho 2 >sub/b\\necho s >same\\n' >populate; chmod 755 populate; "

const struct scenario scenarios[] = {
	{ "fill --from, the first", SOURCES, "atomicdir fill --grace 0s app --from 2", 0, '2', NEXT },
	{ "fill --from --sync fs", TWICE, "atomicdir fill --sync fs --grace 0s app --from 2", '1', '2', NEXT },
	{ "fill --from --sync files", TWICE, "atomicdir fill --sync files --grace 0s app --from 2", '1', '2', NEXT },
	{ "fill --from, unchanged", TWICE, "atomicdir fill --sync files --grace 0s app --from 1", '1', '1', NEXT },
	{ "fill COMMAND, unchanged", POPULATE TWICE "; $atomicdir fill -q --grace 0s app -- ../../populate",
	  "atomicdir fill --sync files --grace 0s app -- ../../populate", '2', '2', NEXT },
	{ "fill --from --link-unchanged", TWICE, "atomicdir fill --sync fs --link-unchanged --grace 0s app --from 2", '1', '2',
	  NEXT },
	{ "by calls --sync fs", TWICE, "publish --sync fs --grace 0s --from 2 app", '1', '2', NEXT, .needs = "FAULTS_WHOLE" },
	{ "by calls, unchanged", TWICE, "publish --sync files --grace 0s --from 1 app", '1', '1', NEXT },
	{ "by calls, the last entry differs", TWICE "; echo 1 >1/z", "publish --sync files --grace 0s --from 1 app", '1', '1',
	  NEXT },
	{ "by calls --link-unchanged", TWICE, "publish --sync files --link-unchanged --grace 0s --from 2 app", '1', '2', NEXT },
	{ "fill --from, unchanged, that keeps more", THRICE, "atomicdir fill --sync files --keep 6 --grace 0s app --from 1",
	  '1', '1', .next = "atomicdir fill --keep 1 --grace 0s app --from 3", .next_value = '3', .kept = 1 },
	{ "fill --from --dereference", TWICE, "atomicdir fill --sync fs --dereference --grace 0s app --from 2", '1', '2',
	  NEXT },
	{ "fill COMMAND", POPULATE TWICE, "atomicdir fill --sync fs --grace 0s app -- ../../populate", '1', '2', NEXT },
	{ "fill --edit COMMAND", POPULATE TWICE, "atomicdir fill --sync fs --edit --grace 0s app -- ../../populate", '1', '2',
	  NEXT },
	{ "fill with modes, a check and a hook",
	  "printf '#!/bin/sh\\n: >\"$ATOMICDIR_NEW/../../hooked\"\\n' >hook; chmod 755 hook; " TWICE,
	  "atomicdir fill --sync fs --file-mode 0640 --dir-mode 0750 --check true --on-change ./hook --grace 0s app --from 2",
	  '1', '2', .next = "atomicdir fill --on-change ./hook --grace 0s app --from 3", .next_value = '3', .kept = 1,
	  .has_hook = true },
	{ "fill that is undone",
	  "printf '#!/bin/sh\\n: >\"$ATOMICDIR_NEW/../../hooked\"\\ntest \"$(cat \"$ATOMICDIR_NEW/a\")\" != 2\\n' >hook; chmod 755 hook; " TWICE,
	  "atomicdir fill --sync fs --rollback-on-failure --on-change ./hook --grace 0s app --from 2", '1', '2',
	  .next = "atomicdir fill --on-change ./hook --grace 0s app --from 3", .next_value = '3', .kept = 1, .has_hook = true,
	  .status = 4 },
	{ "fill --carry", TWICE, "atomicdir fill --sync files --carry 2 --grace 0s app --from 2", '1', '2', NEXT,
	  .needs = "FAULTS_WHOLE" },
	{ "rollback --sync fs", TWICE, "atomicdir rollback --sync fs --grace 0s app", '1', '2', NEXT },
	{ "rollback --sync files", TWICE, "atomicdir rollback --sync files --grace 0s app", '1', '2', NEXT },
	{ "prune", THRICE, "atomicdir prune --keep 0 app", '1', '1', NEXT },
	{ "list", TWICE, "atomicdir list --json app", '1', '1', NEXT },
	{ "show", TWICE, "atomicdir show app", '1', '1', NEXT, .is_told = true },
	{ "diff", TWICE, "atomicdir diff app", '1', '1', NEXT, .is_told = true },
	{ "exec", TWICE, "atomicdir exec app -- cat a", '1', '1', NEXT, .is_told = true },
	{ "adopt a directory", SOURCES "mv 1 app", "atomicdir adopt --sync fs app", '1', '1', .next = "atomicdir adopt app",
	  .next_value = '1' },
	{ "adopt a symlink", SOURCES "ln -s 1 app", "atomicdir adopt --sync files app", '1', '1', .next = "atomicdir adopt app",
	  .next_value = '1' },
	{ "detach", TWICE, "atomicdir detach --grace 0s app", '1', '1', .next = "atomicdir adopt app", .next_value = '1',
	  .kept = 1 },
	{ "detach, which another one began", TWICE UNFINISHED, "atomicdir detach app", '1', '1', .next = "atomicdir detach app",
	  .next_value = '1', .kept = NO_STORE },
	{ "remove", TWICE, "atomicdir remove app", '1', 0, .next = "atomicdir remove app", .next_value = 0, .kept = NO_STORE },
	{ "volume: fill, the first", SOURCES, "atomicdir fill --layout volume --sync files --keep 1 --grace 0s app --from 2", 0,
	  '2', NEXT_VOLUME },
	{ "volume: fill --sync fs", VOLUME_TWICE, "atomicdir fill --sync fs --keep 1 --grace 0s app --from 2", '1', '2',
	  NEXT_VOLUME, .needs = "FAULTS_WHOLE" },
	{ "volume: fill --sync files", VOLUME_TWICE, "atomicdir fill --sync files --keep 1 --grace 0s app --from 2", '1', '2',
	  NEXT_VOLUME },
	{ "volume: fill, unchanged, that repairs a name", VOLUME_TWICE "; rm app/link",
	  "atomicdir fill --sync fs --keep 1 --grace 0s app --from 1", '1', '1', NEXT_VOLUME },
	{ "volume: rollback", VOLUME_TWICE, "atomicdir rollback --sync fs --grace 0s app", '1', '2', NEXT_VOLUME,
	  .needs = "FAULTS_WHOLE" },
	{ "volume: adopt", SOURCES KUBELETS, "atomicdir adopt --layout volume --sync fs app", '1', '1',
	  .next = "atomicdir adopt --layout volume app", .next_value = '1' },
	{ "volume: adopt a directory", SOURCES "mv 1 app", "atomicdir adopt --layout volume --sync files app", '1', '1',
	  .next = "atomicdir adopt --layout volume app", .next_value = '1', .needs = "FAULTS_WHOLE" },
	{ "volume: detach", VOLUME_TWICE, "atomicdir detach --grace 0s app", '1', '1',
	  .next = "atomicdir detach --layout volume --grace 0s app", .next_value = '1', .kept = NO_STORE,
	  .needs = "FAULTS_WHOLE" },
	{ "volume: remove", VOLUME_TWICE, "atomicdir remove app", '1', 0, .next = "atomicdir remove --layout volume app",
	  .next_value = 0, .kept = NO_STORE },
	{ "files: fill, the first", SOURCES, "atomicdir fill --layout files --sync fs app --from 2", 0, '2', NEXT_FILES,
	  .needs = "FAULTS_WHOLE" },
	{ "files: fill --sync fs", FILES_TWICE, "atomicdir fill --sync fs app --from 2", '1', '2', NEXT_FILES },
	{ "files: fill --sync files", FILES_TWICE, "atomicdir fill --sync files app --from 2", '1', '2', NEXT_FILES,
	  .needs = "FAULTS_WHOLE" },
	{ "files: detach", FILES_TWICE, "atomicdir detach app", '1', '1', .next = "atomicdir detach --layout files app",
	  .next_value = '1', .kept = NO_STORE, .is_by_file = true, .needs = "FAULTS_WHOLE" },
	{ "files: remove", FILES_TWICE, "atomicdir remove app", '1', 0, .next = "atomicdir remove --layout files app",
	  .next_value = 0, .kept = NO_STORE, .is_by_file = true },
	{ "secretdir sync", SOURCES SYNC "1.json" ENTRIES, "secretdir sync --grace 0s --source file:2.json" ENTRIES, '1', '2',
	  NEXT_SYNC },
	{ "secretdir sync, unchanged", SOURCES SYNC "1.json" ENTRIES, "secretdir sync --grace 0s --source file:1.json" ENTRIES,
	  '1', '1', NEXT_SYNC },
	{ "secretdir plan", SOURCES SYNC "1.json" ENTRIES, "secretdir plan --source file:2.json" ENTRIES, '1', '1', NEXT_SYNC,
	  .is_told = true },
	{ "secretdir plan, the first", SOURCES, "secretdir plan --source file:2.json" ENTRIES, 0, 0, NEXT_SYNC, .is_told = true,
	  .leaves_nothing = true },
	{ "secretdir sync from AWS", SOURCES SYNC "1.json" ENTRIES, "secretdir sync --grace 0s" ENTRIES, '1', '2', NEXT_SYNC,
	  .needs = "FAULTS_AWS" },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(*scenarios);
