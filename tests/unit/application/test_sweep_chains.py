"""The sweep on stand-ins: it lists, it enqueues, and it does nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.budget import BATCH
from secondhop.application.sweep_chains import LEASE, SweepChains, Swept
from secondhop.application.work import Look
from secondhop.domain.arn import Vault
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError, SettingsError, TryAgainError
from secondhop.domain.observation import PointSeen
from secondhop.domain.sweep_progress import SweepProgress
from tests.builders import ARRIVAL_ARN, DR_VAULT, NIGHT, NOW, ORDERS, WORKLOAD, a_copy, a_route, an_arrival
from tests.plain_words import strange_words
from tests.stand_ins import Stage, arrived, copying


def sweep(stage: Stage) -> Swept:
    use_case = SweepChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )
    return use_case()


def installed(stage: Stage, *, days_ago: int = 30) -> Stage:
    stage.chains.sweep_progress(now=NOW - timedelta(days=days_ago))
    return stage


@pytest.mark.parametrize("status", ["COMPLETED", "AVAILABLE", "EXPIRED"])
def test_an_arrival_is_missed_whatever_became_of_it(status: str) -> None:
    stage = installed(Stage())
    stage.backup.put(an_arrival(status=status))

    assert sweep(stage).missing == 1


def test_an_arrival_whose_event_was_lost_is_put_on_the_queue() -> None:
    stage = installed(Stage())
    stage.backup.put(an_arrival())

    assert sweep(stage).missing == 1
    assert stage.queue.work == [arrived(created_at=NIGHT)], "it tells what the event would have told"
    stage.drain()
    assert len(stage.backup.started) == 1


def test_a_known_arrival_is_not_put_there_again() -> None:
    stage = installed(Stage())
    stage.backup.put(an_arrival())
    sweep(stage)
    stage.drain()

    assert sweep(stage).missing == 0


def test_a_chain_whose_time_has_come_is_put_on_the_queue() -> None:
    stage = installed(Stage())
    stage.backup.put(an_arrival())
    sweep(stage)
    stage.drain()
    stage.backup.finish("JOB-1", a_copy())
    stage.clock.forward(minutes=31)

    assert sweep(stage).due == 1
    assert stage.queue.work == [Look(key=ChainKey(ARRIVAL_ARN, "default"))]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "CREATING"},
        {"database": ORDERS.replace(WORKLOAD, "999999999999")},
        {"resource_type": "EBS"},
        {"source_vault_arn": DR_VAULT.arn},
    ],
)
def test_what_the_route_does_not_claim_is_left_alone(changes: dict[str, str]) -> None:
    stage = installed(Stage())
    stage.backup.put(an_arrival(**changes))

    assert sweep(stage).missing == 0
    assert stage.queue.work == []


def test_a_sweep_says_what_it_did() -> None:
    stage = installed(copying(), days_ago=0)
    stage.clock.forward(minutes=31)
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "-lost", completed_at=stage.clock.now))
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "-old", completed_at=NOW - timedelta(days=3)))
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "-older", completed_at=NOW - timedelta(days=4)))

    assert sweep(stage) == Swept(in_flight=1, missing=1, older=2, listed=4, is_whole=True)
    stage.queue.work.clear()
    stage.backup.jobs.clear()
    assert sweep(stage) == Swept(due=1, missing=1, older=2, listed=4, is_whole=True)


def test_the_first_sweep_begins_the_installation() -> None:
    stage = Stage()
    sweep(stage)

    assert stage.chains.sweep_progress(now=NOW + timedelta(days=1)).began_at == NOW


def test_a_renamed_route_does_nothing_rather_than_leave_its_chains_and_their_slots_behind() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    sweep(stage)
    renamed = Stage(route=a_route(name="renamed"), chains=stage.chains, clock=stage.clock)
    renamed.backup.put(an_arrival())

    with pytest.raises(SettingsError, match="RouteName is renamed, and this table's chains are of default"):
        sweep(renamed)
    with pytest.raises(SettingsError, match="set it back"):
        renamed(arrived())
    assert stage.chains.all() == []
    assert sweep(stage).missing == 1


def test_the_names_of_several_routes_are_remembered_in_whatever_order_they_are_given() -> None:
    daily, weekly, other = (a_route(name=name) for name in ("daily", "weekly", "other"))
    served = SweepProgress(began_at=NOW).served_by([weekly, daily])

    assert (served.routes, served.began_at) == (("daily", "weekly"), NOW)
    assert served.served_by([daily, weekly]) == served
    with pytest.raises(SettingsError, match=r"RouteName is other, weekly, .* chains are of daily, weekly; set it back"):
        served.served_by([weekly, other])


@pytest.mark.parametrize(("minutes_before", "is_ours"), [(0, True), (60, True), (61, False)])
def test_what_landed_within_the_hour_before_the_installation_began_is_its_own(
    minutes_before: int, is_ours: bool
) -> None:
    stage = installed(Stage(), days_ago=0)
    stage.backup.put(an_arrival(completed_at=NOW - timedelta(minutes=minutes_before)))
    swept = sweep(stage)

    assert (swept.missing, swept.older) == ((1, 0) if is_ours else (0, 1))


def test_what_is_due_is_on_the_queue_before_all_that_is_due_is_read() -> None:
    class ThrottledLate(MemoryChains):
        def due(self, *, now: datetime) -> Iterator[ChainKey]:
            yield from (ChainKey(f"{ARRIVAL_ARN}-{number}", "default") for number in range(BATCH + 50))
            raise TryAgainError("Throttling")

    stage = installed(Stage(chains=ThrottledLate()))
    with pytest.raises(TryAgainError):
        sweep(stage)

    assert len(stage.queue.work) == BATCH


def test_points_older_than_the_installation_are_counted_and_not_adopted() -> None:
    stage = installed(Stage(), days_ago=0)
    stage.backup.put(an_arrival(completed_at=NOW - timedelta(hours=2)))
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "b", completed_at=None))

    assert sweep(stage).older == 2
    assert stage.queue.work == []


def test_a_late_copy_that_appears_in_the_past_is_found_within_a_day() -> None:
    stage = installed(Stage(), days_ago=60)
    stage.backup.put(an_arrival(created_at=NIGHT - timedelta(days=40), completed_at=NOW))
    found = 0
    for _ in range(24 * 4):
        found += sweep(stage).missing
        stage.queue.work.clear()
        stage.clock.forward(minutes=15)

    assert found > 0


def test_two_sweeps_do_not_run_at_once() -> None:
    stage = installed(Stage())
    before = stage.chains.sweep_progress(now=NOW)
    lease = SweepProgress(began_at=before.began_at, sweeping_until=NOW + timedelta(minutes=5))
    stage.chains.save_sweep_progress(lease, before=before)

    assert sweep(stage).skipped is not None
    stage.clock.forward(minutes=5)
    assert sweep(stage).skipped is None


def test_a_sweep_holds_the_lease_while_it_is_under_way_and_gives_it_back_at_its_end() -> None:
    stage = installed(Stage())
    listing = stage.backup.points_between
    answers: list[Swept] = []

    def sweep_meanwhile(vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        if not answers:
            answers.append(sweep(stage))
        return listing(vault, after=after, before=before)

    stage.backup.points_between = sweep_meanwhile  # type: ignore[method-assign]  # for this test only
    answers.append(sweep(stage))
    answers.append(sweep(stage))

    assert [answer.skipped is not None for answer in answers] == [True, False, False]
    assert (NOW + LEASE).isoformat() in (answers[0].skipped or "")


def test_a_sweep_that_loses_the_race_for_the_lease_steps_aside() -> None:
    class Losing(MemoryChains):
        def save_sweep_progress(self, after: SweepProgress, *, before: SweepProgress) -> None:
            raise ConflictError("somebody else was faster")

    stage = installed(Stage(chains=Losing()))
    use_case = SweepChains(
        routes=(stage.route,),
        chains=stage.chains,
        backup=stage.backup,
        queue=stage.queue,
        now=stage.clock,
    )
    assert not strange_words(use_case().skipped)
