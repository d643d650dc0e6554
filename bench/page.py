"""Writes docs/measurements.md with its charts, docs/head-to-head.md and docs/scale.md, from the kept results.

Run: python -m bench.page. It takes what build/bench has into the results in docs/measurements/results.json, and leaves
the others as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench import head_to_head
from bench.charts import Value, bar_chart
from bench.goals import BURST_SIZES, GOALS, Goal
from bench.results import FOLDER
from bench.scale import PAGE as SCALE_PAGE
from bench.scale import scale_page_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "measurements.md"
BESIDE = ROOT / "docs" / "head-to-head.md"
KEPT = ROOT / "docs" / "measurements" / "results.json"
FIGURES = {
    "messages": ("Messages to the actor for a chain", 8),
    "reads": ("Reads of DynamoDB for a chain", 10),
    "items_written": ("Items written for a chain", 8),
    "write_units": ("Write units for a chain", 30),
}
INTRODUCTION = """# Measurements

What Second Hop costs, counted and measured on the simulator with the real functions and adapters. The table of
DynamoDB is an in-memory one that counts capacity by the published rules. `make bench` repeats all measures, and
`make measurements` writes this page from their results. Do not change it by hand.

Counts are the same on every machine; tests hold them (`bench/bars.py`). Times depend on the machine, and no test uses
them. Processor time is that of one core, and it grows with the load of the machine, up to several times.

{machines}

## Goals

