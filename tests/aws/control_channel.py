# SPDX-License-Identifier: ISC
"""The unix socket by which tests tell the server what to be: one JSON object a line, one answer a line.

Commands that concern no single service are here; each service brings its own
in COMMANDS. Secret values pass here and nowhere else. It will not serve
anybody but the owner of the directory: the socket's mode is 0600.
"""

import json
import os
import socket
import threading

import faults
import permissions
import world as world_module

PARTS = ("faults", "policy", "raw", "clock", "paging", "secrets", "parameters", "identities", "keys", "queues", "requests")
# What a test that begins wants gone; what it set up itself stays.
PASSING = ("faults", "policy", "raw", "clock", "paging")


def listen(directory):
    """The socket DIR/control, reached by way of a descriptor: a path may be longer
    than the 107 bytes that an address holds."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mask = os.umask(0o177)
    try:
        listener.bind("/proc/self/fd/%d/control" % fd)
    finally:
        os.umask(mask)
        os.close(fd)
    listener.listen(64)
    return listener


def serve(listener, world, services, journal, commands):
    """Commands of the server itself come along with those of the services and those from here."""
    commands = dict(COMMANDS, clear=lambda w, a: _clear(w, a, services, journal), **commands)
    for service in services:
        commands.update(service.COMMANDS)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_converse, args=(connection, world, commands), daemon=True).start()


def _converse(connection, world, commands):
    with connection, connection.makefile("rwb") as stream:
        for line in stream:
            stream.write(json.dumps(_obey(line, world, commands)).encode() + b"\n")
            stream.flush()


def _obey(line, world, commands):
    try:
        arguments = json.loads(line)
        command = commands.get(arguments.pop("command"))
        if command is None:
            raise ValueError("no such command")
        with world.lock:
            return {"ok": True, "result": command(world, arguments)}
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "error": "%s: %s" % (type(error).__name__, error)}


def _key(world, arguments):
    if arguments.get("remove"):
        world.keys.pop(arguments["access_key_id"], None)
        return {}
    world_module.add_key(world, arguments["access_key_id"], arguments["secret"],
                         arguments.get("token"), world.now() if arguments.get("expired") else None)
    return {"arn": world.keys[arguments["access_key_id"]]["arn"]}


def _expire(world, arguments):
    """One key, or all that were given out for a time, whatever was said when they were."""
    wanted = arguments.get("access_key_id")
    ids = [wanted] if wanted else [i for i, key in world.keys.items() if key["expires"] is not None]
    for access_key_id in ids:
        world.keys[access_key_id]["expires"] = world.now()
    return {"expired": len(ids)}


def _rule(allows):
    def add(world, arguments):
        world.rules.append(permissions.Rule(allows, arguments["action"], arguments.get("resource") or "*",
                                            arguments.get("caller") or "*"))
        return {}
    return add


def _policy(world, arguments):
    world.rules[:] = permissions.rules_from_policy(arguments["policy"])
    return {}


def _fault(world, arguments):
    world.faults.append(faults.make(arguments))
    return {}


def _clock(world, arguments):
    world.clock_offset_seconds = arguments["seconds"]
    world.clock_step_seconds = arguments.get("step") or 0.0
    world.skew_code = arguments.get("code") or "InvalidSignatureException"
    return {}


def _paging(world, arguments):
    world.page_limit = arguments.get("limit") or 0
    world.empty_pages = bool(arguments.get("empty"))
    return {}


def _clear(world, arguments, services, journal):
    parts = arguments.get("parts") or PASSING
    if "all" in parts:
        parts = PARTS
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise ValueError("clear takes %s or all" % ", ".join(PARTS))
    if "faults" in parts:
        world.faults.clear()
    if "policy" in parts:
        world.rules.clear()
    if "clock" in parts:
        _clock(world, {"seconds": 0})
    if "paging" in parts:
        _paging(world, {})
    if "keys" in parts:
        world.keys.clear()
        world_module.add_default_key(world)
    if "requests" in parts:
        journal.empty()
    for service in services:
        service.clear(world, parts)
    return {}


COMMANDS = {
    "key": _key, "expire": _expire, "deny": _rule(False), "allow": _rule(True), "policy": _policy,
    "fault": _fault, "clock": _clock, "paging": _paging,
}
