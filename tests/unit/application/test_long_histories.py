"""What a decision about a database reads does not grow with the number of its earlier backups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import Unreadable
from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, COPY_ARN, NIGHT, a_chain, a_copy, a_route, an_arrival, with_hop
from tests.stand_ins import Stage, arrived, job_news


class Counted(MemoryChains):
    """A store that counts the chains that are read from a database's history."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        for each in super().of_database(database, newest_first=newest_first):
            self.read += 1
            yield each


def reads_with(earlier: int) -> int:
    """The chains read from the history while a recovery point travels from its arrival to a verified copy."""
    chains = Counted()
    for number in range(earlier):
        night = NIGHT - timedelta(days=number + 1)
        old = a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{number}", created_at=night))
        copied = with_hop(old, state=HopState.VERIFIED, attempt=1, arrival=f"{COPY_ARN}-{number}", last_seen_at=NIGHT)
        chains.save(copied, before=None, limit=9)
    stage = Stage(chains=chains, route=a_route(keep={"RDS": 1}))
    stage.backup.put(an_arrival())
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.drain()
    return chains.read


@pytest.mark.parametrize("earlier", [7, 70, 700])
def test_the_history_of_a_database_is_read_as_far_as_its_newest_chains(earlier: int) -> None:
    assert reads_with(earlier) == reads_with(6)
    assert reads_with(earlier) <= 5
