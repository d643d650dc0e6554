"""The report of `secondhop replay`: the rule, the decisions and their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from secondhop.domain.errors import shown

if TYPE_CHECKING:
    from rehearsal.replay import Replayed


def describe(name: str, event: Mapping[str, Any], replayed: Replayed) -> str:
    """The report, with a newline at its end."""
    return "".join(f"{_printable(line)}\n" for line in _lines(name, event, replayed))


def _lines(name: str, event: Mapping[str, Any], replayed: Replayed) -> list[str]:
    kind, account, region = (_field(event, each) for each in ("detail-type", "account", "region"))
    lines = [f"event      {name}: {kind} of account {account}, {region}"]
    if replayed.rule is None:
        lines.append("rule       none matched, so the function is not invoked:")
        return [*lines, *(f"           {miss}" for miss in replayed.misses)]
    lines.append(f"rule       {replayed.rule} matched, and sends the event to the work queue")
    if replayed.malformed is not None:
        lines += [
            f"malformed  {replayed.malformed}",
            "           Only this record would be sent to the dead-letter queue, with this reason as its attribute.",
        ]
    if replayed.failed is not None:
        lines += [
            f"failed     {replayed.failed}",
            "           The record would come back, and be sent to the dead-letter queue after some tries.",
        ]
    if replayed.ignored is not None:
        lines.append(f"ignored    {replayed.ignored}")
    for number, decision in enumerate(replayed.decisions, start=1):
        lines += _decision(number, decision)
    return lines


def _field(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) and value else f"(no {name}: {shown(value)})"


def _decision(number: int, decision: Mapping[str, Any]) -> list[str]:
    commands = ", ".join(decision["commands"]) or "none"
    return [
        "",
        f"decision {number}",
        f"  chain    {decision['chain']}",
        f"  before   {decision['before'] or 'no chain'}",
        f"  after    {decision['after']}",
        f"  commands {commands}",
        f"  reason   {decision['reason']}",
    ]


def _printable(line: str) -> str:
    """A line that a terminal shows as it is: no line breaks, control characters or halves of a surrogate pair."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
