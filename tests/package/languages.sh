#!/bin/sh
# SPDX-License-Identifier: ISC
# The examples in Python, Go and Rust publish, pin and wait, each where its language is installed.
. "$(dirname "$0")/../tap.sh"
examples=$here/examples
said='published 1
published 2
pinned 1: one
waited for 2'

# ---- pkg-config ----

# As an installation would have it, with this build's places.
mkdir pc
sed "s|^Cflags:.*|Cflags: -I$here/include|; s|^Libs:.*|Libs: -L$here/build -latomicdir|" "$here/build/atomicdir.pc" >pc/atomicdir.pc
export PKG_CONFIG_PATH="$work/pc" LD_LIBRARY_PATH="$here/build"
ok "pkg-config knows the version of the library" test "$(pkg-config --modversion atomicdir)" = "$(sed -n 's/^VERSION = //p' "$here/Makefile")"

# A sanitized library needs its runtime in the program, which only the same C compiler links.
if [ -n "${SAN:-}" ]; then
	for language in Python Go Rust; do skip "$language publishes, pins and waits" "a sanitized library cannot be loaded into it"; done
	finish
fi

# ---- Python ----

export PYTHONPATH="$examples/python" PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=error
is "$(python3 "$examples/python/atomicdir.py" python)" "$said" "Python publishes, pins and waits"
is "$(python3 - <<'PY'
import atomicdir, ctypes, os
try:
    with atomicdir.publish("python") as stage:
        stage.write("file", b"lost")
        raise KeyError
except KeyError:
    with atomicdir.pin("python") as pinned:
        print(pinned.number, pinned.read("file").decode())
with atomicdir.publish("python", keep=5, file_mode=0o600) as stage:
    with stage.open("a/b") as file:
        file.write(b"by descriptor")
    stage.symlink("c", "a/b")
    stage.copy("d", "/etc/passwd")
    stage.carry("file")
with atomicdir.pin("python") as pinned:
    print(stage.is_published, oct(os.stat("python/a/b").st_mode & 0o777), pinned.read("c").decode(), pinned.read("file").decode())
with atomicdir.publish("python") as stage:
    stage.copy(".", "python/.")
print(stage.is_published, atomicdir.rollback("python"), atomicdir.wait("python", 2, 0), next(atomicdir.changes("python", 1)))
for mistake in (lambda: atomicdir.publish("python", kept=1), lambda: atomicdir.publish("none/such"), lambda: atomicdir.pin("none")):
    try:
        with mistake():
            pass
    except TypeError as error:
        print(error)
    except atomicdir.Error as error:
        print(error.kind == atomicdir.NO_GENERATION, error.errno)
PY
)" "2 two
True 0o600 by descriptor two
False 2 0 2
atomicdir has no option 'kept'
False 2
True 0" "an exception publishes nothing, options hold, a failure says its kind"
# What Python believes of the structs is what the compiler says.
python3 - >believed <<'PY'
import atomicdir
for name, struct in (("error", atomicdir._Error), ("options", atomicdir._Options), ("generation", atomicdir._Generation)):
    for field, *_ in struct._fields_:
        print(f"atomicdir_{name}.{field}", getattr(struct, field).offset, getattr(struct, field).size, sep="\t")
PY
if [ "$(getconf LONG_BIT)" != 64 ]; then skip "its structs are those of the header" "tests/package/abi.tsv has figures of 64 bits"
else is "$(grep -vxFf "$here/tests/package/abi.tsv" believed)" "" "its structs are those of the header"; fi

# ---- Go, Rust ----

build_go() { env GOFLAGS= GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local GOCACHE="$work/go" HOME="$work" go build -o publish-go "$examples/go/publish.go"; }
if ! command -v go >/dev/null; then skip "Go publishes, pins and waits" "go is not installed"
else
	ok "the Go example compiles" build_go
	is "$(./publish-go go-link)" "$said" "Go publishes, pins and waits"
fi
if ! command -v rustc >/dev/null || ! rustc --version >/dev/null 2>&1; then skip "Rust publishes, pins and waits" "rustc is not installed"
else
	ok "the Rust example compiles" rustc --edition 2021 -D warnings -o publish-rust "$examples/rust/publish.rs" -L "$here/build" -l atomicdir
	is "$(./publish-rust rust-link)" "$said" "Rust publishes, pins and waits"
fi
finish
