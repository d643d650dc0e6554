"""`secondhop doctor` as a user types it, on a machine without any credentials."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

SECONDHOP = Path(sys.executable).parent / "secondhop"


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nothing = {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command: list[str | Path] = [SECONDHOP, "doctor", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=bare | nothing | environment, timeout=60
    )


def test_without_credentials_nothing_is_fine_and_it_says_why(tmp_path: Path) -> None:
    ended = run("--region", "eu-west-1", folder=tmp_path)

    assert ended.returncode == 3
    assert ended.stderr == ""
    assert "\nfine" not in ended.stdout
    first = " ".join(ended.stdout.split("\n\n")[0].split())
    assert "Unable to locate credentials; log in (for example with `aws sso login --profile NAME`), or name" in first
    assert "0 of " in ended.stdout.splitlines()[-1]


def test_without_credentials_a_program_reads_the_same(tmp_path: Path) -> None:
    ended = run("--region", "eu-west-1", "--json", folder=tmp_path)
    report = json.loads(ended.stdout)

    assert (ended.returncode, report["exit_code"], report["stack"]) == (3, 3, None)
    assert [check for check in report["checks"] if check["fine"]] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--region", "eu-west-1", "--profile", "nobody"], "The config profile (nobody) could not be found"),
        ([], "no Region is configured. Name the main stack's with --region"),
        (["--region", "Frankfurt"], "--region is 'Frankfurt'; it should be the code of a Region"),
        (["--region", "eu-wst-1"], "perhaps you mean eu-west-1"),
        (["--region", "eu-west-9"], "if AWS has added this Region lately, add --accept-unknown-region"),
        (["--regoin", "eu-west-1"], "unrecognized arguments"),
    ],
)
def test_misuse_is_one_sentence_and_ends_with_two(tmp_path: Path, arguments: list[str], words: str) -> None:
    ended = run(*arguments, folder=tmp_path)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "NO_PROXY": "127.0.0.1"}
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
STACK_PARAMETERS = {
    "BackupAccountId": "111122223333",
    "DrRegion": "eu-central-1",
    "CopyRoleArn": "arn:aws:iam::111122223333:role/copy",
}
STACK = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>second-hop</StackName>"
    "<StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/second-hop/1</StackId><Parameters>"
    + "".join(
        f"<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
        for key, value in STACK_PARAMETERS.items()
    )
    + "</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
)
RESOURCES = (
    "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries/></ListStackResourcesResult>"
    "</ListStackResourcesResponse>"
)
# As much of AWS as lets the doctor begin with its checks.
KNOWN = {b"GetCallerIdentity": IDENTITY, b"DescribeStacks&": STACK, b"ListStackResources": RESOURCES}


class Strange(HTTPServer):
    """Answers every request with one page, but those for which AWS's answer is `known`."""

    def __init__(self, status: int, page: bytes, known: dict[bytes, str]) -> None:
        super().__init__(("127.0.0.1", 0), StrangeAnswer)
        self.status, self.page, self.known = status, page, known


class StrangeAnswer(BaseHTTPRequestHandler):
    server: Strange

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        known = next((text for mark, text in self.server.known.items() if mark in asked), None)
        page = known.encode() if known else self.server.page
        self.send_response(200 if known else self.server.status)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST  # noqa: N815 - a name that http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


PAGE = b"<html><body>Please log in.</body></html>"


@pytest.mark.parametrize("known", [{}, KNOWN], ids=["everything", "all but the main stack"])
@pytest.mark.parametrize(
    ("status", "page"),
    [(200, PAGE), (403, PAGE), (302, PAGE), (400, b""), (200, b""), (200, b"[]"), (200, b"null"), (200, b"plain")],
)
def test_an_answer_that_is_not_from_aws_is_not_checked_and_never_a_finding(
    tmp_path: Path, status: int, page: bytes, known: dict[bytes, str]
) -> None:
    with Strange(status, page, known) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        ended = run("--region", "eu-west-1", "--json", folder=tmp_path, AWS_ENDPOINT_URL=here, **KEYS)
        server.shutdown()

    assert (ended.returncode, ended.stderr) == (3, "")
    report = json.loads(ended.stdout)
    assert [finding for check in report["checks"] for finding in check["findings"]] == []
    reasons = {each["reason"] for check in report["checks"] for each in check["not_checked"]}
    expected = ("not from AWS", "without an error code of AWS", "lists no such resource")
    assert all(any(words in each for words in expected) for each in reasons), reasons
    assert (report["stack"] is None) == (not known)


def test_an_endpoint_that_hangs_is_reported_and_ends_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        ended = run("--region", "eu-west-1", folder=tmp_path, AWS_ENDPOINT_URL=here, **KEYS)

    assert time.monotonic() - began < 40
    assert ended.returncode == 3
    assert ended.stderr == "secondhop doctor: sts in eu-west-1 does not answer; it is asked once more.\n"
    assert "check the network" in " ".join(ended.stdout.split())


def test_a_usage_error_is_json_too(tmp_path: Path) -> None:
    for arguments in (["--regoin", "x"], ["--region", "Frankfurt"], ["--region", "eu-west-1", "--profile", "nobody"]):
        ended = run("--json", *arguments, folder=tmp_path)

        said = json.loads(ended.stdout)
        assert (ended.returncode, said["exit_code"]) == (2, 2)
        assert said["error"] in ended.stderr


def test_a_reader_who_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    """As in `secondhop doctor | head -1`."""
    environment = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}

    ended = subprocess.run(
        ["bash", "-c", f"{SECONDHOP} doctor --region eu-west-1 | head -1"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )

    assert ended.stdout.startswith("The main stack could not be read: profile default: Unable to locate credentials;")
    assert ended.stderr == ""
