"""The orders service as Kubernetes sees it: namespace, secret, Deployment, Service."""

import base64
import sys
from collections.abc import Mapping
from pathlib import Path

from rig.servers.kube_api import Json
from rig.shop.routes import ORDERS

NAMESPACE = "shop"
PORT_NAME = "http"
LABELS = {"app": ORDERS}
_SECRET = "orders-database"  # noqa: S105 -- the name of a Secret
_SECRET_KEY = "conninfo"  # noqa: S105 -- the name of a key in it
_CONTAINER_PORT = 8000
_GRACE_SECONDS = 5


def image(release: str) -> str:
    """The image of a release. The rig has no registry: what runs is the command, the image gives it a version."""
    return f"shop/orders:{release}"


def namespace() -> Json:
    """The namespace of the shop."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def database_secret(conninfo: str) -> Json:
    """The connection string, which holds a password."""
    data = {_SECRET_KEY: base64.b64encode(conninfo.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _about(_SECRET), "type": "Opaque", "data": data}


def service() -> Json:
    """One name for all ready pods."""
    ports = [{"name": PORT_NAME, "port": 80, "targetPort": PORT_NAME}]
    spec = {"selector": LABELS, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _about(ORDERS), "spec": spec}


def deployment(release: str, replicas: int, settings: Mapping[str, str], logs: Path) -> Json:
    """`settings` are variables of the container beside those that every pod has; `logs` is where pods write theirs."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _about(ORDERS),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "terminationGracePeriodSeconds": _GRACE_SECONDS,
                    "containers": [_container(release, settings, logs)],
                },
            },
        },
    }


def release_patch(release: str) -> Json:
    """What a deploy pipeline changes for a new release: the image and the variable that goes with it."""
    container = {"name": ORDERS, "image": image(release), "env": [{"name": "SHOP_RELEASE", "value": release}]}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def _about(name: str) -> Json:
    return {"name": name, "namespace": NAMESPACE, "labels": LABELS}


def _container(release: str, settings: Mapping[str, str], logs: Path) -> Json:
    secret = {"secretKeyRef": {"name": _SECRET, "key": _SECRET_KEY}}
    return {
        "name": ORDERS,
        "image": image(release),
        "command": [sys.executable, "-m", f"rig.shop.{ORDERS}"],
        "ports": [{"name": PORT_NAME, "containerPort": _CONTAINER_PORT}],
        "env": [
            {"name": "SHOP_RELEASE", "value": release},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "SHOP_PORT", "value": "$(PORT_HTTP)"},
            {"name": "SHOP_LOG_FILE", "value": f"{logs}/$(POD_NAME).json"},
            {"name": "SHOP_DATABASE", "valueFrom": secret},
            *({"name": name, "value": value} for name, value in settings.items()),
        ],
        "readinessProbe": {"httpGet": {"path": "/health", "port": PORT_NAME}, "periodSeconds": 1},
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
    }
