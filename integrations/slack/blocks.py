"""The layout of messages in Block Kit, within its limits. Whatever comes from outside is escaped before it gets here,
or here.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from domain.approval import Decision
from domain.incident import Outcome
from domain.invisible import one_line
from domain.levels import Risk, Severity
from domain.message import Ask, Link, Message, Moment
from domain.mrkdwn import cut, escaped
from integrations.slack.press import Decide, Press

Block = dict[str, Any]

LONGEST_TEXT = 3_000
LONGEST_FIELD = 2_000
LONGEST_HEADER = 150
LONGEST_BUTTON = 75
LONGEST_CONFIRM = 300
LONGEST_PUSH = 300
_MARKS = {Severity.CRITICAL: "▲", Severity.HIGH: "■", Severity.MEDIUM: "●", Severity.LOW: "○"}
_COLOURS = {
    Severity.CRITICAL: "danger", Severity.HIGH: "warning", Severity.MEDIUM: "#ffcc00", Severity.LOW: "good",
}  # fmt: skip
_OVER = "#8d8d8d"
_BRACKETS = str.maketrans(
    {"<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"}
)
DECIDE, ANSWER, JUDGE = "decide", "answer", "judge"
"""Names of the blocks of buttons, by which they are found again to be taken away."""


def push(text: str) -> str:
    """The one line that phones show. Slack reads mentions and links in it too."""
    return cut(escaped(text), LONGEST_PUSH, "…")


def board_text(message: Message) -> str:
    """What the root says where no blocks are shown."""
    return push(message.headline or message.short)


def board(message: Message) -> tuple[list[Block], list[Block]]:
    """Blocks and attachments of the incident's root: state first, and the colour of its severity."""
    view = message.view
    over = view.state.closed
    head = (
        f"{view.state.upper()} · {view.severity}" if over else f"{_MARKS[view.severity]} {view.severity} · {view.state}"
    )
    body = [_section(message.board or escaped(view.title)), _about(message)]
    colour = _OVER if over else _COLOURS[view.severity]
    return [_header(f"{head} · {view.service}")], [{"color": colour, "fallback": board_text(message), "blocks": body}]


def post(message: Message, mention: str, decide_up_to: Risk) -> list[Block]:
    """Blocks of a message in the thread. `mention` is Slack's own syntax, from a setting."""
    text = message.post or escaped(message.short)
    blocks = [_section(f"{mention} {text}" if mention else text)]
    if message.ask is not None and asks(message):
        blocks += _question(message, message.ask, decide_up_to)
    if calls(message):
        blocks.append(_answers(message))
    if message.moment is Moment.CLOSED and message.view.outcome is not Outcome.MERGED:
        blocks.append(_judgement(message))
    return [*blocks, _about(message)]


def asks(message: Message) -> bool:
    """Does it ask for a decision?"""
    return message.ask is not None and (message.moment is Moment.APPROVAL or message.awaits)


def calls(message: Message) -> bool:
    """Does it call upon people, of whom nobody has answered?"""
    return message.awaits and message.view.clock.acknowledged_at is None and not message.view.state.closed


def without(blocks: Sequence[Block], names: frozenset[str], record: str) -> list[Block]:
    """Those blocks without the named ones, and what became of it in the place of the first."""
    kept: list[Block] = []
    for block in blocks:
        if block.get("block_id") not in names:
            kept.append(block)
        elif record:
            kept.append(_context(record))
            record = ""
    return kept


def _question(message: Message, ask: Ask, decide_up_to: Risk) -> Iterator[Block]:
    yield _section(f"*{cut(escaped(ask.sentence), LONGEST_FIELD)}*")
    yield {"type": "section", "fields": [
        _field("Risk", f"{ask.risk}: {ask.reason}"),
        _field("Undo", ask.undo),
        _field("Plan", ask.digest[:8]),
        _field("Decide by", f"{ask.deadline:%H:%M:%S} UTC"),
    ]}  # fmt: skip
    page = _page(message)
    if decide_up_to.at_least(ask.risk):
        yield _actions(DECIDE, [
            _button(ask.verb, Press(incident=message.incident, digest=ask.digest, decision=Decide.APPROVE), "primary",
                    f"{ask.sentence} Everybody sees that you approved it.", "Yes, do it"),
            _button("Reject", Press(incident=message.incident, digest=ask.digest, decision=Decide.REJECT), "danger",
                    f"Do not do it: {ask.sentence} People are called instead.", "Yes, reject it"),
        ])  # fmt: skip
    elif page is not None:
        opens = {"type": "button", "action_id": "open", "text": _plain("Look at it and decide", LONGEST_BUTTON)}
        yield _actions(DECIDE, [{**opens, "url": page}])
    waiting = message.view.waiting
    who = ", ".join(waiting.approvers) if waiting else ""
    yield _context(escaped(f"May decide: {who or 'nobody is listed as approver'}. A reply here decides nothing."))


