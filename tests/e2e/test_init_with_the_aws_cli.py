"""The very command that init prints, run by the unmodified AWS CLI against a CloudFormation that only listens."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from tests.installing import GOOD, KEY, ROOT, Checkout

CLI = ROOT / ".venv-aws-cli" / "bin"
REFUSAL = "<ErrorResponse><Error><Code>ValidationError</Code><Message>{}</Message></Error></ErrorResponse>"


class Listener(HTTPServer):
    """Knows no stack, remembers the change set that is asked for, and refuses it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: dict[str, list[str]] = {}


class Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        request = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        is_change_set = request["Action"] == ["CreateChangeSet"]
        if is_change_set:
            self.server.asked = request
        unknown = f"Stack with id {request['StackName'][0]} does not exist"
        body = REFUSAL.format("heard" if is_change_set else unknown).encode()
        self.send_response(400)
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
    """Stack -> the command that init printed for it."""
    joined = said.replace("\\\n", " ")
    commands = [line.strip() for line in joined.splitlines() if "aws cloudformation deploy" in line]
    return {re.search(r"stacks/([a-z-]+)\.yaml", command)[1]: command for command in commands}


@pytest.mark.aws_cli
@pytest.mark.parametrize("stack", ["dr-region", "backup-account", "workload"])
def test_the_printed_command_hands_every_written_parameter_to_cloudformation(
    tmp_path: Path, listener: Listener, stack: str
) -> None:
    assert (CLI / "aws").exists(), "run `make aws-cli`, which installs the AWS CLI"
    checkout = Checkout(tmp_path)
    said = checkout.init({**GOOD, "dr_key_arn": KEY}).said
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ = {
        **known,
        "PATH": f"{CLI}{os.pathsep}{known['PATH']}",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{listener.server_port}",
        "AWS_ACCESS_KEY_ID": "444455556666",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_MAX_ATTEMPTS": "1",
    }
    command = deployments(said)[stack]
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )

    assert "heard" in done.stderr
    asked = listener.asked
    count = len([name for name in asked if name.endswith(".ParameterValue")])
    handed = {
        asked[f"Parameters.member.{number}.ParameterKey"][0]: asked[f"Parameters.member.{number}.ParameterValue"][0]
        for number in range(1, count + 1)
    }
    assert handed == checkout.parameters(stack)
    assert asked["StackName"] == [f"second-hop-{stack}"]
    assert asked["Capabilities.member.1"] == ["CAPABILITY_IAM"]
