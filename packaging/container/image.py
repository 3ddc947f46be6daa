#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Makes an image for containers from nothing: the static programs, the helpers with the shared libraries that they need, certificates
and a user. The image is a directory in the layout of OCI (https://github.com/opencontainers/image-spec, 1.0), beside which
atomicdir.spdx.json says what was packed (SPDX 2.3). The same input gives the same bytes: no time but --epoch and no order but that of
names goes in."""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import time

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
USER = 65532
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "s390x": "s390x", "ppc64le": "ppc64le", "riscv64": "riscv64", "i686": "386"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


# ---- What goes in ----

def closure(programs):
    """The shared libraries that the programs load, and their loader: by the name under which each is looked for, its bytes' path."""
    libraries = {}
    for program in programs:
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}).stdout
        if "not found" in said:
            raise SystemExit(f"image.py: {program} lacks a library:\n{said}")
        for line in said.splitlines():
            found = re.search(r"(/\S+) \(0x", line)
            if found:
                libraries[found[1]] = os.path.realpath(found[1])
    return libraries


def content(arguments):
    """Path in the image: (bytes, mode, where it is from)."""
    helpers = sorted(os.path.join(arguments.helpers, name) for name in os.listdir(arguments.helpers))
    files = {"usr/bin/" + name: (read(f"{arguments.programs}/{name}"), mode, None)
             for name, mode in (("atomicdir", 0o755), ("secretdir", 0o711))}
    for helper in helpers:
        files["usr/libexec/atomicdir/" + os.path.basename(helper)] = (read(helper), 0o711, None)
    for name, path in closure(helpers).items():
        files[name.lstrip("/")] = (read(path), 0o755, path)
    files[CERTIFICATES.lstrip("/")] = (read(CERTIFICATES), 0o644, CERTIFICATES)
    files["etc/passwd"] = (f"root:x:0:0::/:/\nsecretdir:x:{USER}:{USER}::/:/\n".encode(), 0o644, None)
    files["etc/group"] = (f"root:x:0:\nsecretdir:x:{USER}:\n".encode(), 0o644, None)
    return files


def directories(files):
    # A runtime mounts something on each of these.
    found = {"dev", "proc", "run", "sys", "tmp"}
    for path in files:
        while os.path.dirname(path):
            path = os.path.dirname(path)
            found.add(path)
    return found


def layer(files, epoch):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(directories(files) | set(files)):
            entry = tarfile.TarInfo(path)
            entry.mtime = epoch
            if path in files:
                data, entry.mode, _ = files[path]
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
            else:
                entry.type = tarfile.DIRTYPE
                entry.mode = 0o1777 if path == "tmp" else 0o755
                archive.addfile(entry)
    return raw.getvalue()


# ---- The image ----

