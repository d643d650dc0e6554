"""The checks of hostile nights detect what is broken on purpose from outside, and name the broken promise.

The nights are calm and small. The same nights have no violations if nothing is broken.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import Delivery, SourceVaultShown, UnknownBehaviour
from rehearsal.nights.hostile_draws import HostileDraws
from rehearsal.nights.night import Night
from rehearsal.nights.scenario import Database, Scenario, TableLoss, draw_scenario
from rehearsal.oracle import Violation
from rehearsal.stage import Topology
from tests.spoilt import SpoiltSession

pytestmark = pytest.mark.under_fire

DATABASES = (
    Database(name="customers", resource_type="Aurora", size_gib=5, account=0),
    Database(name="orders", resource_type="RDS", size_gib=5, account=0),
)
# AWS names the source vault of each copy, so Second Hop knows which ones were copied back.
UNKNOWN = UnknownBehaviour(source_vault_shown=SourceVaultShown.ALWAYS)
Sabotage = Callable[[Night, Any, str, dict[str, Any]], Any]


def a_calm_night(**changes: Any) -> Scenario:
    """A night of two databases with only the given faults."""
    harmless = {each.name: each.default for each in fields(HostileDraws)}
    calm = {
        "topology": Topology.WORKLOAD,
        "databases": DATABASES,
        "parameters": {},
        "given": {},
        "unknown": UNKNOWN,
        "delivery": Delivery(),
        "faults_per_hour": 0.0,
        "operator_acts_per_hour": 0.0,
        "index_lag": timedelta(0),
        "skews": (0,),
        "has_second_installation": False,
        "table_loss": TableLoss.NONE,
        "is_in_dynamodb": False,
        "has_boto3_clients": False,
        "loses_a_final_copy": False,
        "is_followed_by_a_month": False,
    }
    return replace(draw_scenario(1), **{**harmless, **calm, **changes})


OPEN_VAULT: dict[str, Any] = {"given": {"dr-region": {"VaultLock": "off"}}, "parameters": {"DrVaultLock": "none"}}
SHORT_LIVED: dict[str, Any] = {
    "given": {"workload": {"OriginRetentionDays": "7", "IntermediateRetentionDays": "7"}},
    "parameters": {"RetentionDays": "8", "MinimumRetentionDays": "7", "MinimumRemainingDays": "7"},
}
A_LONELY_NIGHT = a_calm_night(has_lonely_failing_database=True, databases=DATABASES[:1])


def found_in(plan: Scenario, service: str, sabotage: Sabotage, *, control: bool = True) -> list[Violation]:
    """The violations of a sabotaged night. With `control`, the same night must have none without sabotage."""
    nights: list[Night] = []

    def behave(client: Any, operation: str, request: dict[str, Any]) -> Any:
        return sabotage(nights[0], client, operation, request)

    nights.append(Night(scenario=plan, wrap_session=lambda session: SpoiltSession(session, service, behave)))
    found = nights[0].run().violations
    if control:
        assert Night(scenario=plan).run().violations == ()
    return list(found)


def said(found: list[Violation], promise: int, evidence: str) -> bool:
    return any(each.promise == promise and evidence in each.evidence for each in found)


def copied_back(night: Night) -> list[Any]:
    points = night.world.vault_by_arn(night.expected.watched).points.values()
    return [point for point in points if night.expected.is_copied_back(point) and point.status == "COMPLETED"]


def test_a_calm_night_is_green() -> None:
    assert Night(scenario=a_calm_night()).run().violations == ()


def test_a_copy_of_what_people_copied_back_breaks_promise_five() -> None:
    def copy_it(night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "start_copy_job" and request["DestinationBackupVaultArn"] == night.expected.final:
            for point in copied_back(night):
                client.start_copy_job(**{**request, "RecoveryPointArn": point.arn, "IdempotencyToken": point.arn[-36:]})
        return getattr(client, operation)(**request)

    found = found_in(a_calm_night(copies_back_per_hour=0.5), "backup", copy_it)
    assert said(found, 5, "which people had copied back")


def test_a_delete_of_what_people_copied_back_breaks_promise_five() -> None:
    def delete_it(night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "delete_recovery_point":
            for point in copied_back(night):
                client.delete_recovery_point(**{**request, "RecoveryPointArn": point.arn})
        return getattr(client, operation)(**request)

    found = found_in(a_calm_night(copies_back_per_hour=0.5), "backup", delete_it)
    assert said(found, 5, "was deleted, and people had copied it back")


def test_a_delete_of_an_intermediate_that_would_outlive_its_copy_breaks_promise_one() -> None:
    def lengthen_first(night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "delete_recovery_point":
            night.world.point_by_arn(request["RecoveryPointArn"]).delete_after_days = 400
        return getattr(client, operation)(**request)

    found = found_in(a_calm_night(), "backup", lengthen_first)
    assert said(found, 1, "it would have outlived every copy of it")


def test_a_delete_while_the_key_of_the_copy_cannot_be_used_breaks_promise_one() -> None:
    def see_no_trouble(night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        answer = getattr(client, operation)(**request)
        night.world.site("444455556666", "eu-central-1").disable_key(request["KeyId"])
        night.expected.unusable_keys.setdefault(request["KeyId"], night.world.now() - timedelta(hours=1))
        answer["KeyMetadata"] |= {"Enabled": True, "KeyState": "Enabled"}
        return answer

    found = found_in(a_calm_night(), "kms", see_no_trouble)
    assert said(found, 1, "while the key of its copy could not be used")


def call_it(cause: str) -> Sabotage:
    """Report another cause than the true one."""

    def report(_night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        for entry in request.get("Entries", []):
            detail = json.loads(entry["Detail"])
            entry["Detail"] = json.dumps(detail | ({"cause": cause} if detail.get("cause") else {}))
        return getattr(client, operation)(**request)

    return report


def test_an_existing_source_that_is_reported_as_deleted_breaks_promise_three() -> None:
    found = found_in(A_LONELY_NIGHT, "events", call_it("SOURCE_GONE"), control=False)
    assert said(found, 3, "was reported as deleted, and it exists")


def test_a_copy_that_fails_and_is_started_all_day_breaks_promise_three() -> None:
    def start_often(_night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "start_copy_job":
            for number in range(12):
                client.start_copy_job(**{**request, "IdempotencyToken": f"{request['IdempotencyToken']}-{number}"})
        return getattr(client, operation)(**request)

    found = found_in(A_LONELY_NIGHT, "backup", start_often, control=False)
    assert said(found, 3, "and it always fails")


def test_an_existing_copy_that_is_reported_as_vanished_breaks_promise_three() -> None:
    plan = a_calm_night(shortens_a_final_copy=True, loses_a_final_copy=True, **OPEN_VAULT)
    found = found_in(plan, "events", call_it("VANISHED"))
    assert said(found, 3, "was reported as vanished, and it exists")


def test_a_flood_of_messages_breaks_promise_three() -> None:
    def repeat(_night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        return [getattr(client, operation)(**request) for _ in range(70)][-1]

    found = found_in(a_calm_night(loses_a_final_copy=True, **OPEN_VAULT), "sns", repeat)
    assert said(found, 3, "sent 70 messages about VANISHED")


def test_a_call_about_a_point_that_was_deleted_long_ago_breaks_promise_three() -> None:
    def never_forget(night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "list_recovery_points_by_backup_vault":
            for point in night.world.landed()[:1]:
                try:
                    client.describe_recovery_point(
                        BackupVaultName=point.vault_arn.rpartition(":")[2], RecoveryPointArn=point.arn
                    )
                except ClientError:
                    continue
        return getattr(client, operation)(**request)

    plan = a_calm_night(runs_until_all_is_gone=True, **SHORT_LIVED)
    assert said(found_in(plan, "backup", never_forget), 3, "calls of one week, and it was deleted at")


def test_dead_letters_in_a_calm_night_break_promise_three() -> None:
    def lose_it(night: Night, client: Any, operation: str, request: dict[str, Any]) -> Any:
        for entry in request.get("Entries", []):
            for _ in range(5):
                night.world.queue(night.stage.main.ref("DeadLetters")).send(entry["MessageBody"])
        return getattr(client, operation)(**request)

    assert said(found_in(a_calm_night(), "sqs", lose_it), 3, "dead letters")


def test_a_copy_that_expired_as_promised_has_not_vanished() -> None:
    night = Night(scenario=a_calm_night(runs_until_all_is_gone=True, **SHORT_LIVED))
    assert night.run().violations == ()
    for point in night.expected.arrivals():
        night.notifications.check("VANISHED", point)

    assert said(night.safety.violations, 3, "was reported as vanished, and it expired as promised")
