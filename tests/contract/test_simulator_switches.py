"""Where AWS's documents are silent, a switch says what happens; and who may do what is asked of the policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import DeleteDuringCopy, OverQuota, RuleTarget, SourceVaultShown, UnknownBehaviour, texts
from backup_simulator.queues import Queue
from tests.simulated_place import DR, HOME, OPEN, SERVICE, SLR, A, B, Journey, Place, code_of


def test_one_action_across_account_and_region_was_not_possible_before_october_2025() -> None:
    outcomes = []
    for single_action in (False, True):
        journey = Journey(unknown=UnknownBehaviour(single_action=single_action))
        there = journey.world.site(B, DR)
        vault = there.create_vault("beyond", key_arn=there.create_key(), policy=OPEN)
        outcomes.append(journey.outcome(DestinationBackupVaultArn=vault))

    text = f"Copy job from {HOME} to {DR} cannot be initiated for RDS resources. "
    assert outcomes == [f"{text}Feature is not supported for provided resource type.", "COMPLETED"]


def seven_clusters(answer: OverQuota, *, size_gib: float) -> Place:
    """A place where seven clusters, two more than the quota, begin to be copied at the same time."""
    place = Place(unknown=UnknownBehaviour(over_quota=answer))
    key = place.point.key_arn
    for number in range(7):
        name = place.site.create_database("Aurora", f"cluster-{number}", key_arn=key, size_gib=size_gib)
        place.client.start_backup_job(BackupVaultName="near", ResourceArn=name, IamRoleArn=place.role)
    place.world.run_for(timedelta(hours=1))
    clusters = [point for point in place.world.recovery_points() if point.resource_type == "Aurora"]
    for point in clusters:
        place.copy(RecoveryPointArn=point.arn, IdempotencyToken=point.arn)
    place.world.run_for(timedelta(minutes=5))
    return place


@pytest.mark.parametrize(("answer", "expected"), [(OverQuota.FAILS, {texts.TOO_MANY_JOBS}), (OverQuota.QUEUES, set())])
def test_beyond_the_quota_a_job_waits_or_fails(answer: OverQuota, expected: set[str]) -> None:
    place = seven_clusters(answer, size_gib=500)
    states = [job.state for job in place.world.copy_jobs()]

    assert states.count("RUNNING") == 5
    assert {job.message for job in place.world.copy_jobs() if job.message} == expected
    place.world.run_for(timedelta(days=3))
    waiting = [job for job in place.world.copy_jobs() if job.is_live]
    assert waiting == []


@pytest.mark.parametrize(("size_gib", "expected"), [(500, {texts.TOO_MANY_JOBS}), (1, set())])
def test_beyond_the_quota_a_job_may_wait_first_and_fail_after_hours(size_gib: float, expected: set[str]) -> None:
    place = seven_clusters(OverQuota.QUEUES_THEN_FAILS, size_gib=size_gib)
    states = [job.state for job in place.world.copy_jobs()]
    place.world.run_for(timedelta(days=3))
    jobs = place.world.copy_jobs()

    assert (states.count("RUNNING"), states.count("CREATED")) == (5, 2)
    assert {job.message for job in jobs if job.message} == expected
    assert [job.id for job in jobs if job.is_live] == []


def test_a_delete_during_a_copy_is_accepted_unless_a_switch_says_otherwise() -> None:
    assert UnknownBehaviour().delete_during_copy is DeleteDuringCopy.ACCEPTED


def test_a_locked_vault_refuses_deletes_and_lifecycle_changes_in_aws_words() -> None:
    place = Place()
    place.world.vault_by_arn(place.vault).lock = {"MinRetentionDays": 7}
    request = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    refusals = []
    calls: tuple[Callable[[], object], ...] = (
        lambda: place.client.delete_recovery_point(**request),
        lambda: place.client.update_recovery_point_lifecycle(**request, Lifecycle={"DeleteAfterDays": 8}),
    )
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        refusals.append((code_of(refused), refused.value.response["Error"]["Message"]))

    text = "RecoveryPoint cannot be deleted or updated (Backup vault configured with Lock)"
    assert refusals == [("InvalidRequestException", text)] * 2


ACROSS = SourceVaultShown.ACROSS_ACCOUNTS_AND_REGIONS


@pytest.mark.parametrize(
    ("setting", "account", "region", "shown"),
    [
        # The setting, the copy's account and Region, and where its source vault is shown: described, listed.
        (SourceVaultShown.AS_DOCUMENTED, B, HOME, (False, True)),
        (SourceVaultShown.AS_DOCUMENTED, A, DR, (False, False)),
        (SourceVaultShown.AS_DOCUMENTED, B, DR, (True, True)),
        (SourceVaultShown.ALWAYS, A, DR, (True, True)),
        (SourceVaultShown.ACROSS_ACCOUNTS, B, HOME, (True, True)),
        (SourceVaultShown.ACROSS_ACCOUNTS, A, DR, (False, False)),
        (ACROSS, B, HOME, (False, False)),
        (ACROSS, B, DR, (True, True)),
        (SourceVaultShown.NEVER, B, DR, (False, False)),
    ],
)
def test_a_copy_names_its_source_vault_as_the_switch_says(
    setting: SourceVaultShown, account: str, region: str, shown: tuple[bool, bool]
) -> None:
    place = Place(unknown=UnknownBehaviour(source_vault_shown=setting))
    there = place.world.site(account, region)
    vault = there.create_vault("beyond", key_arn=there.create_key(), policy=OPEN)
    place.copy(DestinationBackupVaultArn=vault)
    place.world.run_for(timedelta(hours=6))
    client = place.world.session(account, region=region).client("backup")
    (listed,) = client.list_recovery_points_by_backup_vault(BackupVaultName="beyond")["RecoveryPoints"]
    described = client.describe_recovery_point(BackupVaultName="beyond", RecoveryPointArn=listed["RecoveryPointArn"])

    names = tuple(answer.get("SourceBackupVaultArn") for answer in (described, listed))
    assert names == tuple(place.vault if is_shown else None for is_shown in shown)


@pytest.mark.parametrize("survives", [True, False])
def test_a_copy_of_a_copy_names_the_database_or_the_point_that_it_was_copied_from(*, survives: bool) -> None:
    place = Place(unknown=UnknownBehaviour(resource_arn_survives_second_copy=survives))
    last = place.site.create_vault("last", key_arn=place.site.create_key(), policy=OPEN)
    queue = listen(place)
    first_id = place.copy()
    place.world.run_for(timedelta(hours=6))
    copy = place.job(first_id)["DestinationRecoveryPointArn"]
    far = place.world.session(A, region=DR).client("backup")
    far.start_copy_job(
        RecoveryPointArn=copy,
        SourceBackupVaultName="far",
        DestinationBackupVaultArn=last,
        IamRoleArn=place.role,
        IdempotencyToken="second",
    )
    place.world.run_for(timedelta(hours=6))
    expected = place.database if survives else copy
    (job,) = far.list_copy_jobs(ByResourceArn=expected, ByDestinationVaultArn=last)["CopyJobs"]
    (point,) = place.client.list_recovery_points_by_backup_vault(BackupVaultName="last")["RecoveryPoints"]
    described = place.client.describe_recovery_point(BackupVaultName="last", RecoveryPointArn=point["RecoveryPointArn"])

    named = [each["ResourceArn"] for each in (job, far.describe_copy_job(CopyJobId=job["CopyJobId"])["CopyJob"])]
    assert [*named, point["ResourceArn"], described["ResourceArn"]] == [expected] * 4
    assert place.job(first_id)["ResourceArn"] == place.database
    assert resources_told(queue, last) == {expected}


def listen(place: Place) -> Queue:
    """A queue for the events of both Regions."""
    queue = place.site.create_queue("heard")
    for site in (place.site, place.far):
        site.put_rule("all", pattern={"source": ["aws.backup"]}, targets=[RuleTarget(id="q", arn=queue.arn)])
    return queue


def resources_told(queue: Queue, vault: str) -> set[Any]:
    """The resources that the events about a vault name."""
    details = [json.loads(message.body)["detail"] for message in queue.messages.values()]
    about = [each for each in details if vault in (each.get("destinationBackupVaultArn"), each.get("backupVaultArn"))]
    return {each["resourceArn"] for each in about if "resourceArn" in each}


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED"])
def test_a_role_that_is_deleted_during_the_copy_leaves_a_copy_and_a_complaint(state: str) -> None:
    journey = Journey(unknown=UnknownBehaviour(unshare_failure_state=state))
    job_id = journey.copy()
    journey.world.run_for(timedelta(minutes=5))
    journey.world.account(A).delete_role(journey.role)
    journey.world.run_for(timedelta(hours=6))

    assert (journey.job(job_id)["State"], journey.job(job_id)["StatusMessage"]) == (state, texts.UNSHARE)
    assert journey.world.recovery_points()[-1].vault_arn == journey.target


@pytest.mark.parametrize("later", [False, True])
def test_a_multi_az_cluster_cannot_be_copied(*, later: bool) -> None:
    place = Place(unknown=UnknownBehaviour(multi_az_cluster_fails_later=later))
    cluster = place.site.create_database("RDS", "three", key_arn=place.point.key_arn, multi_az_cluster=True)
    place.client.start_backup_job(BackupVaultName="near", ResourceArn=cluster, IamRoleArn=place.role)
    place.world.run_for(timedelta(hours=1))
    point = place.world.recovery_points()[-1]
    if not later:
        with pytest.raises(place.client.exceptions.InvalidRequestException, match="not supported"):
            place.copy(RecoveryPointArn=point.arn)
        return

    job_id = place.copy(RecoveryPointArn=point.arn)
    place.world.run_for(timedelta(hours=1))
    assert "not supported" in place.job(job_id)["StatusMessage"]


def test_a_delete_without_a_role_that_can_carry_it_out_leaves_the_point_expired() -> None:
    place = Place()
    place.world.account(A).delete_role(SLR.replace(B, A))
    place.world.roles[place.role].policies = ()
    request = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    place.client.delete_recovery_point(**request)
    place.world.run_for(timedelta(days=3))
    assert place.client.describe_recovery_point(**request)["Status"] == "EXPIRED"

    place.world.account(A).create_service_linked_role("backup.amazonaws.com")
    place.client.delete_recovery_point(**request)
    place.world.run_for(timedelta(hours=1))
    assert place.world.recovery_points() == []


@pytest.mark.parametrize(
    ("left_out", "action"),
    [
        ("backup:StartCopyJob", "backup:StartCopyJob"),
        ("iam:PassRole", "iam:PassRole"),
        ("backup:CopyFromBackupVault", "backup:CopyFromBackupVault"),
    ],
)
def test_a_caller_needs_every_right_that_a_copy_takes_and_the_trace_says_which_is_missing(
    left_out: str, action: str
) -> None:
    place = Place()
    rights = {"backup:StartCopyJob", "iam:PassRole", "backup:CopyFromBackupVault"} - {left_out}
    policy = {"Statement": [{"Effect": "Allow", "Action": sorted(rights), "Resource": "*"}]}
    caller = place.world.account(A).create_role("caller", trust=SERVICE, policies=[policy])
    place.client = place.world.session(A, caller, HOME).client("backup")

    with pytest.raises(place.client.exceptions.ClientError, match=f"not authorized to perform: {action}"):
        place.copy()
    assert [line.facts["action"] for line in place.world.trace if line.kind == "denied"] == [action]
    assert place.world.copy_jobs() == []
