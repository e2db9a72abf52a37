"""What changes say, and against what; and that a release that came right before the trouble is blamed for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.change_findings import findings_of
from activities.investigation import InvestigationActivities
from analysis.changes import nearness_bits
from analysis.ranking import rank
from domain.catalogue import Case, choose
from domain.diagnosis import Diagnosis
from domain.finding import Category, Finding, Presence, Source, Window
from domain.plan import Action
from domain.policy import Policy
from domain.question import Question
from domain.services import Deployment, Service, ServiceMap
from integrations.ports import Change, ChangeKind, Changes, Rejected, Release, Unavailable
from tests.fakes import FakeChanges, FakeEvidence
from tests.unit.domain.examples import INCIDENT, NOW, minutes
from tests.unit.troubled_shop import EXPRESSIONS

ORDERS = Deployment(namespace="shop", name="orders")
SHOP = ServiceMap(
    services=(
        Service(name="gateway", depends_on=("orders", "catalogue"), user_facing=True),
        Service(name="orders", deployment=ORDERS),
        Service(name="catalogue"),
    ),
    expressions=EXPRESSIONS,
)
QUESTION = Question(
    incident=INCIDENT, services=("gateway", "orders", "catalogue"), onset=NOW, now=NOW + minutes(1), graph=SHOP
)
NEW, OLD, OLDEST = (
    Release(revision=n, template_hash=f"hash{n}", image=f"orders:{n}", fingerprint=f"print{n}") for n in (8, 7, 6)
)
WINDOW = Window(start=NOW - minutes(60), end=NOW)


def rollout(before: float = 2, **changes: Any) -> Change:
    fields: dict[str, Any] = {
        "kind": ChangeKind.ROLLOUT, "at": NOW - minutes(before), "said": "revision 8 was released after revision 7",
        "fields": ("containers[orders].image",), "release": NEW, "before": OLD,
    }  # fmt: skip
    return Change(**{**fields, **changes})


def change(kind: ChangeKind, said: str, at: datetime = NOW, **changes: Any) -> Change:
    return Change(kind=kind, at=at, said=said, **changes)


def seen(*changes: Change, runs: Release = NEW) -> Changes:
    return Changes(
        at=NOW, target=ORDERS.target, uid="u1", runs=runs, kept=(NEW, OLD, OLDEST), replicas=3, ready=3, changes=changes
    )  # fmt: skip


def found(*changes: Change, runs: Release = NEW) -> list[Finding]:
    return findings_of("orders", ORDERS, seen(*changes, runs=runs), QUESTION, "kubectl")


def numbered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(f.model_copy(update={"id": f"F{n}"}) for n, f in enumerate(findings, start=1))


def errors(service: str = "orders", strength: float = 6.0, source: Source = Source.METRICS) -> Finding:
    return Finding(
        source=source, kind="metric_shift", service=service, title="it fails", strength=strength, window=WINDOW,
        categories={Category.UNKNOWN: 0.6},
    )  # fmt: skip


def diagnosed(*findings: Finding) -> tuple[Diagnosis, tuple[Finding, ...]]:
    ours = numbered(findings)
    return rank(ours, QUESTION), ours


def test_a_release_speaks_by_how_shortly_before_the_trouble_it_came() -> None:
    (near,) = found(rollout(2))
    (far,) = found(rollout(30))
    assert (near.kind, near.categories) == ("rollout", {Category.BAD_DEPLOYMENT: 1.0})
    assert near.strength == pytest.approx(nearness_bits(120))
    assert near.strength > 5 * far.strength > 0


def test_the_bits_of_nearness_are_those_of_the_document() -> None:
    said = [round(nearness_bits(60 * m), 1) for m in (2, 5, 15, 30, 60)]
    assert said == [5.8, 3.3, 1.0, 0.3, 0.1]
    assert nearness_bits(-1) == 0


def test_what_was_released_after_the_onset_did_not_cause_it() -> None:
    late, calm = found(rollout(-0.5))
    assert (late.strength, late.categories) == (0.0, {})
    assert (calm.kind, calm.presence) == ("no_release", Presence.ABSENT)


def test_a_finding_has_the_facts_that_a_plan_is_built_from() -> None:
    (release,) = found(rollout())
    assert release.facts == {
        "target": "deployment/shop/orders", "uid": "u1", "replicas": 3, "ready": 3, "runs_revision": 8,
        "runs_template_hash": "hash8", "at": (NOW - minutes(2)).isoformat(), "before_onset_s": 120.0,
        "changed": "containers[orders].image", "revision": 8, "template_hash": "hash8", "image": "orders:8",
        "runs_now": True, "returned": False, "to_revision": 7, "to_template_hash": "hash7", "to_image": "orders:7",
        "fingerprint": "print8", "to_fingerprint": "print7", "revisions": "7,6", "releases": "7:print7,6:print6",
    }  # fmt: skip
    assert release.title == (
        "deployment/shop/orders: revision 8 was released after revision 7 (orders:7 → orders:8), "
        "changed: containers[orders].image, 2 min before the onset"
    )


def test_nothing_released_speaks_against_a_bad_release() -> None:
    (calm,) = found()
    assert (calm.presence, calm.strength) == (Presence.ABSENT, 1.0)
    assert calm.against == {Category.BAD_DEPLOYMENT: 1.0, Category.CONFIG: 0.5}
    assert calm.facts["runs_template_hash"] == "hash8"  # a restart is planned from it


@pytest.mark.parametrize(
    ("seen_change", "speaks_for"),
    [
        (change(ChangeKind.OOM_KILL, "orders killed for memory", count=2), {Category.MEMORY_LEAK: 1.0}),
        (change(ChangeKind.CRASH, "orders died with exit code 1", count=3), {Category.UNKNOWN: 0.5}),
        (change(ChangeKind.WARNING, "Unhealthy: probe failed", count=9), {Category.UNKNOWN: 0.3}),
        (change(ChangeKind.SCALING, "scaled from 2 to 3"), {}),
        (change(ChangeKind.RESTART, "restarted as revision 9"), {}),
        (
            change(ChangeKind.FAILING, "3 of 3 pods wait", count=3, fields=("CreateContainerConfigError",)),
            {Category.UNKNOWN: 0.5, Category.CONFIG: 0.7},
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Change) else "",
)
def test_what_happened_speaks_for_its_kinds_of_cause(seen_change: Change, speaks_for: dict[Category, float]) -> None:
    assert found(seen_change)[0].categories == speaks_for


def test_pods_that_crash_after_a_release_speak_for_the_release() -> None:
    crash = change(ChangeKind.CRASH, "orders died with exit code 1", count=3)
    assert found(rollout(), crash)[1].categories[Category.BAD_DEPLOYMENT] == 0.7
    assert Category.BAD_DEPLOYMENT not in found(rollout(), crash, runs=OLD)[1].categories


def test_words_of_events_are_masked() -> None:
    said = "Failed: login with password=hunter2 at 10.0.0.1"
    title = found(change(ChangeKind.WARNING, said, count=4))[0].title
    assert "hunter2" not in title
    assert "10.0.0.1" not in title


def test_a_release_right_before_errors_is_the_cause_and_is_taken_back() -> None:
    diagnosis, findings = diagnosed(errors(), errors(source=Source.LOGS, strength=5), *found(rollout()))
    assert diagnosis.named is not None
    assert (diagnosis.named.service, diagnosis.named.category) == ("orders", Category.BAD_DEPLOYMENT)
    assert diagnosis.cause == (
        "orders runs a release that does not work: revision 8 (orders:8), released 2 min before it began"
    )
    plan = choose(Case(
        incident=INCIDENT, attempt=1, diagnosis=diagnosis, findings=findings, services=SHOP, policy=Policy()
    )).plan  # fmt: skip
    assert plan is not None
    assert (plan.action, plan.parameters["from_revision"], plan.parameters["revision"]) == (
        Action.ROLLBACK_DEPLOYMENT, 8, 7,
    )  # fmt: skip
    assert diagnosis.look_next[-1].endswith(
        "kubectl --namespace shop rollout undo deployment/orders --to-revision=7"
    )  # fmt: skip


def test_a_release_of_a_service_that_is_well_explains_nothing() -> None:
    """However shortly before it came: the trouble is elsewhere."""
    diagnosis, _ = diagnosed(errors("catalogue"), *found(rollout(0.5)))
    assert not any(h.category is Category.BAD_DEPLOYMENT for h in diagnosis.hypotheses)


def test_a_release_takes_no_trouble_away_from_where_it_is() -> None:
    """The gateway fails by itself: that one of its callees was released does not move its errors there."""
    alone, _ = diagnosed(errors("gateway"))
    with_release, _ = diagnosed(errors("gateway"), *found(rollout(0.5)))
    assert [h.service for h in with_release.hypotheses] == [h.service for h in alone.hypotheses] == ["gateway"]


def test_a_full_pool_stays_the_cause_although_something_was_released() -> None:
    pool = [
        errors().model_copy(update={"source": source, "categories": {Category.CONNECTION_POOL: 1.0}})
        for source in (Source.LOGS, Source.DATABASE)
    ]
    diagnosis, _ = diagnosed(errors(), *pool, *found(rollout(10)))
    assert diagnosis.hypotheses[0].category is Category.CONNECTION_POOL


def test_kills_and_rising_memory_are_a_leak_and_the_service_is_restarted() -> None:
    memory = errors().model_copy(update={"kind": "metric_shift", "categories": {Category.MEMORY_LEAK: 0.8}})
    kills = change(ChangeKind.OOM_KILL, "orders killed for memory", count=3)
    diagnosis, findings = diagnosed(memory, errors(source=Source.LOGS, strength=5), *found(kills))
    assert diagnosis.named is not None
    assert diagnosis.named.category is Category.MEMORY_LEAK
    plan = choose(Case(
        incident=INCIDENT, attempt=1, diagnosis=diagnosis, findings=findings, services=SHOP, policy=Policy()
    )).plan  # fmt: skip
    assert plan is not None
    assert (plan.action, plan.target, plan.parameters["from_template_hash"]) == (
        Action.RESTART_SERVICE, "deployment/shop/orders", "hash8",
    )  # fmt: skip


def _looking(source: FakeChanges | None) -> InvestigationActivities:
    return InvestigationActivities(
        metrics=None, logs=None, traces=None, databases=None, changes=source, memory=None, evidence=FakeEvidence()
    )


def test_without_a_cluster_changes_are_missing() -> None:
    (missing,) = _looking(None).look_at_changes(QUESTION)
    assert (missing.presence, missing.title) == (Presence.MISSING, "changes: not configured")


def test_without_a_declared_deployment_changes_are_missing() -> None:
    question = QUESTION.model_copy(update={"services": ("catalogue",)})
    (missing,) = _looking(FakeChanges()).look_at_changes(question)
    assert (missing.presence, missing.title) == (
        Presence.MISSING, "changes: no deployment is declared for these services",
    )  # fmt: skip


def test_a_refusal_is_a_missing_finding_and_an_absence_is_tried_again() -> None:
    source = FakeChanges(seen())
    source.error = Rejected("403: it is forbidden")
    (missing,) = _looking(source).look_at_changes(QUESTION)
    assert missing.title == "changes: refused: 403: it is forbidden"
    source.error = Unavailable("it is down")
    with pytest.raises(Exception, match="it is down"):
        _looking(source).look_at_changes(QUESTION)


def test_what_was_seen_goes_to_the_store_whole() -> None:
    (release,) = _looking(FakeChanges(seen(rollout()))).look_at_changes(QUESTION)
    assert release.evidence is not None
    assert release.evidence.summary == "changes of deployment/shop/orders"


def test_the_hour_before_the_onset_is_asked_about_until_now() -> None:
    (release,) = _looking(FakeChanges(seen(rollout()))).look_at_changes(QUESTION)
    assert release.window == Window(start=NOW - timedelta(hours=1), end=QUESTION.now)
