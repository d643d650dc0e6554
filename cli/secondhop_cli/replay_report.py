"""The report of `secondhop replay`: the rule, the decisions and their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.replay import Replayed


def describe(name: str, event: Mapping[str, Any], replayed: Replayed) -> str:
    """The report, with a newline at its end."""
    lines = [f"event      {name}: {event.get('detail-type')} of account {event.get('account')}, {event.get('region')}"]
    if replayed.rule is None:
        lines.append("rule       none matched, so the function is not invoked:")
        lines += [f"           {miss}" for miss in replayed.misses]
        return "\n".join([*lines, ""])
    lines.append(f"rule       {replayed.rule} matched, and sends the event to the work queue")
    if replayed.malformed is not None:
        lines += [
            f"malformed  {replayed.malformed}",
            "           Only this record would be sent to the dead-letter queue, with this reason as its attribute.",
        ]
    if replayed.ignored is not None:
        lines.append(f"ignored    {replayed.ignored}")
    for number, decision in enumerate(replayed.decisions, start=1):
        lines += _decision(number, decision)
    return "\n".join([*lines, ""])


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
