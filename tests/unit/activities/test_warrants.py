"""A worker with a policy of its own acts on approvals that hold by that policy, whatever the incident says of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.remediation import Execute, RemediationActivities, Reserve
from domain.approval import Decision, Docket, Request, Verdict
from domain.doors import Door
from domain.gate import Circumstances, Ruling
from domain.levels import Risk
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.proof import seal
from domain.warrant import Rules
from integrations.ports import Intent
from tests.fakes import FakeAudit, FakeGuard
from tests.unit.domain.examples import NOW, minutes, plan, rows

KEY = SecretStr("a key for tests, long enough to be one")
PLAN = plan(action=Action.ROLLBACK_DEPLOYMENT, target="deployment/shop/orders", risk=Risk.HIGH)
OTHER = PLAN.model_copy(update={"target": "deployment/shop/ledger"})
OWN = Policy(
    max_risk_level=Risk.MEDIUM, allow=("deployment/shop/*",), approvers=("ada", "bo"),
    claimed_identity_up_to=Risk.MEDIUM,
)  # fmt: skip
LIMITS = {"bo": Risk.MEDIUM}
# What somebody who starts an incident of their own writes into it.
FORGED = OWN.model_copy(update={"approvers": ("ada", "bo", "mallory"), "claimed_identity_up_to": Risk.HIGH})
SEALS = ("none", "genuine", "old", "forged", "of another plan", "of another word", "of the first characters")
Sealing = Literal["none", "genuine", "old", "forged", "of another plan", "of another word", "of the first characters"]


@dataclass(frozen=True)
class Said:
    """A word on PLAN. `direct`: it goes straight to the worker, as a workflow of somebody else would send it."""

    who: str = "ada"
    verdict: Verdict = Verdict.APPROVE
    digest: Literal["whole", "first characters", "other"] = "whole"
    sealing: Sealing = "genuine"
    proven: bool = True
    after_min: float = 1
    direct: bool = True

    @property
    def decision(self) -> Decision:
        digests = {"whole": PLAN.digest, "first characters": PLAN.short_digest, "other": OTHER.digest}
        bare = Decision(
            verdict=self.verdict, digest=digests[self.digest], who=self.who, door=Door.CONSOLE, proven=self.proven
        )
        sealed_at = NOW - timedelta(days=1) if self.sealing == "old" else NOW
        key = b"somebody else's" if self.sealing == "forged" else KEY.get_secret_value().encode()
        changes = {
            "of another plan": {"digest": OTHER.digest},
            "of another word": {"verdict": Verdict.REJECT if self.verdict is Verdict.APPROVE else Verdict.APPROVE},
            "of the first characters": {"digest": PLAN.short_digest},
        }.get(self.sealing, {})
        word = bare.model_copy(update=changes).word(PLAN.incident)
        return bare if self.sealing == "none" else bare.model_copy(update={"seal": seal(word, key, sealed_at)})

    def holds(self, rules: Rules) -> bool:
        """Is it a valid approval of PLAN? Said once more, from how the word was made."""
        assert rules.policy is not None
        theirs = self.who in rules.policy.approvers and self.who != "bo"
        meant = self.verdict is Verdict.APPROVE and self.digest != "other"
        if self.sealing == "none" or rules.key is None:
            return theirs and meant and rules.policy.claimed_identity_up_to is Risk.HIGH
        return theirs and meant and self.digest == "whole" and self.sealing in {"genuine", "old"}


def _worker(rules: Rules) -> tuple[RemediationActivities, FakeGuard, FakeAudit]:
    guard, audit = FakeGuard(), FakeAudit()
    return RemediationActivities((), guard, audit, rules), guard, audit


def _reserve(of: RemediationActivities, approval: Decision | None, wanted: Plan = PLAN, *, approved: bool) -> Ruling:
    now = Circumstances(confidence=1.0, approved=approved, now=NOW)
    return of.reserve(Reserve(plan=wanted, policy=FORGED, circumstances=now, approval=approval)).ruling


def _docket() -> Docket:
    docket = Docket()
    docket.put(Request(
        digest=PLAN.digest, action=PLAN.action, risk=PLAN.risk, sentence="s", reason="r", asked_at=NOW,
        deadline=NOW + minutes(15), approvers=FORGED.approvers, claimed_identity_up_to=Risk.HIGH, plan=PLAN,
    ))  # fmt: skip
    return docket


def _own(approvers: tuple[str, ...], claimed: Risk) -> Policy:
    return OWN.model_copy(update={"approvers": approvers, "claimed_identity_up_to": claimed})


RULES = st.builds(
    Rules, policy=st.builds(_own, st.sampled_from([(), ("ada",), ("ada", "bo")]), st.sampled_from(Risk)),
    limits=st.just(LIMITS), key=st.sampled_from([KEY, None]),
)  # fmt: skip
WORDS = st.builds(
    Said, who=st.sampled_from(["ada", "bo", "mallory"]), verdict=st.sampled_from(Verdict),
    digest=st.sampled_from(["whole", "first characters", "other"]), sealing=st.sampled_from(SEALS),
    proven=st.booleans(), after_min=st.floats(0, 30), direct=st.booleans(),
)  # fmt: skip


@settings(max_examples=500)
@given(RULES, st.lists(WORDS, max_size=6), st.booleans())
def test_no_sequence_of_words_reserves_a_high_plan_without_a_valid_approval(
    rules: Rules, words: list[Said], approved: bool
) -> None:
    """Claimed, proven, late, twice, of another plan, forged: through a docket that believes all, or past it."""
    worker, guard, _ = _worker(rules)
    _reserve(worker, None, approved=approved)
    assert guard.reservations == []
    docket, heard = _docket(), list[Said]()
    for said in words:
        if said.direct:
            _reserve(worker, said.decision, approved=approved)
            heard.append(said)
        elif docket.hear(said.decision, NOW + minutes(said.after_min)).accepted:
            _reserve(worker, docket.decided, approved=True)
            heard.append(said)
    if guard.reservations:
        assert any(said.holds(rules) for said in heard)
    else:
        assert not any(said.holds(rules) and (approved or not said.direct) for said in heard)


@dataclass(frozen=True)
class Cheat:
    name: str
    said: Said
    words: str


CHEATS = (
    Cheat("somebody whom only the incident's own policy lists", Said(who="mallory"), "'mallory' is not one of the app"),
    Cheat("a person beyond their own limit", Said(who="bo"), "'bo' may approve up to MEDIUM, this is HIGH"),
    Cheat("a rejection", Said(verdict=Verdict.REJECT), "ada did not approve it, but said reject"),
    Cheat("an approval of another plan", Said(digest="other"), f"the approval is of plan {OTHER.short_digest}"),
    Cheat("no proof, called proven", Said(sealing="none"), "needs a proven approval, and ada's came without a proof"),
    Cheat("a forged proof", Said(sealing="forged"), "the proof of the approval does not fit this plan"),
    Cheat("the proof of another plan", Said(sealing="of another plan"), "the proof of the approval does not fit"),
    Cheat("the proof of a rejection", Said(sealing="of another word"), "the proof of the approval does not fit"),
    Cheat(
        "a proof that other plans may fit too", Said(digest="first characters", sealing="of the first characters"),
        "the proof of the approval does not fit",
    ),
)  # fmt: skip


@pytest.mark.parametrize("cheat", rows(CHEATS))
def test_an_approval_that_does_not_hold_reserves_nothing_and_says_why(cheat: Cheat) -> None:
    worker, guard, _ = _worker(Rules(OWN, LIMITS, KEY))
    now = Circumstances(confidence=1.0, approved=True, now=NOW)
    verdict = worker.reserve(Reserve(plan=PLAN, policy=FORGED, circumstances=now, approval=cheat.said.decision))
    assert (verdict.ruling, verdict.clause) == (Ruling.REFUSE, "approval")
    assert verdict.reason.startswith("by the policy that the worker has now: ")
    assert cheat.words in verdict.reason
    assert guard.reservations == []


def test_a_plan_does_not_say_itself_how_risky_it_is() -> None:
    worker, guard, _ = _worker(Rules(OWN, LIMITS, KEY))
    harmless = PLAN.model_copy(update={"risk": Risk.LOW})
    assert _reserve(worker, None, harmless, approved=False) is Ruling.REFUSE
    assert guard.reservations == []


def test_an_old_proof_still_holds_when_it_is_acted_on() -> None:
    """Its age was checked when the word came; a worker may have been away since."""
    worker, _, _ = _worker(Rules(OWN, LIMITS, KEY))
    assert _reserve(worker, Said(sealing="old").decision, approved=True) is Ruling.RUN


def test_a_worker_without_a_policy_goes_by_what_the_incident_says() -> None:
    worker, _, _ = _worker(Rules())
    assert _reserve(worker, None, approved=True) is Ruling.RUN


def test_a_reservation_that_another_worker_made_does_not_let_this_one_act() -> None:
    """The approval is looked at again where it is acted on, and the refusal is recorded."""
    lax, guard, _ = _worker(Rules())
    assert _reserve(lax, None, approved=True) is Ruling.RUN
    audit = FakeAudit()
    worker = RemediationActivities((), guard, audit, Rules(OWN, LIMITS, KEY))
    order = Execute(
        plan=PLAN, intent=Intent(digest=PLAN.digest, items=(), before={}), actor="ada", door="console",
        approval=Said(sealing="forged").decision,
    )  # fmt: skip
    with pytest.raises(ApplicationError, match="the proof of the approval does not fit this plan") as refused:
        ActivityEnvironment().run(worker.execute, order)
    assert (refused.value.type, refused.value.non_retryable) == ("NotApproved", True)
    (row,) = audit.rows(PLAN.incident)
    assert row.result.startswith("called off: by the policy that the worker has now: the proof")
