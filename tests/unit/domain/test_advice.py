"""A language model's word: what it may change, how far it may go, and what it may cost."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.advice.conduct import Course, Step, look_seconds, may_look, next_step
from domain.advice.ledger import Admission, Entry, admission
from domain.advice.looks import Look, Tool, read
from domain.advice.money import Spent, cost_usd, most_usage, objection
from domain.advice.opinion import Claim, Opinion, Suspect
from domain.advice.talk import ToolUse, Usage
from domain.advice.terms import Price
from domain.advice.weighing import Standing, weigh
from domain.diagnosis import Diagnosis
from domain.finding import Category
from domain.gate import Circumstances, Controls, Ruling, gate
from domain.levels import Risk
from domain.policy import Policy
from domain.services import Service, ServiceMap
from tests.advice import DIAGNOSIS, FINDINGS, POOL, RELEASE, TERMS, a_hypothesis
from tests.incidents import NOON, a_plan, minutes

IDS = frozenset(f.id for f in FINDINGS)
UNKNOWN = a_hypothesis(Category.UNKNOWN, score=8.0, cited=("F4",))


def an_opinion(category: str, *cited: str, service: str = "orders") -> Opinion:
    claims = (Claim(text="it says so", findings=cited),)
    return Opinion(suspects=(Suspect(service=service, category=Category(category), claims=claims),))


@dataclass(frozen=True)
class Case:
    """An opinion, how it stands, and whose cause comes first then."""

    why: str
    opinion: Opinion
    standing: Standing
    first: Category = Category.CONNECTION_POOL
    diagnosis: Diagnosis = DIAGNOSIS


def named(diagnosis: Diagnosis) -> bool:
    """Whatever has a name has a plan."""
    return diagnosis.named is not None


POOL_FIRST, RELEASE_FIRST = an_opinion("connection_pool", "F1"), an_opinion("bad_deployment", "F3")
CLEAR = DIAGNOSIS.model_copy(
    update={"hypotheses": (POOL, a_hypothesis(Category.BAD_DEPLOYMENT, "orders", 4.9, ("F3",)))}
)
KINDLESS = DIAGNOSIS.model_copy(update={"hypotheses": (POOL, UNKNOWN)})
CASES = (
    Case("it agrees", POOL_FIRST, Standing.AGREES),
    Case("the evidence leaves it open", RELEASE_FIRST, Standing.REORDERED, Category.BAD_DEPLOYMENT),
    Case("the evidence is clear", RELEASE_FIRST, Standing.DISSENTS, diagnosis=CLEAR),
    Case("a cause without a kind is none to name", an_opinion("unknown", "F4"), Standing.DISSENTS, diagnosis=KINDLESS),
    Case("a cause of its own", an_opinion("disk", "F1"), Standing.VOID),
    Case("a service of its own", an_opinion("connection_pool", "F1", service="billing"), Standing.VOID),
    Case("findings that do not exist", an_opinion("bad_deployment", "F99", "M7"), Standing.VOID),
    Case("no finding", an_opinion("bad_deployment"), Standing.VOID),
    Case("a finding that speaks against it", an_opinion("bad_deployment", "F1"), Standing.VOID),
    Case("nothing", Opinion(suspects=()), Standing.VOID),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_an_opinion_counts_as_far_as_findings_bear_it_out(case: Case) -> None:
    weighed = weigh(case.opinion, case.diagnosis, IDS, named)
    assert weighed.standing is case.standing
    assert weighed.diagnosis.hypotheses[0].category is case.first
    assert (weighed.diagnosis == case.diagnosis) is (case.standing is not Standing.REORDERED)


def test_what_has_no_finding_is_left_out_and_said() -> None:
    claims = (
        Claim(text="borne out", findings=("F1", "F77")), Claim(text="made up", findings=("F78",)),
        Claim(text="no source", findings=()),
    )  # fmt: skip
    made_up = Suspect(service="billing", category=Category.DISK, claims=())
    pool = Suspect(service="orders", category=Category.CONNECTION_POOL, claims=claims)
    weighed = weigh(Opinion(suspects=(made_up, pool)), DIAGNOSIS, IDS, named)
    assert weighed.standing is Standing.AGREES
    assert weighed.suspects[0].claims == (Claim(text="borne out", findings=("F1",)),)
    assert weighed.dropped == (
        "disk at billing: no candidate of the ranking", "2 claims without a finding that exists",
    )  # fmt: skip


def test_another_first_cause_lowers_the_confidence_by_its_share_and_says_whose_word_it_is() -> None:
    after = weigh(RELEASE_FIRST, DIAGNOSIS, IDS, named).diagnosis
    assert after.confidence == pytest.approx(DIAGNOSIS.confidence * RELEASE.score / POOL.score)
    assert after.advised
    assert (
        "the language model puts bad deployment at orders before connection pool at orders" in after.confidence_reason
    )
    assert (after.causal_chain, after.look_next) == ((), ()), (
        "what was reckoned for the other cause says nothing of this"
    )


NARROW = DIAGNOSIS.model_copy(update={"confidence": 0.8})


@pytest.mark.parametrize(
    ("diagnosis", "planned"),
    [(NARROW, {Category.CONNECTION_POOL, Category.BAD_DEPLOYMENT}), (DIAGNOSIS, {Category.CONNECTION_POOL})],
    ids=["no cause would be named", "nothing would be planned"],
)
def test_its_word_cannot_switch_a_fix_off(diagnosis: Diagnosis, planned: set[Category]) -> None:
    """The ranking's cause and confidence stay, so that its plan is made, and a person is asked."""

    def leads(after: Diagnosis) -> bool:
        return after.named is not None and after.named.category in planned

    weighed = weigh(RELEASE_FIRST, diagnosis, IDS, leads)
    assert weighed.standing is Standing.DOUBTS
    assert (weighed.diagnosis.named, weighed.diagnosis.advised) == (POOL, True)
    assert weighed.diagnosis.confidence == diagnosis.confidence
    assert "would put bad deployment at orders before connection pool" in weighed.diagnosis.confidence_reason


