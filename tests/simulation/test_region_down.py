"""A DR Region that is down for eight hours while a thousand chains are due."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.application.work import Look
from secondhop.domain.chain import ChainState
from secondhop.domain.errors import SilentError
from tests.builders import ARRIVAL_ARN, DR_VAULT, NIGHT, ORDERS, a_copy, a_route, an_arrival
from tests.stand_ins import Stage, arrived, job_news

pytestmark = pytest.mark.under_fire

CHAINS = 1000
LIMIT = 20
HANDFUL = 5
# In fourteen hours each chain asks now and then; more than that would be a circle.
ASKED_A_CHAIN = 200
# Half hours after the Region is back: the next probe comes within four hours. All thousand would take fifty rounds.
ROUNDS = 10


def a_thousand_arrivals(stage: Stage) -> None:
    stage.chains.sweep_progress(now=NIGHT)
    for number in range(CHAINS):
        point = an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}")
        stage.backup.put(replace(point, delete_at=NIGHT + timedelta(days=30)))


def tell_of_all(stage: Stage) -> None:
    for number in range(CHAINS):
        stage(arrived(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}"))


def half_an_hour(stage: Stage) -> None:
    stage.clock.forward(minutes=30)
    for key in list(stage.chains.due(now=stage.clock.now)):
        stage(Look(key=key))
    stage.drain()


def go_down(stage: Stage) -> list[Any]:
    """Let every question to the DR Region go unanswered; what to put back to end it."""

    def unanswered(*_: object, **__: object) -> Any:
        raise SilentError("ServiceUnavailableException: the Region does not answer")

    kept: list[Any] = [stage.backup.points_of, stage.backup.vault]

    def points_of(vault: Any, resource: str) -> Any:
        return unanswered() if vault == DR_VAULT else kept[0](vault, resource)

    stage.backup.points_of = points_of  # type: ignore[method-assign]  # for this test only
    stage.backup.vault = unanswered  # type: ignore[method-assign]  # for this test only
    return kept


def fail_all_copies(stage: Stage) -> None:
    for job in [each for each in stage.backup.jobs.values() if each.state == "CREATED"]:
        stage(job_news(stage.backup.fail_job(job.job_id, "Copy job failed. An internal error occurred.")))


def finish_all_copies(stage: Stage) -> None:
    for job in [each for each in stage.backup.jobs.values() if each.state == "CREATED"]:
        number = job.source.rpartition("-")[2]
        copy = a_copy(arn=f"copy-of-{number}", database=f"{ORDERS}-{number}")
        stage(job_news(stage.backup.finish(job.job_id, copy)))
    stage.drain()


@pytest.mark.parametrize("how", ["silent", "failing"])
def test_a_region_that_is_down_for_eight_hours_strands_nothing_and_sends_a_handful_of_messages(how: str) -> None:
    stage = Stage(route=a_route(limits={"RDS": LIMIT}))
    stage.backup.most_asked = CHAINS * ASKED_A_CHAIN
    a_thousand_arrivals(stage)
    kept = go_down(stage) if how == "silent" else []
    tell_of_all(stage)
    for _ in range(8 * 2):
        if how == "failing":
            fail_all_copies(stage)
        half_an_hour(stage)

    told = [message for message in stage.announcer.messages if not message.is_closed]
    stranded = [hop for chain in stage.chains.all() for hop in chain.hops if hop.state == "STRANDED"]
    assert stranded == []
    assert 1 <= len(told) <= HANDFUL

    if kept:
        stage.backup.points_of, stage.backup.vault = kept  # type: ignore[method-assign]  # put back as it was
    for _ in range(ROUNDS):
        finish_all_copies(stage)
        half_an_hour(stage)

    states = Counter(chain.state for chain in stage.chains.all())
    assert states[ChainState.COMPLETE] >= LIMIT
    assert set(states) <= {"COMPLETE", "COPYING", "WAITING"}
    assert len(stage.announcer.messages) <= 2 * HANDFUL
    # Most chains still wait for a slot, and that is no incident.
    assert states[ChainState.WAITING] > CHAINS / 2
    groups = Counter(message.group for message in stage.announcer.messages if message.is_closed)
    # A group may open with a message and a summary; it is closed once.
    assert groups == Counter({message.group for message in told})
    completed = Counter(job.source for job in stage.backup.jobs.values() if job.state == "COMPLETED")
    assert set(completed.values()) == {1}
