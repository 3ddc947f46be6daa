#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The test server's own test: TAP on stdout, exit status 1 when anything failed.

Starts a server in a temporary directory and talks to it with a signer of its
own (selftest_tools.py), with botocore, curl and the AWS CLI where they are
installed. It imports nothing of the server.
"""

import os
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from selftest_tools import CASES, Skip, control, here, read, served

# Each adds its cases, in this order.
import selftest_secrets
import selftest_queues
import selftest_identities


def leave_home(where):
    """Nothing of the user's, who may have credentials, is to be found by a client that is tested here."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ["HOME"] = where


def main():
    failed = 0
    print("1..%d" % len(CASES))
    with served("--http", "--region", "us-east-1", "--region", "eu-west-1") as (where, _):
        here.directory, here.url = where, read(os.path.join(where, "address"))
        leave_home(where)
        for number, function in enumerate(CASES, 1):
            name = function.__name__.replace("_", " ")
            try:
                function()
                print("ok %d - %s" % (number, name))
            except Skip as skip:
                print("ok %d - %s # SKIP %s" % (number, name, skip))
            except Exception:
                failed += 1
                print("not ok %d - %s" % (number, name))
                print("# " + traceback.format_exc().strip().replace("\n", "\n# "))
                control("clear")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