def _answers(message: Message) -> Block:
    ack = Press(incident=message.incident, decision=Decide.ACK)
    take = Press(incident=message.incident, decision=Decide.TAKE)
    said = "You take it over: the machine goes on observing and keeping time, and acts no more."
    return _actions(ANSWER, [_button("I look at it", ack), _button("I take it", take, None, said, "Yes, hands off")])


def _judgement(message: Message) -> Block:
    """Was the cause right? Which one it was instead is said on the page, where there is room to choose."""
    diagnosis = message.view.diagnosis
    buttons = [_button("False positive", Press(incident=message.incident, decision=Decide.FALSE_ALARM))]
    if diagnosis is not None and diagnosis.named is not None:
        buttons.insert(0, _button("The cause was right", Press(incident=message.incident, decision=Decide.RIGHT)))
    page = _page(message)
    if page is not None:
        said = {"type": "button", "action_id": "judge", "text": _plain("It was another cause", LONGEST_BUTTON)}
        buttons.append({**said, "url": f"{page}#feedback-region"})
    return _actions(JUDGE, buttons)


def _page(message: Message) -> str | None:
    return next((link.url for link in message.links if link.label == "Page" and _is_web(link.url)), None)


def _about(message: Message) -> Block:
    links = " · ".join(part for part in (_link(link) for link in message.links) if part)
    return _context(" · ".join(part for part in (message.incident, links) if part))


def _link(link: Link) -> str:
    """An address as a link; what is no web address stays out, as nobody can go there."""
    if not _is_web(link.url):
        return ""
    return f"<{quote(link.url, safe=_IN_ADDRESSES)}|{escaped(link.label)}>".replace("&", "&amp;")


_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%-._~"


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and len(url) <= LONGEST_FIELD


def decided(decisions: Sequence[Decision], digest: str, now: datetime) -> str:
    """What became of a plan, for the place where its buttons were."""
    for decision in decisions:
        if digest.startswith(decision.digest):
            claimed = "" if decision.proven else " (claimed)"
            comment = f": {decision.comment}" if decision.comment else ""
            return cut(escaped(f"{decision.who}{claimed} decided by {decision.door}: {decision.verdict}{comment}"), 500)
    return escaped(f"Nothing to decide any more since {now:%H:%M:%S} UTC: nobody decided on this plan.")


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, LONGEST_HEADER)}


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text, LONGEST_TEXT)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text, LONGEST_FIELD)]}


def _field(label: str, text: str) -> Block:
    return _mrkdwn(f"*{label}*\n{escaped(text) or '-'}", LONGEST_FIELD)


def _actions(name: str, buttons: Sequence[Block]) -> Block:
    return {"type": "actions", "block_id": name, "elements": list(buttons)}


def _button(
    text: str, press: Press, style: str | None = None, confirm: str = "", yes: str = ""
) -> Block:  # fmt: skip
    button: Block = {
        "type": "button", "action_id": press.decision.value, "text": _plain(text, LONGEST_BUTTON), "value": press.value,
    }  # fmt: skip
    if style:
        button["style"] = style
    if confirm:
        button["confirm"] = {
            "title": _plain("Are you sure?", 100), "text": _plain(confirm, LONGEST_CONFIRM),
            "confirm": _plain(yes, 30), "deny": _plain("No", 30),
        }  # fmt: skip
    return button


def _plain(text: str, longest: int) -> Block:
    """Slack reads nothing in it but text; without angle brackets, nobody else does either."""
    seen = one_line(text).translate(_BRACKETS)
    return {"type": "plain_text", "text": cut(seen, longest, "…") or "-", "emoji": False}


def _mrkdwn(text: str, longest: int) -> Block:
    """`verbatim`: what looks like an address or a name is not made one."""
    return {"type": "mrkdwn", "text": cut(text, longest) or "-", "verbatim": True}
