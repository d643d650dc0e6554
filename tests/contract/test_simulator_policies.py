"""Policies are evaluated as IAM evaluates them: elements, conditions, variables, and the kinds of policies together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled
from backup_simulator.policy import decide
from tests.simulated_place import ALL, HOME, SERVICE, A, B, Place, code_of

ME = f"arn:aws:iam::{A}:role/me"
SNAPSHOT = f"arn:aws:rds:{HOME}:{A}:snapshot:awsbackup:job-1"
COPY = "backup:StartCopyJob"
ALLOW, DENY = {"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "*"}
WHO = {"aws:PrincipalArn": ME, "aws:PrincipalAccount": A, "aws:PrincipalOrgID": "o-simulated0"}
TARGETS = "backup:CopyTargets"


def verdict(statement: dict[str, Any], context: dict[str, Any] | None = None, **asked: Any) -> str:
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return decide([document], **{"action": COPY, "resource": SNAPSHOT, "context": context or WHO, **asked})


ELEMENTS: list[tuple[dict[str, Any], str]] = [
    ({**ALLOW, "Action": "backup:Start*", "Resource": "*"}, "allow"),
    ({**ALLOW, "Action": "BACKUP:startcopyjob", "Resource": "*"}, "allow"),
    ({**ALLOW, "Action": ["backup:List*", "backup:StartCopyJo?"], "Resource": "*"}, "allow"),
    ({**ALLOW, "Resource": "arn:aws:rds:*:*:snapshot:awsbackup:*"}, "allow"),
    ({**ALLOW, "Resource": "arn:aws:rds:*"}, "allow"),
    ({**ALLOW, "Resource": "arn:aws:rds:*:snapshot:awsbackup:*"}, "none"),
    ({**ALLOW, "Resource": SNAPSHOT.upper()}, "none"),
    ({**ALLOW, "Resource": "arn:aws:rds:*:*:cluster-snapshot:*"}, "none"),
    ({**ALLOW, "NotResource": "arn:aws:rds:*:*:snapshot:*"}, "none"),
    ({**ALLOW, "NotResource": ["arn:aws:s3:::*"]}, "allow"),
    ({**DENY, "NotResource": "arn:aws:backup:*:*:*"}, "deny"),
    ({"Effect": "Deny", "NotAction": COPY, "Resource": "*"}, "none"),
    ({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}, "allow"),
]


@pytest.mark.parametrize(("statement", "expected"), ELEMENTS)
def test_actions_and_resources_match_part_by_part(statement: dict[str, Any], expected: str) -> None:
    assert verdict(statement) == expected


CONDITIONS: list[tuple[str, Any, Any, bool]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "A", "a", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringEqualsIgnoreCase", "A", "a", True),
    ("StringNotEqualsIgnoreCase", "A", "a", False),
    ("StringLike", "a*c?", "abbcd", True),
    ("StringLike", "a*", "ba", False),
    ("StringNotLike", ["x*", "a*"], "ab", False),
    ("Bool", "true", "TRUE", True),
    ("Bool", True, "true", True),
    ("Bool", "true", None, False),
    ("BoolIfExists", "true", None, True),
    ("Null", "true", None, True),
    ("Null", "false", None, False),
    ("Null", "false", "a", True),
    ("ArnLike", "arn:aws:iam::*:role/*", ME, True),
    ("ArnEquals", "arn:aws:iam::*:role/m*", ME, True),
    ("ArnLike", "arn:aws:*:role/me", ME, False),
    ("ArnNotLike", "arn:aws:iam::*:role/me", ME, False),
    ("ArnNotEquals", "arn:aws:iam::*:role/you", ME, True),
    ("NumericLessThanEquals", "7", "7", True),
    ("NumericGreaterThan", "7", "7", False),
    ("NumericNotEquals", "7", "8", True),
    ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
    ("DateLessThan", "2026-01-01", "1767225601", False),
    ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
    ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringNotLike", ["a*"], ["b", "ab"], False),
    ("ForAnyValue:StringEquals", ["a"], ["a", "c"], True),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringEquals", ["a"], [], False),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("ForAnyValue:StringNotEqualsIfExists", ["a"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
]


@pytest.mark.parametrize(("operator", "expected", "found", "holds"), CONDITIONS)
def test_a_condition_holds_as_in_iam(operator: str, expected: Any, found: Any, *, holds: bool) -> None:
    context = {} if found is None else {"key": found}
    statement = {**ALLOW, "Resource": "*", "Condition": {operator: {"KEY": expected}}}

    assert verdict(statement, {"other": "x", **context}) == ("allow" if holds else "none")


def test_all_conditions_of_a_statement_must_hold() -> None:
    both = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    for context in ({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "true"}):
        assert verdict({**ALLOW, "Resource": "*", "Condition": both}, context) == "none"


VARIABLES: list[tuple[dict[str, Any], str]] = [
    ({**ALLOW, "Resource": "arn:aws:rds:*:${aws:PrincipalAccount}:snapshot:*"}, "allow"),
    ({**ALLOW, "Resource": "arn:aws:rds:*:${aws:PrincipalTag/team}:snapshot:*"}, "none"),
    ({**ALLOW, "Resource": "arn:aws:rds:*:${aws:PrincipalTag/team, '111122223333'}:snapshot:*"}, "allow"),
    ({**DENY, "NotResource": "arn:aws:rds:*:${aws:PrincipalTag/team}:snapshot:*"}, "none"),
    ({**ALLOW, "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalArn": "${aws:PrincipalArn}"}}}, "allow"),
    ({**ALLOW, "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalAccount": "${*}"}}}, "none"),
]


@pytest.mark.parametrize(("statement", "expected"), VARIABLES)
def test_variables_take_their_values_from_the_request(statement: dict[str, Any], expected: str) -> None:
    assert verdict(statement) == expected


def test_what_a_variable_brings_is_no_wildcard() -> None:
    statement = {**ALLOW, "Resource": "*", "Condition": {"StringLike": {"a": "${b}"}}}

    assert verdict(statement, {"a": "anything", "b": "*"}) == "none"
    assert verdict(statement, {"a": "*", "b": "*"}) == "allow"


def test_the_older_language_takes_variables_for_text() -> None:
    statement = {**ALLOW, "Resource": "arn:aws:rds:*:${aws:PrincipalAccount}:snapshot:*"}

    assert decide([{"Statement": statement}], action=COPY, resource=SNAPSHOT, context=WHO) == "none"


@pytest.mark.parametrize(
    "condition",
    [{"BinaryEquals": {"a": "x"}}, {"ForSomeValues:StringEquals": {"a": "x"}}, {"IpAddress": {"aws:SourceIp": "x"}}],
)
def test_a_condition_that_is_not_modelled_is_refused_by_name(condition: dict[str, Any]) -> None:
    with pytest.raises(NotModelled, match="is not modelled"):
        verdict({**ALLOW, "Resource": "*", "Condition": condition}, {"a": "x"})


ROOT = f"arn:aws:iam::{A}:root"
PRINCIPALS: list[tuple[dict[str, Any], str]] = [
    ({**ALLOW, "Principal": "*"}, "allow"),
    ({**ALLOW, "Principal": {"AWS": "*"}}, "allow"),
    ({**ALLOW, "Principal": {"AWS": [B, A]}}, "allow"),
    ({**ALLOW, "Principal": {"AWS": ROOT}}, "allow"),
    ({**ALLOW, "Principal": {"AWS": ME}}, "allow"),
    ({**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{A}:role/you"}}, "none"),
    ({**ALLOW, "Principal": {"Service": "backup.amazonaws.com"}}, "none"),
    (ALLOW, "none"),
    ({**DENY, "NotPrincipal": {"AWS": [ME, ROOT]}}, "none"),
    ({**DENY, "NotPrincipal": {"AWS": ME}}, "deny"),
    ({**DENY, "NotPrincipal": {"AWS": ROOT}}, "deny"),
    ({**ALLOW, "NotPrincipal": {"AWS": B}}, "allow"),
]


@pytest.mark.parametrize(("statement", "expected"), PRINCIPALS)
def test_a_resource_policy_is_about_those_whom_it_names(statement: dict[str, Any], expected: str) -> None:
    assert verdict(statement, principal=ME) == expected


def test_naming_the_account_is_not_naming_the_role() -> None:
    assert verdict({**ALLOW, "Principal": {"AWS": ROOT}}, principal=ME, by_name=True) == "none"
    assert verdict({**ALLOW, "Principal": {"AWS": ME}}, principal=ME, by_name=True) == "allow"
    assert verdict({**DENY, "Principal": {"AWS": ROOT}}, principal=ME, by_name=True) == "deny"


class Ruled(Place):
    """A place whose client is a role that its own policies allow everything."""

    def __init__(self) -> None:
        super().__init__()
        self.caller = self.world.account(A).create_role("caller", trust=SERVICE, policies=[ALL])
        self.client = self.world.session(A, self.caller, HOME).client("backup")

    def refusal(self) -> str:
        """Why the caller may not list copy jobs; nothing if it may."""
        try:
            self.client.list_copy_jobs()
        except ClientError as refused:
            return str(refused.response["Error"]["Message"]).partition(" on resource: * ")[2]
        return ""


READS = {"Statement": [{"Effect": "Allow", "Action": "backup:List*", "Resource": "*"}]}
WRITES = {"Statement": [{"Effect": "Allow", "Action": "backup:Start*", "Resource": "*"}]}
NO_LISTS = {"Statement": [{"Effect": "Deny", "Action": "backup:ListCopyJobs", "Resource": "*"}]}
IMPLICIT = "because no {} allows the backup:ListCopyJobs action"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (READS, ""),
        (WRITES, IMPLICIT.format("permissions boundary")),
        (NO_LISTS, "with an explicit deny in a permissions boundary"),
    ],
)
def test_a_boundary_bounds_what_a_roles_policies_allow(document: dict[str, Any], expected: str) -> None:
    place = Ruled()
    place.world.account(A).bound_role(place.caller, document)
    assert place.refusal() == expected

    place.world.account(A).bound_role(place.caller, None)
    assert place.refusal() == ""


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([[ALL], [READS]], ""),
        ([[ALL], [WRITES]], IMPLICIT.format("service control policy")),
        ([[WRITES], [ALL]], IMPLICIT.format("service control policy")),
        ([[WRITES, READS]], ""),
        ([[ALL, NO_LISTS]], "with an explicit deny in a service control policy"),
        ([[]], IMPLICIT.format("service control policy")),
    ],
)
def test_every_level_of_the_organizations_policies_must_allow(levels: list[Any], expected: str) -> None:
    place = Ruled()
    place.world.account(A).set_service_control_policies(levels)
    assert place.refusal() == expected
    assert [line.text.endswith(expected) for line in place.world.trace if line.kind == "denied"] == [True] * bool(
        expected
    )

    place.world.account(A).set_service_control_policies([])
    assert place.refusal() == ""


def test_the_organizations_policies_bind_the_administrator_and_passed_roles_but_no_service_linked_role() -> None:
    place = Place()
    place.world.account(A).set_service_control_policies([[ALL, NO_LISTS]])
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        place.client.list_copy_jobs()

    deny = {"Statement": [{"Effect": "Deny", "Action": "rds:CopyDBSnapshot", "Resource": "*"}]}
    place.world.account(A).set_service_control_policies([[ALL, deny]])
    role = place.world.roles[place.role]
    linked = place.world.roles[f"arn:aws:iam::{A}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"]
    linked.policies = (ALL,)
    may = place.world.role_may
    assert [may(each, "rds:CopyDBSnapshot", SNAPSHOT) for each in (role, linked)] == [False, True]


def test_a_session_policy_narrows_the_session_alone() -> None:
    place = Ruled()
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]}
    role = place.world.account(A).create_role("operator", trust=trust, policies=[ALL])
    session = place.world.session(A, region=HOME)
    for policy, expected in ((READS, ""), (WRITES, IMPLICIT.format("session policy"))):
        granted = session.client("sts").assume_role(RoleArn=role, RoleSessionName="narrow", Policy=json.dumps(policy))[
            "Credentials"
        ]
        place.client = session.client(
            "backup", aws_access_key_id=granted["AccessKeyId"], aws_secret_access_key=granted["SecretAccessKey"]
        )
        assert place.refusal() == expected


def test_a_session_policy_that_is_no_policy_is_refused() -> None:
    place = Ruled()
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]}
    role = place.world.account(A).create_role("operator", trust=trust, policies=[ALL])

    with pytest.raises(ClientError) as refused:
        place.world.session(A).client("sts").assume_role(RoleArn=role, RoleSessionName="none", Policy="[]")
    assert code_of(refused) == "MalformedPolicyDocument"
