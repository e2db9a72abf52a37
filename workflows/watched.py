"""The numbers that tell whether it is over: which they are, which of them were seen bad, and which prove nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.anomaly import Anomaly
from domain.detection import SOURCE
from domain.incident import State
from domain.mildness import mild_until
from domain.verification import Sample, Watch, seen_bad, watch_of_rule
from workflows.contract import Opening
from workflows.sightings import Sightings

# A look asks Prometheus once for each: more than these would not be answered in the time of one look.
_WATCHED_ANOMALIES = 20


@dataclass(kw_only=True)
class Watched(Sightings):
    """What a look at the trouble asks for, and what is known of the numbers behind its alerts."""

    opening: Opening
    witnessed: list[str] = field(default_factory=list[str])
    """The series whose number a look has seen bad: it is known to be the one of its alert."""
    grave_before: bool = False
    """Was something bad that is not mild when the last action was taken, or when it recovered after that?"""

    def watches(self) -> tuple[Watch, ...]:
        """The numbers that tell whether it is over: those behind the alert rules, else whether the alert fires."""
        return tuple(map(self._watch, self.anomalies[:_WATCHED_ANOMALIES]))

    def _watch(self, of: Anomaly) -> Watch:
        watch = watch_of_rule(of.series, of.expression, of.labels, of.actual)
        if watch is None:
            return Watch.of_alert(of.series, of.labels)
        mild = self._mild_until(of)
        return watch if mild is None else watch.model_copy(update={"mild_until": mild})

    def _mild_until(self, of: Anomaly) -> float | None:
        measured = self.opening.services.expressions_of(of.service)
        return mild_until(of, next((one for one in measured if one.name == of.name), None))

    @property
    def excusing(self) -> bool:
        """May what is mild be left out of a verdict? Only beside what is grave: while that fires, or while the fix that
        was made for it is judged. Where nothing grave is left, what is mild is what the incident is about.
        """
        judged = self.grave_before and self.state in {State.VERIFYING, State.WATCHING}
        return judged or any(self._mild_until(a) is None for a in self.firing)

    def witnesses(self, watches: Sequence[Watch], samples: Sequence[Sample]) -> None:
        """Keep which numbers were bad in a look."""
        self.witnessed = list(dict.fromkeys((*self.witnessed, *seen_bad(watches, samples))))

    def doubted(self, watches: Sequence[Watch]) -> tuple[str, ...]:
        """The series whose alert still fires, and of which a look at these watches proves nothing when all is well.

        The number of an anomaly of ours is the one that our detection has judged, and says that it is over only some
        samples after it is: it needs no witness.
        """
        ours = {a.series for a in self.firing if a.source == SOURCE}
        proving = {w.series for w in watches if w.series in self.witnessed or (w.query and w.series in ours)}
        return tuple(a.series for a in self.firing if a.series not in proving)

    @property
    def telling(self) -> frozenset[str]:
        """The series that tell whether a fix works: seen bad, and firing; once all is resolved, all that were bad."""
        firing = {a.series for a in self.firing}
        return frozenset(self.witnessed) & firing if firing else frozenset(self.witnessed)
