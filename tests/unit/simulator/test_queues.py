"""SQS: what is taken is hidden, what is not deleted comes back, and a long queue is no slower than a short one."""

from __future__ import annotations

from datetime import timedelta
from time import process_time
from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.errors import Refused
from backup_simulator.queues import Queue
from tests.simulated_place import HOME, A

LONG, SHORT = 20_000, 200


def a_queue(world: World, **options: Any) -> Queue:
    return world.site(A, HOME).create_queue("work", **options)


def bodies(queue: Queue, limit: int = 10) -> list[str]:
    return [message.body for message in queue.receive(limit)]


def test_a_message_is_hidden_for_its_time_and_then_comes_back() -> None:
    world = World()
    queue = a_queue(world, visibility_timeout_seconds=30)
    queue.send("one")

    assert bodies(queue) == ["one"]
    world.run_for(timedelta(seconds=29))
    assert bodies(queue) == []
    world.run_for(timedelta(seconds=1))
    assert bodies(queue) == ["one"]


def test_a_delayed_message_waits_and_the_others_do_not() -> None:
    world = World()
    queue = a_queue(world)
    queue.send("late", delay_seconds=60)
    queue.send("now")

    assert bodies(queue) == ["now"]
    world.run_for(timedelta(seconds=60))
    assert sorted(bodies(queue)) == ["late", "now"]


def test_what_is_deleted_does_not_come_back() -> None:
    world = World()
    queue = a_queue(world)
    for number in range(3):
        queue.send(str(number))
    first, second, _ = queue.receive(10)
    queue.delete(first.receipt)
    queue.delete(first.receipt)
    world.run_for(timedelta(minutes=1))

    assert bodies(queue) == [second.body, "2"]


def test_an_older_receipt_deletes_nothing() -> None:
    world = World()
    queue = a_queue(world)
    queue.send("one")
    (message,) = queue.receive(1)
    old = message.receipt
    world.run_for(timedelta(minutes=1))
    queue.receive(1)
    queue.delete(old)

    assert len(queue.messages) == 1


def test_a_receipt_that_a_queue_never_gave_is_refused() -> None:
    world = World()
    queue, other = a_queue(world), world.site(A, HOME).create_queue("other")
    for each in (queue, other):
        each.send("one")
    (message,) = other.receive(1)
    for receipt in ("", "invented", message.receipt, queue.receive(1)[0].receipt[:-1]):
        with pytest.raises(Refused) as refused:
            queue.delete(receipt)
        assert refused.value.code == "ReceiptHandleIsInvalid"
    assert len(queue.messages) == 1


def test_what_is_received_too_often_goes_to_the_dead_letters_and_what_is_too_old_is_gone() -> None:
    world = World()
    dead = world.site(A, HOME).create_queue("dead")
    queue = a_queue(world, dead_letter_arn=dead.arn, max_receive_count=2, retention_seconds=600)
    queue.send("bad")
    for _ in range(3):
        queue.receive(1)
        world.run_for(timedelta(minutes=1))
    assert ([m.body for m in dead.messages.values()], queue.messages) == (["bad"], {})

    queue.send("old")
    world.run_for(timedelta(minutes=11))
    assert (bodies(queue), queue.messages) == ([], {})


def seconds_to_drain(length: int, part: int) -> float:
    """Processor time to receive and delete a part of a queue of some length."""
    queue = a_queue(World())
    for number in range(length):
        queue.send(str(number))
    began = process_time()
    for _ in range(part // 10):
        for message in queue.receive(10):
            queue.delete(message.receipt)
    return process_time() - began


def test_a_long_queue_is_received_and_deleted_as_fast_as_a_short_one() -> None:
    """A hundred times as long: a scan of the queue would take a hundred times the time, the index a few times."""
    short = min(seconds_to_drain(SHORT, SHORT) for _ in range(5))
    long = min(seconds_to_drain(LONG, SHORT) for _ in range(2))

    assert long < 15 * short
