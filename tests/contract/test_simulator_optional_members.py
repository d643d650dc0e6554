"""A member that AWS's model calls optional may be absent; one that is not modelled is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from backup_simulator import NotModelled, World
from backup_simulator.services.members import KNOWN
from tests.simulated_place import DR, HOME, A, B, code_of


def client(service: str, world: World | None = None) -> Any:
    session: Any = (world or World()).session(A, region=HOME)
    return session.client(service)


def test_aliases_are_listed_without_a_key() -> None:
    world = World()
    site = world.site(A, HOME)
    managed = site.create_key(managed_by="aws/rds")
    site.create_key()
    world.site(A, DR).create_key(managed_by="aws/rds")
    world.site(B, HOME).create_key(managed_by="aws/rds")
    (alias,) = client("kms", world).list_aliases()["Aliases"]

    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/aws/rds", managed.rpartition("/")[2])


def test_a_key_by_its_alias_is_refused_by_name() -> None:
    with pytest.raises(NotModelled, match="alias/aws/rds"):
        client("kms").describe_key(KeyId="alias/aws/rds")


@pytest.mark.parametrize("member", ["TargetArn", "PhoneNumber"])
def test_a_message_to_anything_but_a_topic_is_refused_by_name(member: str) -> None:
    with pytest.raises(NotModelled, match=member):
        client("sns").publish(Message="m", **{member: "x"})


def test_a_message_to_nobody_is_refused() -> None:
    with pytest.raises(ClientError) as refused:
        client("sns").publish(Message="m")

    assert code_of(refused) == "InvalidParameter"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "member"),
    [
        ("rds", "describe_db_instances", {"Filters": [{"Name": "engine", "Values": ["mysql"]}]}, "Filters"),
        ("rds", "describe_db_instances", {"MaxRecords": 20}, "MaxRecords"),
        ("rds", "describe_db_clusters", {"IncludeShared": True}, "IncludeShared"),
        ("rds", "describe_option_groups", {"EngineName": "mysql"}, "EngineName"),
        ("iam", "list_roles", {"MaxItems": 1}, "MaxItems"),
        ("iam", "list_roles", {"PathPrefix": "/x/"}, "PathPrefix"),
        ("kms", "list_aliases", {"Limit": 1}, "Limit"),
        ("sqs", "receive_message", {"QueueUrl": "q", "VisibilityTimeout": 5}, "VisibilityTimeout"),
        (
            "sts",
            "assume_role",
            {"RoleArn": "r" * 20, "RoleSessionName": "s1", "DurationSeconds": 900},
            "DurationSeconds",
        ),
    ],
)
def test_a_member_that_would_be_ignored_is_refused_by_name(
    service: str, operation: str, request_: dict[str, Any], member: str
) -> None:
    with pytest.raises(NotModelled, match=member):
        getattr(client(service), operation)(**request_)


def test_the_known_members_cover_every_operation_and_exist_in_its_model() -> None:
    modelled = {each for each in World().operations() if each[0] != "backup"}
    shapes: dict[tuple[str, str], Any] = {
        each: get_session().get_service_model(each[0]).operation_model(each[1]).input_shape for each in KNOWN
    }

    assert modelled - KNOWN.keys() == set()
    assert {place: names - set(shapes[place].members if shapes[place] else ()) for place, names in KNOWN.items()} == {
        place: set() for place in KNOWN
    }


@pytest.mark.parametrize(
    ("operation", "member", "answer", "missing"),
    [
        ("describe_db_instances", "DBInstanceIdentifier", "DBInstances", "DBInstanceNotFound"),
        ("describe_db_clusters", "DBClusterIdentifier", "DBClusters", "DBClusterNotFoundFault"),
    ],
)
def test_a_database_is_described_by_its_name_alone(operation: str, member: str, answer: str, missing: str) -> None:
    world = World()
    site = world.site(A, HOME)
    for kind in ("RDS", "Aurora"):
        for name in ("one", "two"):
            site.create_database(kind, name, key_arn=None)
    describe = getattr(client("rds", world), operation)
    with pytest.raises(ClientError) as refused:
        describe(**{member: "three"})

    assert [each[member] for each in describe(**{member: "one"})[answer]] == ["one"]
    assert code_of(refused) == missing
