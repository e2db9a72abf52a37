"""A postmortem says what was measured and by what, says what was not, and lets no text of others speak for it."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from activities.postmortem import PostmortemActivities
from activities.postmortem.document import code, link, plain, render
from activities.postmortem.facts import KEY_ROWS, Facts, facts_of
from activities.postmortem.measure import Measure, words
from activities.postmortem.page import body_html
from activities.postmortem.series import draw
from domain.correlation import Link, Relation
from domain.diagnosis import Diagnosis
from domain.finding import Finding, Source
from domain.incident import Outcome
from domain.timeline import Entry, Kind
from domain.view import IncidentView
from integrations.ports import Series, Unavailable
from tests.advice import an_advice
from tests.eventful import ATTEMPT, WINDOW, an_eventful_view
from tests.fakes import FakeMetrics, FakePostmortems
from tests.incidents import NOON, a_view, an_anomaly, minutes

QUERY = 'sum(rate(http_errors{service="orders"}[1m]))'
HEADINGS = [
    "1. In thirty seconds", "2. Impact", "3. Timeline", "4. Detection and response", "5. Root cause",
    "6. What was tried", "7. What went well, what did not, where we were lucky", "8. What surprised us",
    "9. Follow-ups", "10. How the machine did", "11. Evidence",
]  # fmt: skip


def _metrics() -> FakeMetrics:
    """0.1 % before the onset, 31 % for three minutes, then nothing."""
    points = [(NOON.timestamp() + 15 * n, 0.001 if n < -4 else 0.31 if n < 8 else 0.0) for n in range(-124, 74)]
    metrics = FakeMetrics()
    metrics.ranges[QUERY] = [Series(labels={"service": "orders"}, points=tuple(points))]
    return metrics


def _facts(view: IncidentView | None = None, metrics: FakeMetrics | None = None) -> Facts:
    view = view or an_eventful_view()
    return facts_of(view, draw(view, metrics or _metrics()), draft=True)


def _section(markdown: str, number: int) -> str:
    return markdown.split(f"\n## {number}. ")[1].split("\n## ", maxsplit=1)[0]


def _rows(section: str) -> list[list[str]]:
    """The cells of the section's tables, without their heads."""
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


