"""Sessions of an assumed role: one for an hour, renewed before it ends, and the clients of the old one dropped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from secondhop.adapters.sites import AssumedRole, Sites
from secondhop.domain.arn import Site
from tests.builders import BACKUP, DR, HOME, WORKLOAD
from tests.simulated_place import ALL

NEAR, FAR, OWN = Site(BACKUP, HOME), Site(BACKUP, DR), Site(WORKLOAD, HOME)
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": WORKLOAD},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "handshake"}},
        }
    ]
}


def sites_of(world: World, external_id: str = "handshake") -> Sites:
    arn = world.account(BACKUP).create_role("operator", trust=TRUST, policies=[ALL])
    roles = {BACKUP: AssumedRole(role_arn=arn, external_id=external_id)}
    session: Any = world.session(WORKLOAD, region=HOME)
    return Sites(session, roles, world.now)


def assumed(world: World) -> int:
    return sum(count for (*_, operation), count in world.calls.items() if operation == "AssumeRole")


def test_one_session_serves_all_services_and_regions_of_an_account() -> None:
    world = World()
    sites = sites_of(world)
    clients = [sites.backup_client(NEAR), sites.backup_client(FAR), sites.key_client(NEAR)]

    assert sites.backup_client(NEAR) is clients[0]
    assert [client.meta.region_name for client in clients] == [HOME, DR, HOME]
    assert [client.meta.service_model.service_name for client in clients] == ["backup", "backup", "kms"]
    assert assumed(world) == 1
    clients[1].list_copy_jobs()
    assert {role for account, role, service, _ in world.calls if service == "backup"} == {
        f"arn:aws:iam::{BACKUP}:role/operator"
    }


def test_an_account_without_a_role_is_acted_in_by_the_functions_own() -> None:
    world = World()
    sites = sites_of(world)
    client = sites.backup_client(OWN)

    assert sites.backup_client(OWN) is client
    client.list_copy_jobs()
    assert assumed(world) == 0
    assert {account for account, _, service, _ in world.calls if service == "backup"} == {WORKLOAD}


@pytest.mark.parametrize(("minutes", "sessions"), [(54, 1), (56, 2), (59, 2), (61, 2)])
def test_an_assumed_session_is_renewed_five_minutes_before_its_end(minutes: int, sessions: int) -> None:
    world = World()
    sites = sites_of(world)
    first = sites.backup_client(NEAR)
    world.run_for(timedelta(minutes=minutes))
    second = sites.backup_client(NEAR)

    assert (second is not first, assumed(world)) == (sessions > 1, sessions)
    world.run_for(timedelta(minutes=4, seconds=59))
    second.list_copy_jobs()


def test_a_session_is_asked_for_with_an_external_id_only_where_one_is_set() -> None:
    world = World()
    requests: list[dict[str, object]] = []
    world.on_call(lambda call: requests.append(dict(call.request)) if call.operation == "AssumeRole" else None)
    arn = world.account(BACKUP).create_role("open", trust={"Statement": [{**TRUST["Statement"][0], "Condition": {}}]})
    session: Any = world.session(WORKLOAD, region=HOME)
    sites = Sites(session, {BACKUP: AssumedRole(role_arn=arn, external_id="")}, world.now)
    sites.backup_client(NEAR)
    sites_of(world).backup_client(NEAR)

    assert [request.get("ExternalId") for request in requests] == [None, "handshake"]
    assert {request["RoleSessionName"] for request in requests} == {"secondhop"}
