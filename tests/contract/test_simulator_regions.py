"""Which copies AWS Backup makes between Regions, accounts and partitions (backup-feature-availability)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import RuleTarget, UnknownBehaviour, World, texts
from backup_simulator.regions import partition_of, supports_copy
from tests.simulated_place import ALL, HOME, OPEN, SERVICE, A, B

RDS_FAMILY = ("RDS", "Aurora", "DocumentDB")
ALL_TYPES = (*RDS_FAMILY, "Neptune")
# source, destination, whether another account, the types that are copied so
TABLE: list[tuple[str, str, bool, tuple[str, ...]]] = [
    (HOME, HOME, False, ALL_TYPES),
    (HOME, HOME, True, ALL_TYPES),
    (HOME, "eu-central-1", False, ALL_TYPES),
    (HOME, "eu-central-1", True, ALL_TYPES),
    ("eu-south-1", "eu-south-1", False, ALL_TYPES),
    ("eu-south-1", "eu-south-1", True, RDS_FAMILY),
    (HOME, "eu-south-1", False, RDS_FAMILY),
    ("eu-south-1", HOME, False, RDS_FAMILY),
    (HOME, "me-central-1", False, ALL_TYPES),
    ("me-central-1", HOME, False, ALL_TYPES),
    ("me-central-1", "eu-south-1", False, RDS_FAMILY),
    (HOME, "me-central-1", True, RDS_FAMILY),
    ("cn-north-1", "cn-northwest-1", False, ALL_TYPES),
    ("cn-north-1", "cn-north-1", True, ALL_TYPES),
    ("us-gov-west-1", "us-gov-east-1", False, ALL_TYPES),
    ("us-gov-west-1", "us-gov-east-1", True, ALL_TYPES),
    ("eusc-de-east-1", "eusc-de-east-1", False, ALL_TYPES),
    ("eusc-de-east-1", "eusc-de-east-1", True, ()),
    ("eusc-de-east-1", "eusc-de-west-1", False, ()),
]


@pytest.mark.parametrize(("source", "destination", "crosses_account", "expected"), TABLE)
def test_a_type_is_copied_where_aws_says_so(
    source: str, destination: str, expected: tuple[str, ...], *, crosses_account: bool
) -> None:
    copied = [kind for kind in ALL_TYPES if supports_copy(kind, source, destination, crosses_account=crosses_account)]

    assert tuple(copied) == expected


def outcome(world: World, source: tuple[str, str], destination: tuple[str, str], kind: str = "RDS") -> str:
    """What becomes of a copy from one place to another: its message, or COMPLETED."""
    here, there = world.site(*source), world.site(*destination)
    for account in (source[0], destination[0]):
        world.account(account).create_service_linked_role("backup.amazonaws.com")
    both = [source[0], destination[0]]
    shared = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": both}, "Action": "kms:*", "Resource": "*"}]}
    here.create_vault("near", key_arn=here.create_key())
    target = there.create_vault("far", key_arn=there.create_key(), policy=OPEN)
    role = world.account(source[0]).create_role("backup", trust=SERVICE, policies=[ALL])
    database = here.create_database(kind, "orders", key_arn=here.create_key(policy=shared))
    client = world.session(source[0], region=source[1]).client("backup")
    client.start_backup_job(BackupVaultName="near", ResourceArn=database, IamRoleArn=role)
    world.run_for(timedelta(hours=1))
    (point,) = client.list_recovery_points_by_backup_vault(BackupVaultName="near")["RecoveryPoints"]
    job_id = client.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="near",
        DestinationBackupVaultArn=target,
        IamRoleArn=role,
    )["CopyJobId"]
    world.run_for(timedelta(hours=4))
    job = client.describe_copy_job(CopyJobId=job_id)["CopyJob"]
    assert job["ResourceArn"].startswith(f"arn:{partition_of(source[1])}:rds:")
    return str(job.get("StatusMessage", job["State"]))


def test_china_copies_between_its_regions_and_accounts() -> None:
    assert outcome(World(), (A, "cn-north-1"), (A, "cn-northwest-1")) == "COMPLETED"
    assert outcome(World(), (A, "cn-north-1"), (B, "cn-north-1")) == "COMPLETED"


def test_the_sovereign_cloud_copies_to_no_other_account() -> None:
    place = "eusc-de-east-1"
    refused = outcome(World(), (A, place), (B, place))

    assert refused == texts.SINGLE_ACTION.format(source=place, destination=place, resource_type="RDS")


def test_govcloud_copies_between_its_regions_and_accounts() -> None:
    assert outcome(World(), (A, "us-gov-west-1"), (B, "us-gov-east-1")) == "COMPLETED"


def test_no_copy_leaves_its_partition() -> None:
    assert outcome(World(), (A, HOME), (B, "us-gov-west-1")) == texts.ORGANIZATION


def test_arns_are_of_the_partition_of_their_region() -> None:
    world = World()
    place = world.site(A, "cn-north-1")
    arns = [
        place.create_key(),
        place.create_queue("q").arn,
        place.create_topic("t"),
        place.create_vault("vault", key_arn=place.create_key()),
        world.account(A).create_service_linked_role("backup.amazonaws.com"),
        world.session(A, region="cn-north-1").client("sts").get_caller_identity()["Arn"],
    ]

    assert {arn.split(":")[1] for arn in arns} == {"aws-cn"}


def test_an_account_is_of_one_partition() -> None:
    world = World()
    world.site(A, HOME)

    with pytest.raises(ValueError, match="partition aws and has no Regions of aws-cn"):
        world.site(A, "cn-north-1")


@pytest.mark.parametrize("reaches", [True, False])
def test_whether_events_reach_opt_in_regions_is_a_switch(*, reaches: bool) -> None:
    world = World(unknown=UnknownBehaviour(events_reach_opt_in_regions=reaches))
    sender, receiver = world.site(A, HOME), world.site(A, "eu-south-1")
    bus = f"arn:aws:events:eu-south-1:{A}:event-bus/default"
    sender.put_rule("out", pattern={"source": ["aws.backup"]}, targets=[RuleTarget(id="x", arn=bus)])
    queue = receiver.create_queue("in")
    receiver.put_rule("in", pattern={"account": [A]}, targets=[RuleTarget(id="q", arn=queue.arn)])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(minutes=10))

    assert len(queue.messages) == int(reaches)
    dropped = [line.text for line in world.trace if line.kind == "event dropped"]
    assert ["CROSS_REGION_INGESTION_FAILED" in text for text in dropped] == [True] * (not reaches)
