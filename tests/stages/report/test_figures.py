"""Figures and their numbers: what is drawn is what the CSV says."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from matplotlib import rc_context

from rantau.stages.report.captions import captions
from rantau.stages.report.facts import DocumentChange
from rantau.stages.report.figures import DRAWINGS, WIDE, all_series, draw
from rantau.stages.report.ink import COLOURS, SETTINGS, inline, wide_letters
from rantau.stages.report.result_series import bin_width, change_per_document
from rantau.stages.report.series import Series
from rantau.stages.report.training_series import smoothed
from rantau.stages.report.wording import ENGLISH, Wording
from tests.stages.report.conftest import Written


def rows_of(whole: Written, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(whole.text(f"figures/{name}.csv"))))


def drawing(whole: Written, name: str):  # type: ignore[no-untyped-def]
    series = next(s for s in all_series(whole.facts) if s.name == name)
    with rc_context(SETTINGS):  # type: ignore[arg-type]
        return DRAWINGS[name](series, WIDE, ENGLISH)


def markers(figure) -> Counter[float]:  # type: ignore[no-untyped-def]
    """Horizontal places of all points that are drawn as a marker."""
    lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    return Counter(float(line.get_xdata()[0]) for line in lines)


@pytest.mark.parametrize(
    ("name", "column"),
    [("bits_per_byte", "bits_per_byte"), ("answers", "value"), ("benchmarks", "value_percent"),
     ("kept", "change_percent"), ("in_context", "gain")],
)  # fmt: skip
def test_points_and_intervals_are_those_of_the_csv(full: Written, name: str, column: str) -> None:
    """Upright lines are what a figure is read against: chance, ceiling, zero."""
    rows, figure = rows_of(full, name), drawing(full, name)
    points = [r for r in rows if r.get("system", "base") in ("base", "adapted")]
    assert markers(figure) == Counter(float(r[column]) for r in points)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    flat = [line for line in lines if line.get_ydata()[0] == line.get_ydata()[1]]
    spans = Counter(tuple(map(float, line.get_xdata())) for line in flat)
    assert spans == Counter((float(r["low"]), float(r["high"])) for r in points)


def test_chance_and_ceiling_are_upright_marks(full: Written) -> None:
    rows, figure = rows_of(full, "answers"), drawing(full, "answers")
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    upright = Counter(float(line.get_xdata()[0]) for line in lines if line.get_xdata()[0] == line.get_xdata()[1])
    assert upright == Counter(float(r["value"]) for r in rows if r["system"] not in ("base", "adapted"))


def test_what_is_at_chance_says_so_in_words(full: Written) -> None:
    drawn = [t.get_text() for t in drawing(full, "benchmarks").axes[0].texts]
    rows = rows_of(full, "benchmarks")
    assert sum("at chance" in text for text in drawn) == sum(r["at_chance"] == "1" for r in rows) == 3


@pytest.mark.parametrize("language", ["eng", "ind", "kor"])
def test_room_is_kept_for_wide_letters(language: str) -> None:
    """Hangul is measured as wide as m, so that no label is cut in the font of a reader."""
    from matplotlib.backends.backend_svg import RendererSVG
    from matplotlib.font_manager import FontProperties

    before = RendererSVG.get_text_width_height_descent
    renderer, font = RendererSVG(100, 100, io.StringIO()), FontProperties(family="DejaVu Sans", size=9)
    text = Wording(language)("chart.base")
    with wide_letters():
        width = renderer.get_text_width_height_descent(text, font, False)[0]
        assert renderer.get_text_width_height_descent("이전", font, False) == before(renderer, "mm", font, False)
    assert RendererSVG.get_text_width_height_descent is before
    if language != "kor":
        assert width == before(renderer, text, font, False)[0]


def test_numbers_on_the_axes_are_written_as_in_the_language(full: Written) -> None:
    series = next(s for s in all_series(full.facts) if s.name == "in_context")
    assert ">0.1<" in draw(series, WIDE)
    indonesian = draw(series, WIDE, Wording("ind"))
    assert ">0,1<" in indonesian and ">0.1<" not in indonesian and ">0,412<" in indonesian


def test_loss_lines_are_those_of_the_csv(whole: Written) -> None:
    rows, figure = rows_of(whole, "training_loss"), drawing(whole, "training_loss")
    for axes, phase in zip(figure.axes, ("read", "talk"), strict=True):
        raw, smooth = axes.lines
        of_phase = [r for r in rows if r["phase"] == phase]
        assert list(raw.get_ydata()) == [float(r["loss_nats"]) for r in of_phase]
        assert list(smooth.get_ydata()) == [float(r["smoothed"]) for r in of_phase]
        assert list(raw.get_xdata()) == [float(r["step"]) for r in of_phase]


def test_bars_are_those_of_the_csv(whole: Written) -> None:
    wide = {"composition": "share_percent", "answer_language": "answers"}
    for name, column in wide.items():
        figure = drawing(whole, name)
        drawn = [bar.get_width() for axes in figure.axes for bar in axes.patches]
        assert drawn == pytest.approx([float(r[column]) for r in rows_of(whole, name)])
    bars = [b for axes in drawing(whole, "change_per_document").axes for b in axes.patches]
    rows = rows_of(whole, "change_per_document")
    assert [b.get_height() for b in bars] == [float(r["documents"]) for r in rows]
    assert [b.get_x() for b in bars] == pytest.approx([float(r["from_percent"]) for r in rows])


def test_asked_shares_are_marked(whole: Written) -> None:
    marks = [line.get_xdata()[0] for axes in drawing(whole, "composition").axes for line in axes.lines]
    assert marks == pytest.approx([float(r["asked_percent"]) for r in rows_of(whole, "composition")])


def test_every_document_is_in_one_bin(whole: Written) -> None:
    counted = Counter[str]()
    for row in rows_of(whole, "change_per_document"):
        counted[row["text"]] += int(row["documents"])
    assert counted == Counter(d.text for d in whole.facts.documents)


def test_zero_is_an_edge_of_the_bins() -> None:
    documents = [DocumentChange("t", str(i), 1.0, 1.0 + c) for i, c in enumerate((-0.05, -0.001, 0.0, 0.04))]
    rows = change_per_document(documents).rows
    assert sum(n for _, low, _, n in rows if low >= 0) == 2
    assert {round(high - low, 6) for _, low, high, _ in rows} == {bin_width([-5, 4])}


def test_bins_are_few_and_round() -> None:
    assert bin_width([-1.0, -1.0]) == 0.1
    assert bin_width([-30.0, 10.0]) == 2.0
    assert bin_width([-4000.0, 10.0]) == 200.0


def test_all_answers_are_in_one_language_group(whole: Written) -> None:
    for system in ("base", "adapted"):
        rows = [r for r in rows_of(whole, "answer_language") if r["system"] == system]
        assert sum(int(r["answers"]) for r in rows) == whole.facts.n_items
        assert [r["answers_in"] for r in rows] == ["Indonesian", "English", "other language", "too short to tell"]


def test_smoothing_starts_at_the_first_value_and_forgets() -> None:
    assert smoothed([4.0, 4.0, 4.0], 2) == pytest.approx([4.0, 4.0, 4.0])
    line = smoothed([1.0, 0.0], 1)
    assert line == pytest.approx([1.0, (0.5 * 1.0 + 0.0) / 1.5])


def test_csv_quotes_what_needs_it() -> None:
    assert Series("x", ("a", "b"), (('1,"2"', 0.1),)).csv == 'a,b\n"1,""2""",0.1\n'


