"""What makes no sense is answered with one sentence: at the control endpoint, on the wire, and on the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.command_line import main
from ministack_extension import command_line as beside_ministack
from tests.served import client, control, served
from tests.simulated_place import ALL, HOME, SERVICE, A


@pytest.fixture
def address() -> Iterator[str]:
    with served(World()) as address:
        yield address


def made(what: str, **given: Any) -> dict[str, Any]:
    return {"what": what, "account": A, "region": HOME, **given}


SENSELESS: list[tuple[str, Any, str]] = [
    ("dance", {}, "there is no control 'dance'"),
    ("advance", {}, "advance takes seconds"),
    ("advance", {"seconds": "x"}, "advance takes seconds"),
    ("advance", {"seconds": -1}, "time does not go back"),
    ("advance", {"seconds": 1e300}, "too large|must have magnitude|days="),
    ("advance", [1], "takes a JSON object"),
    ("make", made("chaos"), "'chaos' of 111122223333 cannot be made"),
    ("make", {"what": "create_key", "region": HOME}, "an account of twelve digits"),
    ("make", made("create_key", size=1), "does not take size"),
    ("make", made("create_queue"), "create_queue needs name"),
    ("make", made("create_queue", name=7), "name of create_queue is of type str"),
    ("make", made("put_rule", name="r", pattern={}, targets="x"), "cannot use"),
    ("make", made("hold_point", point_arn="arn:x"), "no recovery point arn:x"),
    ("make", made("disable_key", key_arn="arn:x"), "there is no key arn:x"),
    ("make", {"what": "delete_role", "account": A, "role_arn": "arn:x"}, "there is no role arn:x"),
    ("refuse", {"operation": "StartCopyJob", "code": "X", "times": 0}, "at least once"),
    ("refuse", {"operation": "StartCopyJob", "code": "X", "times": "2"}, "times of refuse is of type int"),
    ("refuse", {"operation": "StartCopyJobs", "code": "X"}, "backup has no operation 'StartCopyJobs'"),
    ("refuse", {"operation": "Publish", "code": "X", "service": "snz"}, "AWS has no service 'snz'"),
    ("refuse", {"operation": "StartCopyJob", "code": "X", "status": 200}, "a status from 400 to 599"),
    ("refuse", {"operation": "StartCopyJob"}, "refuse needs code"),
    ("fail-copy-job", {"message": ""}, "a job fails with a message"),
    ("die", {"service": "backup", "operation": "StartCopyJob", "when": "during"}, "before or after"),
    ("flaky", {"share": 2}, "a share is from 0 to 1"),
    ("flaky", {}, "flaky needs a share"),
    ("delivery", {"weather": 1}, "no such setting of delivery: weather"),
    ("delivery", {"loss": 1.5}, "loss is a probability"),
    ("delivery", {"loss": "high"}, "loss is of type float"),
    ("delivery", {"batch": "5m"}, "batch is a number of seconds"),
]


@pytest.mark.parametrize(("action", "given", "words"), SENSELESS)
def test_a_control_that_makes_no_sense_is_answered_with_one_sentence(
    address: str, action: str, given: Any, words: str
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(address, action, given)

    said = json.load(refused.value)["error"]
    assert (refused.value.code, "\n" in said) == (400, False)
    assert re.search(words, said), said


def test_a_control_whose_body_is_no_json_is_told_so(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/_control/advance", data=b"{", timeout=10)

    assert json.load(refused.value)["error"] == "The body of 'advance' is no JSON."


def test_delivery_is_adjusted_while_the_world_runs(address: str) -> None:
    queue = control(address, "make", **made("create_queue", name="in"))["made"]
    targets = [{"id": "q", "arn": queue["arn"]}]
    control(address, "make", **made("put_rule", name="r", pattern={"source": ["aws.backup"]}, targets=targets))
    control(address, "make", what="create_service_linked_role", account=A, service="backup.amazonaws.com")
    role = control(address, "make", what="create_role", account=A, name="b", trust=SERVICE, policies=[ALL])["made"]
    key = control(address, "make", **made("create_key"))["made"]
    control(address, "make", **made("create_vault", name="near", key_arn=key))
    database = made("create_database", resource_type="RDS", name="orders", key_arn=key)
    arn = control(address, "make", **database)["made"]
    counts = []
    for settings in ({"loss": 1}, {"duplicate": 1, "batch": 0}, {"loss": 0, "batch": 36000}):
        control(address, "delivery", **settings)
        client(address, "backup").start_backup_job(BackupVaultName="near", ResourceArn=arn, IamRoleArn=role)
        control(address, "advance", seconds=5)
        asked = client(address, "sqs").get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["All"])
        counts.append(int(asked["Attributes"]["ApproximateNumberOfMessages"]))
        control(address, "advance", seconds=7200)

    # All lost; CREATED and RUNNING twice each, at once; then point and end twice each, and none of the third so soon.
    assert counts == [0, 4, 8]


def request(address: str, method: str, path: str, body: bytes) -> tuple[int, str]:
    """Status and error code of a request of somebody's own making."""
    signed = f"AWS4-HMAC-SHA256 Credential={A}/20260105/{HOME}/backup/aws4_request, Signature=0"
    asked = urllib.request.Request(f"{address}{path}", body, {"Authorization": signed}, method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=10)
    return refused.value.code, str(json.load(refused.value)["Code"])


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "/copy-jobs", b"{", "SerializationException"),
        ("PUT", "/copy-jobs", b"[1]", "SerializationException"),
        ("PUT", "/copy-jobs", b"{}", "MissingParameterValueException"),
        ("PUT", "/copy-jobs", b'{"RecoveryPointArn": "a"}', "MissingParameterValueException"),
        ("GET", "/copy-jobs?maxResults=many", b"", "SerializationException"),
        ("GET", "/copy-jobs?maxResults=0", b"", "InvalidParameterValueException"),
        ("GET", "/copy-jobs?state=DONE", b"", "InvalidParameterValueException"),
        ("GET", "/copy-jobs?resourceType=Tape%20drive", b"", "InvalidParameterValueException"),
    ],
)
def test_malformed_parameters_are_refused_as_the_service_refuses_them(
    address: str, method: str, path: str, body: bytes, expected: str
) -> None:
    assert request(address, method, path, body) == (400, expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--unknown", '{"weather": 1}'], "no such switch: weather"),
        (["--unknown", '{"single_action": "yes"}'], "single_action is of type bool"),
        (["--unknown", '{"over_quota": "explodes"}'], "over_quota is one of queues, fails, queues then fails"),
        (["--unknown", '{"token_lifetime": "1h"}'], "token_lifetime is a number of seconds"),
        (["--unknown", '{"system_error_share": 2}'], "a probability from 0 to 1"),
        (["--unknown", "["], "--unknown is no JSON"),
        (["--unknown", "[]"], "takes a JSON object"),
        (["--delivery", '{"loss": -1}'], "a probability from 0 to 1"),
        (["--port", "70000"], "70000 is not a port"),
        (["--start", "yesterday"], "--start takes a moment"),
        (["--time-scale", "0"], "time_scale must be more than 0"),
    ],
)
def test_a_command_line_that_makes_no_sense_gets_one_sentence_and_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments]) == 2
    said = capsys.readouterr().err
    assert (said.count("\n"), words in said) == (1, True), said


def test_the_command_beside_ministack_says_where_ministack_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert beside_ministack.main(["serve"]) == 2
    assert "ministack is not installed here" in capsys.readouterr().err


def test_a_port_in_use_gets_one_sentence_and_exit_code_2(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", address.rpartition(":")[2]]) == 2
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["serve", "--seed", "x"], ["serve", "--port", "x"], ["serv"], []])
def test_what_the_command_does_not_know_gets_one_sentence_and_exit_code_2(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "backup_simulator.command_line", *arguments]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)

    assert (ran.returncode, ran.stderr.count("\n"), ran.stdout) == (2, 1, "")
