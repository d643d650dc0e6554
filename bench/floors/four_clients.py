"""The floor of a function that does nothing: boto3, and the clients that its first invocation builds."""

from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=3, read_timeout=10)
CLIENTS: dict[str, Any] = {}


def build(session: Any) -> None:
    """Build the clients in the first invocation."""
    for name in ("sqs", "dynamodb", "sns", "events"):
        CLIENTS.setdefault(name, session.client(name, config=CONFIG))


def handler(_event: Any, _context: Any) -> dict[str, int]:
    if not CLIENTS:
        build(boto3.Session())
    return {"ok": 1}
