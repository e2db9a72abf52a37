"""What people tell an incident besides decisions: acknowledge, take over, resolve, false positive."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.approval import Door
    from domain.audit import AuditRow
    from domain.command import Command, CommandName, read_command
    from domain.proof import Word
    from domain.timeline import Kind
    from workflows.proof import objection_to
    from workflows.record import Record


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
        if isinstance(read, str) or read.seal is None:
            return self._take(read, Door.UPDATE)
        word = Word(incident=self._record.incident, said=read.name, who=read.who, door=read.door, comment=read.comment)
        objection = await objection_to(word, read.seal)
        checked = read.model_copy(update={"seal": None, "proven": objection is None})
        if objection is not None:
            return self._say(f"refused: {objection}", checked, checked.door)
        return self._take(checked, checked.door)

    def _take(self, read: Command | str, door: Door) -> str:
        answer = f"refused: {read}" if isinstance(read, str) else self._obey(read)
        return self._say(answer, read, door if isinstance(read, str) else read.door)

    def unknown(self, name: str) -> None:
        """A signal with a name that nobody listens to, such as a misspelt one: answered, never lost in silence."""
        known = "approve, reject, change, ack, take, resolve, false_positive"
        self._say(f"refused: there is no signal {name[:60]!r}; there are {known}", "", Door.SIGNAL)

    def unreadable(self, name: str, why: str) -> None:
        """Data of a machine's signal that does not fit: dropped, and said."""
        self._say(f"refused: {name}: {why}", "", Door.SIGNAL)

    def _obey(self, command: Command) -> str:
        record, now, who = self._record, workflow.now(), command.who
        if record.over or record.state.closed:
            return "refused: the incident is over"
        match command.name:
            case CommandName.ACK:
                record.clock = record.clock.acknowledging(who, now)
            case CommandName.TAKE:
                record.hands_off_by = who
                record.clock = record.clock.acknowledging(who, now)
            case CommandName.RESOLVE:
                record.ends(person=who)
                record.news = False
            case CommandName.FALSE_POSITIVE:
                record.ends(person=who, false_positive=True)
                record.news = False
        return f"accepted: {command.name.words} by {who}" + (f": {command.comment}" if command.comment else "")

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
