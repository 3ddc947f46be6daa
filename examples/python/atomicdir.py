# SPDX-License-Identifier: ISC
"""libatomicdir for Python: fill a directory so that its readers see the old content or the new one, whole.

    import atomicdir

    with atomicdir.publish("/srv/site", keep=3) as stage:
        stage.write("page", b"text")
        stage.copy("static", "/usr/share/site")
    print(stage.live, stage.is_published)

    with atomicdir.pin("/srv/site") as pinned:          # what is live is kept as long as this block lasts
        page = pinned.read("page")

    for number in atomicdir.changes("/srv/site"):       # waits for each publication
        reload()

An exception inside the block publishes nothing. Every failure is an atomicdir.Error, which is an OSError: `kind` is one of the numbers of
enum atomicdir_kind in atomicdir.h, where each call's failures are described. One file, which needs the shared library and Python alone.
"""
import contextlib
import ctypes
import os
import sys
import warnings

HOOK_FAILED, REJECTED, BUSY, NOT_DURABLE, NO_GENERATION, UNREACHABLE, DENIED, NOT_FOUND = range(3, 11)
LAYOUT_AUTO, LAYOUT_LINK, LAYOUT_VOLUME, LAYOUT_FILES = range(4)
SYNC_AUTO, SYNC_FILES, SYNC_FS, SYNC_NONE = range(4)

_library = ctypes.CDLL(os.environ.get("LIBATOMICDIR", "libatomicdir.so.0"))


class _Error(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("errnum", ctypes.c_int), ("path", ctypes.c_char * 512), ("text", ctypes.c_char * 1024)]


class _Options(ctypes.Structure):
    # The library takes the size from the struct, so one that knows more fields works too.
    _fields_ = [
        ("size", ctypes.c_size_t), ("if_generation", ctypes.c_int64), ("wait_ms", ctypes.c_int64), ("grace_ms", ctypes.c_int64),
        ("keep", ctypes.c_int64), ("layout", ctypes.c_int), ("sync", ctypes.c_int), ("uid", ctypes.c_uint32), ("gid", ctypes.c_uint32),
        ("file_mode", ctypes.c_uint32), ("dir_mode", ctypes.c_uint32), ("hook", ctypes.c_int), ("dry_run", ctypes.c_int),
        ("top_mode", ctypes.c_uint32), ("top_mode_default", ctypes.c_uint32), ("keep_times", ctypes.c_int),
        ("link_unchanged", ctypes.c_int), ("visible_store", ctypes.c_int), ("require_xattrs", ctypes.c_int),
    ]


class _Generation(ctypes.Structure):
    # The beginning of struct atomicdir_generation, which only the library makes.
    _fields_ = [("next", ctypes.c_void_p), ("number", ctypes.c_int64)]


class Error(OSError):
    """What the library could not do, and why."""

    def __init__(self, error):
        super().__init__(error.errnum, error.text.decode(errors="surrogateescape"), os.fsdecode(error.path) or None)
        self.kind = error.kind

    def __str__(self):
        return self.strerror


def _declare(name, result, *arguments):
    function = getattr(_library, name)
    function.restype = result
    function.argtypes = arguments
    return function


_text, _stage, _error = ctypes.c_char_p, ctypes.c_void_p, ctypes.POINTER(_Error)
_init = _declare("atomicdir_options_init", None, ctypes.POINTER(_Options), ctypes.c_size_t)
_begin = _declare("atomicdir_begin", _stage, _text, ctypes.POINTER(_Options), _error)
_fd = _declare("atomicdir_fd", ctypes.c_int, _stage)
_path = _declare("atomicdir_path", _text, _stage)
_write = _declare("atomicdir_write", ctypes.c_int, _stage, _text, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32, _error)
_create = _declare("atomicdir_create", ctypes.c_int, _stage, _text, ctypes.c_uint32, _error)
_mkdir = _declare("atomicdir_mkdir", ctypes.c_int, _stage, _text, ctypes.c_uint32, _error)
_symlink = _declare("atomicdir_symlink", ctypes.c_int, _stage, _text, _text, _error)
_copy = _declare("atomicdir_copy", ctypes.c_int, _stage, _text, _text, _error)
_carry = _declare("atomicdir_carry", ctypes.c_int, _stage, _text, _error)
_note = _declare("atomicdir_note", ctypes.c_int, _stage, ctypes.c_char_p, ctypes.c_size_t, _error)
_commit = _declare("atomicdir_commit", ctypes.c_int, _stage, ctypes.POINTER(ctypes.POINTER(_Generation)), _error)
_free_stage = _declare("atomicdir_free", None, _stage)
_rollback = _declare("atomicdir_rollback", ctypes.c_int, _text, ctypes.c_int64, ctypes.POINTER(_Options),
                     ctypes.POINTER(ctypes.POINTER(_Generation)), _error)
