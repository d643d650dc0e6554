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

BARS = (
    Bar("night, workload, clusters", "messages", 5.667, 8, CALLS),
    Bar("night, workload, clusters", "aws_backup_calls", 16, 9, CALLS),
    Bar("night, workload, clusters", "reads", 12, 8, TABLE),
    Bar("night, workload, clusters", "items_written", 8.333, 8, TABLE),
    Bar("night, workload, clusters", "write_units", 38.333, 25, INDEXES),
    Bar("night, workload, clusters", "sweep_aws_backup_calls", 16, None, SWEEP),
    Bar("night, workload, clusters", "sweep_reads", 11.114, None, SWEEP),
    Bar("night, workload, clusters", "sweep_items_written", 11, None, SWEEP),
    Bar("night, workload, instances", "messages", 7, 8, CALLS),
    Bar("night, workload, instances", "aws_backup_calls", 18, 10, CALLS),
    Bar("night, workload, instances", "reads", 16, 8, TABLE),
    Bar("night, workload, instances", "items_written", 9, 8, TABLE),
    Bar("night, workload, instances", "write_units", 40, 25, INDEXES),
    Bar("night, workload, instances", "sweep_aws_backup_calls", 16, None, SWEEP),
    Bar("night, workload, instances", "sweep_reads", 12.045, None, SWEEP),
    Bar("night, workload, instances", "sweep_items_written", 11, None, SWEEP),
    Bar("night, hub, clusters", "messages", 4, 8, CALLS),
    Bar("night, hub, clusters", "aws_backup_calls", 14.667, 9, CALLS),
    Bar("night, hub, clusters", "reads", 10.667, 8, TABLE),
    Bar("night, hub, clusters", "items_written", 8.667, 8, TABLE),
    Bar("night, hub, clusters", "write_units", 39.667, 25, INDEXES),
    Bar("night, hub, clusters", "sweep_aws_backup_calls", 11, None, SWEEP),
    Bar("night, hub, clusters", "sweep_reads", 6.114, None, SWEEP),
    Bar("night, hub, clusters", "sweep_items_written", 11, None, SWEEP),
    Bar("night, hub, instances", "messages", 5, 8, CALLS),
    Bar("night, hub, instances", "aws_backup_calls", 17.667, 10, CALLS),
    Bar("night, hub, instances", "reads", 14, 8, TABLE),
    Bar("night, hub, instances", "items_written", 9, 8, TABLE),
    Bar("night, hub, instances", "write_units", 40, 25, INDEXES),
    Bar("night, hub, instances", "sweep_aws_backup_calls", 11, None, SWEEP),
    Bar("night, hub, instances", "sweep_reads", 7.023, None, SWEEP),
    Bar("night, hub, instances", "sweep_items_written", 11, None, SWEEP),
    Bar("burst of 60", "messages", 7.05, 8, WAITING),
    Bar("burst of 60", "aws_backup_calls", 15.183, None, WAITING),
    Bar("burst of 60", "reads", 15.067, 10, WAITING),
    Bar("burst of 60", "items_written", 11.25, 8, WAITING),
    Bar("burst of 60", "write_units", 58.333, 30, WAITING),
    Bar("burst of 60", "worst_of_ideal", 1.103, 1.05, WAITING),
    Bar("burst of 60", "jobs_over_quota", 0, 0, WAITING),
    Bar("history", "more_reads", 0, 0, HISTORY),
    Bar("history", "more_read_units", 0, 0, HISTORY),
    Bar("history", "more_aws_backup_calls", 0, 0, HISTORY),
    Bar("history", "more_messages", 0, 0, HISTORY),
    Bar("known points", "read_units_a_known_point", 0.125, 0, SWEEP),
    Bar("known points", "read_units_a_new_point", 0.495, None, SWEEP),
    Bar("sizes", "installation_bytes", 1017, None, ITEMS),
    Bar("sizes", "chain_bytes", 2342, None, ITEMS),
    Bar("sizes", "claim_bytes", 307, None, ITEMS),
    Bar("sizes", "slots_bytes", 200, None, ITEMS),
    Bar("imports", "advance_chain_own", 90, None, IMPORTS),
    Bar("imports", "advance_chain_powertools", 84, None, IMPORTS),
    Bar("imports", "operate_chains_own", 58, None, IMPORTS),
    Bar("imports", "operate_chains_powertools", 40, None, IMPORTS),
    Bar("imports", "sweep_chains_own", 54, None, IMPORTS),
    Bar("imports", "sweep_chains_powertools", 40, None, IMPORTS),
    Bar("two stacks", "failed_RDS", 4, 0, STACKS),
    Bar("two stacks", "failed_Aurora", 0, 0, STACKS),
)
