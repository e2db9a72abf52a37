"""The templates of all messages: ours, and those of a folder whose files win. Checked before anybody relies on them."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2 import select_autoescape as html_only
from jinja2.sandbox import ImmutableSandboxedEnvironment

from analysis.redaction import private
from domain.mrkdwn import escaped

OURS = Path(__file__).parent / "templates"
SHORT, SUBJECT, MAIL_TEXT, MAIL_HTML = "short.txt", "mail_subject.txt", "mail.txt", "mail.html"
BOARD, POST = "slack_root.txt", "slack_post.txt"
NAMES = (SHORT, SUBJECT, MAIL_TEXT, MAIL_HTML, BOARD, POST)
_SLACK = frozenset({BOARD, POST})


_log = logging.getLogger(__name__)


class BrokenTemplate(ValueError):
    """A template that cannot be used. The text names the file, and the variable or line."""


class Texts:
    """Renders by name. `folder`: templates of the team, by the same names; what is not there is ours.

    Sandboxed, since a template is a text of a configuration and not a program. HTML and Slack's mrkdwn are escaped
    wherever a value is put in, so no template has to think of it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise BrokenTemplate(f"{str(folder)!r} is not a folder")
        self._folder = folder
        self._plain = _environment(folder, autoescape=html_only(["html"]))
        self._slack = _environment(folder, autoescape=False, finalize=_for_slack)

    def render(self, name: str, facts: Mapping[str, Any]) -> str:
        """With a template of the team that fails on these facts after all, ours is used: people have to be told."""
        try:
            return self._rendered(name, facts)
        except BrokenTemplate as broken:
            if self._folder is None:
                raise
            _log.warning("a template failed, ours is used instead: %s", broken)
            return our_texts().render(name, facts)

    def _rendered(self, name: str, facts: Mapping[str, Any]) -> str:
        try:
            return self._of(name).get_template(name).render(facts)
        except TemplateError as error:
            raise BrokenTemplate(f"{name}: {error.message}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise BrokenTemplate(f"{name}: {error}") from error

    def check(self, examples: Sequence[Mapping[str, Any]]) -> None:
        """Every template, with each of these facts. Raises BrokenTemplate for the first that is wrong."""
        self._strangers()
        for name in NAMES:
            self._unknown_variables(name, examples[0])
            for facts in examples:
                self._rendered(name, facts)

    def _strangers(self) -> None:
        """A file with a misspelt name would change nothing, and nobody would know why."""
        for path in sorted(self._folder.iterdir()) if self._folder else ():
            if path.suffix in {".txt", ".html"} and path.name not in NAMES:
                raise BrokenTemplate(f"{path.name}: there is no such template; there are {', '.join(NAMES)}")

    def _unknown_variables(self, name: str, facts: Mapping[str, Any]) -> None:
        """Also in branches that no example takes."""
        environment = self._of(name)
        assert environment.loader is not None  # noqa: S101 - _environment sets it
        try:
            source, _, _ = environment.loader.get_source(environment, name)
            unknown = meta.find_undeclared_variables(environment.parse(source)) - facts.keys()
        except TemplateSyntaxError as error:
            raise BrokenTemplate(f"{name}, line {error.lineno}: {error.message}") from error
        except (TemplateError, UnicodeDecodeError) as error:
            raise BrokenTemplate(f"{name}: {error}") from error
        if unknown:
            known = ", ".join(sorted(facts))
            raise BrokenTemplate(f"{name}: there is no variable {sorted(unknown)[0]!r}; there are {known}")

    def _of(self, name: str) -> ImmutableSandboxedEnvironment:
        return self._slack if name in _SLACK else self._plain


@cache
def our_texts() -> Texts:
    """The templates that come with Nightshift."""
    return Texts()


def _environment(folder: Path | None, **more: Any) -> ImmutableSandboxedEnvironment:  # noqa: ANN401 - jinja's own
    folders = [OURS] if folder is None else [folder, OURS]
    return ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(each) for each in folders]),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **more,
    )  # fmt: skip


def _for_slack(value: object) -> str:
    return escaped(private(str(value)))
