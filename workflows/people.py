"""What people tell an incident besides decisions: acknowledge, take over, snooze, resolve, merge, a note and so on."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.approval import Door
    from domain.audit import AuditRow
    from domain.command import Command, CommandName, read_command
    from domain.lengths import length_text
    from domain.proof import Word
    from domain.timeline import Kind
    from workflows.contract import Synchronise
    from workflows.proof import objection_to
    from workflows.record import Record
    from workflows.regrouping import regroup


class People:
    """Takes commands in, answers each in words, and records it."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def told(self, raw: Any, name: CommandName, door: Door) -> str:  # noqa: ANN401 - it is untrusted
        """Do what the command says. The answer goes to the sender and to the current details."""
        read = read_command(raw, name, door)
        return self._take(read, door)

    async def heard(self, raw: Any, name: CommandName) -> str:  # noqa: ANN401 - it is untrusted
        """As `told`, for an update, whose word may bring a proof: one that is not genuine makes it a refused one."""
        read = read_command(raw, name, Door.UPDATE)
        if isinstance(read, str):
            return self._take(read, Door.UPDATE)
        if read.seal is None:
            return await self._do(read)
        word = Word(
            incident=self._record.incident, said=read.name, who=read.who, door=read.door, comment=read.comment,
            lasting=read.lasting, into=read.into, services=read.services,
        )  # fmt: skip
        objection = await objection_to(word, read.seal)
        checked = read.model_copy(update={"seal": None, "proven": objection is None})
        if objection is not None:
            return self._say(f"refused: {objection}", checked, checked.door)
        return await self._do(checked)

    async def _do(self, read: Command) -> str:
        if not read.name.regroups:
            return self._take(read, read.door)
        return self._say(await regroup(self._record, read), read, read.door)

    def _take(self, read: Command | str, door: Door) -> str:
        answer = f"refused: {read}" if isinstance(read, str) else self._obey(read)
        return self._say(answer, read, door if isinstance(read, str) else read.door)

    def synchronised(self, word: Synchronise) -> None:
        """A person acted on this incident in another system. What is so already, such as the echo of what we did there
        ourselves, changes nothing and is not even noted.
        """
        if word.event in self._record.synchronised or not self._is_news(word):
            return
        self._record.synchronised.append(word.event)
        command = Command(name=word.command, who=word.who, door=word.door)
        self._say(self._obey(command), command, word.door)

    def _is_news(self, word: Synchronise) -> bool:
        record = self._record
        if record.over or record.state.closed:
            return False
        if word.command is CommandName.ACK:
            # What they acknowledged there may have become void here since.
            later = record.clock.void_at is None or word.at > record.clock.void_at
            return record.clock.acknowledged_at is None and later
        # We resolve it there when it closes here: the echo of that must not end what was reopened since.
        return record.reopened_at is None or word.at > record.reopened_at

    def unknown(self, name: str) -> None:
        """A signal with a name that nobody listens to, such as a misspelt one: answered, never lost in silence."""
        known = "approve, reject, change, ack, take, snooze, resolve, false_positive, note"
        self._say(f"refused: there is no signal {name[:60]!r}; there are {known}", "", Door.SIGNAL)

    def unreadable(self, name: str, why: str) -> None:
        """Data of a machine's signal that does not fit: dropped, and said."""
        self._say(f"refused: {name}: {why}", "", Door.SIGNAL)

    def _obey(self, command: Command) -> str:
        record, now, who = self._record, workflow.now(), command.actor
        if record.state.closed or (record.over and command.name is not CommandName.NOTE):
            return "refused: the incident is over"
        match command.name:
            case CommandName.ACK:
                record.clock = record.clock.acknowledging(who, now)
            case CommandName.TAKE:
                record.hands_off_by = who
                record.clock = record.clock.acknowledging(who, now)
            case CommandName.SNOOZE:
                return self._snoozed(command)
            case CommandName.NOTE:
                pass  # it changes nothing, and stands in the timeline
            case CommandName.RESOLVE:
                record.ends(person=who)
                record.news = False
            case CommandName.FALSE_POSITIVE:
                record.ends(person=who, false_positive=True)
                record.news = False
            case CommandName.MERGE | CommandName.SPLIT:
                return "refused: it is said by the update `person`, which waits for the answer of another incident"
        return f"accepted: {command.name.words} by {who}" + (f": {command.comment}" if command.comment else "")

    def _snoozed(self, command: Command) -> str:
        """Quiet for a while, never for longer than the policy's longest."""
        record, now = self._record, workflow.now()
        longest = timedelta(minutes=record.opening.policy.snooze_at_most_min)
        lasting = command.lasting or timedelta(0)
        if not timedelta(0) < lasting <= longest:
            return f"refused: a snooze of {length_text(lasting)} is not between 1s and {length_text(longest)}"
        until = now + lasting
        record.clock = record.clock.snoozing(command.actor, now, until)
        said = f"accepted: snoozed until {until:%H:%M:%S} UTC by {command.actor}"
        return said + (f": {command.comment}" if command.comment else "")

    def _say(self, answer: str, read: Command | str, door: Door) -> str:
        record, now = self._record, workflow.now()
        who = "unreadable" if isinstance(read, str) else read.actor
        record.last_decision = f"{now:%H:%M:%S} UTC by {door}: {answer}"
        record.note(now, Kind.PERSON, who, answer)
        record.audited(AuditRow(
            key=f"{record.incident}:person:{record.rows}", incident=record.incident, at=now, actor=who,
            door=door, action="unknown" if isinstance(read, str) else read.name, result=answer,
        ))  # fmt: skip
        return answer
