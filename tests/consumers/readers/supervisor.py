# SPDX-License-Identifier: ISC
import asking
from reader import Reader

CONFIGURATION = """
[unix_http_server]
file = {directory}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
nodaemon = true
logfile = {directory}/supervisor.log
pidfile = {directory}/pid
childlogdir = {directory}
[supervisorctl]
serverurl = unix://{directory}/supervisor.sock
[include]
files = {link}/*.conf
"""


class Programs(Reader):
    commands = ("supervisord", "supervisorctl")

    def content(self, value):
        return {"tested.conf": f"[program:{value}]\ncommand = sleep 1000\nstartsecs = 0\n"}

    def start(self):
        self.write("supervisord.conf", CONFIGURATION.format(directory=self.directory, link=self.link))
        self.spawn("supervisord", "-c", "supervisord.conf")

    def stand_ins(self):
        return {"supervisorctl": f"supervisorctl -c {self.directory}/supervisord.conf"}

    def has(self):
        running = [process["name"] for process in asking.xmlrpc_at(self.directory / "supervisor.sock").supervisor.getAllProcessInfo()
                   if process["statename"] == "RUNNING"]
        return running[0] if len(running) == 1 else None
