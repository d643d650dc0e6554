"""The simulator beside ministack in a process of its own, and unmodified clients of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[1]
COMMAND = ROOT / ".venv-local-cloud" / "bin" / "backup-simulator-with-ministack"
WORKLOAD, BACKUP = "111122223333", "444455556666"
HOME, DR = "eu-west-1", "eu-central-1"


def clean_environment(**more: str) -> dict[str, str]:
    """Of a caller who is logged in to no AWS."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**known, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **more}


@dataclass(frozen=True)
class Cloud:
    """Where it serves."""

    address: str

    def client(self, service: str, account: str = WORKLOAD, *, region: str = HOME, token: str | None = None) -> Any:
        """A client by an account's number, or by a session's key with its token."""
        open_client: Any = boto3.client
        return open_client(
            service,
            endpoint_url=self.address,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="simulated",
            aws_session_token=token,
            config=Config(retries={"max_attempts": 0}),
        )

    def control(self, action: str, **given: Any) -> Any:
        request = urllib.request.Request(f"{self.address}/_control/{action}", data=json.dumps(given).encode())
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def role(self, account: str, name: str, trust: Any, *statements: Any, path: str = "/") -> str:
        """A role of ministack's IAM; its ARN."""
        iam = self.client("iam", account)
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **trust}]}
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(document))
        if statements:
            self.allow(account, name, *statements)
        return str(made["Role"]["Arn"])

    def allow(self, account: str, name: str, *statements: Any) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
        iam = self.client("iam", account)
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=json.dumps(policy))


@contextmanager
def a_cloud(*options: str) -> Iterator[Cloud]:
    """A server on a free port, for as long as the block lasts."""
    assert COMMAND.exists(), "run `make beside`, which makes its environment"
    command: list[str | Path] = [COMMAND, "serve", "--port", "0", *options]
    with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://[\d.:]+", server.stdout.readline())
            assert found, "the server did not start"
            yield Cloud(found[0])
        finally:
            server.terminate()


def within(seconds: float, look: Callable[[], Any]) -> Any:
    """What a look sees, once it sees something; an error if it sees nothing for so long."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"nothing was seen within {seconds} s"
        time.sleep(0.2)
    return seen
