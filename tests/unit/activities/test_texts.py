"""Texts that a team may change: what is wrong with one is said when a worker starts, by file and variable."""

from pathlib import Path
from typing import Any

import pytest

from activities.example import EXAMPLES
from activities.messages import compose
from activities.texts import NAMES, OURS, BrokenTemplate, Texts
from config.errors import ConfigError
from config.settings import Settings
from domain.escalation import Reason, Told
from domain.message import Message
from tests.incidents import NOON, a_view
from workers.wiring import checked_texts

TOLD = Told(at=NOON, tier=1, reasons=(Reason.CRITICAL,), awaits=True)


def _with(folder: Path, name: str, text: str) -> Texts:
    (folder / name).write_text(text, encoding="utf-8")
    return Texts(folder)


def _said(texts: Texts, **changes: Any) -> Message:
    return compose(a_view(**changes), TOLD, 1, page=False, texts=texts)


def test_our_own_templates_hold_with_every_example() -> None:
    Texts().check(EXAMPLES)
    assert {path.name for path in OURS.iterdir()} == set(NAMES)


def test_a_teams_file_wins_and_the_others_stay_ours(tmp_path: Path) -> None:
    texts = _with(tmp_path, "short.txt", "{{ severity }}! {{ service }}")
    texts.check(EXAMPLES)
    assert _said(texts).short == "CRITICAL! orders"
    assert _said(texts).subject == _said(Texts()).subject


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("short.txt", "{{ titel }}", "short.txt: there is no variable 'titel'"),
        ("mail.txt", "{% if moment == 'never' %}{{ colour }}{% endif %}", "mail.txt: there is no variable 'colour'"),
        ("slack_post.txt", "{{ ask.sentence.wrong.deeper }}", "slack_post.txt: "),
        ("mail.html", "{% for line in lines %}", "mail.html, line 1: "),
        ("mail_subject.txt", "{{ title | shout }}", "mail_subject.txt, line 1: No filter named 'shout'"),
        ("slack_root.txt", "{{ tier / 0 }}", "slack_root.txt: "),
        ("slak_root.txt", "x", "slak_root.txt: there is no such template"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_variable(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(BrokenTemplate) as broken:
        _with(tmp_path, name, text).check(EXAMPLES)
    assert str(broken.value).startswith(says)


def test_a_worker_with_a_broken_template_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("{{ titel }}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"NIGHTSHIFT_TEMPLATES: short\.txt: there is no variable 'titel'"):
        checked_texts(Settings(NIGHTSHIFT_TEMPLATES=tmp_path))  # pyright: ignore[reportCallIssue] - by its alias
    with pytest.raises(ConfigError, match="is not a folder"):
        checked_texts(Settings(NIGHTSHIFT_TEMPLATES=tmp_path / "gone"))  # pyright: ignore[reportCallIssue]


def test_a_template_that_fails_at_night_costs_its_text_and_not_the_message(tmp_path: Path) -> None:
    """It passes on the examples, whose title has a colon."""
    texts = _with(tmp_path, "short.txt", "{{ title.split(':')[1] }}")
    texts.check(EXAMPLES)
    assert _said(texts, title="no colon").short == _said(Texts(), title="no colon").short


@pytest.mark.parametrize(
    "attack",
    ["{{ title.__class__.__mro__ }}", "{{ lines.append(1) }}", "{{ ''.__class__.__base__.__subclasses__() }}"],
)
def test_a_template_is_no_program(tmp_path: Path, attack: str) -> None:
    with pytest.raises(BrokenTemplate):
        _with(tmp_path, "short.txt", attack).check(EXAMPLES)


def test_values_are_made_harmless_in_a_teams_templates_too(tmp_path: Path) -> None:
    _with(tmp_path, "mail.html", "<p>{{ title }}</p>")
    texts = _with(tmp_path, "slack_post.txt", "*{{ title }}*")
    message = _said(texts, title="<script> <!channel> *x* eve@example.com")
    assert "<script>" not in message.html
    assert message.post == "*&lt;script&gt; &lt;!channel&gt; ∗x∗ &lt;email&gt;*"  # noqa: RUF001 - not asterisks
