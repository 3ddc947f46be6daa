# SPDX-License-Identifier: ISC
"""memory.py PID WORD...: exits with 1 and says where if one of them is in any memory of the process that can be read."""
import re, sys
pid, words = sys.argv[1], [word.encode() for word in sys.argv[2:]]
with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as memory:
    for line in maps:
        begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
        if rights[0] != "r" or "[v" in line:
            continue
        memory.seek(int(begin, 16))
        try:
            content = memory.read(int(end, 16) - int(begin, 16))
        except OSError:
            continue
        for word in words:
            if word in content:
                print("%s is in %s" % (word.decode()[:12], line), end="")
                sys.exit(1)
