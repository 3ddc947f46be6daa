/* SPDX-License-Identifier: ISC */
#include "base/harden.h"
#include "command/dispatch.h"
#include "secretdir/command.h"
#include "secretdir/options.h"
#include "secretdir/program.h"
#include "secretdir/surroundings.h"

#define PUBLISHES (TAKES_PUBLISH | TAKES_CONTENT | TAKES_WAIT | TAKES_JSON | TAKES_FILES | TAKES_ENTRIES)

/* Entries may also come from files, and may stand behind "--". */
static const struct command commands[] = {
	{ "sync", "LINK ENTRY...", "fetch secrets, and publish them as files below LINK", command_sync,
	  .takes = PUBLISHES | TAKES_RETRY, .least = 1, .most = -1, .tail = TAIL_ALLOWED, .is_publication = true },
	{ "plan", "LINK ENTRY...", "list what sync would publish: paths and versions, never values", command_plan,
	  .takes = PUBLISHES, .least = 1, .most = -1, .tail = TAIL_ALLOWED },
	{ "watch", "LINK ENTRY...", "sync, and keep the files up to date", command_watch, .takes = PUBLISHES | TAKES_ROUNDS,
	  .least = 1, .most = -1, .tail = TAIL_ALLOWED },
	{ "run", "LINK ENTRY... -- COMMAND...", "watch, and run COMMAND when the secrets are there", command_run,
	  .takes = PUBLISHES | TAKES_ROUNDS | TAKES_APPLICATION, .least = 1, .most = -1, .tail = TAIL_REQUIRED },
	{ "status", "LINK", "print how old the secrets are, and what is wrong: a health check", command_status,
	  .takes = TAKES_STATUS | TAKES_JSON, .least = 1, .most = 1 },
	{ "policy", "ENTRY...", "print the smallest IAM policy that sync needs", command_policy,
	  .takes = TAKES_ENTRIES | TAKES_POLICY, .most = -1, .tail = TAIL_ALLOWED },
	{ 0 },
};

static const struct program program = {
	.name = "secretdir",
	.commands = commands,
	.options = secret_options_table,
	.print_versions = program_print_versions,
	.notes = "ENTRY is [PATH=]SECRET[:KEY][,OPTION[=VALUE]]...\n"
		 "  prod/db                    the value, as prod/db\n"
		 "  db.json=prod/db            the value, as db.json\n"
		 "  pw=prod/db:password        a key of a JSON value\n"
		 "  host=prod/db:/hosts/0      a JSON Pointer into it\n"
		 "  db/=prod/db                each key, as db/KEY\n"
		 "  app/=prod/app/             every secret whose name begins with prod/app/\n"
		 "  app.env=prod/db,format=env all keys in one file of NAME='value' lines; or json\n"
		 "  level=/app/level,service=ssm\n"
		 "                             a parameter; app/=/app/: every one below the path\n"
		 "  ,stage=S ,version=ID ,mode=0400 ,owner=USER[:GROUP] ,optional ,decode=base64\n",
};

int main(int argc, char **argv)
{
	struct secret_options options = { .round_timeout_ms = 10 * 60 * 1000,
					  .interval_ms = -1,
					  .notify_splay_ms = 2000,
					  .full_interval_ms = 24 * 60 * 60 * 1000,
					  .settle_ms = 2000,
					  .start_timeout_ms = -1,
					  .kill_timeout_ms = 10000,
					  .max_age_ms = -1 };
	int status;

	harden();
	surroundings_take();
	status = dispatch(&program, &options.shared, argc, argv);
	surroundings_close();
	return status;
}
