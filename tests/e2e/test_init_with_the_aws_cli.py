"""The very command that init prints, run by the unmodified AWS CLI against a CloudFormation that only listens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from secondhop_cli.init.parameter_files import MAIN
from tests.installing import BACKUP, GOOD, KEY, ROOT, WORKLOAD, Checkout

CLI = ROOT / ".venv-aws-cli" / "bin"
STACK = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>"
    "<StackName>{}</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-05T00:00:00Z</CreationTime>"
    "<Outputs>{}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
)
OUTPUT = "<member><OutputKey>{}</OutputKey><OutputValue>{}</OutputValue></member>"
CALLER = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
REFUSAL = "<ErrorResponse><Error><Code>ValidationError</Code><Message>{}</Message></Error></ErrorResponse>"


class Listener(HTTPServer):
    """Remembers the change set that is asked for, and refuses it; of stacks it knows outputs at most."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: dict[str, list[str]] = {}
        self.outputs: dict[str, str] = {}
        self.account = ""

    def answer(self, request: dict[str, list[str]]) -> tuple[int, str]:
        if request["Action"] == ["GetCallerIdentity"]:
            return 200, CALLER.format(self.account)
        name = request["StackName"][0]
        if request["Action"] == ["CreateChangeSet"]:
            self.asked = request
            return 400, REFUSAL.format("heard")
        if self.outputs:
            return 200, STACK.format(name, "".join(OUTPUT.format(*each) for each in self.outputs.items()))
        return 400, REFUSAL.format(f"Stack with id {name} does not exist")


class Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        request = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        status, text = self.server.answer(request)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what it heard."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def deployments(said: str) -> dict[str, str]:
    """Stack -> the command that deploys it, in its subshell with the check of the account."""
    found = [f"(test {each.partition('changeset)')[0]}changeset)" for each in said.split("     (test ")[1:]]
    named = re.compile(r"--stack-name second-hop-([a-z-]+)")
    return {match[1]: command for command in found if (match := named.search(command)) and "sam build" not in command}


def commands(said: str, beginning: str) -> dict[str, str]:
    """Stack -> the command that init printed for it and that begins so."""
    joined = said.replace("\\\n", " ")
    found = [line.strip() for line in joined.splitlines() if line.strip().startswith(beginning)]
    named = re.compile(r"--stack-name second-hop-([a-z-]+)")
    return {match[1]: command for command in found if (match := named.search(command))}


def run(command: str, folder: Path, listener: Listener) -> subprocess.CompletedProcess[str]:
    assert (CLI / "aws").exists(), "run `make aws-cli`, which installs the AWS CLI"
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ = {
        **known,
        "PATH": os.pathsep.join((str(CLI), str(Path(sys.executable).parent), known["PATH"])),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{listener.server_port}",
        "AWS_ACCESS_KEY_ID": "444455556666",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_MAX_ATTEMPTS": "1",
    }
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.aws_cli
@pytest.mark.parametrize("stack", ["dr-region", "backup-account", "workload"])
def test_the_printed_command_hands_every_written_parameter_to_cloudformation(
    tmp_path: Path, listener: Listener, stack: str
) -> None:
    checkout = Checkout(tmp_path)
    said = checkout.init({**GOOD, "dr_key_arn": KEY}).said
    listener.account = WORKLOAD if stack == "workload" else BACKUP
    done = run(deployments(said)[stack], tmp_path, listener)

    assert "heard" in done.stderr
    asked = listener.asked
    count = len([name for name in asked if name.endswith(".ParameterValue")])
    handed = {
        asked[f"Parameters.member.{number}.ParameterKey"][0]: asked[f"Parameters.member.{number}.ParameterValue"][0]
        for number in range(1, count + 1)
    }
    assert handed == checkout.parameters(stack)
    assert ("NotificationEmail" in handed) == (stack != "workload")
    assert asked["StackName"] == [f"second-hop-{stack}"]
    assert asked["Capabilities.member.1"] == ["CAPABILITY_IAM"]


@pytest.mark.aws_cli
@pytest.mark.parametrize("stack", ["dr-region", "backup-account", "workload"])
def test_the_printed_command_asks_nothing_of_another_account(tmp_path: Path, listener: Listener, stack: str) -> None:
    said = Checkout(tmp_path).init({**GOOD, "dr_key_arn": KEY}).said
    listener.account = "999900009999"
    done = run(deployments(said)[stack], tmp_path, listener)

    assert (done.returncode, listener.asked) == (1, {})
    assert "these are not credentials of the account" in done.stderr


ROLE = "arn:aws:iam::{}:role/secondhop/companion/{}"


@pytest.mark.aws_cli
@pytest.mark.parametrize(
    ("stack", "outputs", "handed"),
    [
        ("dr-region", {"KeyArn": KEY}, {"DrKeyArn": KEY}),
        (
            "backup-account",
            {"CopyRoleArn": ROLE.format(BACKUP, "copy"), "OperatorRoleArn": ROLE.format(BACKUP, "operator")},
            {"CopyRoleArn": ROLE.format(BACKUP, "copy"), "OperatorRoleArn": ROLE.format(BACKUP, "operator")},
        ),
        (
            "workload",
            {"BackupRoleArn": ROLE.format(WORKLOAD, "backup")},
            {"FirstHopRoleArn": ROLE.format(WORKLOAD, "backup")},
        ),
    ],
)
def test_the_printed_command_hands_a_stacks_outputs_on(
    tmp_path: Path, listener: Listener, stack: str, outputs: dict[str, str], handed: dict[str, str]
) -> None:
    checkout = Checkout(tmp_path)
    said = checkout.init(GOOD).said
    listener.outputs = {"StackVersion": "0.1.0", **outputs}
    done = run(commands(said, "secondhop init")[stack], tmp_path, listener)

    assert (done.returncode, done.stderr) == (0, "")
    written = {**checkout.parameters("backup-account"), **checkout.parameters(MAIN)}
    assert handed.items() <= written.items()


@pytest.mark.aws_cli
def test_the_printed_command_changes_nothing_when_the_stack_is_not_there(tmp_path: Path, listener: Listener) -> None:
    checkout = Checkout(tmp_path)
    said = checkout.init(GOOD).said
    before = checkout.texts()
    done = run(commands(said, "secondhop init")["dr-region"], tmp_path, listener)

    assert done.returncode == 2
    assert "--dr-key-arn is empty. Deploy the stack of this output first" in done.stderr
    assert checkout.texts() == before
