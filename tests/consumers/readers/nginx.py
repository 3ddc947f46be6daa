# SPDX-License-Identifier: ISC
import asking
from reader import ROOT, Ports, Reader

CONFIGURATION = """{user}
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        {server}
    }}
}}
"""


class Nginx(Reader):
    commands = ("nginx",)
    tls, server = "", ""

    def start(self):
        self.port = Ports.take()
        self.write("nginx.conf", CONFIGURATION.format(
            user="user root;" if ROOT else "", directory=self.directory, port=self.port, tls=self.tls, server=self.server.format(link=self.link)))
        self.spawn("nginx", *self.options())

    def options(self):
        return "-p", self.directory, "-c", "nginx.conf", "-e", "error.log"

    def stand_ins(self):
        return {"nginx": " ".join(map(str, ("nginx", *self.options())))}


class Pair(Nginx):
    tls = " ssl"
    server = "ssl_certificate {link}/cert.pem; ssl_certificate_key {link}/key.pem;"

    def content(self, value):
        return self.pairs.content(value)

    def has(self):
        return self.pairs.shown(self.port)


class Static(Nginx):
    """A client that asks as browsers do: with the ETag of what it has."""
    server = "root {link};"
    etag, cached = "", None

    def has(self):
        status, headers, text = asking.get(self.port, "/value", {"If-None-Match": self.etag})
        if status == 200:
            self.etag, self.cached = headers["ETag"], text.strip()
        return self.cached
