# SPDX-License-Identifier: ISC
import json

import asking
from reader import Ports, Reader


class Prometheus(Reader):
    commands = ("prometheus",)
    configuration = ""

    def start(self):
        self.port = Ports.take()
        self.write("prometheus.yml", self.configuration.format(link=self.link))
        self.spawn("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{self.port}",
                   "--web.enable-lifecycle", "--log.level=warn")

    def stand_ins(self):
        return {"localhost:9090": f"127.0.0.1:{self.port}"}


class FileSd(Prometheus):
    configuration = "scrape_configs: [{{job_name: tested, scrape_interval: 1h, file_sd_configs: [{{files: ['{link}/targets.json']}}]}}]\n"

    def content(self, value):
        return {"targets.json": json.dumps([{"targets": ["127.0.0.1:9"], "labels": {"value": value}}])}

    def has(self):
        return asking.get_json(self.port, "/api/v1/targets")["data"]["activeTargets"][0]["labels"]["value"]


class Rules(Prometheus):
    commands = ("prometheus", "curl")
    configuration = "rule_files: ['{link}/rules.yml']\n"

    def content(self, value):
        return {"rules.yml": f"groups: [{{name: {value}, rules: [{{record: tested, expr: vector(0)}}]}}]\n"}

    def has(self):
        return asking.get_json(self.port, "/api/v1/rules")["data"]["groups"][0]["name"]
