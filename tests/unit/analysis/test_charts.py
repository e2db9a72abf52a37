"""A chart shows what was measured and nothing else, and no text of others gets out of its place."""

from xml.etree import ElementTree as ET

import pytest

from analysis.charts import Chart, Point, runs, svg, ticks
from domain.finding import Window
from tests.incidents import NOON, minutes

SVG = "{http://www.w3.org/2000/svg}"
START = NOON.timestamp()


def _chart(points: list[Point], **changes: object) -> Chart:
    facts: dict[str, object] = {
        "title": "orders: 5xx", "reading": "31 % at its worst", "unit": "share", "step_s": 15.0,
        "points": tuple(points),
        "window": Window(start=NOON, end=NOON + minutes(10)), "bound": 0.05,
        "incident": Window(start=NOON + minutes(4), end=NOON + minutes(6)),
    }  # fmt: skip
    return Chart.model_validate({**facts, **changes})


def _drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(svg(chart))  # noqa: S314 - our own output


def _steady(first: int, last: int) -> list[Point]:
    return [(START + 15 * n, 0.1) for n in range(first, last)]


def test_a_gap_is_drawn_as_a_gap() -> None:
    root = _drawn(_chart([*_steady(0, 10), *_steady(20, 30)]))
    lines = root.findall(f"{SVG}polyline")
    assert [len(str(line.get("points")).split()) for line in lines] == [10, 10]


def test_a_point_alone_is_seen_as_a_point() -> None:
    root = _drawn(_chart([*_steady(0, 1), *_steady(20, 22)]))
    assert (len(root.findall(f"{SVG}circle")), len(root.findall(f"{SVG}polyline"))) == (1, 1)


def test_runs_end_where_a_point_is_missing() -> None:
    assert [len(run) for run in runs([*_steady(0, 3), *_steady(5, 6)], 15)] == [3, 1]


def test_the_incident_is_shaded_where_it_was() -> None:
    (shade,) = _drawn(_chart(_steady(0, 40))).findall(f"{SVG}rect")
    plot = 720 - 64 - 12
    assert float(str(shade.get("x"))) == pytest.approx(64 + 0.4 * plot, abs=0.1)
    assert float(str(shade.get("width"))) == pytest.approx(0.2 * plot, abs=0.2)


def test_the_bound_is_a_dashed_line_with_its_value() -> None:
    root = _drawn(_chart(_steady(0, 40)))
    assert len([line for line in root.findall(f"{SVG}line") if line.get("stroke-dasharray")]) == 1
    assert "broken from 0.05" in [text.text for text in root.findall(f"{SVG}text")]
    without = _drawn(_chart(_steady(0, 40), bound=None))
    assert not [line for line in without.findall(f"{SVG}line") if line.get("stroke-dasharray")]


def test_no_points_say_so_instead_of_a_flat_line() -> None:
    root = _drawn(_chart([]))
    assert "no data" in [text.text for text in root.findall(f"{SVG}text")]
    assert root.find(f"{SVG}polyline") is None


def test_higher_values_are_higher_up_and_stay_on_the_page() -> None:
    root = _drawn(_chart([(START, 0.0), (START + 15, 5.0), (START + 30, 2.0)]))
    (line,) = root.findall(f"{SVG}polyline")
    zero, five, two = (float(place.split(",")[1]) for place in str(line.get("points")).split())
    assert 28 <= five < two < zero <= 240 - 28


def test_a_reader_without_eyes_gets_title_and_reading() -> None:
    root = _drawn(_chart(_steady(0, 4)))
    assert [root.findtext(f"{SVG}{tag}") for tag in ("title", "desc")] == ["orders: 5xx", "31 % at its worst"]
    assert root.get("role") == "img"


def test_the_unit_and_the_zone_are_on_the_axes() -> None:
    texts = [text.text or "" for text in _drawn(_chart(_steady(0, 4))).findall(f"{SVG}text")]
    assert "orders: 5xx (share)" in texts
    assert "12:10:00 UTC" in texts


def test_text_of_others_stays_text() -> None:
    root = _drawn(_chart(_steady(0, 4), title='</title><script>alert(1)</script>\x00\x1b"\ud800', unit="<b>"))
    assert {element.tag for element in root.iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "rect", "line", "text", "polyline")
    }
    assert str(root.findtext(f"{SVG}title")).startswith("</title><script>alert(1)</script>")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0.31, [0, 0.1, 0.2, 0.3, 0.4]),
        (0, 100, [0, 50, 100]),
        (-3, 7, [-5, 0, 5, 10]),
        (0, 0, [0, 0.5, 1]),
    ],
)
def test_ticks_are_round_and_cover_everything(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)
