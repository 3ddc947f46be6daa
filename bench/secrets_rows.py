# SPDX-License-Identifier: ISC
"""Rows of secrets: bench/fetch.sh measures them with the test server, whose answers come late by a round trip of 20 ms."""
import os
import subprocess
import tempfile

from disks import Missing
from measure import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))
# id, what, one, other, the other's share, goal
ROWS = [
    ("secret/cli", "one secret, cold / one call of the AWS CLI", "one-cold", "cli", 1 / 100, 1 / 50),
    ("secrets/batches", "100 secrets, connections open / five parallel batches", "secrets-open", "floor", 1, 1.3),
    ("secrets-fetch/batches", "100 secrets, a cold fetch-aws / five parallel batches", "fetch", "floor", 1, 1.3),
    ("secrets-sync/batches", "100 secrets, a cold secretdir sync / five parallel batches", "sync-cold", "floor", 1, None),
    ("secrets/cli", "100 secrets, a cold secretdir sync / 100 calls of the AWS CLI", "sync-cold", "cli", 1, None),
]


def times(rounds):
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as file:
        environment = {**os.environ, "BUILD": BUILD, "BENCH_TIMES": file.name, "BENCH_ROUNDS": str(rounds)}
        done = subprocess.run([os.path.join(HERE, "fetch.sh")], env=environment, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise Missing(f"fetch.sh failed: {done.stderr.strip()[-300:]}")
        return {name: int(value) for name, value in (line.split("\t") for line in file)}


def measure(choice):
    rounds = choice.rounds or 9
    taken = times(rounds)
    for name, what, one, other, share, goal in ROWS:
        if one in taken and other in taken:
            yield {"id": name, "what": what, "disk": "-", "files": None, "value": taken[one] / (taken[other] * share), "unit": "ratio", "goal": goal,
                   "low": None, "high": None, "rounds": rounds}
    if "cli" not in taken:
        raise Missing("the AWS CLI is not installed (awscli)")
