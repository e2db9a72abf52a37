"""A bad release on a real cluster: the machine asks, a person answers by a door, and only a yes takes it back.

Real are the API server with its pods' processes, the change source, the remediator, Temporal and each door; the ranking
is scripted. Verification asks the pods' processes which release they are, so nothing recovers but by other pods.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client
from typer.testing import CliRunner

from activities.investigation import InvestigationActivities
from activities.verification import VerificationActivities
from domain.anomaly import Anomaly
from domain.audit import AuditRow
from domain.diagnosis import Diagnosis
from domain.doors import Door
from domain.escalation import Reason
from domain.finding import Category, Window
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.plan import Action
from domain.policy import Policy, Verification
from domain.question import RankQuestion
from domain.services import ServiceMap
from domain.verification import Recovery
from domain.view import IncidentView
from integrations.kubernetes import KubernetesChanges, Patience, PutBack
from integrations.ports import Instant, Remediator, Series
from integrations.slack import SlackChannel
from rig.kubelet.addresses import address
from rig.servers.kube_rollout import is_complete, revision
from rig.servers.slack import SlackServer
from rig.servers.temporal import TemporalServer
from starter.app import create_app
from starter.cli import app
from starter.cli.exits import Exit
from starter.identity.sending import TemporalEar
from starter.live import TemporalIncidents
from tests.adapters.deployments import ask, eventually
from tests.adapters.test_doors import House, form, log_in, signal_as_the_ui, text_of, update
from tests.cluster.kube_under_care import UnderCare
from tests.ending import ended
from tests.fixtures.cluster import Namespace
from tests.parts import parts_with
from tests.people import known
from tests.workflows.night import story
from tests.workflows.world import POLICY, World, anomaly, with_row

GOOD, BAD = "1", "2"
SHARE_OF_BAD = "pods_of_release_2_share"
_HANGS_AFTER_S = 180.0
# The usual rules at a quick pace: what a test waits for are rollouts, and no clocks.
BRISK = POLICY.model_copy(update={
    "gather_s": 0.1, "watch_s": 2, "recheck_s": 0.5,
    "verification": Verification(settle_s=0.5, samples=2, every_s=0.5, scrape_s=0, improving_rounds=1),
})  # fmt: skip
# Three seconds for an answer.
HASTY = with_row(BRISK, Severity.CRITICAL, decide_min=0.05).model_copy(update={"decide_at_least_min": 0.05})


class PodsAsked:
    """The MetricSource of one number: the share of running pods that say, over HTTP, that they are the bad release."""

    def __init__(self, care: UnderCare) -> None:
        self._care = care

    def query(self, query: str) -> Sequence[Instant]:
        assert query == SHARE_OF_BAD
        said = self.versions()
        return [Instant(labels={"service": "web"}, value=said.count(BAD) / len(said))] if said else []

    def versions(self) -> list[str]:
        """What each pod's process answers; of those that nobody has asked to end."""
        addresses = [where for pod in self._care.deployed.pods() if (where := address(pod, "http"))]
        return [answer[0] for where in addresses if (answer := ask(f"http://{where}"))]

    def query_range(self, query: str, window: Window, step_s: float) -> Sequence[Series]:
        return []

    def firing(self, labels: Mapping[str, str]) -> bool | None:
        return None

    def link(self, query: str, window: Window) -> str:
        return ""


class OnCluster(World):
    """The world whose changes, remedy and number are the cluster's; no other source is configured."""

    def __init__(self, care: UnderCare, channel: SlackChannel, policy: Policy) -> None:
        allowed = policy.model_copy(update={"allow": (care.deployment.target,)})
        super().__init__(policy=allowed, workers_policy=allowed, channels=(channel,))  # pyright: ignore[reportArgumentType] - the real one
        self.care = care
        self.pods = PodsAsked(care)

    @property
    def services(self) -> ServiceMap:
        return self.care.services

    @property
    def remediators(self) -> Sequence[Remediator]:
        return (PutBack(Action.ROLLBACK_DEPLOYMENT, self.care.cluster, self.care.services, Patience(poll_s=0.1)),)

    def scripted(self) -> Sequence[Any]:
        changes = KubernetesChanges(self.care.cluster)
        look = InvestigationActivities(None, None, None, None, changes, self.memory, self.evidence)
        return (
            look.look_at_metrics, look.look_at_logs, look.look_at_traces, look.look_at_databases, look.look_at_changes,
            look.recall, look.measure_impact, VerificationActivities(self.pods).sample,
        )  # fmt: skip

    def _diagnosis(self, asked: RankQuestion) -> Diagnosis:
        """Scripted: a release alone, without the metrics of a shop around it, convinces the real ranking of nothing."""
        scripted = super()._diagnosis(asked)
        said = {"service": "web", "category": Category.BAD_DEPLOYMENT, "sentence": "the release broke web"}
        return scripted.model_copy(update={"hypotheses": (scripted.hypotheses[0].model_copy(update=said),)})


