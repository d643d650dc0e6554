"""Every incident is told on the topic and on the bus, each at least once, and neither is repeated for the other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from secondhop.adapters.announcers import Announcers
from secondhop.adapters.eventbridge_announcer import EventBridgeAnnouncer
from secondhop.application.work import Abandon
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import DeniedError, SecondHopError, TryAgainError
from tests.builders import WORKLOAD
from tests.small_stand_ins import StandInAnnouncer
from tests.stand_ins import KEY, LOOK, Stage, copying, job_news

ACCEPTED = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


FAULT = ClientError(
    {
        "Error": {"Code": "InternalException"},
        "ResponseMetadata": {
            "RequestId": "1",
            "HostId": "",
            "HTTPStatusCode": 500,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        },
    },
    "PutEvents",
)


def refused(code: str) -> dict[str, Any]:
    return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "as AWS said"}]}


@dataclass
class StandInBus:
    """EventBridge's PutEvents, with the answers that it will give."""

    answers: list[dict[str, Any] | ClientError] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's own spelling
        (entry,) = Entries
        self.asked.append(entry)
        answer = self.answers.pop(0) if self.answers else ACCEPTED
        if isinstance(answer, ClientError):
            raise answer
        return answer


def stranded(stage: Stage) -> Stage:
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    return stage


def pending(stage: Stage) -> list[str]:
    return [p.command.channel for p in stage.chain.pending if isinstance(p.command, Announce)]


def test_an_incident_and_its_end_are_told_on_both_channels_under_one_id() -> None:
    stage = stranded(copying())
    stage(Abandon(key=KEY, by="ada"))

    assert [each.is_closed for each in stage.announcer.messages] == [False, True]
    assert [each.is_closed for each in stage.announcer.events] == [False, True]
    assert len({each.incident for each in (*stage.announcer.messages, *stage.announcer.events)}) == 1


@pytest.mark.parametrize("error", [TryAgainError("busy"), DeniedError("not authorized")])
@pytest.mark.parametrize("failing", ["topic", "bus"])
def test_the_channel_that_works_is_told_once_and_the_failed_one_until_it_accepts(
    failing: str, error: SecondHopError
) -> None:
    topic, bus = StandInAnnouncer(), StandInAnnouncer()
    broken = topic if failing == "topic" else bus
    broken.troubles.extend([error, error])
    stage = copying()
    stage.announcer = Announcers(topic=topic, bus=bus)  # type: ignore[assignment]  # two stand-ins behind it
    stranded(stage)

    assert pending(stage) == [Channel.TOPIC if failing == "topic" else Channel.BUS]
    for _ in range(3):
        stage.clock.forward(minutes=6)
        stage(LOOK)

    assert (len(topic.messages), len(bus.events)) == (1, 1)
    assert (len(topic.events), len(bus.messages)) == (0, 0)
    assert pending(stage) == []


def an_event() -> Announce:
    return stranded(copying()).announcer.events[0]


def test_an_event_says_in_fields_what_the_message_says_in_words() -> None:
    bus = StandInBus()
    EventBridgeAnnouncer(bus).announce(an_event())
    (entry,) = bus.asked
    detail = json.loads(entry["Detail"])

    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == ("secondhop", "Incident Opened", "default")
    assert entry["Resources"] == [KEY.recovery_point] == [detail["recovery_point"]]
    assert (detail["cause"], detail["state"], detail["schema"]) == ("ORGANIZATION", "STRANDED", 1)
    assert "update-global-settings" in detail["remedy"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refused("ThrottlingException"), TryAgainError),
        (refused("InternalFailure"), TryAgainError),
        (refused("NotAuthorizedForSourceException"), DeniedError),
        (ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"), DeniedError),
        (FAULT, TryAgainError),
    ],
)
def test_an_event_that_was_not_taken_is_no_success_though_the_answer_was_200(
    answer: dict[str, Any] | ClientError, expected: type[SecondHopError]
) -> None:
    with pytest.raises(expected):
        EventBridgeAnnouncer(StandInBus([answer])).announce(an_event())


def test_an_event_that_the_simulated_bus_refuses_by_entry_is_an_error_and_put_once_it_is_accepted() -> None:
    world = World()
    announcer = EventBridgeAnnouncer(world.session(WORKLOAD).client("events"))
    world.faults.refuse_entries("PutEvents", service="events", code="ThrottlingException")

    with pytest.raises(TryAgainError, match="ThrottlingException"):
        announcer.announce(an_event())
    assert world.put_events == []
    announcer.announce(an_event())
    assert len(world.put_events) == 1
