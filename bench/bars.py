"""The bars of all counted costs, in one table. A test fails if a figure is above its bar.

Every figure is a count of a run that is the same on every machine. `reach` is the goal of the project; a bar is what
was measured last. Lower the bar in the change that lowers the figure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bar:
    """The most that a figure of a load may be. `where` says where to look if it is more."""

    load: str
    figure: str
    bar: float
    reach: float | None
    where: str


ACTOR = "layers/core/secondhop/application/advance_chain.py and run_chain.py; python -m bench.calls itemises a night"
TABLE = "layers/core/secondhop/adapters/dynamodb_chains.py, and who calls it; python -m bench.calls itemises a night"
INDEXES = "the indexes of template.yaml: each change of a key writes twice; python -m bench.calls itemises a night"
BURST = "layers/core/secondhop/application/waking.py and domain/patience.py; python -m bench.burst 60 itemises it"
SLOTS = "layers/core/secondhop/application/waking.py: who is woken when a slot is free, and when"
SWEEP = "layers/core/secondhop/application/sweep_chains.py; python -m bench.sweep itemises three sweeps"
HISTORY = "layers/core/secondhop/application/survey.py and waking.py; python -m bench.history itemises a life"
IMPORTS = "python -X importtime -c 'import app' in the folder of the function"
ITEM = "layers/core/secondhop/adapters/chain_documents.py; python -m bench.sizes"
STACKS = "layers/core/secondhop/domain/ledger.py: slots are of one table; python -m bench.two_stacks"


def night(load: str, *, calls: tuple[float, float], **bars: float) -> tuple[Bar, ...]:
    """The bars of one quiet night, for each finished chain."""
    rows = (
        ("messages", 8.0, ACTOR),
        ("reads", 8.0, TABLE),
        ("items_written", 8.0, TABLE),
        ("write_units", 25.0, INDEXES),
    )
    return (
        Bar(load=load, figure="aws_backup_calls", bar=calls[0], reach=calls[1], where=ACTOR),
        *(Bar(load=load, figure=name, bar=bars[name], reach=reach, where=where) for name, reach, where in rows),
    )