@dataclass(kw_only=True)
class Outage(House):
    """A release that broke its service, the plan to take it back, and everything that a door needs."""

    care: UnderCare
    pods: PodsAsked
    slack: SlackServer
    environment: dict[str, str]

    def browser(self, peer: str = "10.1.1.1") -> httpx.AsyncClient:
        """Whoever calls, Slack too."""
        parts = replace(
            parts_with(live=TemporalIncidents(self.client), desk=self.known.desk),
            slack_secret=SecretStr(self.slack.signing_secret),
        )
        transport = httpx.ASGITransport(create_app(parts), client=(peer, 1))
        return httpx.AsyncClient(transport=transport, base_url=self.base, headers={"accept": "text/html"})

    async def until(self, holds: Callable[[IncidentView], bool]) -> IncidentView:
        """A test that waited in vain shows what was."""
        try:
            return await super().until(holds)
        except TimeoutError:
            raise AssertionError(story(await self.seen())) from None

    async def versions(self) -> list[str]:
        return await asyncio.to_thread(self.pods.versions)

    async def revision(self) -> str:
        return revision(await asyncio.to_thread(self.care.deployed.read))

    def rows(self, action: str) -> Sequence[AuditRow]:
        return [row for row in self.world.audit.rows(self.view.incident) if row.action == action]


# -- doors: each says what ana decides ---------------------------------------------------------------------------------


async def by_signal(house: Outage, verdict: str) -> None:
    data = f'{{"digest": "{house.request.digest}", "who": "ana", "comment": "{verdict}, says ana"}}'
    await signal_as_the_ui(house.client, house.handle.id, verdict, data.encode())


async def by_update(house: Outage, verdict: str) -> None:
    answer = await update(house, {"digest": house.request.digest, "verdict": verdict, "who": "ana", "comment": "so"})
    assert answer.startswith(f"accepted: {verdict} by ana")


async def by_command_line(house: Outage, verdict: str) -> None:
    said = [verdict, house.view.incident, "--digest", house.request.digest[:8], "--yes", "--who", "ana"]
    answer = await asyncio.to_thread(
        CliRunner().invoke, app, [*said, "--comment", "so"], env=house.environment
    )  # fmt: skip
    assert answer.exit_code == Exit.DONE, answer.output


async def by_console(house: Outage, verdict: str) -> None:
    async with house.browser() as browser:
        assert (await log_in(browser)).status_code == 303
        answer = await browser.post(house.page, data=await form(browser, house, verdict, comment="so"))
    assert f"accepted: {verdict} by ana" in text_of(answer)


async def by_slack(house: Outage, verdict: str) -> None:
    await house.until(lambda view: any("decision" in sent.subject for sent in view.deliveries))
    question = next(message for message in house.slack.messages if message.text.startswith("Decision by"))
    body = house.slack.payload(question, verdict, "U0ANA")
    async with house.browser() as slack:
        answer = await slack.post("/slack/interactions", content=body, headers=house.slack.signed(body))
    assert answer.status_code == 200


Say = Callable[[Outage, str], Awaitable[None]]
# The door as the record names it, and whether it proves who says so.
DOORS: Sequence[tuple[Say, Door, bool]] = (
    (by_signal, Door.SIGNAL, False), (by_update, Door.UPDATE, False), (by_command_line, Door.CLI, False),
    (by_console, Door.CONSOLE, True), (by_slack, Door.SLACK, True),
)  # fmt: skip


# -- the outage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def care(namespace: Namespace) -> UnderCare:
    """Release 1 ran well, then release 2 came and runs."""
    under_care = UnderCare(namespace)
    eventually("the good release runs", lambda: is_complete(under_care.deployed.read()))
    under_care.release(BAD)
    eventually("the bad release runs", lambda: is_complete(under_care.deployed.read()))
    return under_care


Breaks = Callable[[Policy], AbstractAsyncContextManager[Outage]]


