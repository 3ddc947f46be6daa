# SPDX-License-Identifier: ISC
"""Certificates with their keys, one pair for each value, and the question which of them a server shows."""
import socket
import ssl
import subprocess
import threading

ASK_SECONDS = 2


class Pairs:
    def __init__(self, directory):
        self.directory, self.lock, self.values = directory, threading.Lock(), {}

    def make(self, value):
        """(certificate, key) in PEM; the same for the same value."""
        certificate, key = self.directory / f"{value}.cert", self.directory / f"{value}.key"
        with self.lock:
            if not certificate.exists():
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                                "-subj", f"/CN={value}", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                               check=True, capture_output=True)
                self.values[ssl.PEM_cert_to_DER_cert(certificate.read_text())] = value
        return certificate.read_text(), key.read_text()

    def content(self, value):
        certificate, key = self.make(value)
        return {"cert.pem": certificate, "key.pem": key, "site.pem": certificate + key}

    def shown(self, port, greet=None):
        """The value of the certificate that is shown there; `greet(socket)` speaks before TLS begins."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port), ASK_SECONDS) as plain:
            if greet:
                greet(plain)
            with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
                return self.values[encrypted.getpeercert(binary_form=True)]