def test_drawing_again_gives_the_bytes_of_the_file(whole: Written) -> None:
    for series in all_series(whole.facts):
        again = draw(series, WIDE)
        assert again == whole.text(f"figures/{series.name}.svg")
        assert "<dc:date>" not in again
        ET.fromstring(again)


def test_axes_name_what_they_show(rich: Written, full: Written) -> None:
    shown = {s.name: rich for s in all_series(rich.facts)} | {s.name: full for s in all_series(full.facts)}
    assert shown.keys() == DRAWINGS.keys()
    for name, report in shown.items():
        assert any(axes.get_xlabel() for axes in drawing(report, name).axes), name


def test_rates_and_held_back_rows_are_those_of_the_csv(rich: Written) -> None:
    rows, figure = rows_of(rich, "learning_rate"), drawing(rich, "learning_rate")
    for axes, phase in zip(figure.axes, ("read", "talk", "prefer"), strict=True):
        (line,) = axes.lines
        assert list(line.get_ydata()) == [float(r["rate_a"]) for r in rows if r["phase"] == phase]
    assert captions(all_series(rich.facts)[-1], rich.facts)[1].endswith("read 16 times and prefer 16 times.")
    rows, (axes,) = rows_of(rich, "held_back"), drawing(rich, "held_back").axes
    measured, kept = axes.lines
    assert list(measured.get_ydata()) == [float(r["bits_per_byte"]) for r in rows]
    assert [(*kept.get_xdata(), *kept.get_ydata())] == [(30, 2.05)]


