#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""calls.py steps.def LAYOUT LINK <TRACE: prints what `strace -f -y` saw as the model's steps, one a line.

Calls that failed changed nothing, and are left out. A call that changes or locks something of LINK's and is no step is printed as it is.
"""
import os
import re
import sys

LINE = re.compile(r'(?:(\d+) +)?(\w+)\((.*)\) += (-?\d+)')
PLACE = re.compile(r'(?:\d+|AT_FDCWD)<([^>]*)>(?:\(deleted\))?')
PLACE_AND_NAME = re.compile(PLACE.pattern + r', "([^"]*)"')
AT = {'mkdirat': 'mkdir', 'unlinkat': 'unlink', 'renameat': 'rename', 'renameat2': 'rename', 'symlinkat': 'symlink', 'linkat': 'link',
      'openat': 'create', 'fchmodat': 'chmod', 'fchownat': 'chmod'}
OPEN = {'write': 'write', 'pwrite64': 'write', 'copy_file_range': 'write', 'ftruncate': 'write', 'fchmod': 'chmod', 'fchown': 'chmod',
        'fremovexattr': 'chmod', 'fsetxattr': 'chmod', 'utimensat': 'utimes', 'fsync': 'fsync', 'fdatasync': 'fsync',
        'syncfs': 'syncfs', 'close': 'close'}


def places(layout, link):
    """The parent, what is swapped, and the store."""
    if layout == 'volume':
        return link, os.path.join(link, '..data'), os.path.join(link, '..atomicdir')
    parent, base = os.path.split(link)
    return parent, link, os.path.join(parent, f'.{base}.atomicdir')


def short(path, where):
    """The path as steps.def writes it; None for a path that is not LINK's."""
    parent, link, store = where
    if path in where:
        return {parent: 'PARENT', link: 'LINK', store: 'STORE'}[path]
    if not path.startswith(store + '/'):
        return 'NAME' if link.endswith('/..data') and path.startswith(parent + '/') else None
    name = re.sub(r'^\d{6,}', 'N', path[len(store) + 1:])
    return name if name.endswith('/..atomicdir-wake') else re.sub(r'/.*', '/*', name)


def whole_lines(trace):
    """strace(1) prints a call in two parts when a call of another process comes between them."""
    begun = {}
    for line in trace:
        pid = line.split(' ', 1)[0]
        if line.rstrip().endswith('<unfinished ...>'):
            begun[pid] = line[:line.rindex('<unfinished')].rstrip()
        elif '<... ' in line:
            yield begun.pop(pid, '') + line[line.index('resumed>') + len('resumed>'):]
        else:
            yield line


def calls(trace, where):
    for line in whole_lines(trace):
        match = LINE.match(line)
        if not match or int(match[4]) < 0:
            continue
        name, arguments = match[2], match[3]
        if name == 'execve' and '"-c"' in arguments:
            yield 'exec sh'
        elif name == 'flock':
            how = re.search(r'LOCK_(EX|SH|UN)', arguments)[1].lower()
            yield f'flock-{how} {short(PLACE.findall(arguments)[0], where)}'
        elif name in AT and (name != 'openat' or 'O_CREAT' in arguments):
            paths = [short(os.path.join(*pair), where) for pair in PLACE_AND_NAME.findall(arguments)]
            verb = 'rmdir' if 'AT_REMOVEDIR' in arguments else AT[name]
            if any(paths):
                yield ' '.join([verb] + [path or 'elsewhere' for path in paths])
        elif name in OPEN:
            path = short(PLACE.findall(arguments)[-1], where) if PLACE.search(arguments) else None
            if path:
                yield f'{OPEN[name]} {path}'


def steps(definitions, told):
    known = {call: name for name, those in re.findall(r'^STEP\((\w+), +"([^"]*)"\)', definitions, re.M) for call in those.split('|')}
    told = list(told)
    for here, call in enumerate(told):
        # An exclusive lock on a generation that is let go at once only asks whether there is a pin.
        if call == 'flock-ex N' and told[here + 1:here + 2] == ['close N']:
            continue
        if not call.startswith('close ') or call in known:
            yield known.get(call, call)


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        definitions = file.read()
    last = None
    for step in steps(definitions, calls(sys.stdin, places(*sys.argv[2:4]))):
        if step != last:
            print(step)
        last = step


if __name__ == '__main__':
    main()
