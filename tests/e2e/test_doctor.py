"""`secondhop doctor` as a user types it, on a machine without any credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
    assert "Unable to locate credentials" in ended.stdout
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


class ProxyPage(BaseHTTPRequestHandler):
    """Answers every request with the page of a proxy."""

    def do_POST(self) -> None:
        page = b"<html><body>Please log in.</body></html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


def test_an_answer_that_is_not_from_aws_is_not_checked(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), ProxyPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "NO_PROXY": "127.0.0.1"}
        ended = run("--region", "eu-west-1", folder=tmp_path, AWS_ENDPOINT_URL=here, **keys)
        server.shutdown()

    assert (ended.returncode, ended.stderr) == (3, "")
    assert "the answer is not from AWS" in ended.stdout


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

    assert ended.stdout == "The main stack could not be read.\n"
    assert ended.stderr == ""
