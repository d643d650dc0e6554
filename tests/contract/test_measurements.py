"""The page of measurements is what the kept results make, and its charts are plain drawings."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from bench import head_to_head
from bench.charts import Value, bar_chart
from bench.goals import GOALS, Goal
from bench.page import BESIDE, KEPT, PAGE, charts_of, kept_results, page_of
from bench.second_hops import NIGHTS, Way


def test_the_page_is_made_from_the_kept_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_of(kept_results()), "run: make measurements"


def test_the_page_that_compares_is_made_from_the_kept_results() -> None:
    page = head_to_head.page_of(kept_results()["head_to_head"])

    assert BESIDE.read_text(encoding="utf-8") == page, "run: make measurements"


def test_the_kept_comparison_has_every_way_in_every_night_for_every_seed() -> None:
    runs = kept_results()["head_to_head"]["runs"]
    found = [(each["night"], each["way"], each["seed"]) for each in runs]

    assert found == [(night.name, way, seed) for night in NIGHTS for way in Way for seed in head_to_head.SEEDS]


def test_the_charts_are_made_from_the_kept_results() -> None:
    charts = charts_of(kept_results())
    found = {path.stem: path.read_text(encoding="utf-8") for path in KEPT.parent.glob("*.svg")}

    assert found == charts, "run: make measurements"
    assert len(charts) >= 4


def test_every_goal_names_a_command_that_exists() -> None:
    modules = {goal.command.removeprefix("python -m ") for goal in GOALS}

    assert [name for name in modules if find_spec(name) is None] == []


@pytest.mark.parametrize("goal", GOALS, ids=[goal.words for goal in GOALS])
def test_a_figure_that_was_not_measured_is_said_to_be_missing(goal: Goal) -> None:
    assert f"| {goal.words} | not measured |" in page_of({})


def test_a_chart_is_a_drawing_without_scripts_and_shows_the_goal() -> None:
    chart = bar_chart("reads & <writes>", [Value("a night", 4), Value("a burst", 2)], goal=1)

    assert "reads &amp; &lt;writes&gt;" in chart
    assert "goal 1" in chart
    assert "<script" not in chart
    assert chart.count("<rect") == 3
