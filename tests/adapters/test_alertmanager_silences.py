"""Silences as Alertmanager has them, and what is made of answers that are none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.maintenance import Kind, muted
from integrations.alertmanager import AlertmanagerSilences
from integrations.ports import PortError, Unavailable
from rig.servers.alertmanager import AlertmanagerServer
from rig.servers.plain import PLAIN
from tests.adapters.http_server import Answer, HttpServer
from tests.unit.domain.test_maintenance import alert


def _silence(url: str, matchers: list[tuple[str, str, bool, bool]], begins: timedelta = timedelta()) -> str:
    now = datetime.now(UTC)
    said: dict[str, Any] = {
        "matchers": [{"name": n, "value": v, "isRegex": regex, "isEqual": equal} for n, v, regex, equal in matchers],
        "startsAt": (now + begins).isoformat(), "endsAt": (now + timedelta(hours=2)).isoformat(), "createdBy": "mia",
        "comment": "the\nmove",
    }  # fmt: skip
    answer = httpx.post(f"{url}/api/v2/silences", json=said, trust_env=False, verify=PLAIN)
    answer.raise_for_status()
    return answer.json()["silenceID"]


def test_silences_in_force_are_windows_with_all_four_comparisons(alertmanager: AlertmanagerServer) -> None:
    fits = [("service", "ord.*", True, True), ("zone", "a", False, False), ("team", "x|y", True, False)]
    wanted = _silence(alertmanager.url, [*fits, ("tier", "1", False, True)])
    coming = _silence(alertmanager.url, fits, begins=timedelta(hours=1))
    expired = _silence(alertmanager.url, fits)
    httpx.delete(f"{alertmanager.url}/api/v2/silence/{expired}", trust_env=False, verify=PLAIN).raise_for_status()
    found = {one.id: one for one in AlertmanagerSilences(alertmanager.url).silences()}
    assert found.keys() & {wanted, coming, expired} == {wanted}
    one = found[wanted]
    assert (one.kind, one.who, one.why) == (Kind.SILENCE, "mia", "the move")
    now = datetime.now(UTC)
    assert muted(alert(labels={"tier": "1", "zone": "b"}), [one], now) is not None
    for labels in ({"tier": "1", "zone": "a"}, {"tier": "2"}, {"tier": "1", "team": "y"}):
        assert muted(alert(labels=labels), [one], now) is None


def _listed(regex: str) -> str:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return (
        f'[{{"id": "s", "status": {{"state": "active"}}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "{ends}", '
        f'"matchers": [{{"name": "a", "value": "{regex}", "isRegex": true}}]}}]'
    )


def test_a_silence_that_cannot_be_understood_is_left_out_and_said(
    faulty: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert AlertmanagerSilences(faulty.always(Answer.json(_listed("(")))).silences() == ()
    assert "'(' is not a regular expression" in caplog.text
    (one,) = AlertmanagerSilences(faulty.always(Answer.json(_listed("x")))).silences()
    assert str(one.matchers[0]) == 'a=~"x"'


@pytest.mark.parametrize("answer", [Answer(503, "no"), Answer.json("[{}]"), Answer.json("{"), Answer(hang=True)])
def test_what_is_no_answer_is_said_to_be_away(faulty: HttpServer, answer: Answer) -> None:
    with pytest.raises(Unavailable):
        AlertmanagerSilences(faulty.always(answer), timeout_s=0.3).silences()


def test_a_refusal_is_a_ports_error(faulty: HttpServer) -> None:
    with pytest.raises(PortError, match="401"):
        AlertmanagerSilences(faulty.always(Answer(401, "who are you"))).silences()