| figure | measured | goal | reached | repeat it with |
|---|---|---|---|---|
"""


def kept_results() -> dict[str, Any]:
    """The results that the page is made from."""
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return found


def newest_results() -> dict[str, Any]:
    """The kept results, with those of build/bench in their place."""
    newest = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    return dict(sorted((kept_results() | newest).items()))


def page_of(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    lines = [INTRODUCTION.format(machines=_machines(results))]
    lines += [_row(goal, results) for goal in GOALS]
    lines += ["\n## Quiet nights\n\n", *_nights(results), "\n## Bursts\n\n", *_bursts(results)]
    lines += [f"\n![{FIGURES[name][0]}](measurements/{name}.svg)\n" for name in charts_of(results) if name in FIGURES]
    lines += ["\n## History and sweeps\n\n", *_history(results), "\n", *_sweeps(results)]
    return "".join(lines)


def _machines(results: Mapping[str, Any]) -> str:
    """Where each result is from."""
    rows = [f"| {name} | {result.get('machine', 'not kept')} |" for name, result in results.items()]
    return "\n".join(["| measure | machine |", "|---|---|", *rows])


def _row(goal: Goal, results: Mapping[str, Any]) -> str:
    sign = "at least" if goal.is_at_least else "at most"
    try:
        figure = goal.value(results)
    except (KeyError, ValueError):
        return f"| {goal.words} | not measured | {sign} {goal.reach:g} | | `{goal.command}` |\n"
    is_reached = "yes" if goal.is_reached_by(figure) else "no"
    return f"| {goal.words} | {figure:g} | {sign} {goal.reach:g} | {is_reached} | `{goal.command}` |\n"


COUNTED = ("messages", "aws_backup_calls", "reads", "items_written", "read_units", "write_units")
HEAD = "messages | AWS Backup calls | reads | items written | read units | write units"


def _counted(figures: Mapping[str, float]) -> str:
    return " | ".join(f"{figures[name]:g}" for name in COUNTED)


def _nights(results: Mapping[str, Any]) -> Iterator[str]:
    if "calls" not in results:
        return
    yield "The actor, for each finished chain: 20 databases, 8 of them RDS instances.\n\n"
    yield f"| topology, night | {HEAD} |\n|---|---|---|---|---|---|---|\n"
    for night in results["calls"]["nights"]:
        yield f"| {night['topology']}, {night['night']} | {_counted(night['actor'])} |\n"
    yield "\nThe sweep, for each of its invocations in the same nights.\n\n"
    yield f"| topology, night | {HEAD} |\n|---|---|---|---|---|---|---|\n"
    for night in results["calls"]["nights"]:
        yield f"| {night['topology']}, {night['night']} | {_counted(night['sweep'])} |\n"
    yield "\nEvery operation of the actor, for each chain.\n\n"
    nights = results["calls"]["nights"]
    yield "| operation | " + " | ".join(f"{each['topology']}, {each['night']}" for each in nights) + " |\n"
    yield "|---|" + "---|" * len(nights) + "\n"
    for name in sorted({name for each in nights for name in each["actor_itemised"] if ":" in name}):
        yield f"| {name} | " + " | ".join(f"{each['actor_itemised'].get(name, 0):g}" for each in nights) + " |\n"


def _found_bursts(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [value for name, value in results.items() if name.startswith("burst-")]
    return sorted(found, key=lambda each: int(each["points"]))


def _bursts(results: Mapping[str, Any]) -> Iterator[str]:
    yield f"Points that arrive within an hour, for each chain: {', '.join(map(str, BURST_SIZES))}.\n\n"
    yield f"| points | {HEAD} | chains for each second |\n|---|---|---|---|---|---|---|---|\n"
    for each in _found_bursts(results):
        yield f"| {each['points']} | {_counted(each['actor'])} | {each['chains_per_processor_second']:g} |\n"
    yield "\nThe ideal scheduler starts copies in the order of arrival, and gets the same events as late.\n\n"
    yield "| points, type | jobs | most at once | hours | of the ideal | of the bound | the bound is |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for each in _found_bursts(results):
        for kind, found in each["schedule"].items():
            bound = "the longest job" if found["bound_is_the_longest_job"] else "all jobs on all slots"
            at_once = f"{found['most_at_once']} of {found['slots']}"
            yield f"| {each['points']}, {kind} | {found['jobs']} | {at_once} | {found['makespan_hours']:g} "
            yield f"| {found['of_ideal']:g} | {found['of_bound']:g} | {bound} |\n"


def _history(results: Mapping[str, Any]) -> Iterator[str]:
    if "history" not in results:
        return
    yield "One more chain of a database that has many finished ones.\n\n"
    yield f"| earlier copies | {HEAD} |\n|---|---|---|---|---|---|---|\n"
    for life in results["history"]["lives"]:
        yield f"| {life['copies']} | {_counted(life['actor'])} |\n"


def _sweeps(results: Mapping[str, Any]) -> Iterator[str]:
    if "sweep" not in results:
        return
    yield "One sweep: with points that it saw before, and with 100 new ones.\n\n"
    yield "| chains that are due | known points | reads | read units | with 100 new: reads | read units |\n"
    yield "|---|---|---|---|---|---|\n"
    for each in results["sweep"]["sizes"]:
        again, new = each["again"], each["with_100_new"]
        yield f"| {each['due']} | {each['known']} | {again['reads']:g} | {again['read_units']:g} "
        yield f"| {new['reads']:g} | {new['read_units']:g} |\n"


def charts_of(results: Mapping[str, Any]) -> dict[str, str]:
    """The charts by the names of their files."""
    nights = results["calls"]["nights"] if "calls" in results else []
    charts = {}
    for name, (title, goal) in FIGURES.items():
        values = [Value(f"{each['topology']}, night {each['night']}", each["actor"][name]) for each in nights]
        values += [Value(f"burst of {each['points']}", each["actor"][name]) for each in _found_bursts(results)]
        if values:
            charts[name] = bar_chart(title, values, goal)
    return charts


def main() -> None:
    """Keep the newest results, and write page and charts."""
    results = newest_results()
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page_of(results), encoding="utf-8")
    BESIDE.write_text(head_to_head.page_of(results["head_to_head"]), encoding="utf-8")
    SCALE_PAGE.write_text(scale_page_of(results), encoding="utf-8")
    for name, chart in charts_of(results).items():
        (KEPT.parent / f"{name}.svg").write_text(chart, encoding="utf-8")
    pages = ", ".join(str(each.relative_to(ROOT)) for each in (PAGE, BESIDE, SCALE_PAGE))
    print(f"{pages} are written from {', '.join(results)}.")


if __name__ == "__main__":
    main()
