"""What a chain begins with, and when it claims the copy that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import UnansweredError
from secondhop.application.work import Look
from secondhop.domain import observation as seen
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.classification import Cause
from secondhop.domain.first_hop import HOP, first_hop_route, open_expectation
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import claims_of
from secondhop.domain.opening import NOT_SHOWN, open_chain
from secondhop.domain.route import FirstHops
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_job,
    a_route,
    an_arrival,
    with_hop,
)
from tests.stand_ins import Stage, arrived


@pytest.mark.parametrize("status", ["COMPLETED", "AVAILABLE", "CREATING", "EXPIRED", "DELETING", NOT_SHOWN])
def test_a_point_expires_when_its_lifecycle_says_whatever_its_status_is(status: str) -> None:
    point = an_arrival(status=status)

    assert open_chain(a_route(), point, now=NOW).source_expires_at == point.delete_at


@pytest.mark.parametrize(("state", "claims"), [("WAITING", 0), ("COPYING", 1), ("VERIFYING", 1), ("STRANDED", 0)])
def test_a_hop_claims_its_copy_from_the_moment_that_it_leaves_waiting(state: str, claims: int) -> None:
    chain = with_hop(a_chain(), state=HopState(state), attempt=0, arrival=None)

    assert len(claims_of(chain)) == claims


@pytest.mark.parametrize("changes", [{"attempt": 1}, {"arrival": COPY_ARN}])
def test_a_claim_is_kept_through_every_later_wait(changes: dict[str, object]) -> None:
    (claim,) = claims_of(with_hop(a_chain(), **changes))

    assert claim.source == ARRIVAL_ARN


@pytest.mark.parametrize(
    ("job_state", "hop_state"),
    [("CREATED", "WAITING"), ("RUNNING", "WAITING"), ("FAILED", "COPYING"), ("COMPLETED", "COPYING")],
)
def test_an_expectation_of_a_live_job_looks_first_and_one_of_an_ended_job_judges_it(
    job_state: str, hop_state: str
) -> None:
    hops = FirstHops(site=WATCHED.site, role_arn="role", retention_days=7)
    route = first_hop_route(a_route(first_hops=hops), WATCHED)
    chain, fact = open_expectation(route, an_arrival(), a_job(state=job_state), now=NOW)

    assert chain.hop(HOP).state == hop_state
    assert isinstance(fact, seen.Noticed if hop_state == "WAITING" else seen.CopySeen)


class LaggingIndex(MemoryChains):
    """The index by database does not show what was saved a moment ago."""

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain]:
        return iter(())


@pytest.mark.parametrize("store", [MemoryChains, LaggingIndex])
def test_of_two_points_of_one_backup_the_second_strands_beside_the_copy_that_others_made(
    store: type[MemoryChains],
) -> None:
    """Also while the index by database lags."""
    stage = Stage(chains=store(), route=a_route(keep={"RDS": 0}))
    twin = an_arrival(arn=ARRIVAL_ARN + "-twin", created_at=NIGHT + timedelta(seconds=20))
    for point in (an_arrival(), twin, a_copy()):
        stage.backup.put(point)
    stage(arrived())
    stage(arrived(arn=twin.arn))

    first, second = (stage.chains.get(ChainKey(arn, "default")) for arn in (ARRIVAL_ARN, twin.arn))
    assert first is not None
    assert second is not None
    assert (first.hop("to-dr").arrival.point, first.hop("to-dr").state) == (COPY_ARN, HopState.VERIFIED)
    assert [trouble.cause for trouble in second.troubles()] == [Cause.UNDECIDABLE]
    assert (stage.backup.started, stage.backup.deleted) == ([], [])


def test_a_start_that_was_interrupted_takes_no_copy_that_another_chain_found_first() -> None:
    stage = Stage(chains=LaggingIndex())
    twin = an_arrival(arn=ARRIVAL_ARN + "-twin", created_at=NIGHT + timedelta(seconds=20))
    stage.backup.put(twin)
    stage.backup.fail("start", UnansweredError("no answer"))
    stage(arrived(arn=twin.arn))
    for point in (an_arrival(), a_copy()):
        stage.backup.put(point)
    stage(arrived())
    stage.clock.forward(minutes=6)
    stage(Look(key=ChainKey(twin.arn, "default")))

    second = stage.chains.get(ChainKey(twin.arn, "default"))
    assert second is not None
    assert [trouble.cause for trouble in second.troubles()] == [Cause.UNDECIDABLE]
    assert stage.backup.started == []


def test_of_two_points_of_one_backup_that_find_a_copy_at_one_moment_the_loser_strands() -> None:
    """The first claims the copy between the survey of the second and its save."""
    stage = Stage(chains=LaggingIndex())
    twin = an_arrival(arn=ARRIVAL_ARN + "-twin", created_at=NIGHT + timedelta(seconds=20))
    for point in (an_arrival(), twin, a_copy()):
        stage.backup.put(point)
    read = stage.chains.owner_of

    def not_claimed_until_now(**_: str) -> None:
        stage.chains.owner_of = read  # type: ignore[method-assign]  # put back as it was
        stage(arrived())

    stage.chains.owner_of = not_claimed_until_now  # type: ignore[method-assign]  # for this test only
    stage(arrived(arn=twin.arn))

    second = stage.chains.get(ChainKey(twin.arn, "default"))
    assert second is not None
    assert [trouble.cause for trouble in second.troubles()] == [Cause.UNDECIDABLE]
    assert stage.backup.started == []
