"""The audit log: who or what did something, by which door, and what it changed. Append-only."""

from pydantic import AwareDatetime

from domain.model import Model


class AuditRow(Model):
    """One fact. `key` makes writing it twice the same as writing it once; `actor` is a person or a role of ours."""

    key: str
    incident: str
    at: AwareDatetime
    actor: str
    door: str
    action: str
    target: str = ""
    before: dict[str, str | int | float] = {}
    after: dict[str, str | int | float] = {}
    result: str
    affected: int | None = None
    digest: str | None = None
