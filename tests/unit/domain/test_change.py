"""A change yields another plan with a digest of its own, narrower than the policy allows, and nothing else."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval import Decision, Door, Verdict, judge, read_answer, read_decision
from domain.change import FIELDS, Change, Knob, changed, knobs, objection, read_change
from domain.plan import Action, Plan
from domain.policy import KillConnections, Policy
from tests.unit.domain.examples import NOW, plan, request, rows

POLICY = Policy(kill_connections=KillConnections(idle_age_s=300, cap=50))
SESSIONS = knobs(plan(), POLICY, 10)
ROLLBACK = plan(
    action=Action.ROLLBACK_DEPLOYMENT, target="deployment/shop/checkout",
    parameters={"from_revision": 41, "revision": 40, "revisions": "40,39,38"},
)  # fmt: skip
REVISIONS = knobs(ROLLBACK, POLICY, 0)


@dataclass(frozen=True)
class Case:
    name: str
    change: Change | None
    said: str | None
    allowed: tuple[Knob, ...] = SESSIONS


CASES = (
    Case("fewer sessions", Change(cap=10), None),
    Case("only sessions that have been idle for longer", Change(idle_age_s=600), None),
    Case("both", Change(cap=1, idle_age_s=86_400), None),
    Case("a wait", Change(wait_min=10), None),
    Case("another revision", Change(revision=39), None, REVISIONS),
    Case("nothing", Change(), "a change names what is wanted"),
    Case("no change at all", None, "a change names what is wanted"),
    Case("more sessions than the policy allows", Change(cap=51), "cap is 51, allowed is from 1 to 50"),
    Case("no session", Change(cap=0), "cap is 0, allowed is from 1 to 50"),
    Case("sessions that have not been idle long enough", Change(idle_age_s=299.9), "idle_age_s is 299.9, allowed is"),
    Case("what is true of the plan already", Change(cap=50), "that is the plan as it is"),
    Case("a wait beyond the room", Change(wait_min=11), "wait_min is 11, allowed is from 1 to 10"),
    Case("a wait with something else", Change(wait_min=5, cap=10), "wait_min stands alone"),
    Case("a revision of sessions", Change(revision=39), "revision cannot be changed here"),
    Case("a revision that is not there", Change(revision=41), "revision is 41, allowed is one of 40, 39", REVISIONS),
    Case("a wait without room", Change(wait_min=1), "wait_min cannot be changed here", REVISIONS),
    Case("anything where nothing can be changed", Change(cap=1), "nothing of this plan can be changed", ()),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_what_may_be_asked_for(case: Case) -> None:
    said = objection(case.change, case.allowed)
    assert said is None if case.said is None else str(said).startswith(case.said)


def test_the_other_plan_has_its_own_digest_and_sentence_and_the_same_target_and_risk() -> None:
    another = changed(plan(), Change(cap=10), 2)
    assert another.digest != plan().digest
    assert "at most 10 sessions of report" in another.sentence
    assert (another.target, another.risk, another.parameters["role"]) == (plan().target, plan().risk, "reporter")
    back = changed(ROLLBACK, Change(revision=38), 2)
    assert back.sentence == "Roll back deployment/shop/checkout from revision 41 to 38."
    assert Plan.model_validate(back.model_dump()).digest == back.digest


@given(st.integers(-10, 1_000), st.floats(-10, 100_000), st.floats(0, 90))
def test_no_change_ever_leads_outside_of_the_policys_bounds(cap: int, idle: float, room: float) -> None:
    asked = Change(cap=cap, idle_age_s=idle)
    if objection(asked, knobs(plan(), POLICY, room)) is not None:
        return
    another = changed(plan(), asked, 2)
    assert 1 <= float(another.parameters["cap"]) <= POLICY.kill_connections.cap
    assert float(another.parameters["idle_age_s"]) >= POLICY.kill_connections.idle_age_s


def test_values_are_read_from_text_and_from_numbers() -> None:
    raw = {"digest": plan().digest, "who": "ada", "verdict": "change", "cap": 10, "idle_age_s": "600"}
    read = read_answer(raw, Door.UPDATE)
    assert isinstance(read, Decision)
    assert read.change == Change(cap=10, idle_age_s=600)


@pytest.mark.parametrize("text", ["ten", "1e3", "nan", "inf", "10; DROP TABLE", "0x10", "1" * 5_000])
def test_a_value_that_is_no_number_is_answered(text: str) -> None:
    said = read_decision({"digest": plan().digest, "who": "ada", "cap": text}, Verdict.CHANGE, Door.SIGNAL)
    assert isinstance(said, str)
    assert said.startswith("cap is ")
    assert len(said) < 100


def test_a_number_that_python_cannot_print_is_answered() -> None:
    raw = {"digest": plan().digest, "who": "ada", "cap": 10**5_000}
    assert read_decision(raw, Verdict.CHANGE, Door.SIGNAL) == "cap is a int, not text"


def test_a_change_does_not_ride_on_an_approval() -> None:
    raw = {"digest": plan().digest, "who": "ada", "cap": "10"}
    assert read_answer(raw, Door.UPDATE) == "cap goes with the verdict change, this is approve"
    assert read_decision(raw, Verdict.APPROVE, Door.SIGNAL) == "unknown field 'cap'; allowed are digest, who, comment"


def test_a_change_is_judged_like_any_decision_and_then_by_its_bounds() -> None:
    asked = request(knobs=SESSIONS)

    def says(change: Change, who: str = "ada") -> str:
        said = Decision(verdict=Verdict.CHANGE, digest=plan().digest, who=who, door=Door.SIGNAL, change=change)
        return judge(asked, said, NOW, None).reason

    assert says(Change(cap=10)) == "accepted: change by ada (claimed): at most 10"
    assert says(Change(cap=99)) == "refused: cap is 99, allowed is from 1 to 50"
    assert says(Change(cap=10), "mallory").startswith("refused: 'mallory' is not an approver")


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20)))
def test_no_text_ever_raises(fields: dict[str, str]) -> None:
    read = read_change(fields)
    assert read is None or isinstance(read, str) or read.values