_pin = _declare("atomicdir_pin", ctypes.c_int, _text, ctypes.POINTER(ctypes.c_int64), _error)
_wait = _declare("atomicdir_wait", ctypes.c_int64, _text, ctypes.c_int64, ctypes.c_int64, _error)
_watch = _declare("atomicdir_watch", ctypes.c_int, _text, ctypes.c_int64, _error)
_free = ctypes.CDLL(None).free
_free.argtypes = [ctypes.c_void_p]


def _call(function, *arguments):
    """Calls the library; a failure is an Error, and a warning of the library a warning of Python."""
    error = _Error()
    result = function(*arguments, ctypes.byref(error))
    if result is None or (result < 0 if isinstance(result, int) else not result):
        raise Error(error)
    if error.text:
        warnings.warn(error.text.decode(errors="replace"), RuntimeWarning, stacklevel=3)
    return result


def _options(values):
    options = _Options()
    _init(ctypes.byref(options), ctypes.sizeof(options))
    for name, value in values.items():
        if name == "size" or not hasattr(options, name):
            raise TypeError(f"atomicdir has no option {name!r}")
        setattr(options, name, value)
    return options


def _take_number(live):
    """The number of a generation that the library has allocated, which is freed."""
    number = live.contents.number if live else 0
    _free(live)
    return number


class Stage:
    """A new directory that is not published yet. Modes are exact, whatever the umask."""

    def __init__(self, handle):
        self._handle = handle
        self.live = None            # the number of the live generation, once the stage is published
        self.is_published = False   # False then: what was live is the same already

    @property
    def path(self):
        return os.fsdecode(_path(self._handle))

    def fileno(self):
        return _fd(self._handle)

    def write(self, path, data, mode=0o644):
        _call(_write, self._handle, os.fsencode(path), bytes(data), len(data), mode)

    def open(self, path, mode=0o644):
        """A new file, open for writing bytes."""
        return open(_call(_create, self._handle, os.fsencode(path), mode), "wb")

    def mkdir(self, path, mode=0o755):
        _call(_mkdir, self._handle, os.fsencode(path), mode)

    def symlink(self, path, to):
        _call(_symlink, self._handle, os.fsencode(path), os.fsencode(to))

    def copy(self, path, source):
        _call(_copy, self._handle, os.fsencode(path), os.fsencode(source))

    def carry(self, path):
        """Copies from the live generation."""
        _call(_carry, self._handle, os.fsencode(path))

    def note(self, data):
        _call(_note, self._handle, bytes(data), len(data))

    def _commit(self):
        live = ctypes.POINTER(_Generation)()
        self.is_published = _call(_commit, self._handle, ctypes.byref(live)) == 1
        self.live = _take_number(live)


@contextlib.contextmanager
def publish(link, **options):
    """Fills a new directory in the block, and publishes it where the block ends. The options are the fields of struct atomicdir_options."""
    stage = Stage(_call(_begin, os.fsencode(link), ctypes.byref(_options(options))))
    try:
        yield stage
        stage._commit()
    finally:
        _free_stage(stage._handle)
        stage._handle = None


def rollback(link, generation=-1, **options):
    """Publishes an older generation again, and returns the number of the live one."""
    live = ctypes.POINTER(_Generation)()
    _call(_rollback, os.fsencode(link), generation, ctypes.byref(_options(options)), ctypes.byref(live))
    return _take_number(live)


class Pinned:
    """The generation that was live, as long as the block lasts."""

    def __init__(self, fd, number):
        self._fd = fd
        self.number = number

    def fileno(self):
        return self._fd

    def open(self, path, mode="r", **arguments):
        return open(path, mode, opener=lambda name, flags: os.open(name, flags, dir_fd=self._fd), **arguments)

    def read(self, path):
        with self.open(path, "rb") as file:
            return file.read()


@contextlib.contextmanager
def pin(link):
    """Keeps the live generation in the block; files that are opened through it are of one generation."""
    number = ctypes.c_int64()
    fd = _call(_pin, os.fsencode(link), ctypes.byref(number))
    try:
        yield Pinned(fd, number.value)
    finally:
        os.close(fd)


def wait(link, since=0, timeout=None):
    """Waits until another generation than `since` is live, and returns its number, or 0 after `timeout` seconds."""
    return _call(_wait, os.fsencode(link), since, -1 if timeout is None else int(timeout * 1000))


def changes(link, since=0):
    """The number of each generation that becomes live; of several in between only the last one."""
    while True:
        since = wait(link, since)
        yield since


def watch(link, since):
    """A descriptor for an event loop, readable when another generation may be live: close it, and call wait(link, since, 0)."""
    return _call(_watch, os.fsencode(link), since)


def _main(link):
    """What each of the examples does: publish, pin, publish again, wait."""
    with publish(link) as stage:
        stage.write("file", b"one")
    print("published", stage.live)
    with pin(link) as pinned:
        with publish(link) as stage:
            stage.write("file", b"two")
        print("published", stage.live)
        print(f"pinned {pinned.number}: {pinned.read('file').decode()}")
        print("waited for", wait(link, since=pinned.number, timeout=60))


if __name__ == "__main__":
    _main(sys.argv[1])
