"""`make local-cloud`, shortened: two of the four services, in a hurry, in a folder and on a port of its own.

Runs in `make local-cloud-check`; what it starts is stopped whatever happens.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.deploying import BACKUP_STACK, MAIN_STACK, WORKLOAD_STACK, outputs_of
from local_cloud.journey import Journey, final_copies
from local_cloud.place import BACKUP, DR, ROOT, WORKLOAD, CloudError, Place
from tests.beside import clean_environment

pytestmark = pytest.mark.local_cloud
# For a machine that does other things, too.
SECONDS = 900


def command(place: Place, verb: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Its output is a pipe: a server that held it would hold this call."""
    words = [str(ROOT / ".venv" / "bin" / "python"), "-m", "local_cloud", verb]
    where = ["--port", str(place.port), "--folder", str(place.folder)]
    # As narrow as some tools say that the terminal is, which must not hide a process from `stop`.
    environ = clean_environment(COLUMNS="40")
    return subprocess.run(
        [*words, *where, *more], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = Place(folder=tmp_path_factory.mktemp("cloud"), port=port)
    try:
        done = command(place, "start", "--time-scale", "600", "--services", "RDS,Neptune")
        assert done.returncode == 0, done.stdout + done.stderr
        yield place, done.stdout
    finally:
        command(place, "stop")


def test_the_real_stacks_bring_two_databases_to_the_other_region(started: tuple[Place, str]) -> None:
    place, said = started

    for name in ("orders", "graph"):
        assert f"{name}: second hop COMPLETED" in said
        assert f"{name}: the chain is COMPLETE" in said
    copies = final_copies(place)
    assert {(each["ResourceType"], each["Status"]) for each in copies} == {
        ("RDS", "COMPLETED"),
        ("Neptune", "COMPLETED"),
    }
    assert {each["Lifecycle"]["DeleteAfterDays"] for each in copies} == {35}
    assert str(place.address) in said


def test_starting_it_again_changes_nothing_and_says_where_it_is(started: tuple[Place, str]) -> None:
    place, _ = started
    before = place.pid_file.read_text()

    done = command(place, "start")

    assert (done.returncode, place.pid_file.read_text()) == (0, before)
    assert "runs already" in done.stdout


def test_a_port_in_use_gets_one_sentence_and_exit_code_2(started: tuple[Place, str], tmp_path: Path) -> None:
    place, _ = started

    done = command(Place(folder=tmp_path, port=place.port), "start")

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is in use by something else" in done.stderr


def test_the_operators_function_answers_in_its_own_process(started: tuple[Place, str]) -> None:
    place, _ = started
    name = outputs_of(place, MAIN_STACK)["OperateChainsFunction"]

    asked = json.dumps({"verb": "dance", "by": "tester"}).encode()
    answer = place.client("lambda", WORKLOAD).invoke(FunctionName=name, Payload=asked)

    assert "it should be one of: retry" in json.load(answer["Payload"])["message"]


def test_the_doctor_finds_nothing_on_a_healthy_local_cloud(started: tuple[Place, str]) -> None:
    place, said = started
    (shown,) = [line.strip() for line in said.splitlines() if " doctor --region " in line]
    assert shown.startswith(f"AWS_CONFIG_FILE={place.config} ")

    done = subprocess.run(
        ["sh", "-c", shown],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "checks are fine." in done.stdout.splitlines()[-1]


def test_a_copy_that_fails_is_announced_and_recovered_by_the_operators_retry(started: tuple[Place, str]) -> None:
    place, _ = started
    outputs = {stack.name: outputs_of(place, stack) for stack in (MAIN_STACK, BACKUP_STACK, WORKLOAD_STACK)}
    bus = _listening(place, {"source": ["secondhop"]})
    place.control("fail-copy-job", message="Access Denied trying to call AWS Backup service", destination_region=DR)
    journey = Journey(place, outputs, print)
    databases = journey.begin(["DocumentDB"])
    journey.follow(databases, seconds=SECONDS, state="STRANDED")

    assert journey.sweep()["problems"] == []
    refused = _operate(place, outputs, verb="retry", by="tester", cause="VAULT_KEY")
    assert refused["message"] == "tries 0 chains again (VAULT_KEY)"
    retried = _operate(place, outputs, verb="retry", by="tester", cause="VAULT_POLICY")
    assert retried["is_accepted"], retried["message"]
    assert len(retried["points"]) == 1
    journey.follow(databases, seconds=SECONDS)

    assert "Incident Opened" in _heard(place, bus)


def _operate(place: Place, outputs: dict[str, dict[str, str]], **order: str) -> dict[str, Any]:
    name = outputs[MAIN_STACK.name]["OperateChainsFunction"]
    answer = place.client("lambda", WORKLOAD).invoke(FunctionName=name, Payload=json.dumps(order).encode())
    found: dict[str, Any] = json.load(answer["Payload"])
    return found


def _listening(place: Place, pattern: dict[str, Any]) -> str:
    """The URL of a queue for what comes on the workload account's bus."""
    sqs, events = place.client("sqs", WORKLOAD), place.client("events", WORKLOAD)
    url = sqs.create_queue(QueueName="incidents")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="incidents", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="incidents", Targets=[{"Id": "incidents", "Arn": arn}])
    return str(url)


def _heard(place: Place, url: str) -> set[str]:
    found = place.client("sqs", WORKLOAD).receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return {json.loads(each["Body"])["detail-type"] for each in found}


def test_a_role_without_its_policy_is_refused_and_the_chain_gets_no_further(started: tuple[Place, str]) -> None:
    """The deployed policies are enforced: without one of them, no second hop begins."""
    place, _ = started
    outputs = {stack.name: outputs_of(place, stack) for stack in (MAIN_STACK, BACKUP_STACK, WORKLOAD_STACK)}
    role = outputs[BACKUP_STACK.name]["OperatorRoleArn"].rpartition("/")[2]
    place.client("iam", BACKUP).delete_role_policy(RoleName=role, PolicyName="copy-and-release")

    with pytest.raises(CloudError, match="Not COMPLETE after 40 seconds: customers"):
        Journey(place, outputs, print).run(["Aurora"], seconds=40)

    assert any("backup:StartCopyJob" in each for each in _denials(place))


def _denials(place: Place) -> list[str]:
    return [line["text"] for line in place.control("world")["trace"] if line["kind"] == "denied"]


def test_stopping_ends_every_process_and_a_second_time_says_so(started: tuple[Place, str]) -> None:
    place, _ = started
    pid = int(place.pid_file.read_text().split()[0])

    assert "is stopped" in command(place, "stop").stdout

    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)
    assert "No local cloud was running" in command(place, "stop").stdout