def test_where_there_was_nothing_to_do_anyway_it_may_put_another_cause_first() -> None:
    assert weigh(RELEASE_FIRST, DIAGNOSIS, IDS, lambda _: False).standing is Standing.REORDERED


TEXT = st.text(max_size=8).map(lambda text: 40 * text)
SUSPECTS = st.builds(
    Suspect, service=st.sampled_from(["orders", "gateway", "orders; DROP"]) | TEXT, category=st.sampled_from(Category),
    claims=st.lists(
        st.builds(Claim, text=TEXT, findings=st.lists(st.sampled_from(["F1", "F2", "F3", "M1"]) | TEXT).map(tuple)),
        max_size=7,
    ).map(tuple),
)  # fmt: skip


@given(st.builds(Opinion, suspects=st.lists(SUSPECTS, max_size=5).map(tuple)), st.floats(0, 1))
def test_no_opinion_ever_adds_a_cause_or_makes_anybody_surer(opinion: Opinion, confidence: float) -> None:
    """Whatever it says: the same candidates with the same evidence, no more confidence, and each citation exists."""
    before = DIAGNOSIS.model_copy(update={"confidence": confidence})
    weighed = weigh(opinion, before, IDS, named)
    after = weighed.diagnosis
    assert sorted(h.category for h in after.hypotheses) == sorted(h.category for h in before.hypotheses)
    assert set(map(str, after.hypotheses)) == set(map(str, before.hypotheses))
    assert after.confidence <= before.confidence
    assert after == before or after.advised
    assert before.named is None or after.named is not None
    cited = [f for s in weighed.suspects for c in s.claims for f in c.findings]
    assert set(cited) <= IDS
    assert all(len(c.text) <= 240 and c.text.isprintable() for s in weighed.suspects for c in s.claims)


