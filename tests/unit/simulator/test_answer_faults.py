"""Faults of answers: short pages, batches accepted in part, missing fields, points that are not shown at first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from backup_simulator.answer_faults import LATE
from tests.simulated_place import A, Place, code_of

FIELDS = ("CalculatedLifecycle", "IsEncrypted", "EncryptionKeyArn", "CompletionDate")


def a_full_vault(points: int = 12) -> Place:
    place = Place()
    for _ in range(points - 1):
        place.client.start_backup_job(BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role)
        place.world.run_for(timedelta(hours=2))
    return place


def pages_of(place: Place) -> list[list[str]]:
    paginator = place.client.get_paginator("list_recovery_points_by_backup_vault")
    pages = paginator.paginate(BackupVaultName="near")
    return [[point["RecoveryPointArn"] for point in page["RecoveryPoints"]] for page in pages]


def described(place: Place) -> dict[str, Any]:
    answer: dict[str, Any] = place.client.describe_recovery_point(
        BackupVaultName="near", RecoveryPointArn=place.point.arn
    )
    return answer


def listed(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.client.list_recovery_points_by_backup_vault(BackupVaultName="near")[
        "RecoveryPoints"
    ]
    return found


def test_short_pages_and_empty_ones_together_show_every_item_once() -> None:
    place = a_full_vault()
    place.world.faults.short_pages(1.0)
    pages = pages_of(place)

    assert [] in pages
    assert max(len(page) for page in pages) <= 5
    assert sorted(arn for page in pages for arn in page) == sorted(each.arn for each in place.world.recovery_points())
    assert place.world.faults.struck["a page was short"] == len(pages)


def test_pages_are_whole_again_once_the_faults_are_cleared() -> None:
    place = a_full_vault()
    place.world.faults.short_pages(1.0)
    place.world.faults.clear()

    assert [len(page) for page in pages_of(place)] == [12]


def test_entries_that_sqs_refuses_are_named_and_do_not_reach_the_queue() -> None:
    world = World(seed=4)
    queue = world.site(A, "eu-west-1").create_queue("work")
    world.faults.partial("sqs", "SendMessageBatch", 0.5)
    client = world.session(A).client("sqs")
    entries: list[Any] = [{"Id": str(number), "MessageBody": f"body {number}"} for number in range(10)]
    answer = client.send_message_batch(QueueUrl=queue.url, Entries=entries)
    sent, failed = ({entry["Id"] for entry in answer[name]} for name in ("Successful", "Failed"))

    assert sent
    assert failed
    assert sent | failed == {str(number) for number in range(10)}
    assert {message.body for message in queue.messages.values()} == {f"body {number}" for number in sent}
    assert {(entry["SenderFault"], entry["Code"]) for entry in answer["Failed"]} == {(False, "InternalError")}


def test_events_that_eventbridge_refuses_are_counted_and_do_not_reach_the_bus() -> None:
    world = World(seed=4)
    world.faults.partial("events", "PutEvents", 0.5)
    entry: Any = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}
    answer = world.session(A).client("events").put_events(Entries=[entry] * 10)
    failed = [each for each in answer["Entries"] if "ErrorCode" in each]

    assert 0 < answer["FailedEntryCount"] == len(failed) < 10
    assert len(world.put_events) == 10 - len(failed)


@pytest.mark.parametrize("look", [described, lambda place: listed(place)[0]])
def test_fields_are_missing_in_the_first_looks_at_a_point(look: Callable[[Place], dict[str, Any]]) -> None:
    place = Place()
    place.world.faults.missing_fields(*FIELDS, looks=2)
    seen = [set(FIELDS) & look(place).keys() for _ in range(3)]

    assert seen == [set(), set(), {"IsEncrypted", "EncryptionKeyArn", "CompletionDate"}]


def test_a_point_that_has_just_landed_is_not_shown_to_those_who_look_first() -> None:
    place = Place()
    place.world.faults.late_points(looks=2)
    place.point.landed_at = place.world.now() - timedelta(minutes=1)
    with pytest.raises(ClientError) as refused:
        described(place)
    shown = [len(listed(place)), len(listed(place))]

    assert code_of(refused) == "ResourceNotFoundException"
    assert shown == [0, 1]
    assert described(place)["Status"] == "COMPLETED"


def test_a_point_that_landed_long_ago_is_always_shown() -> None:
    place = Place()
    place.world.faults.late_points(looks=9)
    place.point.landed_at = place.world.now() - LATE - timedelta(seconds=1)

    assert described(place)["Status"] == "COMPLETED"


def test_a_share_of_the_points_is_late_and_has_missing_fields() -> None:
    place = a_full_vault(40)
    for point in place.world.landed():
        point.landed_at = place.world.now() - timedelta(minutes=1)
    place.world.faults.late_points(share=0.5)
    place.world.faults.missing_fields("IsEncrypted", share=0.5)
    found = listed(place)

    assert 5 < len(found) < 35
    assert 2 < sum("IsEncrypted" in point for point in found) < len(found) - 2


def test_a_completed_copy_job_does_not_name_its_copy_at_first() -> None:
    place = Place()
    job = place.copy()
    place.world.run_for(timedelta(hours=3))
    place.world.faults.nameless_copies(looks=2)
    shown = ["DestinationRecoveryPointArn" in place.job(job) for _ in range(3)]

    assert shown == [False, False, True]
    assert place.world.faults.struck["a completed copy job did not name its copy"] == 2


@pytest.mark.parametrize(
    "senseless",
    [
        lambda faults: faults.short_pages(2),
        lambda faults: faults.partial("sqs", "SendMessage", 0.5),
        lambda faults: faults.partial("events", "PutEvents", -1),
        lambda faults: faults.missing_fields(),
        lambda faults: faults.missing_fields("Status"),
        lambda faults: faults.missing_fields("IsEncrypted", looks=0),
        lambda faults: faults.late_points(share=1.1),
        lambda faults: faults.nameless_copies(looks=0),
    ],
)
def test_a_fault_of_an_answer_that_makes_no_sense_is_refused(senseless: Callable[[Any], None]) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        senseless(World().faults)
