"""AWS may cut the fraction of a second from one date and not from another: that makes no backup newer than itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from secondhop.application.newest import survey_newer
from secondhop.application.survey import survey_keep
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, COPY_ARN, NIGHT, NOW, a_chain, a_route, an_arrival, with_hop
from tests.stand_ins import Stage

WHOLE, CUT = NIGHT + timedelta(microseconds=678_901), NIGHT + timedelta(microseconds=678_000)
TWIN = ARRIVAL_ARN + "-twin"
DAY = timedelta(days=1)


def newer_arrivals(stage: Stage, *, chain_date: datetime, listed: datetime) -> int:
    """How many newer arrivals are counted for a verified chain, if AWS lists its recovery point with another date."""
    stage.backup.put(an_arrival(created_at=listed))
    chain = with_hop(a_chain(created_at=chain_date), state=HopState.VERIFIED, arrival=COPY_ARN)
    stage.chains.save(chain, before=None, limit=1)
    return survey_keep(stage.chains, stage.backup, chain, chain.intermediate("arrival"), a_route()).newer


@pytest.mark.parametrize(("chain_date", "listed"), [(CUT, WHOLE), (WHOLE, CUT), (NIGHT, WHOLE), (NIGHT, NIGHT + DAY)])
def test_a_recovery_point_is_never_newer_than_itself(chain_date: datetime, listed: datetime) -> None:
    assert newer_arrivals(Stage(), chain_date=chain_date, listed=listed) == 0


@pytest.mark.parametrize(("apart", "is_newer"), [(timedelta(seconds=1), False), (timedelta(minutes=2), True)])
def test_an_arrival_of_the_same_backup_is_not_newer(apart: timedelta, is_newer: bool) -> None:
    stage = Stage()
    twin = an_arrival(arn=TWIN, created_at=NIGHT + apart)
    stage.backup.put(twin)
    stage.chains.save(with_hop(a_chain(point=twin), state=HopState.VERIFIED), before=None, limit=1)

    assert newer_arrivals(stage, chain_date=NIGHT, listed=NIGHT) == is_newer


@pytest.mark.parametrize(("remembered", "indexed"), [(CUT, WHOLE), (WHOLE, CUT), (NIGHT, NIGHT + DAY)])
def test_a_copy_is_never_relieved_by_itself(remembered: datetime, indexed: datetime) -> None:
    """The index may still show the chain with the date that its event told."""
    stage = Stage()
    indexed_chain = with_hop(a_chain(created_at=indexed), state=HopState.VERIFIED, arrival=COPY_ARN, since=NOW)
    stage.chains.save(indexed_chain, before=None, limit=1)
    chain = with_hop(a_chain(created_at=remembered), state=HopState.VERIFIED, arrival=COPY_ARN, since=NOW)

    assert survey_newer(stage.chains, chain, chain.hop("to-dr")).newer is None
