"""Findings from logs: templates that are new or bursting, how much each service complains, or that nobody does."""

import time
from collections.abc import Sequence

from activities import demand_findings, windows
from analysis.bits import ABSENT_BITS, Z0_COUNT, bits, count_z
from analysis.curves import counts
from analysis.freshness import STOPPED, freshness
from analysis.logs import Template, Volume, by_category, templates
from analysis.redaction import name as clean
from analysis.redaction import template as masked
from domain.exhibits import Curve
from domain.finding import Category, Finding, Presence, Source
from domain.question import Question
from integrations.ports import LogLine, LogSource

LEVELS = ("ERROR", "CRITICAL", "FATAL")
_MOST_LINES = 1000
_MOST_TEMPLATES = 8
_MOST_KEPT = 100
_LEAST_BITS = 0.5
_OF_DEMAND = frozenset({Category.LOAD_SPIKE, Category.UNKNOWN})


class LogAnswer:
    """The lines around the onset and those of the hour before."""

    def __init__(self, logs: LogSource, question: Question) -> None:
        began = time.monotonic()
        self._logs = logs
        self._services = question.services
        self.window = windows.asked(Source.LOGS, question)
        self.page = logs.search(question.services, self.window, LEVELS, _MOST_LINES)
        self.trouble = windows.trouble(Source.LOGS, question)
        self.lines = [line for line in self.page.lines if line.at >= self.trouble.start]
        self._moments = [((line.service, masked(line.message)), line.at.timestamp()) for line in self.page.lines]
        self.templates = templates(self.lines, self._now(), *self._before(question))
        self.demand = demand_findings.findings_of(logs, question, began)

    def _now(self) -> Volume:
        """Lines come newest first: a page that was cut inside of the trouble stands for all that matched."""
        cut = self.page.total > len(self.page.lines) == len(self.lines) > 0
        return Volume(windows.seconds(self.trouble), len(self.lines) / self.page.total if cut else 1.0)

    def _before(self, question: Question) -> tuple[Sequence[LogLine], Volume]:
        """The hour before, and what the window itself holds from before the trouble unless it was cut."""
        hour = windows.hour_before(Source.LOGS, question)
        earlier = self._logs.search(self._services, hour, LEVELS, _MOST_LINES)
        if earlier.total > len(earlier.lines) > 0:
            return earlier.lines, Volume(windows.seconds(hour), len(earlier.lines) / earlier.total)
        whole = self.page.total <= len(self.page.lines)
        part = windows.calm_part(Source.LOGS, question) if whole else None
        lines = [line for line in self.page.lines if windows.within(line.at, part)]
        return [*earlier.lines, *lines], Volume(windows.seconds(hour) + windows.seconds(part))

    def findings(self) -> list[Finding]:
        """Templates first, then volumes; or the one finding that there is nothing unusual. Beside them more demand."""
        telling = [t for t in self.templates if t.strength >= _LEAST_BITS]
        if not telling:
            return [self._nothing(), *self.demand]
        return [*(self._of_template(t) for t in telling[:_MOST_TEMPLATES]), *self._volumes(telling), *self.demand]

    def content(self) -> dict[str, object]:
        """For the store: every template, and the most telling lines, masked."""
        place = {(t.service, t.text): n for n, t in enumerate(self.templates)}
        ranked = sorted(self.lines, key=lambda line: (place[line.service, masked(line.message)], line.at))
        return {
            "total": self.page.total,
            "templates": [_row(t) for t in self.templates],
            "lines": [_line(line) for line in ranked[:_MOST_KEPT]],
        }

    @property
    def summary(self) -> str:
        read = f"{self.page.total} lines, {len(self.lines)} of this trouble in {len(self.templates)} templates"
        return f"{read}, {windows.clock(self.window)}"

    def _of_template(self, t: Template) -> Finding:
        rate = "new: none in the hour before" if t.new else f"{t.expected:.3g} expected from the hour before"
        fresh = freshness(t.first_seen, t.last_seen, t.count, self.window.end)
        stopped = f", none since {t.last_seen:%H:%M:%S} UTC" if fresh == STOPPED else ""
        facts: dict[str, str | int | float | bool] = {
            "category": t.category.value, "new": t.new, "bursting": t.bursting, "last_seen": t.last_seen.isoformat(),
        }  # fmt: skip
        facts["template"] = t.text
        if t.error_type:
            facts["error_type"] = clean(t.error_type)
        if t.trace_ids:
            facts["trace_id"] = clean(t.trace_ids[0])
        return self._finding(
            "error_template", t.service, f"{clean(t.service)}: {t.text} ({t.count:.0f} times, {rate}{stopped})"
        ).model_copy(
            update={
                "strength": t.strength * fresh,
                "value": t.count,
                "baseline": t.expected,
                "unit": "lines",
                "onset": t.first_seen,
                "categories": t.causes,
                "facts": facts,
                "curve": self._lines_over_time(t),
            }
        )

    def _lines_over_time(self, t: Template) -> Curve | None:
        """None where lines were left unread: the newest of them alone would look like a beginning."""
        if self.page.total > len(self.page.lines):
            return None
        times = [at for place, at in self._moments if place == (t.service, t.text)]
        return counts(times, self.window, t.expected / windows.seconds(self.trouble))

    def _volumes(self, telling: Sequence[Template]) -> list[Finding]:
        """How much each service complains, in all: where the trouble is, whatever it says."""
        found: list[Finding] = []
        for service in sorted({t.service for t in telling}):
            ours = [t for t in self.templates if t.service == service]
            count, expected = sum(t.count for t in ours), sum(t.expected for t in ours)
            first, last = min(t.first_seen for t in ours), max(t.last_seen for t in ours)
            fresh = freshness(first, last, count, self.window.end)
            counts = {f"lines_{category}": n for category, n in by_category(ours).items()}
            title = (
                f"{clean(service)}: {count:.0f} error lines in {windows.clock(self.trouble)}, {expected:.3g} expected"
            )
            found.append(
                self._finding("error_volume", service, title).model_copy(
                    update={
                        "strength": bits(count_z(count, expected), Z0_COUNT) * fresh,
                        "value": count,
                        "baseline": expected,
                        "unit": "lines",
                        "onset": min(t.first_seen for t in telling if t.service == service),
                        "categories": {Category.UNKNOWN: 0.5},
                        "facts": counts,
                    }
                )
            )
        return found

    def _nothing(self) -> Finding:
        window = self.trouble if self.page.total else self.window
        said = "No more errors than usual" if self.lines else "No errors"
        where = f"in {windows.clock(window)} in {_count(len(self._services), 'service')}"
        # Where more come in than usual, a shop that only becomes slow is what they would make of it.
        against = {c: 1.0 for c in Category if c not in _OF_DEMAND} if self.demand else {Category.UNKNOWN: 1.0}
        return self._finding("no_errors", None, f"{said} {where}; that speaks against an application fault").model_copy(
            update={"presence": Presence.ABSENT, "strength": ABSENT_BITS, "against": against}
        )

    def _finding(self, kind: str, service: str | None, title: str) -> Finding:
        return Finding(
            source=Source.LOGS, kind=kind, service=service, title=title, window=self.window,
            query=self._logs.query_text(self._services, self.window, LEVELS),
            link=self._logs.link(self._services, self.window),
        )  # fmt: skip


def _row(t: Template) -> dict[str, object]:
    return {
        "service": t.service, "template": t.text, "category": t.category.value, "count": t.count,
        "expected": t.expected, "first_seen": t.first_seen.isoformat(), "last_seen": t.last_seen.isoformat(),
        "bits": t.strength, "trace_ids": t.trace_ids,
    }  # fmt: skip


def _line(line: LogLine) -> dict[str, object]:
    return {
        "at": line.at.isoformat(), "service": line.service, "level": line.level, "logger": line.logger,
        "message": masked(line.message), "trace_id": line.trace_id,
    }  # fmt: skip


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
