"""Which endpoints answer. One that is silent is asked no more, so that the doctor ends in time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from botocore.config import Config

from secondhop_cli.aws_errors import SILENCES, NotFromAwsError

# A silent endpoint takes twice the time-out. Throttled calls may be repeated more often.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=3, read_timeout=8)
MOST_ATTEMPTS_IN_SILENCE = 2
# After so many silent endpoints of a Region, those of it that never answered are not asked.
MOST_SILENT = 2
PAGE = re.compile(rb"\s*<(!doctype\s+html|html)", re.IGNORECASE)
Endpoint = tuple[str, str]


class Endpoints:
    """The endpoints by Region and service. `report` receives one sentence when one of them is slow."""

    def __init__(self, report: Callable[[str], None] = lambda _sentence: None) -> None:
        self._report = report
        self._silent: set[Endpoint] = set()
        self._answered: set[Endpoint] = set()

    def watch(self, client: Any, endpoint: Endpoint) -> Any:
        """The client, which from now on refuses answers that are not from AWS, and reports silence."""

        def on_attempt(*, caught_exception: Exception | None, attempts: int, **_: Any) -> None:
            if not isinstance(caught_exception, SILENCES):
                return
            if attempts >= MOST_ATTEMPTS_IN_SILENCE:
                raise caught_exception
            self._report(f"{endpoint[1]} in {endpoint[0]} does not answer; it is asked once more")

        client.meta.events.register("before-parse", refuse_foreign)
        client.meta.events.register("needs-retry", on_attempt)
        return client

    def refusal(self, endpoint: Endpoint) -> str:
        """Why an endpoint is not asked; empty if it is asked."""
        if endpoint in self._silent:
            return f"{endpoint[1]} in {endpoint[0]} did not answer before"
        silent = sorted(each for each in self._silent if each[0] == endpoint[0])
        if len(silent) >= MOST_SILENT and endpoint not in self._answered:
            names = " and ".join(f"{service} in {region}" for region, service in silent)
            return f"it was not asked, because {names} did not answer"
        return ""

    def note(self, endpoint: Endpoint, error: Exception | None) -> None:
        """Remember the end of a call."""
        if isinstance(error, SILENCES):
            self._silent.add(endpoint)
        else:
            self._answered.add(endpoint)


def refuse_foreign(*, operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Raises NotFromAwsError for an answer that botocore would read as an empty one, or could not read at all."""
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(body, bytes):
        return
    protocol = operation_model.service_model.resolved_protocol
    # A gateway of AWS may answer 5xx with a page. botocore repeats such a call.
    is_foreign = status < 500 and PAGE.match(body) is not None
    if is_foreign or ("json" in protocol and not _is_object(status, body)):
        raise NotFromAwsError(f"status {status}")


def _is_object(status: int, body: bytes) -> bool:
    """Whether a body is a JSON object. Errors may have no body, and 5xx may be a page."""
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return status >= 500 or (status >= 300 and not body.strip())