class Layout:
    """A directory of an image: blobs by the hash of their bytes."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(os.path.join(directory, "blobs", "sha256"))
        self.write("oci-layout", json_bytes({"imageLayoutVersion": "1.0.0"}))

    def write(self, name, data):
        with open(os.path.join(self.directory, name), "wb") as file:
            file.write(data)

    def add(self, media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        self.write("blobs/sha256/" + digest, data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}


def json_bytes(value):
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def write_image(arguments, raw):
    kind = "application/vnd.oci.image."
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(arguments.epoch))
    machine = MACHINES.get(platform.machine(), platform.machine())
    layout = Layout(os.path.join(arguments.output, "oci"))
    packed = layout.add(kind + "layer.v1.tar+gzip", gzip.compress(raw, mtime=0))
    config = layout.add(kind + "config.v1+json", json_bytes({
        "created": created, "architecture": machine, "os": "linux",
        "config": {"User": f"{USER}:{USER}", "Entrypoint": ["/usr/bin/secretdir"], "Env": ["PATH=/usr/bin"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(raw).hexdigest()]},
        "history": [{"created": created, "comment": f"atomicdir {arguments.version}"}]}))
    manifest = layout.add(kind + "manifest.v1+json", json_bytes({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": config, "layers": [packed],
        "annotations": {"org.opencontainers.image.created": created, "org.opencontainers.image.version": arguments.version,
                        "org.opencontainers.image.licenses": "ISC", "org.opencontainers.image.title": "secretdir"}}))
    manifest |= {"annotations": {"org.opencontainers.image.ref.name": arguments.version},
                 "platform": {"architecture": machine, "os": "linux"}}
    layout.write("index.json", json_bytes({"schemaVersion": 2, "mediaType": kind + "index.v1+json", "manifests": [manifest]}))
    return created, manifest["digest"].split(":")[1]


# ---- What was packed ----

def owner(path):
    """The Debian package, version and source that a file is from; None where dpkg does not know."""
    for name in (path, path.removeprefix("/usr"), "/usr" + path):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True) if shutil.which("dpkg-query") else None
        if found and found.returncode == 0:
            package = found.stdout.split(": ")[0].split(",")[0]
            return tuple(subprocess.run(["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Architecture}", package],
                                        capture_output=True, text=True, check=True).stdout.split("\t"))
    return None


def origin(path):
    if path == CERTIFICATES:
        path = "/usr/sbin/update-ca-certificates"
    return path and owner(path)


def spdx_package(name, version, **more):
    return {"SPDXID": "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "name": name, "versionInfo": version,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", **more}


def debian_package(name, version, machine):
    return spdx_package(name, version, externalRefs=[{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                                      "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={machine}"}])


def bill_of_materials(arguments, files, created, digest):
    ours = spdx_package("atomicdir", arguments.version, licenseDeclared="ISC", licenseConcluded="ISC")
    packages = {None: ours}
    entries, relations = [], [("SPDXRef-DOCUMENT", "DESCRIBES", ours["SPDXID"])]
    found = owner(os.path.realpath(arguments.libc))
    packages[found] = debian_package(*found) if found else spdx_package("libc", "NOASSERTION")
    relations.append((ours["SPDXID"], "STATIC_LINK", packages[found]["SPDXID"]))
    for number, (path, (data, _, source)) in enumerate(sorted(files.items())):
        found = origin(source)
        if source and not found:
            found = (os.path.basename(source), "NOASSERTION", "")
        if found not in packages:
            packages[found] = debian_package(*found) if found[2] else spdx_package(*found[:2])
            relations.append((ours["SPDXID"], "DEPENDS_ON", packages[found]["SPDXID"]))
        name = f"SPDXRef-File-{number}"
        entries.append({"SPDXID": name, "fileName": "./" + path, "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
                        "checksums": [{"algorithm": kind.upper(), "checksumValue": hashlib.new(kind, data).hexdigest()}
                                      for kind in ("sha1", "sha256")]})
        relations.append((packages[found]["SPDXID"], "CONTAINS", name))
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"atomicdir-{arguments.version}-image", "documentNamespace": f"https://spdx.org/spdxdocs/atomicdir-{digest}",
            "creationInfo": {"created": created, "creators": ["Tool: packaging/container/image.py"]},
            "packages": sorted(packages.values(), key=lambda package: package["SPDXID"]), "files": entries,
            "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--epoch", type=int, required=True, help="the time in the image, in seconds since 1970")
    parser.add_argument("--programs", required=True, help="the directory of atomicdir and secretdir, linked statically")
    parser.add_argument("--libc", required=True, help="the C library that is in them")
    parser.add_argument("--helpers", required=True, help="the directory of the programs that secretdir starts")
    parser.add_argument("--output", required=True, help="the directory to make")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.output, ignore_errors=True)
    os.makedirs(arguments.output)
    files = content(arguments)
    created, digest = write_image(arguments, layer(files, arguments.epoch))
    with open(os.path.join(arguments.output, "atomicdir.spdx.json"), "wb") as file:
        file.write(json_bytes(bill_of_materials(arguments, files, created, digest)))


if __name__ == "__main__":
    main()
