"""Work on the queue: all of it is accepted, or the caller hears that it was not."""

from __future__ import annotations

from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.queues import Queue
from secondhop.adapters.sqs_work import HANDED_ON, DeadLetters, SqsWork, read_work
from secondhop.application.work import Look
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import TryAgainError
from tests.builders import HOME, WORKLOAD

WORK = [
    Look(key=ChainKey(f"arn:aws:rds:eu-west-1:1:snapshot:awsbackup:{number:02}", "default")) for number in range(23)
]


def a_queue(world: World) -> tuple[SqsWork, Queue]:
    queue = world.site(WORKLOAD, HOME).create_queue("work")
    return SqsWork(world.session(WORKLOAD, region=HOME).client("sqs"), queue.url), queue


def on(queue: Queue) -> list[object]:
    return [read_work(message.body) for message in queue.messages.values()]


def test_any_amount_of_work_is_put_on_the_queue_in_its_order() -> None:
    work, queue = a_queue(World())
    work.put(iter(WORK))

    assert on(queue) == WORK


def test_no_work_makes_no_call() -> None:
    world = World()
    work, queue = a_queue(world)
    work.put([])

    assert (on(queue), sum(world.calls.values())) == ([], 0)


@pytest.mark.parametrize("accepted_first", [0, 9, 22])
def test_one_message_that_the_queue_refuses_in_an_answer_of_200_is_an_error(accepted_first: int) -> None:
    world = World()
    work, queue = a_queue(world)
    world.faults.refuse_entries("SendMessageBatch", message="try later", accepted_first=accepted_first)

    with pytest.raises(TryAgainError, match="the queue refused 1 messages: try later"):
        work.put(WORK)
    assert WORK[accepted_first] not in on(queue)

    work.put(WORK)
    assert {each.key for each in WORK} == {each.key for each in on(queue) if isinstance(each, Look)}


def test_a_dead_letter_keeps_its_body_and_has_its_reason_beside_it() -> None:
    world = World()
    queue = world.site(WORKLOAD, HOME).create_queue("dead")
    letters = DeadLetters(world.session(WORKLOAD, region=HOME).client("sqs"), queue.url)
    letters.send("not JSON", reason="x" * 1500)

    (message,) = queue.messages.values()
    assert message.body == "not JSON"
    assert message.attributes == {"reason": {"DataType": "String", "StringValue": "x" * 1000}}


def test_a_dead_letter_that_the_queue_refuses_is_an_error() -> None:
    world = World()
    queue = world.site(WORKLOAD, HOME).create_queue("dead")
    letters = DeadLetters(world.session(WORKLOAD, region=HOME).client("sqs"), queue.url)
    world.faults.refuse("SendMessage", service="sqs", code="RequestThrottled")

    with pytest.raises(TryAgainError):
        letters.send("not JSON", reason="it is text")
    assert queue.messages == {}


class Recorder:
    """An SQS client that keeps the request."""

    def send_message(self, **request: Any) -> None:
        self.request = request


@pytest.mark.parametrize(("count", "delay"), [(1, 60), (2, 120), (4, 480), (5, 900), (100, 900)])
def test_work_is_handed_on_with_its_count_and_a_delay_that_doubles(count: int, delay: int) -> None:
    recorder = Recorder()
    SqsWork(recorder, "https://queue").hand_on("{}", count=count)

    assert recorder.request == {
        "QueueUrl": "https://queue",
        "MessageBody": "{}",
        "DelaySeconds": delay,
        "MessageAttributes": {HANDED_ON: {"DataType": "Number", "StringValue": str(count)}},
    }
