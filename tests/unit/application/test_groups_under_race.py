"""Two workers change one group of incidents at the same moment: the loser reads again and believes what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.work import Abandon
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError
from secondhop.domain.gathering import Group, overflow_of
from secondhop.domain.outbox import LAST_CALL
from tests.builders import ARRIVAL_ARN, NIGHT, NOW, ORDERS, an_arrival
from tests.stand_ins import Stage, arrived

A_SECOND = timedelta(seconds=1)


class RacingChains(MemoryChains):
    """Before a group is saved, another worker may save it differently; `race` says how, and is used once."""

    race: Callable[[Group, Group], Group | None] | None = None

    def save_group(self, after: Group, *, before: Group, now: datetime) -> Group:
        meddled = self.race(after, before) if self.race is not None else None
        if meddled is None:
            return super().save_group(after, before=before, now=now)
        self.race = None
        super().save_group(meddled, before=before, now=now)
        raise ConflictError("somebody else was faster")


def lose(stage: Stage, number: int) -> ChainKey:
    arn = f"{ARRIVAL_ARN}-{number}"
    point = an_arrival(arn=arn, database=f"{ORDERS}-{number}", status="EXPIRED")
    stage.backup.put(point)
    stage(arrived(arn=arn, database=point.database, created_at=NIGHT, status="EXPIRED"))
    return ChainKey(arn, "default")


def a_stage() -> tuple[Stage, RacingChains]:
    chains = RacingChains()
    stage = Stage(chains=chains)
    chains.sweep_progress(now=NIGHT)
    return stage, chains


def test_an_incident_that_another_worker_has_just_covered_sends_no_message() -> None:
    stage, chains = a_stage()
    chains.race = lambda after, before: replace(before, covered=after.waiting) if after.waiting else None
    lose(stage, 0)

    assert stage.announcer.messages == []


def test_a_group_that_another_incident_has_just_joined_is_not_closed() -> None:
    stage, chains = a_stage()
    key = lose(stage, 0)
    assert len(stage.announcer.messages) == 1
    chains.race = lambda after, before: replace(before, waiting=frozenset({"new"})) if after.sender else None
    stage(Abandon(key=key, by="ada"))

    assert [each.is_closed for each in stage.announcer.messages] == [False]


@pytest.mark.parametrize(("member", "may_send"), [("first", True), ("second", False)])
def test_only_the_sender_may_send_again_while_it_may_still_be_sending(member: str, may_send: bool) -> None:
    group = Group(id="group", waiting=frozenset({"first", "second"})).sending("first", NOW)

    assert (group.free_at(member, NOW + A_SECOND) is None) is may_send


def test_an_incident_that_closes_takes_its_last_call_out_of_the_overflow_group_too() -> None:
    stage, chains = a_stage()
    key = lose(stage, 0)
    (opened,) = stage.announcer.messages
    assert opened.group is not None
    overflow = chains.group(overflow_of(opened.group + LAST_CALL))
    call = opened.incident + LAST_CALL
    chains.save_group(replace(overflow, waiting=frozenset({call, "other"})), before=overflow, now=NOW)
    stage(Abandon(key=key, by="ada"))

    assert chains.group(overflow.id).members == {"other"}
