"""The commands of the runbook and of the messages, run by the unmodified AWS CLI, send the payload that they quote."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.orders import ROOT, quoted_orders

CLI = ROOT / ".venv-aws-cli" / "bin"
ORDERS = quoted_orders()


class Lambda(HTTPServer):
    """Accepts every invocation, and remembers the payload."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Invocation)
        self.payloads: list[bytes] = []


class Invocation(BaseHTTPRequestHandler):
    server: Lambda

    def do_POST(self) -> None:
        self.server.payloads.append(self.rfile.read(int(self.headers["Content-Length"])))
        body = b'{"is_accepted": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what was sent."""


@pytest.fixture
def invoked() -> Iterator[Lambda]:
    with Lambda() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.aws_cli
@pytest.mark.parametrize("order", ORDERS)
def test_a_quoted_command_sends_the_payload_that_it_shows(tmp_path: Path, invoked: Lambda, order: str) -> None:
    assert (CLI / "aws").exists(), "run `make aws-cli`, which installs the AWS CLI"
    payload, command = ORDERS[order]
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ = {
        **known,
        "PATH": os.pathsep.join((str(CLI), known["PATH"])),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{invoked.server_port}",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_SECRET_ACCESS_KEY": "simulated",
    }

    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    (sent,) = invoked.payloads
    assert json.loads(sent) == payload
    assert json.loads((tmp_path / "answer.json").read_text()) == {"is_accepted": True}
