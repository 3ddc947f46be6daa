/* SPDX-License-Identifier: ISC */
#include "base/harden.h"
#include "command/dispatch.h"
#include "secretdir/command.h"

#define TAKES (TAKES_PUBLISH | TAKES_JSON | TAKES_SECRETS | TAKES_ENTRIES)

static const struct command commands[] = {
	{ "sync", command_sync, TAKES, true, 2, "LINK ENTRY...", "fetch secrets, and publish them as files below LINK" },
	{ "plan", command_plan, TAKES, false, 2, "LINK ENTRY...", "what would be published: paths and versions, never values" },
	{ "policy", command_policy, TAKES_ENTRIES | TAKES_KEYS, false, 2, "ENTRY...", "the least IAM policy for these" },
};

static const struct program program = {
	"secretdir",
	commands,
	sizeof(commands) / sizeof(*commands),
	"ENTRY is [PATH=]SECRET[:KEY][,OPTION[=VALUE]]...\n"
	"  prod/db                    the value, as prod/db\n"
	"  db.json=prod/db            as db.json\n"
	"  pw=prod/db:password        a key of a JSON value\n"
	"  host=prod/db:/hosts/0      by JSON Pointer\n"
	"  db/=prod/db                each key, as db/KEY\n"
	"  app/=prod/app/             every secret whose name begins so\n"
	"  ,stage=S ,version=ID ,mode=0400 ,owner=USER[:GROUP] ,optional ,decode=base64\n",
};

int main(int argc, char **argv)
{
	harden();
	return dispatch(&program, argc, argv);
}
