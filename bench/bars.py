"""The bars of all counted costs, in one table. A test fails if a figure is above its bar.

Every figure is a count, and the same on every machine. `reach` is the goal of the project; a bar is what was measured
last. Lower the bar in the change that lowers the figure. `python -m bench.loads` prints the figures beside the bars.
"""

from __future__ import annotations

from typing import NamedTuple


class Bar(NamedTuple):
    """The most that a figure of a load may be, and where to look if it is more."""

    load: str
    figure: str
    bar: float
    reach: float | None
    where: str


CALLS = "what the actor asks AWS Backup, in layers/core/secondhop/application; python -m bench.calls itemises a night"
TABLE = "what the actor reads and writes, layers/core/secondhop/adapters/dynamodb_chains.py; see python -m bench.calls"
INDEXES = (
    "saves of a chain, and the indexes of template.yaml: a changed key is written twice; see python -m bench.calls"
)
WAITING = "who looks at waiting chains: layers/core/secondhop/application/waking.py; see python -m bench.burst 60"
SWEEP = "layers/core/secondhop/application/sweep_chains.py; python -m bench.sweep itemises three sweeps"
HISTORY = "layers/core/secondhop/application/survey.py and waking.py; python -m bench.history itemises a life"
IMPORTS = "the imports of functions/*/app.py; python -X importtime -c 'import app' in the folder of the function"
ITEMS = "layers/core/secondhop/adapters/chain_documents.py; python -m bench.sizes"
STACKS = "layers/core/secondhop/domain/ledger.py: slots are those of one table; python -m bench.two_stacks"

BARS: tuple[Bar, ...] = ()
