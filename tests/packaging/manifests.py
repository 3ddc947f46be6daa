#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Reads the manifests of packaging/kubernetes and packaging/ecs for the tests.

manifests.py json FILE          its documents, each as a line of JSON
manifests.py restricted FILE    what the Pod Security Standard "restricted" forbids, a line each
manifests.py command FILE NAME WHAT   the words that container NAME runs, one a line; WHAT: args, or the name of a probe
manifests.py ecs FILE           what the API's own model says against the task definition; status 77 without a botocore that is new enough
"""

import json
import sys


def documents(path):
    with open(path, encoding="utf-8") as stream:
        if path.endswith(".json"):
            return [json.load(stream)]
        import yaml
        return [document for document in yaml.safe_load_all(stream) if document]


def pod_of(document):
    return document["spec"]["template"]["spec"]


def containers_of(document):
    if "containerDefinitions" in document:
        return document["containerDefinitions"]
    return pod_of(document).get("initContainers", []) + pod_of(document)["containers"]


def restricted(document):
    pod = pod_of(document)
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or security.get("runAsUser") == 0:
        yield "the pod may run as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "the pod has no seccomp profile"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield "the pod has " + name
    for volume in pod.get("volumes", []):
        if not {"configMap", "csi", "downwardAPI", "emptyDir", "projected", "secret"} & set(volume):
            yield "volume %s is of a kind that is not allowed" % volume["name"]
    for container in containers_of(document):
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            yield container["name"] + " may gain privileges"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("capabilities", {}).get("add"):
            yield container["name"] + " has capabilities"


def command(document, name, what):
    container = next(one for one in containers_of(document) if one["name"] == name)
    if what == "args":
        return container.get("args") or container["command"]
    if what == "healthCheck":
        return container["healthCheck"]["command"][1:]
    return container[what]["exec"]["command"]


def ecs(document):
    try:
        import botocore.session
        import botocore.validate
    except ImportError:
        sys.exit(77)
    model = botocore.session.Session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    if "restartPolicy" not in model.input_shape.members["containerDefinitions"].member.members:
        sys.exit(77)
    report = botocore.validate.ParamValidator().validate(document, model.input_shape)
    return report.generate_report().splitlines()


def main():
    what, path = sys.argv[1:3]
    for document in documents(path):
        if what == "json":
            print(json.dumps(document))
        elif what == "command":
            print("\n".join(command(document, *sys.argv[3:5])))
        else:
            print("\n".join({"restricted": restricted, "ecs": ecs}[what](document)), end="")


if __name__ == "__main__":
    main()
