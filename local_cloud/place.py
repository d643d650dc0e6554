"""The files, the address and the two accounts of the local cloud, and clients for them."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[1]
WORKLOAD, BACKUP = "111122223333", "444455556666"
HOME, DR = "eu-west-1", "eu-central-1"
SECRET = "simulated"  # noqa: S105 - the local cloud does not ask for it


class CloudError(Exception):
    """The local cloud cannot do the request. The message is one sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder for the pid file and the log, and the port of the local cloud."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid_file(self) -> Path:
        return self.folder / "pid"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def config(self) -> Path:
        """An AWS configuration with a profile for each of the two accounts."""
        return self.folder / "config"

    def write_config(self) -> None:
        profiles = (
            f"[profile {name}]\nregion = {HOME}\nendpoint_url = {self.address}\n"
            f"aws_access_key_id = {account}\naws_secret_access_key = {SECRET}\n"
            for name, account in (("workload", WORKLOAD), ("backup", BACKUP))
        )
        self.config.write_text("\n".join(profiles))

    def client(self, service: str, account: str, region: str = HOME) -> Any:
        """A client for the administrator of an account."""
        session = boto3.Session(aws_access_key_id=account, aws_secret_access_key=SECRET, region_name=region)
        return session.client(service, endpoint_url=self.address)  # type: ignore[call-overload]  # any service, by its name

    def control(self, action: str, **given: Any) -> Any:
        """The simulator's control client, for tests only."""
        request = urllib.request.Request(f"{self.address}/_control/{action}", data=json.dumps(given).encode())  # noqa: S310 - of this machine
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310 - as above
            return json.load(reply)

    def environment(self, account: str, region: str) -> Mapping[str, str]:
        """Environment variables for commands, without any other AWS login."""
        known = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        return known | {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
        }
