"""The code and HTTP status of a denial are those of the called service, whatever right is missing.

The codes are errors of the services' models in botocore. AWS Backup's status is that of published logs
(lgallard/terraform-aws-backup, issue 6).
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from tests.simulated_place import HOME, SERVICE, A, B

NOTHING: dict[str, Any] = {"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
KEY = f"arn:aws:kms:{HOME}:{A}:key/00000000-0000-4000-8000-{A}"
CALLS: list[tuple[str, str, dict[str, Any], str, int]] = [
    ("backup", "list_backup_vaults", {}, "AccessDeniedException", 403),
    ("backup", "create_backup_vault", {"BackupVaultName": "made"}, "AccessDeniedException", 403),
    ("iam", "list_roles", {}, "AccessDenied", 403),
    ("kms", "describe_key", {"KeyId": KEY}, "AccessDeniedException", 400),
    ("events", "list_rules", {}, "AccessDeniedException", 400),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:{HOME}:{A}:t", "Message": "x"}, "AuthorizationError", 403),
    ("sqs", "create_queue", {"QueueName": "made"}, "AccessDenied", 403),
]


@pytest.mark.parametrize(("service", "operation", "request_", "code", "status"), CALLS)
def test_a_denial_has_the_code_of_its_service(
    service: str, operation: str, request_: dict[str, Any], code: str, status: int
) -> None:
    world = World()
    role = world.account(A).create_role("powerless", trust=SERVICE, policies=[NOTHING])
    session: Any = world.session(A, role, HOME)
    client = session.client(service)
    with pytest.raises(ClientError) as denied:
        getattr(client, operation)(**request_)

    answer = denied.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def decision(statement: dict[str, Any], action: str, resources: list[str]) -> dict[str, Any]:
    world = World()
    role = world.account(A).create_role("asked", trust=SERVICE, policies=[{"Statement": [statement]}])
    answer = (
        world.session(A, region=HOME)
        .client("iam")
        .simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[action], **({"ResourceArns": resources} if resources else {})
        )
    )
    (result,) = answer["EvaluationResults"]
    return dict(result)


@pytest.mark.parametrize(
    ("effect", "action", "said"),
    [("Allow", "s3:Get", "allowed"), ("Deny", "s3:Get", "explicitDeny"), ("Allow", "s3:Put", "implicitDeny")],
)
def test_a_simulated_policy_says_which_way_it_denies(effect: str, action: str, said: str) -> None:
    statement = {"Effect": effect, "Action": "s3:Get", "Resource": "*"}
    plain, named = (decision(statement, action, resources) for resources in ([], [f"arn:aws:s3:::{B}"]))

    assert plain["EvalDecision"] == named["EvalDecision"] == said
    assert "ResourceSpecificResults" not in plain
    assert named["ResourceSpecificResults"][0]["EvalResourceDecision"] == said
