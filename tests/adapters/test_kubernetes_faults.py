"""An API server that fails, or says what cannot be read: each has one outcome, asked once, and no secret is told."""

import json
from pathlib import Path

import pytest
import yaml

from domain.services import Deployment
from integrations.kubernetes import Cluster, Identity
from integrations.kubernetes.objects import Deployment as Read
from integrations.kubernetes.paths import deployment
from integrations.kubernetes.refusals import Absent, Conflict
from integrations.ports import PortError, Rejected, Unavailable
from tests.adapters.http_server import Answer, HttpServer

WEB = deployment(Deployment(namespace="shop", name="web"))


def _kubeconfig(folder: Path, url: str) -> Path:
    file = folder / "kubeconfig"
    named = {"name": "a"}
    file.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{**named, "cluster": {"server": url}}],
        "users": [{**named, "user": {"token": "hunter2"}}],
        "contexts": [{**named, "context": {"cluster": "a", "user": "a"}}],
    }))  # fmt: skip
    return file


def _status(code: int, message: str) -> str:
    return json.dumps({"kind": "Status", "code": code, "message": message})


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            Answer.json(_status(403, "it is forbidden"), 403),
            Rejected,
            "answered 403: it is forbidden",
        ),
        (Answer.json(_status(401, "Unauthorized"), 401), Rejected, "answered 401: Unauthorized"),
        (Answer.json(_status(404, "not found"), 404), Absent, "answered 404: not found"),
        (Answer.json(_status(409, "has been modified"), 409), Conflict, "answered 409: has been modified"),
        (Answer.json(_status(429, "slow down"), 429, Retry_After="7"), Unavailable, "answered 429: slow down"),
        (Answer.json(_status(500, "etcd is gone"), 500), Unavailable, "answered 500: etcd is gone"),
        (Answer(503, "no backend"), Unavailable, "answered 503: no backend"),
        (Answer(302, "", {"Location": "/login"}), Rejected, "answered 302: without a word"),
        (Answer(200, "<html>login</html>"), Unavailable, "not its JSON"),
        (Answer.json('{"spec": 1}'), Unavailable, "not its JSON: metadata"),
        (Answer(200, '{"metadata":', {}, cut=True), Unavailable, "cannot be reached"),
        (Answer(hang=True), Unavailable, r"did not answer within 0\.5 s"),
    ],
)
def test_each_fault_has_its_outcome(
    faulty: HttpServer, tmp_path: Path, answer: Answer, kind: type[PortError], words: str
) -> None:
    file = _kubeconfig(tmp_path, faulty.always(answer))
    cluster = Cluster(Identity(kubeconfig=str(file)), timeout_s=0.5)
    with pytest.raises(kind, match=words) as refused:
        cluster.read(Read, WEB)
    assert len(faulty.asked) == 1
    assert "hunter2" not in str(refused.value)


def test_the_time_that_the_server_named_is_kept(faulty: HttpServer, tmp_path: Path) -> None:
    url = faulty.always(Answer.json(_status(429, "slow down"), 429, Retry_After="7"))
    with pytest.raises(Unavailable) as refused:
        Cluster(Identity(kubeconfig=str(_kubeconfig(tmp_path, url)))).read(Read, WEB)
    assert refused.value.retry_after_s == 7


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    file = _kubeconfig(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="cannot be reached"):
        Cluster(Identity(kubeconfig=str(file)), timeout_s=0.5).read(Read, WEB)


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (Identity(kubeconfig="/nowhere/kubeconfig"), "kubeconfig: "),
        (Identity(in_cluster=True), "kubeconfig: "),
    ],
)
def test_credentials_that_are_not_there_are_said(identity: Identity, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        Cluster(identity).read(Read, WEB)


def test_a_context_that_the_kubeconfig_does_not_have_is_said(tmp_path: Path) -> None:
    file = _kubeconfig(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(Rejected, match=r"kubeconfig: .*staging"):
        Cluster(Identity(kubeconfig=str(file), context="staging")).read(Read, WEB)
