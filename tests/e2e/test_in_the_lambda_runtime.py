"""Every handler in the real Lambda runtime, talking HTTP to a local cloud: a chain goes from its event to COMPLETE.

The stacks are deployed as ever; then the queue is worked off by the built function under the Runtime Interface
Emulator, as the function's own role. Runs in `make local-cloud-check`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from local_cloud import server
from local_cloud.deploying import MAIN_STACK, deploy_all
from local_cloud.journey import Journey, final_copies
from local_cloud.place import BACKUP, HOME, WORKLOAD, Place
from tests.lambda_runtime import Emulated, in_the_lambda_runtime

pytestmark = pytest.mark.local_cloud
FUNCTIONS = ("AdvanceChain", "SweepChains", "OperateChains")
Outputs = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Outputs]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = Place(folder=tmp_path_factory.mktemp("runtime"), port=port)
    try:
        server.start(place, time_scale=600)
        for account in (WORKLOAD, BACKUP):
            place.client("iam", account).create_service_linked_role(AWSServiceName="backup.amazonaws.com")
        yield place, deploy_all(place)
    finally:
        assert server.stop(place), "nothing was there to be stopped: the server runs on, or died by itself"


@pytest.fixture(scope="module")
def emulated(deployed: tuple[Place, Outputs]) -> Iterator[dict[str, Emulated]]:
    """The three functions, each as its own role, and the deployed ones cut off from the queue."""
    place, outputs = deployed
    functions = place.client("lambda", WORKLOAD)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                in_the_lambda_runtime(name, variables_of(place, outputs, name), place.folder / f"{name}.log")
            )
            for name in FUNCTIONS
        }


def variables_of(place: Place, outputs: Outputs, name: str) -> dict[str, str]:
    """What Lambda puts into a function's environment: the template's variables, and its role's credentials."""
    function = place.client("lambda", WORKLOAD).get_function_configuration(
        FunctionName=outputs[MAIN_STACK.name][f"{name}Function"]
    )
    role = function["Role"].rpartition("/")[2]
    # Lambda alone is trusted with these roles: here the test stands in for it.
    iam = place.client("iam", WORKLOAD)
    trust = {"Effect": "Allow", "Principal": {"AWS": WORKLOAD}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        RoleName=role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    granted = place.client("sts", WORKLOAD).assume_role(RoleArn=function["Role"], RoleSessionName=name)["Credentials"]
    return {
        **function["Environment"]["Variables"],
        "AWS_ACCESS_KEY_ID": granted["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": granted["SecretAccessKey"],
        "AWS_SESSION_TOKEN": granted["SessionToken"],
        "AWS_REGION": HOME,
        "AWS_DEFAULT_REGION": HOME,
        "AWS_ENDPOINT_URL": place.address,
    }


def work_off(place: Place, queue_url: str, function: Emulated, journey: Future[None]) -> None:
    """What Lambda does for the queue, until the journey is over."""
    sqs = place.client("sqs", WORKLOAD)
    asked: dict[str, Any] = {"QueueUrl": queue_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
    while not journey.done():
        messages = sqs.receive_message(**asked, AttributeNames=["All"]).get("Messages", [])
        if not messages:
            continue
        answer = function.invoke({"Records": [record(each) for each in messages]})
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in messages:
            if each["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=each["ReceiptHandle"])


def record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{HOME}:{WORKLOAD}:work",
        "awsRegion": HOME,
    }


def test_a_chain_goes_from_its_event_to_complete(
    deployed: tuple[Place, Outputs], emulated: dict[str, Emulated]
) -> None:
    place, outputs = deployed
    function = emulated["AdvanceChain"]

    with ThreadPoolExecutor(1) as pool:
        journey = pool.submit(Journey(place, outputs, print).run, ["Neptune"], seconds=120)
        work_off(place, outputs[MAIN_STACK.name]["WorkQueueUrl"], function, journey)
        journey.result()

    (copy,) = final_copies(place)
    assert (copy["ResourceType"], copy["Status"]) == ("Neptune", "COMPLETED")
    assert len(function.answers) > 1
    assert all(answer["batchItemFailures"] == [] for answer in function.answers)


def test_the_sweep_and_the_operators_function_answer(emulated: dict[str, Emulated]) -> None:
    emulated["SweepChains"].invoke({})
    answer = emulated["OperateChains"].invoke({"verb": "dance", "by": "tester"})

    assert "it should be one of: retry" in answer["message"]
