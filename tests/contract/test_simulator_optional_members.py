"""A member that AWS's model calls optional may be absent; one that is not modelled is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled, World
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
