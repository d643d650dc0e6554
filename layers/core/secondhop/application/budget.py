"""How long one invocation may go on, so that it stops by itself and hands on the rest.

A function has 60 s (Timeout in template.yaml). A call that is never answered takes up to 27 s (`adapters/sites.py`).
One may be under way when the budget is spent: 30 s + 27 s leaves 3 s for the start and the end of the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from secondhop.application.ports import WorkQueue
from secondhop.application.work import Work

BUDGET = timedelta(seconds=30)
# Work is put on the queue in batches of so many; BatchGetItem takes 100 keys, too.
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The time of one invocation that began at `began_at`."""

    clock: Callable[[], datetime]
    began_at: datetime
    length: timedelta = BUDGET

    def is_spent(self, share: float = 1.0) -> bool:
        """Whether a share of the time is over."""
        return self.clock() >= self.began_at + self.length * share


def put_in_time(queue: WorkQueue, work: Iterable[Work], budget: Budget, *, share: float = 1.0) -> int:
    """Put work on the queue while a share of the budget lasts, at least one batch. How much of it was put there."""
    remaining, count = iter(work), 0
    while batch := tuple(islice(remaining, BATCH)):
        queue.put(batch)
        count += len(batch)
        if budget.is_spent(share):
            break
    return count
