"""The actor begins no work for which too little time is left, and hands it on without a dead letter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.functions import load
from rehearsal.stage import HOME, ROOT, Stage
from secondhop.adapters.sqs_work import write_work
from secondhop.application.work import Look
from secondhop.bootstrap.base import Handler, Runtime
from tests.builders import ARRIVAL_ARN
from tests.stand_ins import KEY, arrived

APP = load(ROOT / "functions/advance_chain")
ENOUGH = APP.RECORD_MILLISECONDS
MOST = APP.MOST_HAND_ONS


@dataclass
class Limited:
    """A context that tells the times that are left, one for each question."""

    left: list[int]
    function_name: str = "AdvanceChain"
    invoked_function_arn: str = "arn"
    aws_request_id: str = "1"
    memory_limit_in_mb: int = 512

    def get_remaining_time_in_millis(self) -> int:
        return self.left.pop(0)


def an_actor() -> tuple[Stage, Handler]:
    stage = Stage(World())
    function = stage.main.functions["AdvanceChain"]
    # Powertools keeps a logger of a service, with its stream, for the life of the process.
    runtime = Runtime(
        environ={**function.environ, "POWERTOOLS_SERVICE_NAME": "handing-on"},
        session=function.session,
        now=stage.world.now,
        chains=stage.chains,
    )
    handler: Handler = APP.build(runtime)
    return stage, handler


def record(number: int, body: str, handed_on: str | None = None) -> dict[str, Any]:
    attributes = {} if handed_on is None else {"handed_on": {"stringValue": handed_on, "dataType": "Number"}}
    return {
        "messageId": str(number),
        "receiptHandle": "r",
        "body": body,
        "attributes": {},
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:work",
        "awsRegion": "eu-west-1",
    }


def waiting(stage: Stage) -> list[tuple[str, str, timedelta]]:
    """What stands on the work queue: body, how often it was handed on, and for how long it rests."""
    messages = stage.world.queue(stage.main.ref("WorkQueue")).messages.values()
    now = stage.world.now()
    return [(m.body, m.attributes["handed_on"]["StringValue"], m.visible_at - now) for m in messages]


def bodies(count: int) -> list[str]:
    return [json.dumps({**json.loads(write_work(Look(key=KEY))), "number": number}) for number in range(count)]


def test_work_is_begun_while_enough_time_is_left_and_the_rest_is_handed_on() -> None:
    stage, handler = an_actor()
    first, second, third = bodies(3)
    records = [record(number, body) for number, body in enumerate((first, second, third))]
    answer = handler({"Records": records}, Limited([60_000, ENOUGH, ENOUGH - 1]))

    assert answer == {"batchItemFailures": []}
    assert waiting(stage) == [(third, "1", timedelta(minutes=1))]


@pytest.mark.parametrize(("count", "is_handed_on"), [("3", True), (str(MOST - 1), True), (str(MOST), False)])
def test_work_is_handed_on_only_so_often(count: str, is_handed_on: bool) -> None:
    stage, handler = an_actor()
    (body,) = bodies(1)
    answer = handler({"Records": [record(7, body, count)]}, Limited([1_000]))

    assert answer == {"batchItemFailures": [] if is_handed_on else [{"itemIdentifier": "7"}]}
    assert [each[1] for each in waiting(stage)] == [str(int(count) + 1)] * is_handed_on


@pytest.mark.parametrize("count", ["many", "", "-1"])
def test_a_count_that_cannot_be_read_begins_anew(count: str) -> None:
    stage, handler = an_actor()
    (body,) = bodies(1)
    handler({"Records": [record(7, body, count)]}, Limited([1_000]))

    assert [each[1] for each in waiting(stage)] == ["1"]


@pytest.mark.parametrize(("count", "rests"), [(None, 1), ("1", 2), ("3", 8), ("4", 15), ("90", 15)])
def test_work_that_is_not_answered_is_handed_on_and_rests_for_longer_each_time(count: str | None, rests: int) -> None:
    stage, handler = an_actor()
    stage.world.faults.hang("backup", HOME, until=stage.world.now() + timedelta(hours=1))
    news = arrived(arn=ARRIVAL_ARN, vault_arn=stage.backup_account["WatchedVaultArn"])
    answer = handler({"Records": [record(7, write_work(news), count)]}, Limited([60_000]))

    assert answer == {"batchItemFailures": []}
    assert [each[2] for each in waiting(stage)] == [timedelta(minutes=rests)]


def test_work_that_cannot_be_handed_on_comes_back_by_itself() -> None:
    stage, handler = an_actor()
    stage.world.faults.refuse("SendMessage", service="sqs", code="InternalError", status=500, times=5)
    answer = handler({"Records": [record(7, bodies(1)[0])]}, Limited([1_000]))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_record_may_run_into_one_call_that_hangs_and_still_end_in_time() -> None:
    assert ENOUGH == 30_000
    stage = Stage(World())
    timeout = int(stage.main.template["Globals"]["Function"]["Timeout"])
    assert timeout * 1000 > ENOUGH
