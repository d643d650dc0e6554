"""The checks of the nights detect an adapter that is broken on purpose, and name the broken promise.

The broken part is between the real handlers and their world: a client that does too much or too little, or a store
without its limit. Nothing of Second Hop is patched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.functions import RUNNING, Running
from rehearsal.nights.hostile_draws import HostileDraws
from rehearsal.nights.night import Night
from rehearsal.nights.scenario import Scenario, draw_scenario
from rehearsal.oracle import Violation
from tests.spoilt import Behaviour, SpoiltSession

pytestmark = pytest.mark.under_fire

MOST_NIGHTS = 50


def small_nights() -> list[Scenario]:
    """Those of fifty nights with copies that all end within about a day; the ones with few databases first."""
    plans = [draw_scenario(seed) for seed in range(1, MOST_NIGHTS + 1)]
    quick = [
        plan
        for plan in plans
        if not (plan.is_in_dynamodb or plan.unknown.system_error_is_long)
        if not (plan.has_lonely_failing_database or plan.runs_until_all_is_gone)
    ]
    # The checks for hostile draws are tried in test_checks_detect_outside_faults.
    harmless: dict[str, Any] = {each.name: each.default for each in fields(HostileDraws)}
    return sorted((replace(plan, **harmless) for plan in quick), key=lambda plan: len(plan.databases))


def first_violations(promise: int, evidence: str = "", **spoilt: Any) -> list[Violation]:
    """The violations of the first night in which a promise is broken, with such evidence.

    The same night must have none while nothing is broken. Otherwise its violations would prove nothing.
    """
    for plan in small_nights():
        found = Night(scenario=plan, stops_at=promise, **spoilt).run().violations
        if any(each.promise == promise and evidence in each.evidence for each in found):
            assert Night(scenario=plan, stops_at=promise).run().violations == ()
            return list(found)
    return []


def broken(service: str, behave: Behaviour, *, promise: int, evidence: str = "") -> list[Violation]:
    return first_violations(promise, evidence, wrap_session=lambda session: SpoiltSession(session, service, behave))


def promises(found: Iterable[Violation]) -> set[int]:
    return {violation.promise for violation in found}


def test_a_copy_that_is_started_twice_breaks_promise_two() -> None:
    def start_twice(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "start_copy_job":
            client.start_copy_job(**{**request, "IdempotencyToken": request["IdempotencyToken"] + "-again"})
        return getattr(client, operation)(**request)

    found = broken("backup", start_twice, promise=2)
    assert 2 in promises(found)
    assert any("was copied 2 times" in violation.evidence for violation in found)


def test_a_delete_before_the_copy_was_verified_breaks_promise_one() -> None:
    def delete_at_once(client: Any, operation: str, request: dict[str, Any]) -> Any:
        answer = getattr(client, operation)(**request)
        if operation == "start_copy_job":
            point = {
                "BackupVaultName": request["SourceBackupVaultName"],
                "RecoveryPointArn": request["RecoveryPointArn"],
            }
            try:
                client.delete_recovery_point(**point)
            except ClientError:
                return answer
        return answer

    found = broken("backup", delete_at_once, promise=1)
    assert 1 in promises(found)
    assert any("while it had no good copy" in violation.evidence for violation in found)


def test_a_stored_verification_that_is_trusted_breaks_promise_one() -> None:
    remembered: dict[str, Any] = {}

    def remember(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation != "describe_recovery_point":
            return getattr(client, operation)(**request)
        point = request["RecoveryPointArn"]
        if point not in remembered:
            answer = client.describe_recovery_point(**request)
            if answer["Status"] != "COMPLETED" or answer["BackupVaultName"] != "dr-vault":
                return answer
            remembered[point] = answer
        return remembered[point]

    found = broken("backup", remember, promise=1)
    assert 1 in promises(found)
    assert any("was not described in the same invocation" in violation.evidence for violation in found)


def test_a_look_counts_however_many_others_look_before_the_delete_goes_out() -> None:
    deleted: list[str] = []

    def look_from_elsewhere(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "delete_recovery_point":
            deleted.append(request["RecoveryPointArn"])
            for number in range(-12, 0):
                RUNNING.append(Running(RUNNING[-1].function, number))
                client.describe_recovery_point(**request)
                RUNNING.pop()
        return getattr(client, operation)(**request)

    # Final copies of eight days are outlived by their intermediates, which are kept then.
    releasing = [plan for plan in small_nights() if "RetentionDays" not in plan.parameters]
    plan = replace(releasing[0], faults_per_hour=0.0)
    night = Night(scenario=plan, wrap_session=lambda session: SpoiltSession(session, "backup", look_from_elsewhere))

    assert night.run().violations == ()
    assert deleted != []


@pytest.mark.parametrize("service", ["sns", "events"])
def test_a_notification_that_is_dropped_breaks_promise_three(service: str) -> None:
    def drop(_client: Any, operation: str, _request: dict[str, Any]) -> Any:
        return {"publish": {"MessageId": "0"}, "put_events": {"FailedEntryCount": 0, "Entries": []}}[operation]

    assert promises(broken(service, drop, promise=3)) == {3}


def test_a_sweep_that_never_lists_breaks_promise_three() -> None:
    def see_nothing(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "list_recovery_points_by_backup_vault" and "ByCreatedAfter" in request:
            return {"RecoveryPoints": []}
        return getattr(client, operation)(**request)

    assert promises(broken("backup", see_nothing, promise=3, evidence="arrived, has no good copy")) == {3}


def test_a_delete_that_is_believed_breaks_promise_three() -> None:
    deleted: set[str] = set()

    def believe(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation == "describe_recovery_point" and request["RecoveryPointArn"] in deleted:
            gone: Any = {"Error": {"Code": "ResourceNotFoundException", "Message": "Cannot find recovery point"}}
            raise ClientError(gone, "DescribeRecoveryPoint")
        answer = getattr(client, operation)(**request)
        if operation == "delete_recovery_point":
            deleted.add(request["RecoveryPointArn"])
        return answer

    found = broken("backup", believe, promise=3, evidence="is no longer needed, still exists (EXPIRED)")
    assert promises(found) == {3}


def test_a_quota_that_is_ignored_breaks_promise_four() -> None:
    class Generous:
        """A store that gives every hop a slot."""

        def __init__(self, store: Any) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def save(self, chain: Any, *, before: Any, limit: int) -> Any:
            return self._store.save(chain, before=before, limit=limit + 100)

    assert 4 in promises(first_violations(4, wrap_store=Generous))


def test_a_touch_of_what_is_not_ours_breaks_promise_five() -> None:
    def shorten(client: Any, operation: str, request: dict[str, Any]) -> Any:
        answer = getattr(client, operation)(**request)
        if operation == "describe_recovery_point" and request["BackupVaultName"] == "dr-vault":
            try:
                client.update_recovery_point_lifecycle(**request, Lifecycle={"DeleteAfterDays": 1})
            except ClientError:
                return answer
        return answer

    found = broken("backup", shorten, promise=5)
    assert 5 in promises(found)
    assert any("UpdateRecoveryPointLifecycle" in violation.evidence for violation in found)
