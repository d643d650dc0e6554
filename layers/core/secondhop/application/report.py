"""What became of one piece of work, in the words that reach the log, the event and the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secondhop.domain.advance import Decision
from secondhop.domain.chain import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision: chain states before (None: the chain was opened) and after, and the names of the commands."""

    before: str | None
    after: str
    commands: tuple[str, ...]
    decision: Decision

    @property
    def chain(self) -> Chain:
        """The chain as it was decided."""
        return self.decision.chain

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.decision.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All decisions that a piece of work led to, or why it was ignored.

    `unreadable` are items that cannot be read: nothing is done about them, and a retry cannot help.
    """

    steps: tuple[Step, ...] = ()
    ignored: str | None = None
    unreadable: tuple[str, ...] = ()


def joined(reports: Sequence[Report]) -> Report:
    """What became of one piece of work that concerns several routes."""
    steps = tuple(step for report in reports for step in report.steps)
    unreadable = tuple(dict.fromkeys(each for report in reports for each in report.unreadable))
    why = next((report.ignored for report in reports if report.ignored is not None), None)
    return Report(steps=steps, ignored=None if steps or unreadable else why, unreadable=unreadable)
