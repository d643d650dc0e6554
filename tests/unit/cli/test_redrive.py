"""Redriving dead letters: nothing is lost on the way."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import ProcessDied, World
from backup_simulator.queues import Queue
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop_cli.main import main, parser
from secondhop_cli.operate.redrive import redrive, redrive_of

ACCOUNT, REGION = "111122223333", "eu-west-1"


def a_world(bodies: int) -> tuple[World, Queue, Queue, Any]:
    world = World()
    site = world.site(ACCOUNT, REGION)
    dead, work = site.create_queue("dead"), site.create_queue("work")
    for number in range(bodies):
        reason = {"reason": {"DataType": "String", "StringValue": f"not JSON {number}"}}
        dead.send(f"body {number}", reason)
    return world, dead, work, world.session(ACCOUNT, region=REGION).client("sqs")


def run(dead: Queue, work: Queue, client: Any, *, limit: int = 100) -> tuple[int, str]:
    stream = io.StringIO()
    urls = {"dead_letter_queue_url": dead.url, "work_queue_url": work.url}
    code = redrive(**urls, limit=limit, stream=stream, errors=stream, client=client)
    return code, stream.getvalue()


def test_messages_go_back_with_their_bodies_and_their_reasons_are_shown() -> None:
    _, dead, work, client = a_world(12)
    code, told = run(dead, work, client)

    assert code == 0
    assert dead.messages == {}
    assert sorted(message.body for message in work.messages.values()) == sorted(f"body {n}" for n in range(12))
    assert "not JSON 11" in told
    assert told.endswith("12 messages were moved to the work queue.\n")


def test_a_limit_is_kept() -> None:
    _, dead, work, client = a_world(12)
    run(dead, work, client, limit=11)

    assert (len(dead.messages), len(work.messages)) == (1, 11)


def test_a_message_that_is_not_accepted_stays_and_the_exit_code_says_so() -> None:
    world, dead, work, client = a_world(2)
    world.faults.refuse("SendMessage", code="AccessDenied", service="sqs")
    code, told = run(dead, work, client)

    assert code == 1
    assert len(dead.messages) == 2
    assert "the others stay in the dead-letter queue" in told


@pytest.mark.parametrize("operation", ["SendMessage", "DeleteMessage"])
def test_a_death_on_the_way_may_double_a_message_and_never_loses_one(operation: str) -> None:
    world, dead, work, client = a_world(3)
    world.faults.die("sqs", operation, when="before")
    with pytest.raises(ProcessDied):
        run(dead, work, client)
    world.run_for(timedelta(minutes=1))
    run(dead, work, client)

    assert {message.body for message in work.messages.values()} == {"body 0", "body 1", "body 2"}


def test_a_limit_of_nothing_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    urls = ["--dead-letter-queue-url", "https://dead", "--work-queue-url", "https://work"]

    assert main(["redrive", *urls, "--limit", "0"]) == 2
    assert "--limit should be at least 1" in capsys.readouterr().err


def test_the_queues_of_a_stack_are_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage(World(), MemoryChains())
    stage.world.queue(stage.main.ref("DeadLetters")).send("{}")
    session = stage.world.session(stage.main_account, region=HOME)

    assert redrive_of(session, parser().parse_args(["redrive"])) == 0
    assert "1 messages were moved" in capsys.readouterr().out
    assert len(stage.world.queue(stage.main.ref("DeadLetters")).messages) == 0


def test_one_queue_alone_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--work-queue-url", "https://work"]) == 2
    assert "name both queues" in capsys.readouterr().err
