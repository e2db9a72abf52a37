"""What speaks against changing a deployment now, and what does not."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import entry_of
from domain.deployment import Budget, MigrationJob, Quota
from domain.plan import Action
from domain.prechecks import first_objection
from tests.unit.domain.deployments import plan, revision, state
from tests.unit.domain.examples import NOW, minutes, rows

ROLLBACK, FORWARD, RESTART = Action.ROLLBACK_DEPLOYMENT, Action.ROLL_FORWARD, Action.RESTART_SERVICE


@dataclass(frozen=True)
class Case:
    name: str
    said: str | None
    action: Action = ROLLBACK
    state: dict[str, Any] = field(default_factory=dict[str, Any])
    plan: dict[str, Any] = field(default_factory=dict[str, Any])


def _marked(now: str | None, before: str | None) -> dict[str, Any]:
    return {"revisions": (revision(8, migrations=now), revision(7, migrations=before))}


ONE_DOWN = {"max_unavailable": 1, "max_surge": 0}
CASES = (
    Case("nothing speaks against a roll back of what is well", None),
    Case("nor against rolling forward", None, FORWARD),
    Case("nor against a restart", None, RESTART),
    Case("what is paused would not be rolled out", "is paused", state={"paused": True}),
    Case("what is scaled to nothing has nothing to roll back", "is scaled to nothing", state={"replicas": 0}),
    Case("a change that its controller has not seen comes first", "has not taken it up yet", state={"settled": False}),
    Case("another deployment of the same name is another one", "made anew", state={"uid": "u2"}),
    Case("another template runs since the plan", "revision 8 runs (orders:8), not revision 5",
         plan={"from_template_hash": "hash5", "from_revision": 5}),
    Case("a release that is not kept cannot be put back", "revision 5 of deployment/shop/orders is not kept",
         plan={"revision": 5}),
    Case("what was made anew under its number is another release", "revision 7 of deployment/shop/orders is not the",
         state={"revisions": (revision(8), revision(7, fingerprint="print7b"))}),
    Case("nor is it put back forward", "revision 7 of deployment/shop/orders is not the", FORWARD,
         state={"revisions": (revision(8), revision(7, fingerprint="print7b"))}),
    Case("a plan that does not name the release puts none back", "revision 7 of deployment/shop/orders is not the",
         plan={"releases": ""}),
    Case("another of the named ones may be put back", None, plan={"revision": 6}),
    Case("a release of within the hour may go", None, plan={"released_at": (NOW - minutes(59)).isoformat()}),
    Case("an older release stays", "runs for 61 min, longer than 60 min",
         plan={"released_at": (NOW - minutes(61)).isoformat()}),
    Case("how old is too old only for taking back", None, FORWARD,
         plan={"released_at": (NOW - minutes(600)).isoformat()}),
    Case("what came back is not taken back again", "is itself a return",
         state={"revisions": (revision(8, returned=True), revision(7))}),
    Case("a rollout that hangs is no reason to leave the bad release", None,
         state={"updated": 1, "total": 5, "available": 3}),
    Case("a restart disturbs no rollout", "a rollout of deployment/shop/orders is in progress", RESTART,
         state={"updated": 1, "total": 5}),
    Case("a single replica is not restarted", "a single replica", RESTART,
         state={"replicas": 1, "total": 1, "updated": 1, "ready": 1, "available": 1}),
    Case("a single replica may be rolled back: a new one comes first", None,
         state={"replicas": 1, "total": 1, "updated": 1, "ready": 0, "available": 0}),
    Case("GitOps would revert it", "Argo CD keeps", state={"gitops": "Argo CD"}),
    Case("GitOps leaves a restart alone", None, RESTART, state={"gitops": "Flux"}),
    Case("half of the replicas may be down", None, state={"max_unavailable": 2}),
    Case("more than half may not", "(maxUnavailable 3) takes 3 of 4", state={"max_unavailable": 3}),
    Case("nor by a share", "takes 3 of 4 replicas down", state={"max_unavailable": "75%"}),
    Case("a share is rounded down, as Kubernetes does", None, state={"max_unavailable": "74%"}),
    Case("Recreate takes all down", "(Recreate) takes 4 of 4", state={"strategy": "Recreate"}),
    Case("both at nought still take one down", None, state={"max_unavailable": 0, "max_surge": 0}),
    Case("a budget that a rollout keeps", None,
         state={**ONE_DOWN, "budgets": (Budget(name="b", min_available=3),)}),
    Case("a budget that a rollout would break", "budget b wants 4 of 4 replicas, a rollout may leave 3",
         state={**ONE_DOWN, "budgets": (Budget(name="b", min_available="76%"),)}),
    Case("a budget by what may be missing", "budget b wants 4 of 4",
         state={**ONE_DOWN, "budgets": (Budget(name="b", max_unavailable=0),)}),
    Case("a budget that fails already is no reason to leave it so", None,
         state={"max_unavailable": 0, "available": 0, "budgets": (Budget(name="b", min_available=4),)}),
    Case("a quota without room for the pod that comes first", "quota q has no room",
         state={"max_unavailable": 0, "quotas": (Quota(name="q", room=0),)}),
    Case("a quota is no matter where one goes first", None, state={**ONE_DOWN, "quotas": (Quota(name="q", room=0),)}),
    Case("a release that migrated stays", "migrates its database (add-index)", state=_marked("add-index", None)),
    Case("a migration of before is none of this release", None, state=_marked("add-index", "add-index")),
    Case("a mark without a name counts for each release", "migrates its database (true)",
         state=_marked("true", "true")),
    Case("a mark that says no is none", None, state=_marked("false", None)),
    Case("a job that migrated for it", "job m migrated the database for revision 8",
         state={"migration_jobs": (MigrationJob(name="m", created_at=NOW - minutes(25)),)}),
    Case("a job of long before is none of this release", None,
         state={"migration_jobs": (MigrationJob(name="m", created_at=NOW - minutes(200)),)}),
    Case("rolling forward meets its own migration", None, FORWARD, state=_marked("add-index", None)),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_what_speaks_against_it(case: Case) -> None:
    said = first_objection(entry_of(case.action).prechecks, plan(case.action, **case.plan), state(**case.state))
    if case.said is None:
        assert said is None
    else:
        assert case.said in str(said)


@given(
    replicas=st.integers(1, 50), unavailable=st.integers(0, 60) | st.integers(0, 100).map(lambda n: f"{n}%"),
    surge=st.integers(0, 10), strategy=st.sampled_from(["RollingUpdate", "Recreate"]),
    action=st.sampled_from([ROLLBACK, FORWARD, RESTART]),
)  # fmt: skip
def test_nothing_is_done_that_takes_more_than_half_of_the_replicas_down(
    replicas: int, unavailable: int | str, surge: int, strategy: str, action: Action
) -> None:
    seen = state(
        replicas=replicas, total=replicas, updated=replicas, available=replicas, max_unavailable=unavailable,
        max_surge=surge, strategy=strategy,
    )  # fmt: skip
    if first_objection(entry_of(action).prechecks, plan(action), seen) is None:
        assert 2 * seen.may_be_down <= replicas