class _Read(HTMLParser):
    """What a browser would make of it: tags, targets of links, cells of each row, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.cells: list[int] = []
        self.headings: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag == "tr":
            self.cells.append(0)
        if tag in {"td", "th"}:
            self.cells[-1] += 1
        if tag == "h2":
            self.headings.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1] == "h2" and self.headings:
            self.headings[-1] = (self.headings[-1] + data).strip()


def _read(markdown: str, charts: dict[str, str] | None = None) -> _Read:
    return _Read(body_html(markdown, charts or {}))


# -- every number has a source ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", [2, 4, 10])
def test_every_number_says_what_measured_it_and_every_missing_one_says_why(section: int) -> None:
    rows = _rows(_section(render(_facts()), section))
    assert len(rows) >= 8
    for name, value, source in rows:
        assert value, name
        assert len(source) >= 10, f"{name} has no source: {source!r}"


def test_a_measure_without_a_source_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="has none"):
        Measure(name="Affected users", value="12,000", source=" ")


def test_times_are_differences_of_recorded_moments() -> None:
    view = an_eventful_view()
    spans = {m.name: m.number for m in _facts(view).times}
    executed = view.attempts[0].executed
    assert executed is not None
    assert view.recovered_at is not None
    assert spans == {
        "Time to detect (MTTD)": (view.opened_at - view.onset).total_seconds() + 30.0,
        "Alert to incident": (view.opened_at - view.onset).total_seconds(),
        "First sign before the alert": 30.0,
        "Time to a diagnosis": pytest.approx(60 + 0.62 * 60),
        "Time to the first action": (executed.started_at - view.onset).total_seconds(),
        "Time to acknowledge (MTTA)": pytest.approx(3.98 * 60),
        "Time to recover": (view.recovered_at - view.onset).total_seconds(),
        "Time to recover from detection (MTTR)": (view.recovered_at - view.opened_at).total_seconds(),
    }


def test_what_did_not_happen_has_no_time() -> None:
    facts = _facts(a_view())
    assert {m.name: m.source for m in facts.times if m.value is None} == {
        "Time to detect (MTTD)": "no finding that speaks for a named cause says when it began",
        "First sign before the alert": "no clear finding has an onset before the first alert's",
        "Time to a diagnosis": "no diagnosis was made",
        "Time to the first action": "no action was executed",
        "Time to acknowledge (MTTA)": "nobody was called upon",
        "Time to recover": "no recovery was seen",
        "Time to recover from detection (MTTR)": "no recovery was seen",
    }


def test_a_sign_that_hardly_speaks_for_the_cause_is_no_first_sign() -> None:
    diagnosis = an_eventful_view().diagnosis
    assert diagnosis is not None
    first = diagnosis.hypotheses[0]
    faint = tuple(c.model_copy(update={"bits": 0.1}) for c in first.contributions)
    unsure = diagnosis.model_copy(update={"hypotheses": (first.model_copy(update={"contributions": faint}),)})
    assert _facts(an_eventful_view(diagnosis=unsure)).times[2].value is None


def test_without_a_named_cause_a_sign_counts_by_its_own_strength() -> None:
    facts = _facts(an_eventful_view(diagnosis=None))
    assert (facts.times[2].number, facts.times[2].source) == (
        30.0, "from the onset in finding F2 to the first alert's start",
    )  # fmt: skip


def test_a_detection_time_that_nobody_measured_did_not_go_well() -> None:
    assert "Time to detect" in _section(render(_facts()), 7)
    assert "Time to detect" not in _section(render(_facts(an_eventful_view(diagnosis=None))), 7)


def test_an_onset_before_what_was_looked_at_does_not_count() -> None:
    early = tuple(
        f.model_copy(update={"onset": f.window.start - minutes(1)}) if f.onset else f
        for f in an_eventful_view().findings
    )
    assert _facts(an_eventful_view(findings=early)).times[0].value is None


def test_a_query_that_several_findings_share_is_shown_once() -> None:
    view = an_eventful_view()
    same = tuple(f.model_copy(update={"query": "the one query"}) for f in view.findings)
    markdown = render(_facts(view.model_copy(update={"findings": same})))
    assert markdown.count("`the one query`") == 1
    assert markdown.count("the query of F1") == 3


def test_impact_is_read_from_the_series_itself() -> None:
    values = {m.name: m.number for m in _facts().impact if m.unit == "ratio"}
    assert values == {
        "orders: HighErrorRatio on average before the onset": pytest.approx(0.001),
        "orders: HighErrorRatio at its worst (11:59:00 UTC)": 0.31,
        "orders: HighErrorRatio on average while it lasted": pytest.approx(12 / 18 * 0.31, rel=0.02),
        "orders: HighErrorRatio at the end (12:18:15 UTC)": 0.0,
    }


@pytest.mark.parametrize(
    ("recovered", "said"),
    [
        (3.4, "kept, 11 min 36 s before it passed"),
        (15.0, "kept, 0 s before it passed"),
        (17.0, "missed by 2 min"),
        (None, "missed: it passed at 2026-01-31 12:15:00 UTC without a recovery"),
    ],
)
def test_the_target_is_kept_or_missed_by_the_clock(recovered: float | None, said: str) -> None:
    at = None if recovered is None else NOON + minutes(recovered)
    assert _facts(an_eventful_view(recovered_at=at)).target.shown == said


def test_users_and_revenue_are_not_measured_and_never_invented() -> None:
    section = _section(render(_facts()), 2)
    assert "| Affected users | not measured | no query for users is configured |" in section
    assert "| Revenue lost | not measured | no query for revenue is configured |" in section


# -- sources that are away -------------------------------------------------------------------------------------------


def test_without_metrics_it_is_written_all_the_same_and_says_what_it_lacks() -> None:
    view = an_eventful_view()
    markdown = render(facts_of(view, draw(view, None), draft=True))
    assert "No chart: no metric source is configured." in markdown


def test_a_metric_source_that_is_down_is_named_with_its_words() -> None:
    metrics = _metrics()
    metrics.error = Unavailable("Prometheus does not answer")
    markdown = render(_facts(metrics=metrics))
    assert "No chart: the metric source said: Prometheus does not answer." in markdown


def test_a_query_without_points_is_no_flat_line() -> None:
    (drawn,) = draw(an_eventful_view(), FakeMetrics())
    assert (drawn.svg, drawn.missing) == (None, "the query returned no points in the window")


def test_only_the_alerts_own_series_is_drawn() -> None:
    metrics = _metrics()
    other = Series(labels={"service": "search"}, points=((NOON.timestamp(), 0.99),))
    metrics.ranges[QUERY] = [other, *metrics.ranges[QUERY]]
    worst = [m.number for m in _facts(metrics=metrics).impact if "at its worst" in m.name]
    assert worst == [0.31]


# -- for people ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_all_sections_are_there_however_it_ended(outcome: Outcome | None) -> None:
    for view in (a_view(outcome=outcome), an_eventful_view(outcome=outcome)):
        assert _read(render(_facts(view))).headings == HEADINGS


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_the_summary_is_three_paragraphs_of_whole_sentences(outcome: Outcome | None) -> None:
    paragraphs = _facts(an_eventful_view(outcome=outcome)).summary
    assert len(paragraphs) == 3
    for paragraph in paragraphs:
        assert paragraph.endswith(".")
        assert "None" not in paragraph
        assert ".." not in paragraph


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_there_are_three_to_five_follow_ups_each_with_owner_date_and_measure(outcome: Outcome | None) -> None:
    for view in (a_view(outcome=outcome), an_eventful_view(outcome=outcome)):
        items = _facts(view).follow_ups
        assert 3 <= len(items) <= 5
        assert [item.priority for item in items] == sorted(item.priority for item in items)
        assert all(item.owner == "to be named" and "within" in item.due and item.measure for item in items)


def test_the_first_follow_up_names_what_was_found() -> None:
    first = _facts().follow_ups[0]
    assert first.text.startswith("Give nightly-report (role reporter) a connection limit of its own in database/orders")
    assert (first.priority, first.kind) == ("P1", "prevent")


def test_without_a_named_cause_the_first_thing_is_to_find_it() -> None:
    unsure = Diagnosis(confidence=0.3, confidence_reason="little was seen", look_next=("look at the locks",))
    first = _facts(an_eventful_view(diagnosis=unsure)).follow_ups[0]
    assert first.text == "Find the cause by hand, beginning here: look at the locks"


def test_what_came_back_is_first_of_all_a_promise_not_kept() -> None:
    back = Link(relation=Relation.RECURRENCE, previous="INC-20260130-000009", reason="it is back")
    texts = [item.text for item in _facts(an_eventful_view(link=back)).follow_ups]
    assert "Finish what was promised after INC-20260130-000009" in texts


def test_an_action_that_did_not_hold_asks_why() -> None:
    failed = ATTEMPT.model_copy(update={"held": False})
    texts = [item.text for item in _facts(an_eventful_view(attempts=(failed,))).follow_ups]
    assert "Find out why KILL_CONNECTIONS did not help, and correct its rule" in texts


def test_a_message_that_arrived_at_the_second_try_is_no_dead_channel() -> None:
    view = an_eventful_view()
    late = view.deliveries[1].model_copy(update={"delivered": True})
    lost, arrived = view, view.model_copy(update={"deliveries": (*view.deliveries, late)})
    texts = [" ".join(item.text for item in _facts(v).follow_ups) for v in (lost, arrived)]
    assert ["slack" in text for text in texts] == [True, False]


def test_it_is_a_draft_until_a_person_signs() -> None:
    view = an_eventful_view()
    assert "**Draft, not reviewed.**" in render(_facts(view))
    signed = render(facts_of(view, (), draft=False))
    assert "Draft" not in signed
    assert "**still open**" in render(_facts(a_view()))


def test_the_machine_leaves_the_lessons_to_people() -> None:
    markdown = render(_facts())
    for number in (7, 8):
        boxes = [line for line in _section(markdown, number).splitlines() if line.startswith("- ")]
        assert boxes
        assert all(line.startswith("- [ ] ") for line in boxes)


# -- the timeline ----------------------------------------------------------------------------------------------------


def _entries(count: int, kind: Kind, first: int = 1) -> tuple[Entry, ...]:
    return tuple(
        Entry(seq=first + n, at=NOON + minutes(n), kind=kind, actor="nightshift", text=f"row {first + n}")
        for n in range(count)
    )


def test_a_short_timeline_is_told_whole() -> None:
    facts = _facts(an_eventful_view(timeline=_entries(KEY_ROWS, Kind.FINDING)))
    assert (len(facts.timeline), facts.timeline_rest) == (KEY_ROWS, {})


def test_of_a_long_one_the_twenty_rows_that_decided_it_are_told_and_the_rest_is_counted() -> None:
    timeline = (*_entries(300, Kind.NOTE), *_entries(30, Kind.ACTION, first=301), *_entries(1, Kind.STATE, first=331))
    facts = _facts(an_eventful_view(timeline=timeline))
    assert len(facts.timeline) == KEY_ROWS
    assert [facts.timeline[0].seq, facts.timeline[-1].seq] == [1, 331]
    assert [entry.seq for entry in facts.timeline] == sorted(entry.seq for entry in facts.timeline)
    assert facts.timeline_rest == {"action": 12, "note": 299}
    assert "action 12, note 299" in render(facts)


# -- hostile text ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "![pixel](http://evil.example/p.png) [click](javascript:alert(1)) [ref]: http://evil.example",
    "<http://evil.example> http://evil.example www.evil.example mia@evil.example",
    "cell | another | third\n| row | of | its own |",
    "line\r\n\r\n# 1. A heading of mine\n\n## 12. Another\n- [x] done\n> said\n```\ncode",
    "*bold* _thin_ `tick` ``two`` ~~gone~~ &lt;b&gt; $x$ \\| \\",
    "\u202eright to left\u202c \u200bhidden \x00 \x1b[31m",
    "1. first\n2. second",
    "{{ facts }} {% raw %} {name} %s %(x)s",
    "A" * 300,
)


def _hostile_view(text: str) -> IncidentView:
    finding = Finding(
        id="F1", source=Source.LOGS, kind="error_template", service=text, title=text, strength=5, unit=text, value=1.0,
        window=WINDOW, query=text, link=f"javascript:{text}", facts={"role": text},
    )  # fmt: skip
    diagnosis = an_eventful_view().diagnosis
    assert diagnosis is not None
    first = diagnosis.hypotheses[0].model_copy(update={"sentence": text, "service": text})
    anomaly = an_anomaly(
        title=text, name=text, service=text, unit=text, source=text, expression=f"up{{a='{text}'}} > 1"
    )
    row = Entry(seq=1, at=NOON, kind=Kind.PERSON, actor=text, text=text, ref=text)
    return an_eventful_view(
        advice=an_advice(text, said=text, model=text, dropped=(text,)),
        title=text, service=text, services=(text,), severity_reasons=(text,), findings=(finding,), anomalies=(anomaly,),
        diagnosis=diagnosis.model_copy(update={"hypotheses": (first,), "causal_chain": (text,), "look_next": (text,)}),
        timeline=(row,), runbook=text, page_url=f"http://x.example/ {text}", temporal_url="https://t.example/run",
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_others_becomes_markup(text: str) -> None:
    facts = _facts(_hostile_view(text))
    calm = _read(render(_facts(_hostile_view("calm"))))
    read = _read(render(facts))
    assert read.tags == calm.tags
    assert read.cells == calm.cells
    assert read.headings == HEADINGS
    assert read.targets == ["https://t.example/run"]


def test_what_a_model_said_is_told_with_what_it_cites_and_what_it_cost() -> None:
    root_cause = _section(render(_facts(an_eventful_view(advice=an_advice("the pool is full")))), 5)
    assert "(rig-mind) was asked as well: agrees with the ranking: connection pool at orders" in plain_again(root_cause)
    assert "in its words, on connection_pool at orders: the pool is full (F1, M1)" in plain_again(root_cause)
    assert "All that cost $0.0123 for 4,200 tokens." in plain_again(root_cause)
    assert "language model" not in _section(render(_facts()), 5)


def plain_again(markdown: str) -> str:
    return markdown.replace("\\", "")


def test_a_bar_does_not_cut_a_cell() -> None:
    """Browsers drop the cells that a row has too many, and with them what they said."""
    barred, calm = (_read(render(_facts(_hostile_view(text)))).text for text in ("a | b", "calm"))
    assert barred.count("a | b") == calm.count("calm") > 20


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_chart_of_a_hostile_alert_is_harmless(text: str) -> None:
    anomaly = an_anomaly(title=text, name=text, service=text, unit=text, labels={"service": "orders"})
    facts = _facts(an_eventful_view(anomalies=(anomaly,)))
    drawn = facts.charts[0]
    assert drawn.svg is not None
    assert drawn.file is not None
    read = _read(render(facts), {drawn.file: drawn.svg})
    assert {"script", "img", "iframe"}.isdisjoint(read.tags)
    assert "polyline" in read.tags


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://a b",
        "http://a>\n[x](y",
        "//evil.example",
        "http://a\\b",
        "ftp://x",
    ],
)
def test_an_address_that_is_no_plain_http_is_never_a_link(address: str) -> None:
    assert _read(link(address, "open")).targets == []


def test_an_address_that_is_fine_is_a_link_that_gives_nothing_away() -> None:
    html = body_html(link("https://grafana.example/d/1?a=b&c=(d)", "open"), {})
    assert 'href="https://grafana.example/d/1?a=b&amp;c=(d)"' in html
    assert 'rel="noopener noreferrer"' in html


@pytest.mark.parametrize("query", ['rate(a{b="`c`"}[1m])', "``", "` `", "a\nb", "``` x", "trailing `"])
def test_a_query_is_shown_as_it_is(query: str) -> None:
    read = _read(f"before {code(query)} after")
    assert read.tags == ["p", "code"]
    assert read.text.strip() == f"before {' '.join(query.split())} after"


def test_plain_text_reads_as_it_was_written() -> None:
    text = r"a_b *c* [d](e) <f> #g |h| ~i~ `j` \k & l! 0.5 1.2.3 -x"
    assert _read(f"x {plain(text)}").text.strip() == f"x {text}"


# -- writing ---------------------------------------------------------------------------------------------------------


def _write(folder: Path | None, view: IncidentView | None = None) -> tuple[FakePostmortems, str]:
    store = FakePostmortems()
    return store, PostmortemActivities(store, _metrics(), folder).write(view or an_eventful_view(), True)


def test_the_text_its_charts_and_its_facts_lie_beside_each_other(tmp_path: Path) -> None:
    store, where = _write(tmp_path / "postmortems")
    incident = an_eventful_view().incident
    kept = store.get(incident)
    assert kept is not None
    written = Path(where)
    assert written == tmp_path / "postmortems" / f"{incident}.md"
    assert written.read_text(encoding="utf-8") == kept[0]
    assert sorted(path.name for path in written.parent.iterdir()) == [
        f"{incident}-1.svg", f"{incident}.html", f"{incident}.json", f"{incident}.md",
    ]  # fmt: skip
    assert f"![orders: HighErrorRatio]({incident}-1.svg)" in kept[0]
    assert json.loads((written.parent / f"{incident}.json").read_text(encoding="utf-8")) == kept[1]
    assert "<svg" in (written.parent / f"{incident}.html").read_text(encoding="utf-8")


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    first, _ = _write(tmp_path)
    before = contents()
    again, _ = _write(tmp_path)
    assert contents() == before
    assert again.all == first.all


def test_the_digest_in_the_text_is_that_of_the_facts() -> None:
    facts = _facts()
    assert f"SHA-256 `{facts.digest}`" in render(facts)
    other = _facts(an_eventful_view(failing_share=0.32))
    assert other.digest != facts.digest


def test_facts_read_back_from_json() -> None:
    facts = _facts()
    assert Facts.model_validate_json(facts.model_dump_json()) == facts


def test_without_a_folder_it_is_in_the_store() -> None:
    store, where = _write(None)
    assert where == "the store, under INC-20260131-000001"
    assert store.writes == 1


def test_a_folder_that_cannot_be_written_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    store, where = _write(tmp_path / "file")
    assert where.startswith("the store, under INC-20260131-000001 (")
    assert "could not be written" in where
    assert store.writes == 1


def test_an_incident_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name for a file"):
        _write(tmp_path, an_eventful_view(incident="../../etc/cron"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (271, "4 min 31 s"), (7_500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert words(minutes(seconds / 60)) == said
