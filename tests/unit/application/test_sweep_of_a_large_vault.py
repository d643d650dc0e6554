"""100,000 points in the vault, 90,000 of them long finished, functions killed after a minute, and one lost event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.sweep_chains import SweepChains
from secondhop.application.work import PointNews
from secondhop.domain.arn import Vault
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import FinalError
from secondhop.domain.observation import PointSeen
from tests.builders import ARRIVAL_ARN, NIGHT, NOW, WATCHED, an_arrival
from tests.stand_in_backup import Clock
from tests.stand_ins import Stage

POINTS, FINISHED, LOST = 100_000, 90_000, f"{ARRIVAL_ARN}-lost"
# A listing answers a thousand points a second; the function is killed after 60 seconds and a token dies after 300.
POINTS_A_SECOND, KILLED_AFTER, TOKEN_LIFE = 1000, timedelta(seconds=60), timedelta(minutes=5)


class KilledError(BaseException):
    """Lambda's timeout: nothing is cleaned up, nothing is said."""


class ManyChains(MemoryChains):
    """A table that holds a chain of each finished point, and counts what is read of it."""

    reads = 0

    def known(self, keys: Iterable[ChainKey]) -> dict[ChainKey, bool]:
        asked = list(keys)
        self.reads += len(asked)
        done = {key: False for key in asked if key.recovery_point.endswith("-done")}
        return done | super().known(asked)


class LargeVault:
    """The vault's points by date; the one whose event was lost comes last, whatever slice it is in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.listed = 0
        self.invoked_at = clock.now
        step = timedelta(days=6) / POINTS
        self._points = [
            an_arrival(
                arn=f"{ARRIVAL_ARN}-{number}" + ("-done" if number < FINISHED else "-new"),
                database=f"arn:aws:rds:eu-west-1:111122223333:db:db-{number}",
                created_at=NIGHT - step * (number % POINTS),
                completed_at=NOW,
            )
            for number in range(POINTS - 1)
        ]
        self._points.append(an_arrival(arn=LOST, created_at=NIGHT - timedelta(days=3), completed_at=NOW))

    def __call__(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        assert vault == WATCHED
        began = self._clock.now
        for point in self._points:
            if not after <= point.created_at < before:
                continue
            self.listed += 1
            if self.listed % POINTS_A_SECOND == 0:
                self._clock.forward(seconds=1)
            if self._clock.now - self.invoked_at >= KILLED_AFTER:
                raise KilledError
            if self._clock.now - began >= TOKEN_LIFE:
                raise FinalError("the token of this listing has died")
            yield point


def test_every_point_is_opened_within_a_day_and_no_finished_one_is_touched() -> None:
    stage = Stage(chains=ManyChains())
    stage.chains.sweep_progress(now=NOW - timedelta(days=30))
    vault = LargeVault(stage.clock)
    stage.backup.points_between = vault  # type: ignore[method-assign]  # for this test only
    opened, is_whole = set[str](), False
    for _ in range(4 * 24):
        vault.invoked_at = stage.clock.now
        sweep = SweepChains(
            routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
        )
        try:
            is_whole = sweep().is_whole
        except KilledError:
            is_whole = False
        opened |= {work.arn for work in stage.queue.work if isinstance(work, PointNews)}
        stage.queue.work.clear()
        if is_whole:
            break
        stage.clock.forward(minutes=15)

    assert is_whole
    assert LOST in opened
    assert len(opened) == POINTS - FINISHED
    assert not any(arn.endswith("-done") for arn in opened)
    assert stage.clock.now - NOW < timedelta(days=1)
    assert isinstance(stage.chains, ManyChains)
    assert stage.chains.reads <= 2 * POINTS, "each point's chain is asked for about once a pass"
