"""A plan's target as it stands now, for who decides: what the plan changes, before and after, and nothing else."""

from pydantic import AwareDatetime

from domain.model import Model


class Standing(Model):
    """Read at `at`. `before` and `after` are values that change, `about` what else is worth knowing of the target.

    `also` names what changes too, without values: they may be secret. `objection`: why the plan does not fit what is
    there any more.
    """

    at: AwareDatetime
    before: tuple[str, ...]
    after: tuple[str, ...]
    about: str = ""
    also: tuple[str, ...] = ()
    objection: str | None = None
