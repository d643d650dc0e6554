"""Many incidents of one cause, site and day: few messages on the topic, and every incident in one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.work import Abandon, Look
from secondhop.domain import patience
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import TryAgainError
from secondhop.domain.outbox import LAST_CALL
from tests.builders import ARRIVAL_ARN, NIGHT, NOW, ORDERS, an_arrival
from tests.small_stand_ins import StandInAnnouncer
from tests.stand_ins import Stage, arrived, job_news


def key(number: int) -> ChainKey:
    return ChainKey(f"{ARRIVAL_ARN}-{number}", "default")


def lose(stage: Stage, *numbers: int) -> None:
    """Arrivals that expired before they were copied: SOURCE_EXPIRED."""
    for number in numbers:
        point = an_arrival(arn=key(number).recovery_point, database=f"{ORDERS}-{number}", status="EXPIRED")
        stage.backup.put(point)
        stage(arrived(arn=point.arn, database=point.database, created_at=NIGHT, status="EXPIRED"))


def abandon(stage: Stage, *numbers: int) -> None:
    for number in numbers:
        stage(Abandon(key=key(number), by="ada"))


def later(stage: Stage, **duration: float) -> None:
    stage.clock.forward(**duration)
    for due in list(stage.chains.due(now=stage.clock.now)):
        stage(Look(key=due))


def id_of(stage: Stage, number: int) -> str:
    (incident,) = {
        each.incident.removesuffix(LAST_CALL) for each in stage.announcer.events if about(each) == f"{ORDERS}-{number}"
    }
    return incident


def about(message: Announce) -> str:
    assert message.circumstances is not None
    return message.circumstances.database


def named(stage: Stage) -> list[str]:
    return [member for each in stage.announcer.messages if not each.is_closed for member in each.members]


def waiting(stage: Stage) -> list[Chain]:
    return [chain for chain in stage.chains.all() if chain.pending]


def a_stage() -> Stage:
    stage = Stage()
    stage.chains.sweep_progress(now=NIGHT)
    return stage


def test_75_losses_at_once_are_two_messages_which_name_21_and_count_54() -> None:
    stage = a_stage()
    lose(stage, *range(75))
    (first,) = stage.announcer.messages
    assert (first.title, first.members, first.more) == ("orders-0: SOURCE_EXPIRED (STRANDED)", (id_of(stage, 0),), 0)

    later(stage, minutes=61)
    _, summary = stage.announcer.messages
    assert summary.title == "74 recovery points: SOURCE_EXPIRED (STRANDED)"
    assert summary.members == tuple(id_of(stage, number) for number in range(1, 21))
    assert f"- orders-20, backup of 2026-01-05 01:00 (incident {id_of(stage, 20)})" in summary.lines
    assert (summary.more, "- and 54 more" in summary.lines) == (54, True)
    assert any(line.startswith("Remedy: ") for line in summary.lines)

    assert waiting(stage) == []
    later(stage, hours=24)
    assert len(stage.announcer.messages) == 2
    assert len(stage.announcer.events) == 75


def test_a_chain_that_waits_for_a_summary_is_looked_at_when_the_summary_is_due() -> None:
    stage = a_stage()
    lose(stage, 0)
    stage.clock.forward(minutes=20)
    lose(stage, 1)

    chain = stage.chains.get(key(1))
    assert chain is not None
    assert [each.until for each in chain.pending] == [chain.next_check] == [NOW + patience.SUMMARY_PAUSE]


def test_incidents_over_hours_are_each_named_and_a_message_comes_once_an_hour() -> None:
    stage = a_stage()
    for number in range(24):
        lose(stage, number)
        later(stage, minutes=15)
    later(stage, minutes=60)

    assert len(stage.announcer.messages) <= 1 + 6 + 1
    assert sorted(named(stage)) == sorted(id_of(stage, number) for number in range(24))


def test_an_incident_that_comes_alone_after_an_hour_is_told_in_full() -> None:
    stage = a_stage()
    lose(stage, 0)
    later(stage, hours=2)
    lose(stage, 1)

    assert stage.announcer.messages[1].title == "orders-1: SOURCE_EXPIRED (STRANDED)"
    assert stage.announcer.messages[1].members == (id_of(stage, 1),)


def test_an_incident_that_closes_before_a_message_covered_it_is_never_mentioned() -> None:
    stage = a_stage()
    lose(stage, 0, 1, 2)
    abandon(stage, 1)
    assert len(stage.announcer.messages) == 1
    later(stage, minutes=61)

    assert stage.announcer.messages[1].title == "orders-2: SOURCE_EXPIRED (STRANDED)"
    assert id_of(stage, 1) not in named(stage)
    chain = stage.chains.get(key(1))
    assert chain is not None
    assert chain.pending == ()


def test_one_message_closes_a_group_when_its_last_member_has_closed() -> None:
    stage = a_stage()
    lose(stage, 0, 1, 2)
    later(stage, minutes=61)
    abandon(stage, 0, 2)
    assert [each.is_closed for each in stage.announcer.messages] == [False, False]

    abandon(stage, 1)
    closing = stage.announcer.messages[-1]
    assert [each.is_closed for each in stage.announcer.messages] == [False, False, True]
    assert closing.group == stage.announcer.messages[0].group
    assert "No incident of its group is open any more." in closing.lines


def test_the_last_member_closes_the_group_though_no_message_covered_it() -> None:
    stage = a_stage()
    lose(stage, 0, 1)
    abandon(stage, 0)
    abandon(stage, 1)

    assert [each.is_closed for each in stage.announcer.messages] == [False, True]


def test_a_group_that_opens_and_closes_again_and_again_sends_once_an_hour() -> None:
    stage = a_stage()
    for number in range(12):
        lose(stage, number)
        later(stage, minutes=5)
        abandon(stage, number)
        later(stage, minutes=5)
    later(stage, minutes=61)

    assert [each.is_closed for each in stage.announcer.messages][:2] == [False, True]
    assert len(stage.announcer.messages) <= 2 + 3
    assert stage.announcer.messages[-1].is_closed
    assert waiting(stage) == []


@dataclass
class SlowAnnouncer(StandInAnnouncer):
    """Before a message goes out, something else happens once."""

    meanwhile: Callable[[], None] = field(default=lambda: None)

    def announce(self, message: Announce) -> None:
        if message.channel is Channel.TOPIC:
            happens, self.meanwhile = self.meanwhile, lambda: None
            happens()
        super().announce(message)


def test_what_opens_while_a_message_is_sent_sends_none_and_is_in_the_next() -> None:
    stage = a_stage()
    stage.announcer = SlowAnnouncer(meanwhile=lambda: lose(stage, 1))
    lose(stage, 0)
    assert named(stage) == [id_of(stage, 0)]

    later(stage, minutes=6)
    assert named(stage) == [id_of(stage, 0)]
    later(stage, minutes=60)
    assert named(stage) == [id_of(stage, 0), id_of(stage, 1)]


def test_what_closes_while_a_summary_names_it_does_not_keep_the_group_open() -> None:
    stage = a_stage()
    lose(stage, 0, 1, 2)
    stage.announcer = SlowAnnouncer(
        messages=stage.announcer.messages, events=stage.announcer.events, meanwhile=lambda: abandon(stage, 2)
    )
    later(stage, minutes=61)
    assert named(stage) == [id_of(stage, number) for number in range(3)]

    abandon(stage, 0, 1)
    assert [each.is_closed for each in stage.announcer.messages] == [False, False, True]


def test_a_sender_that_dies_is_followed_by_another_one_and_nobody_is_lost() -> None:
    stage = a_stage()
    stage.announcer.troubles.extend([TryAgainError("killed")] * 2)
    lose(stage, 0, 1, 2)
    assert stage.announcer.messages == []
    later(stage, minutes=6)

    assert sorted(named(stage)) == sorted(id_of(stage, number) for number in range(3))
    assert [each.incident for each in stage.announcer.messages] == [id_of(stage, 0)]


def test_a_closing_does_not_wait_for_an_opening_that_waits_for_its_summary() -> None:
    stage = a_stage()
    lose(stage, 0, 1)
    abandon(stage, 0)
    stage.clock.forward(minutes=30)
    abandon(stage, 1)

    assert [each.is_closed for each in stage.announcer.messages] == [False, True]
    assert waiting(stage) == []


def test_a_closing_of_which_the_table_remembers_nothing_is_told() -> None:
    stage = a_stage()
    lose(stage, 0)
    for chain in stage.chains.all():
        stage.chains = MemoryChains()
        stage.chains.save(replace(chain, version=0), before=None, limit=20)
    abandon(stage, 0)

    assert [each.is_closed for each in stage.announcer.messages] == [False, True]


def test_last_calls_are_gathered_like_openings_and_closed_ones_are_left_out() -> None:
    stage = a_stage()
    for number in range(5):
        point = an_arrival(arn=key(number).recovery_point, database=f"{ORDERS}-{number}")
        stage.backup.put(point)
        stage(arrived(arn=point.arn, database=point.database))
        news = job_news(stage.backup.fail_job(f"JOB-{number + 1}", "Cross-account copy feature is not enabled"))
        stage(replace(news, database=point.database))
    later(stage, hours=2)
    stage.announcer.messages.clear()
    stage.clock.now = NIGHT + timedelta(days=5, minutes=1)
    later(stage, minutes=0)
    (call,) = stage.announcer.messages
    assert call.incident.endswith(LAST_CALL)

    abandon(stage, 3)
    later(stage, minutes=61)
    _, summary = stage.announcer.messages
    assert summary.title.startswith("3 recovery points: ORGANIZATION")
    assert summary.title.endswith(", last call")
    assert id_of(stage, 3) not in summary.members
    assert (len(summary.members), call.group) == (3, summary.group)
