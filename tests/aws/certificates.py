# SPDX-License-Identifier: ISC
"""A certificate authority for one run, and a server certificate from it, by way of openssl.

No key outlives the start: the authority's is removed once it has signed, the
server's once it is loaded, unless somebody is to stand in front with it. It
will not renew anything.
"""

import os
import shutil
import ssl
import subprocess
import tempfile

CA_CONFIG = """
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
CN = Test Authority
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""

LEAF_EXTENSIONS = """
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = %s
"""

# Since 3.4 no other command of openssl makes a certificate that has ended; before, none takes dates.
SIGNING_CONFIG = """
[ca]
default_ca = here
[here]
database = %s.index
new_certs_dir = %s
rand_serial = yes
default_md = sha256
policy = names
[names]
commonName = supplied
"""

GOOD_NAMES = "DNS:localhost, IP:127.0.0.1, IP:::1"
KINDS = ("good", "expired", "wrong-host", "unknown-authority")


def make_context(directory, kind="good", extra_names=(), is_left=False):
    """A server's TLS context; leaves ca.pem and ca-path/ (hashed) in directory, and server.pem and server.key if asked.

    The other kinds are for proving that a client refuses them."""
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        authority = _make_authority(scratch, "ca")
        _publish_authority(directory, authority)
        if kind == "unknown-authority":
            authority = _make_authority(scratch, "other")
        names = ", ".join((GOOD_NAMES,) + tuple("DNS:" + n for n in extra_names))
        if kind == "wrong-host":
            names = "DNS:elsewhere.invalid"
        certificate, key = _make_leaf(scratch, authority, names, expired=kind == "expired")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(certificate, key)
        if is_left:
            # openssl made the key for its owner alone, and so it stays.
            shutil.copy(certificate, os.path.join(directory, "server.pem"))
            shutil.copy(key, os.path.join(directory, "server.key"))
        return context


def _make_authority(scratch, name):
    base = os.path.join(scratch, name)
    _write(base + ".cnf", CA_CONFIG)
    _openssl("req", "-x509", "-config", base + ".cnf", "-nodes", "-days", "2",
             "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-keyout", base + ".key", "-out", base + ".pem")
    return base


def _make_leaf(scratch, authority, names, expired):
    base = os.path.join(scratch, "leaf")
    _write(base + ".ext", LEAF_EXTENSIONS % names)
    _write(base + ".cnf", "[req]\ndistinguished_name = n\nprompt = no\n[n]\nCN = localhost\n")
    _openssl("req", "-new", "-config", base + ".cnf", "-nodes",
             "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-keyout", base + ".key", "-out", base + ".csr")
    _write(base + ".ca", SIGNING_CONFIG % (base, scratch))
    _write(base + ".index", "")
    dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z") if expired else ("-days", "2")
    _openssl("ca", "-batch", "-notext", "-config", base + ".ca", "-cert", authority + ".pem", "-keyfile", authority + ".key",
             "-extfile", base + ".ext", "-in", base + ".csr", "-out", base + ".pem", *dates)
    return base + ".pem", base + ".key"


def _publish_authority(directory, authority):
    with open(authority + ".pem") as file:
        text = file.read()
    _write(os.path.join(directory, "ca.pem"), text)
    hashed = os.path.join(directory, "ca-path")
    os.makedirs(hashed, exist_ok=True)
    name = _openssl("x509", "-noout", "-hash", "-in", authority + ".pem").strip() + ".0"
    _write(os.path.join(hashed, name), text)


def _openssl(*arguments):
    done = subprocess.run(("openssl",) + arguments, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (arguments[0], done.stderr.strip()))
    return done.stdout


def _write(path, text):
    with open(path, "w") as file:
        file.write(text)
