"""Batches of messages and events: the call succeeds, and each entry is accepted or refused by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from tests.simulated_place import HOME, A, code_of

NOTE = {"note": {"DataType": "String", "StringValue": "b" * 100_000}}


def a_queue(world: World) -> tuple[Any, str]:
    queue = world.site(A, HOME).create_queue("work")
    return world.session(A, region=HOME).client("sqs"), queue.url


def entries(*bodies: str) -> list[dict[str, str]]:
    return [{"Id": f"entry-{number}", "MessageBody": body} for number, body in enumerate(bodies)]


def bodies(world: World) -> list[str]:
    (queue,) = world.queues
    return [message.body for message in queue.messages.values()]


def test_some_entries_of_a_batch_of_messages_fail_and_the_others_are_sent() -> None:
    world = World()
    sqs, url = a_queue(world)
    world.faults.refuse_entries("SendMessageBatch", code="InternalError", message="try later", accepted_first=1)

    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries("a", "b", "c"))

    assert [entry["Id"] for entry in answer["Successful"]] == ["entry-0", "entry-2"]
    told = {"Id": "entry-1", "Code": "InternalError", "Message": "try later", "SenderFault": False}
    assert answer["Failed"] == [told]
    assert bodies(world) == ["a", "c"]
    assert sqs.send_message_batch(QueueUrl=url, Entries=entries("d"))["Failed"] == []


def test_some_entries_of_a_batch_of_events_fail_and_the_others_are_put() -> None:
    world = World()
    world.faults.refuse_entries("PutEvents", service="events", code="ThrottlingException", times=2)
    events = world.session(A, region=HOME).client("events")
    asked: list[Any] = [{"Source": "mine", "DetailType": "news", "Detail": json.dumps({"number": n})} for n in range(3)]

    answer = events.put_events(Entries=asked)

    assert answer["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["ThrottlingException"] * 2 + [None]
    assert [event["detail"] for event in world.put_events] == [{"number": 2}]


def test_cleared_faults_refuse_no_entries() -> None:
    world = World()
    sqs, url = a_queue(world)
    world.faults.refuse_entries("SendMessageBatch", times=10)
    world.faults.clear()

    assert sqs.send_message_batch(QueueUrl=url, Entries=entries("a"))["Failed"] == []


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        ([], "EmptyBatchRequest"),
        (entries(*"abcdefghijk"), "TooManyEntriesInBatchRequest"),
        ([{"Id": "same", "MessageBody": "a"}] * 2, "BatchEntryIdsNotDistinct"),
        (entries("a" * 200_000, "b" * 100_000), "BatchRequestTooLong"),
        ([{**entries("a" * 200_000)[0], "MessageAttributes": NOTE}], "BatchRequestTooLong"),
    ],
)
def test_a_batch_that_sqs_refuses_as_a_whole_sends_nothing(batch: list[dict[str, str]], code: str) -> None:
    world = World()
    sqs, url = a_queue(world)

    with pytest.raises(ClientError) as refused:
        sqs.send_message_batch(QueueUrl=url, Entries=batch)
    assert code_of(refused) == f"AWS.SimpleQueueService.{code}"
    assert bodies(world) == []


def test_the_attributes_of_a_message_count_to_its_size() -> None:
    world = World()
    sqs, url = a_queue(world)

    sqs.send_message(QueueUrl=url, MessageBody="a" * 100_000, MessageAttributes=NOTE)
    with pytest.raises(ClientError) as refused:
        sqs.send_message(QueueUrl=url, MessageBody="a" * 200_000, MessageAttributes=NOTE)
    assert code_of(refused) == "InvalidParameterValue"
    assert len(bodies(world)) == 1


@pytest.mark.parametrize(
    ("operation", "options"),
    [("SendMessage", {}), ("PutEvents", {}), ("SendMessageBatch", {"times": 0}), ("PutEvents", {"service": "sns"})],
)
def test_entries_are_refused_only_where_there_are_some(operation: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one by one|at least once"):
        World().faults.refuse_entries(operation, **options)


def test_no_negative_number_of_entries_is_accepted_first() -> None:
    with pytest.raises(ValueError, match="accepted first"):
        World().faults.refuse_entries("SendMessageBatch", accepted_first=-1)
