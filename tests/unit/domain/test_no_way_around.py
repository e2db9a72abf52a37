"""Whatever comes in, in whatever order: a HIGH plan runs on a valid approval only, and nothing outside of the bounds.

Drives the gate, the docket and the bounds of changes as the workflow does (`workflows/remediation.py`), with chance for
a world: people who may and may not decide, true and invented digests, doors with and without proof, any time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.approval import Decision, Docket, Door, Request, Verdict
from domain.change import Change, changed, knobs
from domain.gate import Circumstances, Controls, Ruling, gate
from domain.levels import Risk
from domain.plan import Plan
from domain.policy import Policy
from tests.unit.domain.examples import NOW, minutes, plan

DEADLINE, MORE = minutes(15), minutes(5)
LIMITS = {"ada": Risk.HIGH, "bo": Risk.LOW}


@dataclass(frozen=True)
class Said:
    """Somebody says something, so many minutes after the plan was shown."""

    after: float
    verdict: Verdict
    who: str
    proven: bool
    digest: str
    change: Change | None


@dataclass(frozen=True)
class Ran:
    """A plan that ran, and on whose word."""

    plan: Plan
    word: Decision | None
    at: datetime
    asked: Request | None


CHANGES = st.builds(Change, cap=st.none() | st.integers(-1, 600), idle_age_s=st.none() | st.floats(0, 1e6))
SAID = st.builds(
    Said,
    after=st.floats(0, 30),
    verdict=st.sampled_from(Verdict),
    who=st.sampled_from(["ada", "bo", "mallory", ""]),
    proven=st.booleans(),
    digest=st.sampled_from(["own", "prefix", "short", "other", ""]),
    change=st.none() | CHANGES,
)  # fmt: skip
POLICIES = st.builds(
    Policy,
    max_risk_level=st.sampled_from([Risk.OBSERVE, Risk.LOW, Risk.MEDIUM]),
    allow=st.sampled_from([(), ("database/orders",), ("database/ledger",)]),
    approvers=st.sampled_from([(), ("ada",), ("ada", "bo")]),
    claimed_identity_up_to=st.sampled_from(Risk),
)
CONTROLS = st.builds(Controls, paused=st.booleans(), frozen_until=st.none() | st.just(NOW + minutes(60)))
PLANS = st.sampled_from([plan(risk=risk, attempt=n) for risk in (Risk.LOW, Risk.MEDIUM, Risk.HIGH) for n in (1, 2)])


def lived(first: Plan, policy: Policy, controls: Controls, confidence: float, words: list[Said]) -> Ran | None:
    """What becomes of a plan: as `workflows/remediation.py` does it, without a server."""
    docket, now, wanted = Docket(), NOW, first
    coming = sorted(words, key=lambda said: said.after)
    while True:
        verdict = gate(wanted, policy, controls, Circumstances(confidence=confidence, now=now))
        if verdict.ruling is not Ruling.ASK:
            return Ran(wanted, None, now, None) if verdict.ruling is Ruling.RUN else None
        asked = _request(wanted, policy, now, verdict.reason)
        docket.put(asked)
        while docket.decided is None and coming:
            said = coming.pop(0)
            now = max(now, NOW + timedelta(minutes=said.after))
            docket.hear(_decision(said, wanted), now)
        decided = docket.decided
        if decided is None or decided.verdict is Verdict.REJECT:
            return None
        if decided.change is not None and decided.verdict is Verdict.CHANGE:
            wanted = changed(wanted, decided.change, wanted.attempt + 1)
            continue
        again = gate(wanted, policy, controls, Circumstances(confidence=confidence, approved=True, now=now))
        return Ran(wanted, decided, now, asked) if again.ruling is Ruling.RUN else None


def _request(wanted: Plan, policy: Policy, now: datetime, reason: str) -> Request:
    return Request(
        digest=wanted.digest, action=wanted.action, risk=wanted.risk, sentence=wanted.sentence, reason=reason,
        asked_at=now, deadline=NOW + DEADLINE, claimed_identity_up_to=policy.claimed_identity_up_to, plan=wanted,
        approvers=tuple(w for w in policy.approvers if LIMITS.get(w, Risk.HIGH).at_least(wanted.risk)),
        knobs=knobs(wanted, policy, 0), extends_to=NOW + DEADLINE + MORE,
    )  # fmt: skip


def _decision(said: Said, wanted: Plan) -> Decision:
    digests = {
        "own": wanted.digest, "prefix": wanted.digest[:8], "short": wanted.digest[:7],
        "other": plan(attempt=9).digest, "": "",
    }  # fmt: skip
    return Decision(
        verdict=said.verdict, digest=digests[said.digest], who=said.who, door=Door.UPDATE, proven=said.proven,
        change=said.change,
    )  # fmt: skip


ANY = (PLANS, POLICIES, CONTROLS, st.floats(0, 1), st.lists(SAID, max_size=8))


@settings(max_examples=400)
@given(*ANY)
def test_a_high_plan_runs_only_on_a_valid_approval(
    first: Plan, policy: Policy, controls: Controls, confidence: float, words: list[Said]
) -> None:
    ran = lived(first, policy, controls, confidence, words)
    if ran is None or ran.plan.risk is not Risk.HIGH:
        return
    assert ran.word is not None
    assert ran.word.verdict is Verdict.APPROVE
    assert len(ran.word.digest) >= 8
    assert ran.plan.digest.startswith(ran.word.digest)
    assert ran.word.who in policy.approvers
    assert LIMITS[ran.word.who] is Risk.HIGH
    assert ran.word.proven or policy.claimed_identity_up_to is Risk.HIGH
    assert ran.word.at is not None
    assert ran.word.at < NOW + DEADLINE or (ran.word.at < NOW + DEADLINE + MORE and _asked_in_time(words))


def _asked_in_time(words: list[Said]) -> bool:
    """For more time, by somebody who may decide."""
    wished = (said for said in words if said.verdict is Verdict.EXTEND and said.after < 15)
    return any(said.who == "ada" and said.digest in {"own", "prefix"} for said in wished)


@settings(max_examples=400)
@given(*ANY)
def test_nothing_runs_outside_of_the_allow_list_and_the_bounds(
    first: Plan, policy: Policy, controls: Controls, confidence: float, words: list[Said]
) -> None:
    ran = lived(first, policy, controls, confidence, words)
    if ran is None:
        return
    assert ran.plan.target in policy.allow
    assert policy.max_risk_level is not Risk.OBSERVE
    assert not controls.paused
    assert 1 <= float(ran.plan.parameters["cap"]) <= policy.kill_connections.cap
    assert float(ran.plan.parameters["idle_age_s"]) >= policy.kill_connections.idle_age_s


def test_the_ways_that_are_open_do_lead_somewhere() -> None:
    """Else the properties above would hold of a machine that never does anything."""
    policy = Policy(max_risk_level=Risk.MEDIUM, allow=("database/orders",), approvers=("ada",))
    yes = Said(1, Verdict.APPROVE, "ada", proven=True, digest="own", change=None)
    other = Said(0.5, Verdict.CHANGE, "ada", proven=True, digest="own", change=Change(cap=10))
    high = plan(risk=Risk.HIGH)
    assert lived(high, policy, Controls(), 0.9, [yes]) is not None
    ran = lived(high, policy, Controls(), 0.9, [other, yes])
    assert ran is not None
    assert ran.plan.parameters["cap"] == 10
    more = Said(14, Verdict.EXTEND, "ada", proven=True, digest="own", change=None)
    late = Said(18, Verdict.APPROVE, "ada", proven=True, digest="own", change=None)
    assert lived(high, policy, Controls(), 0.9, [more, late]) is not None
    assert lived(high, policy, Controls(), 0.9, [late]) is None
    assert lived(high, policy, Controls(), 0.9, []) is None
