"""A batch of ten messages that are as large as the queue takes them: none is lost, and none keeps the others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator.queues import MESSAGE_BYTES, Queue
from rehearsal.stage import BACKUP, DR, HOME
from secondhop.adapters.sqs_work import write_work
from secondhop.application.work import Look
from tests.running_functions import Running
from tests.stand_ins import KEY

BATCH = 10
# What a log line says of a message, whatever its size.
LINE_BYTES = 4_000


def filled(content: dict[str, Any], *place: str) -> str:
    """The content as JSON with a text of so many letters at a place that the message has the largest size."""
    *folders, name = place
    inner = content
    for folder in folders:
        inner = inner[folder]
    inner[name] = ""
    inner[name] = "x" * (MESSAGE_BYTES - len(json.dumps(content)))
    return json.dumps(content)


def a_job(state: str) -> dict[str, Any]:
    """The event of a second hop's copy job, of a recovery point that the table does not know."""
    return {
        "source": "aws.backup",
        "detail-type": "Copy Job State Change",
        "resources": [f"arn:aws:rds:{HOME}:{BACKUP}:snapshot:awsbackup:copyjob-1"],
        "detail": {
            "copyJobId": "JOB",
            "state": state,
            "sourceBackupVaultArn": f"arn:aws:backup:{HOME}:{BACKUP}:backup-vault:watched-vault",
            "destinationBackupVaultArn": f"arn:aws:backup:{DR}:{BACKUP}:backup-vault:dr-vault",
            "destinationRecoveryPointArn": {},
        },
    }


READABLE = {
    "a foreign event": filled({"source": "aws.ec2", "detail-type": "news", "detail": {}}, "detail", "text"),
    "a message of a failed job": filled(a_job("FAILED"), "detail", "statusMessage"),
    "a field that no one reads": filled(a_job("RUNNING"), "detail", "unknown"),
    "work of our own": filled(json.loads(write_work(Look(key=KEY))), "more"),
}
UNREADABLE = {
    "no JSON": "x" * MESSAGE_BYTES,
    "deep lists": "[" * MESSAGE_BYTES,
    "a number": "1" * MESSAGE_BYTES,
    "an id that is no ARN": filled({**a_job("FAILED"), "resources": ["x"]}, "detail", "statusMessage"),
    "a state that does not exist": filled(a_job("FAILED"), "detail", "state"),
}


def queues(actor: Running) -> tuple[Queue, Queue]:
    main, world = actor.stage.main, actor.stage.world
    return world.queue(main.ref("WorkQueue")), world.queue(main.ref("DeadLetters"))


def deliver(actor: Running, body: str) -> None:
    """Ten messages with the body, as Lambda delivers them: one batch, and again what came back."""
    work, _ = queues(actor)
    assert len(body.encode()) == MESSAGE_BYTES
    assert work.mapping is not None
    work.mapping.invoke = actor
    for _ in range(BATCH):
        work.send(body)
    actor.stage.world.run_for(timedelta(hours=1))


@pytest.mark.parametrize("body", READABLE.values(), ids=READABLE.keys())
def test_a_batch_of_the_largest_messages_is_done_at_once(body: str) -> None:
    actor = Running("AdvanceChain")
    deliver(actor, body)

    work, dead_letters = queues(actor)
    assert (len(work.messages), len(dead_letters.messages)) == (0, 0)
    assert actor.measured["EventsIgnored"] == BATCH
    assert max(len(json.dumps(line)) for line in actor.logged) < LINE_BYTES


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_of_a_batch_of_the_largest_messages_each_unreadable_one_is_a_dead_letter_as_it_came(body: str) -> None:
    """The reason does not fit beside the body. So SQS refuses the dead letter, and moves the message there itself."""
    actor = Running("AdvanceChain")
    deliver(actor, body)

    work, dead_letters = queues(actor)
    assert len(work.messages) == 0
    assert [each.body == body for each in dead_letters.messages.values()] == [True] * BATCH
    assert max(len(json.dumps(line)) for line in actor.logged) < LINE_BYTES
