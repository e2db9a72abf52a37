"""The machine in words: a line that is always there, and warnings where a reader would be misled. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from domain.holding import Quiet
from domain.model import Model
from starter.machine.facts import Adviser, Automation, Health, Machine, Part, Queue, Scheduled
from starter.words import absolute, relative, span

# Three rounds of questions.
STALE_AFTER = timedelta(seconds=60)
_LONGEST_WHY = 100


class Cell(Model):
    """A few words of the strip. `bad`: somebody should look."""

    text: str
    bad: bool = False


def cells(machine: Machine | None, now: datetime) -> Sequence[Cell]:
    """The strip, from left to right."""
    if machine is None:
        return [Cell(text="The machine has not been looked at yet")]
    return [
        _group("Sources", machine.sources, now),
        _queues(machine.queues),
        *_automation(machine.automation),
        *_muted(machine.quiet),
        _adviser(machine.adviser, now),
        _group("Notify", machine.channels, now),
        _part("Temporal", machine.temporal, now),
        _part("Store", machine.store, now),
        Cell(text=f"looked {relative(machine.at, now)}", bad=now - machine.at > STALE_AFTER),
    ]


def _group(title: str, parts: Sequence[Part], now: datetime) -> Cell:
    on = [part for part in parts if part.health is not Health.OFF]
    down = [part for part in on if part.health is Health.DOWN]
    if not on:
        return Cell(text=f"{title}: none configured", bad=True)
    words = "".join(f" ▲ {part.name} down{_for(part, now)}" for part in down)
    return Cell(text=f"{title} {len(on) - len(down)}/{len(on)}{words}", bad=bool(down))


def _part(title: str, part: Part, now: datetime) -> Cell:
    if part.health is Health.DOWN:
        return Cell(text=f"{title} ▲ down{_for(part, now)}", bad=True)
    return Cell(text=f"{title} ok")


def _for(part: Part, now: datetime) -> str:
    return f" {span((now - part.since).total_seconds())}" if part.since else ""


def _queues(queues: Sequence[Queue]) -> Cell:
    known = [queue for queue in queues if queue.workers is not None]
    if not known:
        return Cell(text="Workers ▲ unknown", bad=True)
    served = sum(bool(queue.workers) for queue in known)
    oldest = max(queue.oldest_s for queue in known)
    return Cell(
        text=f"Workers {served}/{len(queues)} queues, oldest task {oldest:.1f} s",
        bad=served < len(queues) or oldest > STALE_AFTER.total_seconds(),
    )


def _automation(automation: Automation | None) -> Iterator[Cell]:
    if automation is None:
        yield Cell(text="Automation ▲ unknown, so nothing is done", bad=True)
        return
    if automation.paused is not None:
        yield Cell(text="Automation ▲ PAUSED", bad=True)
    elif automation.observes:
        yield Cell(text="Automation ON (dry run)")
    elif automation.frozen_until is not None:
        yield Cell(text="Automation ▲ FROZEN, asks people", bad=True)
    else:
        yield Cell(text="Automation ON")
    full = automation.actions >= automation.limit
    yield Cell(text=f"Actions {automation.actions} of {automation.limit} this hour", bad=full)


def _muted(quiet: Sequence[Quiet] | None) -> Iterator[Cell]:
    if quiet:
        held = sum(one.held for one in quiet)
        yield Cell(text=f"Muted ▲ {len(quiet)}, {held} held back", bad=bool(held))


def _adviser(adviser: Adviser | None, now: datetime) -> Cell:
    """A cap that is reached is no trouble of the incidents: their statistical answer stands. It is to be seen."""
    if adviser is None:
        return Cell(text="Model off")
    if adviser.spent_usd is None:
        return Cell(text=f"Model {adviser.name} ▲ cost unknown, so it is not asked", bad=True)
    full = adviser.spent_usd >= adviser.limit_usd
    spent = f"Model {adviser.name} {'▲ ' if full else ''}${adviser.spent_usd:.2f} of ${adviser.limit_usd:.2f} this hour"
    if (silent := adviser.silent) is None:
        return Cell(text=spent, bad=full)
    why = silent.said if len(silent.said) <= _LONGEST_WHY else f"{silent.said[: _LONGEST_WHY - 1]}…"
    return Cell(text=f"{spent} ▲ {relative(silent.at, now)} {silent.incident} had {why}", bad=True)


def warnings(machine: Machine | None, now: datetime) -> Sequence[str]:
    """What a reader must know to not be misled, each in a sentence."""
    return [] if machine is None else list(_warnings(machine, now))


def _warnings(machine: Machine, now: datetime) -> Iterator[str]:
    if now - machine.at > STALE_AFTER:
        yield f"The machine was last looked at {relative(machine.at, now)}: what stands here may be old."
    yield from _of_workers(machine)
    yield from _of_schedules(machine.schedules or (), now)
    yield from _of_automation(machine.automation, now)
    yield from _of_muted(machine.quiet or (), now)
    yield from _of_unjudged(machine.unjudged, now)
    yield from _of_channels(machine.channels)
    if machine.ended_badly:
        one = machine.ended_badly == 1
        yield (
            f"{machine.ended_badly} workflow{'' if one else 's'} of incidents or of muted alerts ended within the hour "
            "without a record (failed, terminated or timed out in Temporal): nobody works on "
            + ("it." if one else "them.")
        )


def _of_workers(machine: Machine) -> Iterator[str]:
    empty = [queue.name for queue in machine.queues if queue.workers == 0]
    if empty:
        yield f"No worker polls {', '.join(empty)}: what waits there stands still. Start one: nightshift worker."
    late = [q for q in machine.queues if q.workers and q.oldest_s > STALE_AFTER.total_seconds()]
    for queue in late:
        yield f"The oldest task of {queue.name} has waited for {span(queue.oldest_s)}: its workers do not keep up."


def _of_schedules(schedules: Sequence[Scheduled], now: datetime) -> Iterator[str]:
    for schedule in schedules:
        if schedule.paused is not None:
            yield f"The schedule {schedule.name} is paused in Temporal: {schedule.paused}"
        elif schedule.overdue(now):
            began = schedule.succeeded_at or schedule.made_at
            yield f"{schedule.name.capitalize()} has not succeeded for {span((now - began).total_seconds())}."


def _of_automation(automation: Automation | None, now: datetime) -> Iterator[str]:
    if automation is None:
        return
    if automation.paused is not None:
        yield f"Automation is paused: {automation.paused}. Incidents are investigated and escalated; nothing is fixed."
    if automation.frozen_until is not None:
        yield f"Automatic actions are frozen until {absolute(automation.frozen_until, now)}: they ask people."


def _of_muted(quiet: Sequence[Quiet], now: datetime) -> Iterator[str]:
    for one in quiet:
        held = f" {one.held} held back, the last {one.last}." if one.held else ""
        yield f"Muted until {absolute(one.until, now)}: {one.said} ({one.window}). It opens and pages nothing.{held}"


def _of_unjudged(left: Sequence[Quiet], now: datetime) -> Iterator[str]:
    for one in left:
        yield (
            f"{one.held} muted until {absolute(one.until, now)} ({one.window}) and not judged since, the last "
            f"{one.last}: the workflow {one.said} was terminated in Temporal, or stands still. Look whether it is "
            "over; nightshift open opens what is not."
        )


def _of_channels(channels: Sequence[Part]) -> Iterator[str]:
    on = [part for part in channels if part.health is not Health.OFF]
    down = [part for part in on if part.health is Health.DOWN]
    if not on:
        yield "No channel is configured: nobody is told of an incident."
    elif len(down) == len(on):
        yield f"No way to reach people works ({'; '.join(f'{p.name}: {p.said}' for p in down)}): nobody is told."
    else:
        for part in down:
            yield f"{part.name} does not work ({part.said}): messages go by the other channels."
