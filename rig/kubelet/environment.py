"""The environment of a container, as its pod's spec describes it."""

import base64
import re
from collections.abc import Callable, Mapping

from rig.servers.kube_api import Json
from rig.servers.ports import LOOPBACK

ReadObject = Callable[[str, str], Json | None]
"""The Secret or ConfigMap (kind, name) of the pod's namespace, None where there is none."""

_REFERENCE = re.compile(r"\$(\$|\((\w+)\))")


class ConfigError(Exception):
    """The pod asks for something that is not there, or that this kubelet does not know."""


def environment(container: Json, pod: Json, ports: Mapping[str, int], read: ReadObject) -> dict[str, str]:
    """All variables, references to earlier ones filled in. Raises ConfigError for what cannot be had."""
    known = {f"PORT_{name.upper().replace('-', '_')}": str(port) for name, port in ports.items()}
    for entry in container.get("env", []):
        if "valueFrom" in entry:
            known[entry["name"]] = _from_elsewhere(entry["valueFrom"], pod, read)
        else:
            known[entry["name"]] = expand(entry.get("value", ""), known)
    return known


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` as Kubernetes fills it in: what is unknown stays as it is, `$$` is a dollar sign."""

    def fill(found: re.Match[str]) -> str:
        return "$" if found[1] == "$" else known.get(found[2], found[0])

    return _REFERENCE.sub(fill, text)


def _from_elsewhere(source: Json, pod: Json, read: ReadObject) -> str:
    if field := source.get("fieldRef"):
        return _field(field["fieldPath"], pod)
    if key := source.get("secretKeyRef"):
        return base64.b64decode(_entry("Secret", key, read)).decode()
    if key := source.get("configMapKeyRef"):
        return _entry("ConfigMap", key, read)
    raise ConfigError(f"this kubelet has no {', '.join(source)}")


def _field(path: str, pod: Json) -> str:
    about = pod["metadata"]
    fields = {
        "metadata.name": about["name"],
        "metadata.namespace": about["namespace"],
        "metadata.uid": about["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "status.podIP": LOOPBACK,
    }
    if path not in fields:
        raise ConfigError(f"this kubelet does not know the field {path!r}")
    return fields[path]


def _entry(kind: str, key: Json, read: ReadObject) -> str:
    found = read(kind, key["name"])
    data: dict[str, str] = found.get("data", {}) if found else {}
    if key["key"] not in data:
        raise ConfigError(f"{kind.lower()} {key['name']!r} not found, or without key {key['key']!r}")
    return data[key["key"]]
