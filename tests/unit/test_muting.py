"""Who is asked whether something is muted, and what counts where there is no answer."""

import threading
from collections.abc import Sequence

import pytest

from activities.muting import MutingActivities, Rows
from domain.anomaly import AlertStatus
from domain.doors import Door
from domain.holding import KEPT_FOR, Became, Held, row_of
from domain.maintenance import Kind, Window, WindowWord, WordKind, muted
from integrations.ports import PortError, Unavailable
from starter.muting import SILENCES, WINDOWS, WindowsAndSilences
from tests.fakes import FakeMaintenance, FakeSilences
from tests.incidents import minutes
from tests.unit.domain.test_maintenance import NOW, alert, window


def _store() -> FakeMaintenance:
    store = FakeMaintenance()
    store.say(WindowWord(kind=WordKind.DECLARED, window=window(), at=NOW, who="ana", door=Door.CLI))
    return store


async def test_windows_and_silences_mute_what_fires_each_for_itself() -> None:
    silences = FakeSilences(window(id="s-1", kind=Kind.SILENCE, services=("catalogue",)))
    mutes = WindowsAndSilences(_store(), silences, unasked=pytest.fail)
    over = alert(fingerprint="f3", status=AlertStatus.RESOLVED)
    seen = [alert(), alert("catalogue", fingerprint="f2"), over, alert("gateway", fingerprint="f4")]
    verdicts = await mutes.judge(seen, NOW)
    assert {series: by.window for series, by in verdicts.mutings.items()} == {
        "prometheus:f1": "MW-1", "prometheus:f2": "s-1",
    }  # fmt: skip


@pytest.mark.parametrize("error", [Unavailable("it is away"), ValueError("what it said is not understood")])
@pytest.mark.parametrize(("away", "kind"), [(WINDOWS, Kind.MAINTENANCE), (SILENCES, Kind.SILENCE)])
async def test_whoever_cannot_be_asked_mutes_nothing_and_is_counted(
    away: str, kind: Kind, error: PortError | ValueError
) -> None:
    store, silences, counted = _store(), FakeSilences(window(id="s-1", kind=Kind.SILENCE)), list[str]()
    broken = store if away == WINDOWS else silences
    broken.error = error
    verdicts = await WindowsAndSilences(store, silences, counted.append).judge([alert()], NOW)
    assert (verdicts.unasked, counted) == ((kind,), [away])
    assert [by.window for by in verdicts.mutings.values()] == ["s-1" if away == WINDOWS else "MW-1"]


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    come = threading.Event()

    class Slow(FakeSilences):
        def silences(self) -> Sequence[Window]:
            come.wait()
            return ()

    counted: list[str] = []
    verdicts = await WindowsAndSilences(FakeMaintenance(), Slow(), counted.append, limit_s=0.01).judge([alert()], NOW)
    come.set()
    assert Kind.SILENCE in verdicts.unasked
    assert SILENCES in counted
    assert verdicts.mutings == {}


def test_a_record_that_grows_drops_what_is_long_over() -> None:
    store, by = FakeMaintenance(), muted(alert(), [window()], NOW)
    assert by is not None
    held = Held(anomaly=alert(), by=by, since=NOW)
    over = row_of(held, "muted-orders", Became.RESOLVED, NOW)
    later = NOW + KEPT_FOR
    new = over.model_copy(update={"window": "MW-2", "at": later})
    for at, kept in ((later, 2), (later + minutes(1), 1)):
        store.record([over])
        MutingActivities(None, store).record(Rows(rows=(new.model_copy(update={"at": at}),)))
        assert len(store.rows) == kept
