"""Verification: look again at the numbers that were anomalous."""

from collections.abc import Sequence

from temporalio import activity

from activities.errors import retry_only_what_helps
from domain.verification import Sample, Watch
from integrations.ports import Instant, MetricSource, Rejected, Unavailable


class VerificationActivities:
    """Takes samples; what they mean is decided in the domain."""

    def __init__(self, metrics: MetricSource | None) -> None:
        self._metrics = metrics

    @activity.defn
    @retry_only_what_helps
    def sample(self, watches: tuple[Watch, ...]) -> tuple[Sample, ...]:
        """One look at each watch. A number that cannot be had is a sample without a value, and says why."""
        metrics = self._metrics
        if metrics is None:
            return tuple(Sample(series=w.series, value=None, note="metrics are not configured") for w in watches)
        samples = [_sample(metrics, watch) for watch in watches]
        away = [answer for answer in samples if isinstance(answer, Unavailable)]
        if away and len(away) == len(samples):
            raise away[0]  # nobody answers: that is worth another try
        return tuple(
            Sample(series=watch.series, value=None, note=str(answer)[:300])
            if isinstance(answer, Unavailable)
            else answer
            for watch, answer in zip(watches, samples, strict=True)
        )


def _sample(metrics: MetricSource, watch: Watch) -> Sample | Unavailable:
    """One slow query must not blind the looks at all the others."""
    try:
        if not watch.query:
            return _from_alert(watch, metrics.firing(watch.labels))
        seen = _from_series(watch, metrics.query(watch.query))
        return seen if seen.value is not None else _from_rule(seen, metrics.firing(watch.labels))
    except Rejected as error:
        return Sample(series=watch.series, value=None, note=str(error)[:300])
    except Unavailable as error:
        return error


def _from_alert(watch: Watch, firing: bool | None) -> Sample:  # noqa: FBT001 - the port's answer, not a switch
    if firing is None:
        return Sample(series=watch.series, value=None, note="nobody can tell whether the alert fires")
    return Sample(series=watch.series, value=float(firing))


def _from_rule(seen: Sample, firing: bool | None) -> Sample:  # noqa: FBT001 - the port's answer, not a switch
    """The query worked and has no value, as that of many a rule when all is well: the rule itself is asked."""
    said = {True: "its rule fires", False: "its rule is evaluated and does not fire", None: "its rule says nothing"}
    return seen.model_copy(update={"fires": firing, "note": f"{seen.note}; {said[firing]}"})


def _from_series(watch: Watch, values: Sequence[Instant]) -> Sample:
    """The worst of the series that the alert's own labels select; the service's aggregate has just one."""
    ours = [i.value for i in values if all(watch.labels.get(k) == v for k, v in i.labels.items() if k != "__name__")]
    known = [value for value in ours if value is not None]
    if not known:
        note = "the query returned no series of this alert" if not ours else "the value is not a number"
        return Sample(series=watch.series, value=None, note=note)
    return Sample(series=watch.series, value=max(known) if watch.harmful_above else min(known))
