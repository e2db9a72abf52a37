"""The performance of a bad release: the machine asks, a person decides, and the cluster tells what came of it."""

from rich.console import Console

from domain.approval import Verdict
from domain.escalation import WORDS, Reason
from domain.plan import Action
from domain.view import IncidentView
from rig.demo.approvers import DOORS, Approver, Surroundings
from rig.demo.arrived import CHANNELS
from rig.demo.judge import Check
from rig.demo.performance import JUDGED_S, Choice, Performance, main_of
from rig.demo.release_judge import judge_paused, judge_rolled_back, judge_undecided
from rig.demo.stage import Stage
from rig.demo.watcher import Watcher
from rig.faults.bad_release import BadReleaseFault
from rig.faults.fault import Fault
from rig.shop.cluster_shop import ClusterShop


class DecidedPerformance(Performance):
    """Its scenario has a cluster on its stage."""

    def __init__(self, stage: Stage, console: Console, choice: Choice) -> None:
        super().__init__(stage, console, choice)
        self._decided: set[str] = set()
        self._person: Approver | None = None

    def _make_fault(self) -> Fault:
        assert isinstance(self._shop, ClusterShop)  # noqa: S101 - so the stage made it for this scenario
        return BadReleaseFault(self._shop)

    async def _broken(self, watcher: Watcher) -> int:
        door = DOORS[self._choice.door]
        self._person = door(Surroundings(watcher.client, self._stage)) if door is not None else None
        return await super()._broken(watcher)

    async def _react(self, view: IncidentView) -> None:
        """The person decides every rollback that is put before them, once; nobody wants the bad release again."""
        request = view.waiting
        if self._person is None or request is None or request.digest in self._decided:
            return
        if request.action is not Action.ROLLBACK_DEPLOYMENT:
            return
        self._decided.add(request.digest)
        verdict = Verdict.REJECT if self._choice.reject else Verdict.APPROVE
        did = await self._person.decide(view, request, verdict)
        self._narrator.say("person", did, "bold blue")

    def _is_over(self, views: list[IncidentView], running: frozenset[str]) -> bool:
        """With people only when each channel has answered to the last reason, however it did."""
        if not super()._is_over(views, running):
            return False
        view = main_of(views)
        if view is None or view.state.closed or not self._ends_with_people():
            return True
        return {d.channel for d in view.deliveries if WORDS[self._reason] in d.subject} >= set(CHANNELS)

    @property
    def _reason(self) -> Reason:
        """Why people are left with it, in a run that ends so."""
        return Reason.APPROVAL_REFUSED if self._choice.reject else Reason.APPROVAL_EXPIRED

    def _ends_with_people(self) -> bool:
        return self._person is None or self._choice.reject

    def _control(self) -> str:
        if self._choice.paused or self._choice.quiet:
            return super()._control()
        if self._person is None:
            return "nobody approved it"
        return "the person rejected it" if self._choice.reject else ""

    def _checks(self, view: IncidentView, fault: Fault) -> list[Check]:
        rate, report = self._load.error_rate(JUDGED_S), fault.report()
        assert report.rollout is not None  # noqa: S101 - the fault was started
        if self._choice.paused:
            return list(judge_paused(view, rate, report.rollout))
        if self._ends_with_people():
            return list(judge_undecided(view, rate, report.rollout, self._arrived(view), rejected=self._choice.reject))
        return list(judge_rolled_back(view, rate, report.rollout, self._rollbacks(view)))

    def _rollbacks(self, view: IncidentView) -> list[str]:
        """What the audit log says of each rollback of this incident that was executed."""
        with self._stage.postgres.connect("nightshift") as connection:
            rows = connection.execute(
                "SELECT entry->>'result' FROM nightshift.audit"
                " WHERE incident = %s AND entry->>'action' = %s AND key LIKE '%%:execute'",
                [view.incident, Action.ROLLBACK_DEPLOYMENT.value],
            ).fetchall()
        return [str(row[0]) for row in rows]
