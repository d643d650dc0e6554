"""What chains, sweeps and cold starts cost, in counts that are the same on every machine, against the bars."""

from __future__ import annotations

from typing import Any

import pytest

from backup_simulator import World
from bench.bars import BARS, Bar
from bench.loads import LOADS, Measured
from bench.meter import Meter
from bench.stages import measured_stage


def above(load: str, measured: Measured) -> list[str]:
    """A sentence for each figure that is above its bar, with where to look, and what the figure consists of."""
    return [said(each, measured) for each in BARS if each.load == load and measured.figures[each.figure] > each.bar]


def said(bar: Bar, measured: Measured) -> str:
    figure = measured.figures[bar.figure]
    largest = sorted(measured.itemised.items(), key=lambda each: -each[1])[:12]
    parts = ", ".join(f"{name} {count:g}" for name, count in largest) or "nothing is itemised"
    return (
        f"{bar.figure} of {bar.load!r} is {figure:g}; the bar in bench/bars.py is {bar.bar:g}. "
        f"Look at {bar.where}. It consists of: {parts}."
    )


@pytest.mark.parametrize("load", LOADS)
def test_no_figure_of_a_load_is_above_its_bar(load: str) -> None:
    found = above(load, LOADS[load]())

    assert not found, "\n".join(found)


def test_every_load_has_bars_and_no_bar_is_of_another_load() -> None:
    assert {each.load for each in BARS} == set(LOADS)
    assert len({(each.load, each.figure) for each in BARS}) == len(BARS)


def test_a_figure_above_its_bar_is_named_with_the_bar_and_where_to_look() -> None:
    bar = next(each for each in BARS if each.figure == "reads")
    more = Measured(
        {each.figure: each.bar for each in BARS if each.load == bar.load} | {"reads": bar.bar + 1}, {"x": 2}
    )

    (sentence,) = above(bar.load, more)

    assert f"reads of {bar.load!r} is {bar.bar + 1:g}; the bar in bench/bars.py is {bar.bar:g}" in sentence
    assert bar.where in sentence
    assert "x 2" in sentence


def test_what_is_called_outside_of_a_function_is_not_counted() -> None:
    stage, database, meter = measured_stage(World())
    keys: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    database.call("PutItem", {"TableName": stage.main.ref("Chains"), "Item": keys})

    assert isinstance(meter, Meter)
    assert meter.so_far() == {}
