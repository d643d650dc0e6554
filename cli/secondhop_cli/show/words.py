"""Words and tables that the commands which show have in common: durations, names, and what happens next."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from secondhop.domain.announcing import NEXT_STEPS
from secondhop.domain.causes import REMEDIES
from secondhop.domain.hop import Trouble

# Output that no terminal shows is not folded.
WIDE = 400


def duration(length: timedelta) -> str:
    """In the largest unit that says enough: `40 s`, `4 min`, `21 h`, `12 days`."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 2 * 60 * 60:
        return f"{seconds // 60} min"
    if seconds < 3 * 24 * 60 * 60:
        return f"{seconds // 3600} h"
    return f"{seconds // (24 * 3600)} days"


def moment(at: datetime | None) -> str:
    """In UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}" if at is not None else "none"


def next_step(trouble: Trouble, *, point: str, options: str) -> str:
    """What Second Hop does next about a trouble, what a person does, and the complete command."""
    remedy = REMEDIES[trouble.cause]
    words = remedy.words.replace("--stack NAME --region REGION", options).replace(
        " NAME and REGION are the main stack's.", ""
    )
    words = words.replace("secondhop retry ARN", f"secondhop retry {point}")
    return f"{NEXT_STEPS[remedy.again]} {words}"


def count(number: int, what: str) -> str:
    """`1 database`, `2 databases`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout. On a terminal it is folded to its width."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else WIDE
    Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False).print(table)