@pytest.fixture
def outage(
    care: UnderCare, slack: SlackServer, temporal_client: Client, temporal_dev: TemporalServer, database: str
) -> Breaks:
    """An incident of this release, up to the plan that waits; under a policy."""
    channel = SlackChannel(SecretStr(slack.workspace.token), "C0INCIDENTS", url=slack.url, every_s=0)
    environment = {"TEMPORAL_ADDRESS": temporal_dev.address, "DATABASE_URL": database}

    @asynccontextmanager
    async def asked(policy: Policy) -> AsyncGenerator[Outage]:
        world = OnCluster(care, channel, policy)
        async with world.living(temporal_client):
            handle = await world.open(temporal_client, alert(), key=f"incident-{care.namespace.name}")
            view = await handle.query("view", result_type=IncidentView)  # pyright: ignore[reportUnknownMemberType]
            house = Outage(
                world, temporal_client, handle, view, known(TemporalEar(temporal_client)),
                care=care, pods=world.pods, slack=slack, environment=environment,
            )  # fmt: skip
            try:
                house.view = await house.reaches(State.WAITING_FOR_APPROVAL)
                yield house
            finally:
                await ended(handle)

    return asked


def alert() -> Anomaly:
    rule = {"expression": f"{SHARE_OF_BAD} > 0.05", "title": "all pods fail", "actual": 1.0}
    return anomaly("BadRelease", "web", severity=Severity.CRITICAL).model_copy(update=rule)


# -- claims ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("say", "door", "proven"), DOORS, ids=[door.value for _, door, _ in DOORS])
async def test_a_bad_release_is_taken_back_when_a_person_says_so_by_this_door(
    outage: Breaks, say: Say, door: Door, proven: bool
) -> None:
    async with outage(BRISK) as house:
        assert house.request.action is Action.ROLLBACK_DEPLOYMENT
        assert await house.versions() == [BAD, BAD], "nothing is touched while it asks"
        await say(house, "approve")
        tried = (await house.until(lambda view: any(a.verification for a in view.attempts))).attempts[0]
        assert tried.verification is not None
        assert tried.verification.recovery is Recovery.RECOVERED, tried
        assert "2 of 2 samples in band" in tried.verification.reason
        summary = await asyncio.wait_for(house.handle.result(), _HANGS_AFTER_S)
        seen = await house.seen()
        assert await house.versions() == [GOOD, GOOD]
        assert await house.revision() == "3"
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    assert len(seen.attempts) == 1
    (decision,) = seen.decisions
    assert (decision.who, decision.door, decision.proven) == ("ana", door, proven)
    (said,), (done,) = house.rows("approve"), house.rows(Action.ROLLBACK_DEPLOYMENT)
    as_recorded = "ana" if proven else "ana (claimed)"
    assert (said.actor, said.door, said.result) == (as_recorded, door, f"accepted: approve by {as_recorded}")
    assert (done.actor, done.door, done.digest) == (as_recorded, door, house.request.digest)
    assert house.request.digest.startswith(str(said.digest)), "as much of it as the person gave"
    assert (done.before["image"], done.after["image"], done.affected) == ("web:2", "web:1", 2)


@pytest.mark.parametrize(("say", "door"), [(by_slack, Door.SLACK)])
async def test_a_release_that_a_person_will_not_have_taken_back_stays(outage: Breaks, say: Say, door: Door) -> None:
    async with outage(BRISK) as house:
        await say(house, "reject")
        seen = await house.until(lambda view: _called(view, Reason.APPROVAL_REFUSED))
        assert await house.versions() == [BAD, BAD]
        assert await house.revision() == "2"
    assert [(d.who, d.door, d.verdict) for d in seen.decisions] == [("ana", door, "reject")]
    assert [(row.actor, row.door) for row in house.rows("reject")] == [("ana", door)]
    assert not house.rows(Action.ROLLBACK_DEPLOYMENT)


async def test_a_release_on_which_nobody_decides_in_time_stays(outage: Breaks) -> None:
    async with outage(HASTY) as house:
        seen = await house.until(lambda view: _called(view, Reason.APPROVAL_EXPIRED))
        assert await house.versions() == [BAD, BAD]
        assert await house.revision() == "2"
    assert (seen.state, seen.decisions) == (State.WAITING_FOR_PEOPLE, ())
    assert not house.rows(Action.ROLLBACK_DEPLOYMENT)


def _called(view: IncidentView, reason: Reason) -> bool:
    """Were people told this?"""
    return any(reason in told.reasons for told in view.clock.told)
