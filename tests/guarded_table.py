"""A DynamoDB table behind the policies of whichever function uses it, as far as the simulator has no DynamoDB."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from backup_simulator.authority import Grant
from backup_simulator.policy import allowing
from rehearsal.functions import RUNNING
from rehearsal.stage import Stage
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from tests.contract.conftest import table_of_the_template

OF_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


class GuardedTable:
    """moto's table: each call is judged by the policies of the role of the function that runs."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.grants: list[Grant] = []
        self.denied: list[str] = []
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        client.create_table(TableName="chains", **table_of_the_template())
        client.meta.events.register("before-parameter-build.dynamodb", self._judge)
        self.chains = DynamoDbChains(client, "chains")

    def _judge(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self.stage is None or not RUNNING:
            # Whoever looks at the table after the run is not one of our functions.
            return
        role = self.stage.main.attribute(f"{RUNNING[-1].function.name}Role", "Arn")
        table = self.stage.main.attribute("Chains", "Arn")
        resource = f"{table}/index/{params['IndexName']}" if "IndexName" in params else table
        for action in actions_of(model.name, params):
            self._demand(role, action, resource, model.name)

    def _demand(self, role_arn: str, action: str, resource: str, operation: str) -> None:
        assert self.stage is not None
        policies = self.stage.world.roles[role_arn].policies
        found = [Grant(role_arn, each["Sid"], action, resource) for each in _allowing(policies, action, resource)]
        self.grants += found
        if not found:
            self.denied.append(f"{role_arn} may not {action} on {resource}")
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": self.denied[-1]}}, operation)


def _allowing(policies: Any, action: str, resource: str) -> list[Any]:
    return list(allowing(policies, action=action, resource=resource, context={}))


def actions_of(operation: str, params: dict[str, Any]) -> set[str]:
    """What IAM asks for a call; a transaction needs the right of each of its items (DynamoDB: transaction-apis-iam)."""
    if operation != "TransactWriteItems":
        return {f"dynamodb:{operation}"}
    return {f"dynamodb:{OF_TRANSACTIONS[kind]}" for item in params["TransactItems"] for kind in item}
