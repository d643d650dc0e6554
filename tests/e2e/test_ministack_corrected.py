"""Where ministack differs from AWS, the extension corrects it: permissions, condition keys, and what the world knows.

Runs in `make beside`, in an environment of its own.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.beside import BACKUP, HOME, WORKLOAD, Cloud, a_cloud, within

pytestmark = pytest.mark.beside
SERVICE = {"Principal": {"Service": "backup.amazonaws.com"}}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with a_cloud() as served:
        yield served


def test_a_batch_needs_the_permission_of_its_single_operation(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="batches")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    role = cloud.role(
        WORKLOAD, "sender", {"Principal": {"AWS": WORKLOAD}}, {"Action": "sqs:SendMessage", "Resource": queue}
    )
    session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="sender")["Credentials"]
    sender = cloud.client("sqs", session["AccessKeyId"], token=session["SessionToken"])

    sent = sender.send_message_batch(QueueUrl=url, Entries=[{"Id": "one", "MessageBody": "{}"}])

    assert [each["Id"] for each in sent["Successful"]] == ["one"]
    with pytest.raises(ClientError, match="sqs:DeleteMessage"):
        sender.delete_message_batch(QueueUrl=url, Entries=[{"Id": "one", "ReceiptHandle": "handle"}])


def test_events_of_the_named_source_only_are_put_on_the_bus(cloud: Cloud) -> None:
    statement = {
        "Action": "events:PutEvents",
        "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": {"events:source": "ours"}, "Null": {"events:source": "false"}},
    }
    role = cloud.role(WORKLOAD, "teller", {"Principal": {"AWS": WORKLOAD}}, statement)
    session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="teller")["Credentials"]
    events = cloud.client("events", session["AccessKeyId"], token=session["SessionToken"])
    ours, theirs = ({"Source": source, "DetailType": "news", "Detail": "{}"} for source in ("ours", "theirs"))

    assert events.put_events(Entries=[ours])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="PutEvents"):
        events.put_events(Entries=[ours, theirs])


def test_the_world_answers_for_the_organization_quotas_databases_and_the_simulation_of_policies(cloud: Cloud) -> None:
    database = {"resource_type": "RDS", "name": "lent", "key_arn": None, "size_gib": 1}
    arn = cloud.control("make", what="create_database", account=WORKLOAD, region=HOME, **database)["made"]
    role = cloud.role(WORKLOAD, "judged", SERVICE, {"Action": "backup:StartCopyJob", "Resource": "*"})

    ids = {
        cloud.client("organizations", each).describe_organization()["Organization"]["Id"] for each in (WORKLOAD, BACKUP)
    }
    found = cloud.client("rds").describe_db_instances(DBInstanceIdentifier="lent")["DBInstances"]
    decided = cloud.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["backup:StartCopyJob", "backup:DeleteRecoveryPoint"]
    )["EvaluationResults"]

    assert len(ids) == 1
    assert [each["DBInstanceArn"] for each in found] == [arn]
    assert found[0]["StorageEncrypted"] is False
    assert [each["EvalDecision"] for each in decided] == ["allowed", "implicitDeny"]
    assert cloud.client("service-quotas").list_service_quotas(ServiceCode="rds")["Quotas"]


def test_metrics_in_the_log_of_a_function_are_measured(cloud: Cloud) -> None:
    from_log = json.dumps(
        {
            "_aws": {
                "Timestamp": 1,
                "CloudWatchMetrics": [
                    {"Namespace": "Ours", "Dimensions": [["service"]], "Metrics": [{"Name": "Done"}]}
                ],
            },
            "service": "hop",
            "Done": [1, 2],
        }
    )
    role = cloud.role(
        WORKLOAD, "measuring", {"Principal": {"Service": "lambda.amazonaws.com"}}, {"Action": "*", "Resource": "*"}
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("app.py", f"def handle(event, context):\n    print({from_log!r})\n")
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="measuring",
        Runtime="python3.13",
        Role=role,
        Handler="app.handle",
        Code={"ZipFile": code.getvalue()},
    )

    functions.invoke(FunctionName="measuring", Payload=b"{}")

    (metric,) = within(10, lambda: cloud.client("cloudwatch").list_metrics(Namespace="Ours")["Metrics"])
    assert (metric["MetricName"], metric["Dimensions"]) == ("Done", [{"Name": "service", "Value": "hop"}])
