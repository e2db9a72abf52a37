"""Which stretch of time each source is asked about (spec section 3), and with what it is compared."""

from datetime import UTC, datetime, timedelta

from domain.finding import Source, Window
from domain.question import Question

_AROUND: dict[Source, tuple[timedelta, timedelta]] = {
    Source.LOGS: (timedelta(minutes=10), timedelta(minutes=5)),
    Source.METRICS: (timedelta(minutes=30), timedelta(minutes=10)),
    Source.TRACES: (timedelta(minutes=5), timedelta(minutes=2)),
}
# An alert names the moment at which it fired, which is late by its range and its patience: what lies just before
# belongs to neither side.
GUARD = timedelta(minutes=2)
_HOUR = timedelta(hours=1)
_STRETCH, _STRETCHES = timedelta(minutes=10), 3
_PRESENT = timedelta(minutes=2)
_IMPACT_RANGES_S = (15, 30, 60, 120)
_READ_BY_MINUTES_S = 300.0


def asked(source: Source, question: Question) -> Window:
    """The window around the onset, cut at now. Once it has passed it keeps its length and goes along with now:
    a second look sees the present.
    """
    before, after = _AROUND[source]
    if question.now <= question.onset + after:
        return Window(start=min(question.onset, question.now) - before, end=question.now)
    return Window(start=question.now - before - after, end=question.now)


def metrics(question: Question) -> Window:
    """From half an hour before the onset to now, however long that is: the calm before stays the measure."""
    before, _ = _AROUND[Source.METRICS]
    return Window(start=min(question.onset, question.now) - before, end=question.now)


def changes(question: Question) -> Window:
    """From an hour before the onset to now: what came before may be the cause, what came since is a symptom."""
    return Window(start=min(question.onset, question.now) - _HOUR, end=question.now)


def present(question: Question) -> Window:
    """What counts as the trouble in a series: since the onset, at most the last two minutes. What is over is over."""
    return Window(start=max(min(question.onset, question.now), question.now - _PRESENT), end=question.now)


def impact_ranges_s(question: Question) -> tuple[int, ...]:
    """Ranges of rates that tell how bad it is now, in seconds, best first: the age of the trouble, 15 s to 2 min.

    A longer range would count the calm before as success: 25 s into a fault that fails half of all requests, two
    minutes read a tenth. The wider ones after it are for sources whose scrapes lie too far apart for a shorter one:
    a rate needs two of them.
    """
    age = int((question.now - question.onset).total_seconds())
    first = min(max(age, _IMPACT_RANGES_S[0]), _IMPACT_RANGES_S[-1])
    return (first, *(wider for wider in _IMPACT_RANGES_S if wider > first))


def trouble(source: Source, question: Question) -> Window:
    """The part of `asked` that belongs to this trouble: from the guard gap before the onset on, and at most as long as
    the source's time after it. What lies before is an earlier trouble's, or nobody's.
    """
    _, after = _AROUND[source]
    start = max(min(question.onset, question.now), question.now - after) - GUARD
    return Window(start=start, end=question.now)


def calm_part(source: Source, question: Question) -> Window | None:
    """The part of `asked` that lies before this trouble, None once the window has left it behind."""
    around, end = asked(source, question), min(question.onset, question.now) - GUARD
    return Window(start=around.start, end=end) if end > around.start else None


def calm_end(question: Question) -> datetime:
    """The end of what counts as calm: the onset, less a guard gap."""
    return min(question.onset, question.now) - GUARD


def hour_before(source: Source, question: Question) -> Window:
    """The hour before the window around the onset; it does not move when the window does."""
    before, _ = _AROUND[source]
    end = min(question.onset, question.now) - before
    return Window(start=end - _HOUR, end=end)


def calm_stretches(question: Question) -> tuple[Window, ...]:
    """Three times ten minutes before what counts as trouble, in which requests are counted by their lines."""
    end = calm_end(question)
    return tuple(Window(start=end - (n + 1) * _STRETCH, end=end - n * _STRETCH) for n in range(_STRETCHES))


def calm_traces(question: Question) -> Window:
    """The quarter of an hour before the traces' window around the onset."""
    before, _ = _AROUND[Source.TRACES]
    end = min(question.onset, question.now) - before
    return Window(start=end - timedelta(minutes=15), end=end)


def since_onset(question: Question) -> Window:
    """The part of the traces' window that lies after the onset."""
    around = asked(Source.TRACES, question)
    return Window(start=max(around.start, min(question.onset, question.now)), end=around.end)


def seconds(window: Window | None) -> float:
    return (window.end - window.start).total_seconds() if window is not None else 0.0


def within(at: datetime, window: Window | None) -> bool:
    return window is not None and window.start <= at < window.end


def clock(window: Window) -> str:
    """The window as people read it."""
    form = "%H:%M" if seconds(window) >= _READ_BY_MINUTES_S else "%H:%M:%S"
    return f"{window.start.strftime(form)}-{window.end.strftime(form)} UTC"


def moment(seconds: float) -> datetime:
    """A unix time as sources and stores take it."""
    return datetime.fromtimestamp(seconds, UTC)
