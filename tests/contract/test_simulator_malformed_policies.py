"""A policy that could not be evaluated is refused when it is put: as AWS does, or by the name of what is not known."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled, World
from backup_simulator.errors import Refused
from tests.served import client, control, served
from tests.simulated_place import ALL, HOME, OPEN, SERVICE, A, Journey, code_of

STATEMENT = OPEN["Statement"][0]
TRUST, RIGHT = SERVICE["Statement"][0], ALL["Statement"][0]


def changed(statement: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A policy with a changed statement; None takes an element away."""
    new = {**statement, **changes}
    return {"Version": "2012-10-17", "Statement": {name: each for name, each in new.items() if each is not None}}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {operator: {key: value}}


MALFORMED: list[dict[str, Any]] = [
    {"Effect": "Maybe"},
    {"Effect": None},
    {"Action": 5},
    {"Action": []},
    {"Action": [5]},
    {"Action": None},
    {"Action": "CopyIntoBackupVault"},
    {"NotAction": "backup:StartCopyJob"},
    {"Resource": 5},
    {"Resource": "vault"},
    {"Sid": 5},
    {"Efect": "Allow"},
    {"Condition": "always"},
    {"Condition": {"StringEquals": "aws:PrincipalAccount"}},
    {"Condition": when("StringEqual", "aws:PrincipalAccount", A)},
    {"Condition": when("ForSomeValues:StringEquals", "aws:PrincipalAccount", A)},
    {"Condition": when("StringEquals", "aws:PrincipalAccount", {})},
    {"Condition": when("StringEquals", "aws:PrincipalAccount", [])},
    {"Condition": when("NullIfExists", "aws:PrincipalAccount", "true")},
    {"Condition": when("Null", "aws:PrincipalAccount", "maybe")},
    {"Condition": when("NumericLessThan", "aws:MultiFactorAuthAge", "soon")},
    {"Condition": when("DateLessThan", "aws:PrincipalTag/until", "soon")},
    {"Condition": when("DateLessThan", "aws:PrincipalTag/until", "9" * 30)},
    {"Condition": when("NotIpAddress", "aws:VpcSourceIp", "here")},
]
PRINCIPALS: list[dict[str, Any]] = [
    {"Principal": ["x"]},
    {"Principal": None},
    {"Principal": {}},
    {"Principal": {"Aws": A}},
    {"Principal": {"AWS": [5]}},
    {"Principal": {"AWS": "backup"}},
    {"Principal": {"AWS": f"arn:aws:iam::{A}:role/*"}},
    {"NotPrincipal": "*"},
]
UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"Condition": when("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z")}, "aws:CurrentTime"),
    ({"Condition": when("Bool", "aws:SecureTransport", "false")}, "aws:SecureTransport"),
    ({"Condition": when("StringEquals", "backup:FrameworkArns", "a")}, "backup:FrameworkArns"),
    ({"Condition": when("BinaryEquals", "aws:PrincipalTag/key", "QQ==")}, "BinaryEquals"),
    ({"Condition": when("StringLike", "aws:PrincipalArn", "*/${aws:userid}")}, "aws:userid"),
    ({"Resource": "arn:aws:backup:*:*:backup-vault:${aws:userid}"}, "aws:userid"),
]


@pytest.mark.parametrize("changes", MALFORMED + PRINCIPALS)
def test_a_malformed_vault_policy_is_refused_and_changes_nothing(changes: dict[str, Any]) -> None:
    journey = Journey()
    with pytest.raises(ClientError) as refused:
        journey.client.put_backup_vault_access_policy(
            BackupVaultName="near", Policy=json.dumps(changed(STATEMENT, **changes))
        )

    assert code_of(refused) == "InvalidParameterValueException"
    assert journey.world.vault_by_arn(journey.vault).policy is None


@pytest.mark.parametrize(
    "document", ["", "{", "[]", "5", "{}", '{"Statement": 5}', '{"Statement": [5]}', '{"Version": "2012"}']
)
def test_a_vault_policy_that_is_no_document_is_refused(document: str) -> None:
    with pytest.raises(ClientError) as refused:
        Journey().client.put_backup_vault_access_policy(BackupVaultName="near", Policy=document)

    assert code_of(refused) == "InvalidParameterValueException"


