"""AWS's quota belongs to an account and Region: before a start, the copies of others are counted too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.others import LISTING
from secondhop.application.work import Retry
from secondhop.domain.arn import Site, Vault
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError, SilentError, TryAgainError
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import shared_quota, slot_of
from secondhop.domain.resource_types import RESOURCE_TYPES, ResourceType
from tests.builders import (
    ARRIVAL_ARN,
    BACKUP,
    DR,
    DR_VAULT,
    HOME,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_job,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, copying

THEIRS = Vault("aws", Site(BACKUP, HOME), "their-watched")
THEIR_DR = Vault("aws", Site(BACKUP, DR), "their-dr")
CLUSTER = f"arn:aws:rds:{HOME}:{BACKUP}:cluster-snapshot:awsbackup:copyjob-9"


def fly(
    stage: Stage,
    count: int,
    *,
    state: str = "RUNNING",
    out_of: Vault = THEIRS,
    into: Vault = THEIR_DR,
    kind: str | None = "RDS",
    source: str = ARRIVAL_ARN,
    age: timedelta = timedelta(hours=1),
) -> None:
    """Let copies of others be in flight."""
    for number in range(count):
        point, job_id = f"{source}-of-others-{number}", f"OTHER-{len(stage.backup.jobs)}"
        stage.backup.resources[point] = (ORDERS + "-of-others", kind)  # type: ignore[assignment]  # AWS shows no type
        stage.backup.source_vaults[job_id] = out_of.arn
        stage.backup.jobs[job_id] = a_job(
            job_id=job_id,
            state=state,
            source=point,
            destination_vault_arn=into.arn,
            created_at=stage.clock.now - age,
            resource=ORDERS + "-of-others",
        )


def a_stage(**changes: object) -> Stage:
    stage = Stage(route=a_route(**changes))
    stage.backup.put(an_arrival())
    return stage


def state_of(stage: Stage) -> HopState:
    return stage.chain.hop("to-dr").state


@pytest.mark.parametrize(("count", "state"), [(19, HopState.COPYING), (20, HopState.WAITING)])
def test_a_copy_starts_only_if_the_copies_of_others_leave_room(count: int, state: HopState) -> None:
    stage = a_stage()
    fly(stage, count - 5)
    fly(stage, 5, state="CREATED")
    report = stage(arrived())

    assert state_of(stage) is state
    assert len(stage.backup.started) == (state is HopState.COPYING)
    why = (
        f"20 RDS copies of others and 0 of this installation are in flight into {DR_VAULT.site}, and AWS's quota is 20"
    )
    assert (why in report.steps[-1].reason) is (state is HopState.WAITING)
    assert stage.chain.hop("to-dr").attempt.slot_wanted is (state is HopState.WAITING)
    assert (
        LOOK.key in [each.key for each in stage.chains.waiting(slot_of(stage.chain, stage.chain.hops[0]).lane)]
    ) is (state is HopState.WAITING)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"into": SECOND_DR_VAULT},
        {"into": Vault("aws", Site("999988887777", DR), "their-dr")},
        {"kind": "Aurora"},
        {"kind": None, "source": CLUSTER},
        {"state": "COMPLETED"},
        {"out_of": WATCHED, "into": DR_VAULT},
        {"age": timedelta(days=3)},
    ],
    ids=str,
)
def test_only_live_copies_of_others_of_this_type_into_this_site_count(elsewhere: dict[str, object]) -> None:
    stage = a_stage()
    fly(stage, 20, **elsewhere)  # type: ignore[arg-type]  # each case names some of the options
    stage(arrived())

    assert state_of(stage) is HopState.COPYING


@pytest.mark.parametrize(
    "here",
    [{"kind": None}, {"out_of": WATCHED}, {"into": DR_VAULT}],
    ids=str,
)
def test_copies_that_no_slot_of_ours_stands_for_count(here: dict[str, object]) -> None:
    stage = a_stage()
    fly(stage, 20, **here)  # type: ignore[arg-type]  # each case names some of the options
    stage(arrived())

    assert state_of(stage) is HopState.WAITING


def test_our_own_copies_in_flight_are_added() -> None:
    stage = copying(route=a_route(limits={"RDS": 7}))
    fly(stage, 19)
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "-b", database=ORDERS + "2"))
    report = stage(arrived(arn=ARRIVAL_ARN + "-b"))

    assert "19 RDS copies of others and 1 of this installation" in report.steps[-1].reason
    assert len(stage.backup.started) == 1


def test_a_chain_that_waits_for_others_asks_for_their_copies_alone() -> None:
    stage = a_stage()
    fly(stage, 20)
    stage(arrived())
    stage.clock.forward(minutes=16)
    before, asked = stage.chain, stage.backup.asked
    stage(LOOK)

    assert stage.backup.asked - asked == 2
    assert stage.chain == before

    for job_id, job in list(stage.backup.jobs.items()):
        stage.backup.jobs[job_id] = replace(job, state="COMPLETED")
    stage(LOOK)
    assert state_of(stage) is HopState.COPYING


def test_an_operator_s_retry_waits_for_others_too() -> None:
    stage = a_stage()
    fly(stage, 20)
    stage(arrived())
    stage(Retry(key=KEY, by="ada"))

    assert state_of(stage) is HopState.WAITING


def test_what_a_site_lists_is_remembered_for_a_minute() -> None:
    stage = a_stage()
    others = stage.performer().others
    chain = a_chain()
    asked = []
    for later in (timedelta(0), LISTING - timedelta(seconds=1), timedelta(seconds=1)):
        stage.clock.now += later
        assert others.refusal(chain, chain.hop("to-dr")) is None
        asked.append(stage.backup.asked)
        fly(stage, 8)

    assert asked == [2, 2, 4]
    stage.clock.now += LISTING
    assert others.refusal(chain, chain.hop("to-dr")) is not None


@pytest.mark.parametrize("trouble", [SilentError("no answer"), TryAgainError("Rate exceeded")], ids=str)
def test_a_list_that_is_not_answered_is_a_silence_and_starts_nothing(trouble: Exception) -> None:
    stage = a_stage()
    stage.backup.fail("jobs RUNNING", trouble)
    report = stage(arrived())

    assert stage.backup.started == []
    assert f"no answer: {trouble}" in report.steps[-1].reason
    assert stage.chain.hop("to-dr").notice.silent_since == NOW
    stage(LOOK)
    assert state_of(stage) is HopState.COPYING


def test_a_list_that_is_refused_strands_as_each_refused_question_does() -> None:
    stage = a_stage()
    stage.backup.fail("jobs CREATED", DeniedError("AccessDeniedException: not authorized to ListCopyJobs"))
    stage(arrived())

    assert stage.backup.started == []
    assert state_of(stage) is HopState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.PERMISSION


def test_slots_that_cannot_be_read_are_left_to_the_save() -> None:
    stage = a_stage()
    fly(stage, 20)
    use = stage.chains.lane_use
    stage.chains.lane_use = lambda lane: replace(use(lane), in_flight=None)  # type: ignore[method-assign]  # this test only
    stage(arrived())

    assert state_of(stage) is HopState.COPYING


@pytest.mark.parametrize("kind", RESOURCE_TYPES, ids=lambda kind: kind.name)
def test_each_type_has_its_own_quota(kind: ResourceType) -> None:
    chain = a_chain(point=an_arrival(resource_type=kind.name))
    slot = slot_of(chain, chain.hop("to-dr"))
    quota = kind.copies_in_flight

    assert shared_quota(slot, own=quota - 2, others=1) is None
    refusal = shared_quota(slot, own=quota - 1, others=1)
    assert refusal is not None
    assert refusal.why.startswith(f"1 {kind.name} copy of others and {quota - 1} of this")