@given(st.floats(0, 1))
def test_a_cause_that_a_model_put_first_never_acts_by_itself(confidence: float) -> None:
    plan = a_plan(risk=Risk.LOW)
    policy = Policy(max_risk_level=Risk.MEDIUM, allow=(plan.target,))
    sure = Circumstances(confidence=confidence, advised=True, now=NOON)
    assert gate(plan, policy, Controls(), sure).ruling is Ruling.ASK
    assert gate(plan, policy, Controls(), sure.model_copy(update={"approved": True})).ruling is Ruling.RUN


# -- how far it may go ------------------------------------------------------------------------------------------------


def use(name: str, arguments: str) -> ToolUse:
    return ToolUse(id="1", name=name, arguments=arguments)


SHOP = ServiceMap(services=(Service(name="orders"),), expressions=())
ORDERS = '{"service": "orders", "earlier_min": 0}'


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (use("look_at_logs", ORDERS), Look(tool=Tool.LOGS, service="orders")),
        (use("look_at_metrics", ORDERS.replace("0", "90")), Look(tool=Tool.METRICS, service="orders", earlier_min=90)),
        (use("look_at_logs", ORDERS.replace("orders", "edge")), Look(tool=Tool.LOGS, service="edge")),
        (use("delete_the_database", ORDERS), "there is no tool 'delete_the_database'"),
        (use("execute", ORDERS), "there is no tool 'execute'"),
        (use("look_at_logs", ORDERS.replace("orders", "billing")), "there is no service 'billing'"),
        (use("look_at_logs", ORDERS.replace("0", "2000")), "earlier_min is from 0 to 1440"),
        (use("look_at_logs", ORDERS.replace("0", "-5")), "earlier_min is from 0 to 1440"),
        (use("look_at_logs", '{"service": "orders", "earlier_min": 0, "query": "x"}'), "query: Extra inputs"),
        (use("look_at_logs", "rm -rf /"), "Invalid JSON"),
    ],
)
def test_only_looks_at_known_services_can_be_asked_for(wanted: ToolUse, said: Look | str) -> None:
    answer = read(wanted, SHOP, frozenset({"edge"}))
    assert answer == said if isinstance(said, Look) else said in str(answer)


A_CALL = Usage(input_tokens=8_000, output_tokens=500)


@dataclass(frozen=True)
class Going:
    """A course, and whether it goes on: a step, or the reason why not."""

    why: str
    course: Course
    at_s: float
    goes: str | bool


