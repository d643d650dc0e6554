"""What became of one piece of work, in the words that reach the log, the event and the operator."""

from __future__ import annotations

from dataclasses import dataclass

from secondhop.domain.chain import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision: states before (None: the chain was opened) and after, the commands by name, the reason."""

    chain: Chain
    before: str | None
    after: str
    commands: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All decisions that a piece of work led to, or why it was ignored."""

    steps: tuple[Step, ...] = ()
    ignored: str | None = None
