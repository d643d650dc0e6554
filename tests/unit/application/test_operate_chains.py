"""What operators ask for, and what they are answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.application.operate_chains import OperateChains
from secondhop.application.work import Abandon, PointNews, Retry
from secondhop.domain.chain import ChainKey, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError, MalformedError, TryAgainError
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.route import FirstHops
from tests.builders import (
    ARRIVAL_ARN,
    NOW,
    ORDERS,
    WORKLOAD_VAULT,
    a_chain,
    a_route,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.stand_ins import Stage, arrived, complete, copying, job_news

KEY = ChainKey(ARRIVAL_ARN, "default")
UNKNOWN = ChainKey("arn:aws:rds:eu-west-1:444455556666:snapshot:awsbackup:copyjob-x", "default")


TOO_LATE = Trouble(cause=Cause.TOO_LATE, message="", since=NOW)


def operate(stage: Stage) -> OperateChains:
    return OperateChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )


def stranded() -> Stage:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    return stage


def test_a_stranded_chain_is_retried_through_the_queue() -> None:
    stage = stranded()

    assert operate(stage).retry(KEY, by="ada").is_accepted
    assert stage.queue.work == [Retry(key=KEY, by="ada", at=stage.clock())]


def test_a_retry_of_a_complete_chain_is_refused_and_says_why() -> None:
    stage = complete()
    answer = operate(stage).retry(KEY, by="ada")

    assert not answer.is_accepted
    assert "COMPLETE" in answer.message
    assert stage.queue.work == []


def test_a_chain_is_abandoned_through_the_queue_with_a_warning() -> None:
    stage = stranded()
    answer = operate(stage).abandon(KEY, by="ada")

    assert answer.is_accepted is True
    for what in (str(KEY), "STRANDED", "abandoned by ada", f"{ORDERS} has no verified copy"):
        assert what in answer.message
    assert stage.queue.work == [Abandon(key=KEY, by="ada")]


def test_there_is_nothing_to_abandon_in_a_complete_chain() -> None:
    answer = operate(complete()).abandon(KEY, by="ada")

    assert answer.is_accepted is False
    assert f"{KEY} is COMPLETE" in answer.message


@pytest.mark.parametrize(
    ("changes", "state", "is_accepted"),
    [
        ({"state": HopState.WAITING}, "WAITING", True),
        ({"state": HopState.COPYING}, "COPYING", False),
        ({"state": HopState.VERIFYING}, "VERIFYING", False),
        ({"state": HopState.VERIFIED}, "RELEASING", True),
        ({"state": HopState.STRANDED, "trouble": TOO_LATE}, "TOO_LATE", True),
    ],
)
def test_only_what_a_retry_can_help_is_retried(changes: dict[str, Any], state: str, is_accepted: bool) -> None:
    stage = Stage()
    going = with_intermediate(with_hop(a_chain(), **changes), state=IntermediateState.RELEASING)
    stage.chains.save(going, before=None, limit=1)

    answer = operate(stage).retry(KEY, by="ada")

    assert (answer.is_accepted, state in answer.message) == (is_accepted, True)


def test_what_was_abandoned_is_neither_abandoned_again_nor_retried() -> None:
    stage = stranded()
    stage(Abandon(key=KEY, by="ada"))

    for answer in (operate(stage).abandon(KEY, by="bob"), operate(stage).retry(KEY, by="bob")):
        assert not answer.is_accepted
        assert "ABANDONED" in answer.message
    assert stage.queue.work == []


def test_unknown_chains_are_named_and_refused() -> None:
    stage = Stage()

    for answer in (operate(stage).retry(UNKNOWN, by="ada"), operate(stage).abandon(UNKNOWN, by="ada")):
        assert answer.is_accepted is False
        assert f"there is no chain {UNKNOWN}" in answer.message
    assert stage.queue.work == []


def test_adopt_shows_first_and_opens_the_newest_backup_first() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "b", created_at=NOW))
    slice_ = {"after": NOW - timedelta(days=90), "before": NOW + timedelta(days=1)}

    shown = operate(stage).adopt("default", **slice_, is_dry_run=True)
    assert shown.is_accepted is True
    assert shown.points == (f"{ARRIVAL_ARN}b of {ORDERS}", f"{ARRIVAL_ARN} of {ORDERS}")
    assert shown.message == "would adopt 2 recovery points"
    assert stage.queue.work == []

    done = operate(stage).adopt("default", **slice_, is_dry_run=False)
    assert done == replace(shown, message="adopts 2 recovery points")
    assert [work.arn for work in stage.queue.work if isinstance(work, PointNews)] == [ARRIVAL_ARN + "b", ARRIVAL_ARN]
    stage.drain()
    assert operate(stage).adopt("default", **slice_, is_dry_run=True).points == ()


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_adopt_says_what_it_could_not_list_beside_what_it_found(is_dry_run: bool) -> None:
    first_hops = FirstHops(site=WORKLOAD_VAULT.site, role_arn="", retention_days=7)
    stage = Stage(route=a_route(first_hops=first_hops))
    stage.backup.fail("jobs FAILED", TryAgainError("Throttling"))
    stage.backup.fail("jobs PARTIAL", DeniedError("no right to list"))
    answer = operate(stage).adopt("default", after=NOW - timedelta(days=90), before=NOW, is_dry_run=is_dry_run)

    counted, *problems = answer.message.split("; ")
    assert counted.endswith("adopt 0 recovery points" if is_dry_run else "adopts 0 recovery points")
    for problem, (state, error) in zip(
        problems, [("FAILED", "Throttling"), ("PARTIAL", "no right to list")], strict=True
    ):
        assert problem.startswith(f"copy jobs {state} from {WORKLOAD_VAULT.site} into {stage.route.watched.name}: ")
        assert problem.endswith(error)


def test_a_route_is_paused_and_resumed_by_name() -> None:
    stage = Stage()
    paused = operate(stage).pause("default", by="ada")
    stage.backup.put(an_arrival())
    stage(arrived())
    assert stage.backup.started == []
    assert paused.is_accepted is True
    assert "default is paused by ada" in paused.message

    resumed = operate(stage).resume("default", by="bob")
    assert resumed.is_accepted is True
    assert ("default" in resumed.message, "bob" in resumed.message) == (True, True)
    stage.clock.forward(minutes=16)
    stage(arrived())
    assert len(stage.backup.started) == 1


def test_an_unknown_route_is_refused_with_the_names_there_are() -> None:
    both = replace(operate(Stage()), routes=(a_route(), a_route(name="weekly")))

    with pytest.raises(MalformedError, match=r"'nightly'; this installation has: default, weekly$"):
        both.pause("nightly", by="ada")


def test_everything_that_one_cause_strands_is_tried_again_at_once() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Access Denied trying to call AWS Backup service")))
    answer = operate(stage).retry_all("VAULT_POLICY", by="ada")

    assert (answer.is_accepted, answer.points) == (True, (str(KEY),))
    assert "1 chains again (VAULT_POLICY)" in answer.message
    assert stage.queue.work == [Retry(key=KEY, by="ada", at=stage.clock())]
    stage.drain()
    assert len(stage.backup.started) == 2
    assert operate(stage).retry_all("ROLE", by="ada").points == ()


def test_a_cause_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(MalformedError, match=r"there is no cause 'WEATHER'; known are: .*UNSUPPORTED, VANISHED, VAULT"):
        operate(Stage()).retry_all("WEATHER", by="ada")