LOOKED = tuple(Look(tool=Tool.LOGS, service=f"s{n}") for n in range(6))
GOING = (
    Going("the first call", Course(began_at=NOON), 0, goes=False),
    Going("the last of its steps", Course(began_at=NOON, calls=(A_CALL,) * 4), 9, goes=True),
    Going("its steps are used up", Course(began_at=NOON, calls=(A_CALL,) * 5), 9, goes="after 5 calls"),
    Going("its time is used up", Course(began_at=NOON), 58, goes="within 60 s"),
    Going("there is no time for a look and an answer to it", Course(began_at=NOON, calls=(A_CALL,)), 36, goes=True),
    Going("there is time for both", Course(began_at=NOON, calls=(A_CALL,)), 35, goes=False),
    Going("its looks are used up", Course(began_at=NOON, calls=(A_CALL,), looked=LOOKED), 9, goes=True),
    Going("it asks for the same again and again", Course(began_at=NOON, calls=(A_CALL,), repeats=2), 9, goes=True),
    Going(
        "one more fits into its tokens", Course(began_at=NOON, calls=(Usage(input_tokens=25_000, output_tokens=0),)), 9,
        goes=True,
    ),
    Going(
        "its tokens are used up", Course(began_at=NOON, calls=(Usage(input_tokens=60_000, output_tokens=0),)), 9,
        goes="60,000 tokens",
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", GOING, ids=lambda case: case.why)
def test_each_bound_ends_a_consultation_with_its_reason(case: Going) -> None:
    """`goes`: whether the next call is the last one, or why there is none."""
    step = next_step(case.course, TERMS, NOON + minutes(case.at_s / 60))
    if isinstance(case.goes, str):
        assert isinstance(step, str)
        assert case.goes in step
    else:
        assert step == Step(seconds=60 - case.at_s, last=case.goes)


@pytest.mark.parametrize(("at_s", "seconds"), [(0, 50), (20, 30), (45, 5), (46, None), (90, None)])
def test_a_look_leaves_time_for_the_answer_to_it(at_s: float, seconds: float | None) -> None:
    assert look_seconds(Course(began_at=NOON), TERMS, NOON + minutes(at_s / 60)) == seconds


LOOKS = st.lists(
    st.builds(Look, tool=st.sampled_from(Tool), service=st.sampled_from(["orders", "gateway"])) | st.just("no such"),
    max_size=8,
)


@given(st.lists(LOOKS, max_size=8), st.integers(0, 6))
def test_no_consultation_looks_twice_at_the_same_or_more_often_than_it_may(
    wishes: list[list[Look | str]], most: int
) -> None:
    terms, course = TERMS.model_copy(update={"looks": most}), Course(began_at=NOON)
    taken: list[Look] = []
    for wanted in wishes:
        allowed, course = may_look(wanted, course, terms)
        assert len(allowed) == len(wanted), "each is answered"
        taken += [look for look in allowed if isinstance(look, Look)]
    assert len(taken) == len(set(map(str, taken))) <= most
    assert tuple(taken) == course.looked


# -- what it may cost -------------------------------------------------------------------------------------------------


def test_a_call_costs_what_its_tokens_cost() -> None:
    usage = Usage(input_tokens=10_000, output_tokens=1_000)
    assert cost_usd(usage, Price(input_usd=2.5, output_usd=10)) == pytest.approx(0.035)


@pytest.mark.parametrize(
    ("sent", "tokens"), [("the pool is full", 8), ("a b", 2), ('{"n": 4711}', 10), ("𒀀𒁀𒂀", 12), ("\ud800", 1), ("", 0)]
)
def test_the_estimate_before_a_call_takes_bytes_for_tokens_where_it_has_to(sent: str, tokens: int) -> None:
    assert most_usage(sent).input_tokens == tokens


@pytest.mark.parametrize(
    ("most", "spent", "said"),
    [
        (0.1, Spent(), None),
        (0.1, Spent(incident_usd=0.4, hour_usd=4.9), None),
        (0.11, Spent(incident_usd=0.4), "$0.4000 of $0.50 for this incident"),
        (0.11, Spent(hour_usd=4.9), "$4.9000 of $5.00 for all incidents of an hour"),
        (math.nan, Spent(), "this incident"),
    ],
)
def test_a_call_that_could_cost_more_than_is_left_is_not_made(most: float, spent: Spent, said: str | None) -> None:
    answer = objection(most, spent, TERMS)
    assert answer is None if said is None else said in str(answer)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, Admission.NEW),
        (Entry(under_way=False), Admission.NEW),
        (Entry(under_way=True), Admission.LOST),
        (Entry(under_way=False, kept="{}"), Admission.ANSWERED),
    ],
    ids=["never made", "failed", "lost", "answered"],
)
def test_a_call_is_made_once(known: Entry | None, expected: Admission) -> None:
    assert admission(known, 0.01, Spent(), TERMS).admission is expected


@given(st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 1)), max_size=30), st.floats(0, 1))
def test_what_is_spent_never_passes_the_limit(calls: list[tuple[float, float]], limit: float) -> None:
    """Each call costs at most what it was said to cost at the most."""
    terms, total = TERMS.model_copy(update={"usd_per_incident": limit}), 0.0
    for most, share in calls:
        if admission(None, most, Spent(incident_usd=total), terms).admission is Admission.NEW:
            total += most * share
    assert total <= limit