@pytest.mark.parametrize(("changes", "name"), UNKNOWN)
def test_what_a_policy_uses_and_nobody_models_is_refused_by_name_when_the_policy_is_put(
    changes: dict[str, Any], name: str
) -> None:
    journey = Journey()
    account = journey.world.account(A)
    puts: list[Callable[[], Any]] = [
        lambda: journey.client.put_backup_vault_access_policy(
            BackupVaultName="near", Policy=json.dumps(changed(STATEMENT, **changes))
        ),
        lambda: journey.site.create_vault("new", key_arn="k", policy=changed(STATEMENT, **changes)),
        lambda: journey.site.create_key(policy=changed(STATEMENT, **changes)),
        lambda: account.create_role("new", trust=SERVICE, policies=[changed(RIGHT, **changes)]),
        lambda: account.create_role("new", trust=SERVICE, boundary=changed(RIGHT, **changes)),
        lambda: account.add_policy("backup", changed(RIGHT, **changes)),
        lambda: account.bound_role(journey.role, changed(RIGHT, **changes)),
        lambda: account.set_service_control_policies([[changed(RIGHT, **changes)]]),
        lambda: journey.world.logs.put_policy(A, HOME, "new", changed(STATEMENT, **changes)),
    ]
    for put in puts:
        with pytest.raises(NotModelled, match=name):
            put()


@pytest.mark.parametrize("changes", MALFORMED)
def test_malformed_policies_of_other_kinds_are_refused_where_they_are_put(changes: dict[str, Any]) -> None:
    journey = Journey()
    account = journey.world.account(A)
    puts: list[Callable[[], Any]] = [
        lambda: journey.site.create_vault("new", key_arn="k", policy=changed(STATEMENT, **changes)),
        lambda: journey.site.create_key(policy=changed(STATEMENT, **changes)),
        lambda: journey.site.put_bus_policy(dict(changed(STATEMENT, **changes)["Statement"])),
        lambda: account.create_role("new", trust=changed(TRUST, **changes)),
        lambda: account.create_role("new", trust=SERVICE, policies=[changed(RIGHT, **changes)]),
        lambda: account.add_policy("backup", changed(RIGHT, **changes)),
        lambda: account.bound_role(journey.role, changed(RIGHT, **changes)),
        lambda: account.set_service_control_policies([[changed(RIGHT, **changes)]]),
        lambda: journey.world.logs.put_policy(A, HOME, "new", changed(STATEMENT, **changes)),
    ]
    for put in puts:
        with pytest.raises(Refused, match="malformed"):
            put()


def test_who_and_what_a_policy_names_follows_from_its_kind() -> None:
    account = World().account(A)
    for trust in (changed(TRUST, Resource="*"), changed(TRUST, Principal=None)):
        with pytest.raises(Refused, match="MalformedPolicyDocument"):
            account.create_role("new", trust=trust)
    for policy in (changed(RIGHT, Principal="*"), changed(RIGHT, Resource=None)):
        with pytest.raises(Refused, match="MalformedPolicyDocument"):
            account.create_role("new", trust=SERVICE, policies=[policy])


def test_a_session_that_nobody_can_evaluate_as_a_principal_is_refused_by_name() -> None:
    session = f"arn:aws:sts::{A}:assumed-role/backup/one"
    with pytest.raises(NotModelled, match="sessions as principals"):
        Journey().site.create_key(policy=changed(STATEMENT, Principal={"AWS": session}))


def fail() -> None:
    raise ZeroDivisionError


def test_an_error_that_nobody_foresaw_is_answered_and_logged_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    site = world.site(A, HOME)
    site.create_vault("near", key_arn=site.create_key())
    # What no call can put: a test changed the record itself.
    world.vault_by_arn(f"arn:aws:backup:{HOME}:{A}:backup-vault:near").policy = {"Statement": [{"Action": "*"}]}
    with served(world) as address:
        with pytest.raises(ClientError) as refused:
            client(address, "backup").describe_backup_vault(BackupVaultName="near")
        world.clock.after(timedelta(seconds=1), fail)
        with pytest.raises(urllib.error.HTTPError) as failed:
            control(address, "advance", seconds=2)

    assert (code_of(refused), refused.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("InternalFailure", 500)
    assert (failed.value.code, json.load(failed.value)) == (
        500,
        {"error": "The simulator made an error. Its log says where."},
    )
    lines = capsys.readouterr().err.splitlines()
    assert ["KeyError: 'Effect'" in lines[0], "ZeroDivisionError" in lines[1]] == [True, True]
    assert len(lines) == 2