def test_preferences_are_those_of_the_csv_and_stand_beside_chance(rich: Written) -> None:
    rows, (axes,) = rows_of(rich, "preferred"), drawing(rich, "preferred").axes
    chance, shares, mean = axes.lines
    assert set(chance.get_ydata()) == {50}
    assert list(shares.get_ydata()) == [float(r["preferred_percent"]) for r in rows]
    assert list(mean.get_ydata()) == [float(r["smoothed"]) for r in rows]
    assert {r["phase"] for r in rows} == {"prefer"}


def test_a_loss_of_pairs_stands_beside_ln_2(rich: Written) -> None:
    read, _, prefer = drawing(rich, "training_loss").axes
    assert len(read.lines) == 2
    assert prefer.lines[0].get_ydata()[0] == pytest.approx(0.693147, abs=1e-6)


def test_more_words_save_more_and_the_added_ones_are_marked(rich: Written) -> None:
    (axes,) = drawing(rich, "vocabulary_size").axes
    line, added = axes.lines
    assert list(line.get_xdata()) == [500, 1000, 1875]
    assert list(line.get_ydata()) == pytest.approx([12.1, 16.9, 21.7])
    assert list(added.get_xdata()) == [1875]


@pytest.mark.parametrize(
    ("name", "columns"),
    [("learning_rate", ("phase", "step", "rate_a", "rate_b")), ("training_loss", ("phase", "kind", "step",
      "loss_nats", "smoothed")), ("vocabulary_size", ("words", "saved_percent", "added"))],
)  # fmt: skip
def test_a_curve_of_zeros_can_be_drawn(name: str, columns: tuple[str, ...]) -> None:
    row = tuple({"phase": "one", "kind": "sft", "step": 1, "words": 500}.get(c, 0.0) for c in columns)
    assert "<svg" in draw(Series(name, columns, (row,)), WIDE)


def test_four_phases_stand_in_two_rows(rich: Written) -> None:
    series = next(s for s in all_series(rich.facts) if s.name == "training_loss")
    fourth = tuple(("again", *row[1:]) for row in series.where("phase", "read").rows)
    with rc_context(SETTINGS):  # type: ignore[arg-type]
        figure = DRAWINGS["training_loss"](
            Series(series.name, series.columns, series.rows + fourth), WIDE, ENGLISH
        )
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == ["read", "talk", "prefer", "again"]


def test_inline_drawings_take_their_colours_from_the_page(whole: Written) -> None:
    series = all_series(whole.facts)[0]
    text = inline(draw(series, WIDE), "x", label="y")
    assert not re.search(r"#[0-9a-f]{6}", text)
    assert {f"var(--{c})" for c in ("ink", "base", "adapted")} <= set(re.findall(r"var\(--\w+\)", text))
    assert len(set(COLOURS.values())) == len(COLOURS)
