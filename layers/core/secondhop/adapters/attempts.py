"""Attempts of one call that were not answered, although a later attempt was.

botocore sends a request again by itself, and reports the last answer only. An effect that timed out and was throttled
after that looks like a throttled one, and yet AWS may have carried it out. `LimitExceededException` is sent again as
well, so the number of attempts alone says nothing.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from secondhop.adapters.aws_errors import SERVER_FAULT

NAME = "secondhop-unanswered-attempts"


def watch_attempts(client: Any) -> None:
    """Mark each error of a boto3 client that came after an unanswered attempt. Repeats, and other clients, are fine."""
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is not None:
        events.register("needs-retry", _note, unique_id=f"{NAME}-note")
        events.register("after-call", _mark, unique_id=f"{NAME}-mark")


def had_unanswered_attempt(error: ClientError) -> bool:
    """Whether AWS may have carried out an earlier attempt of the call that this error is about."""
    return bool(error.response.get("ResponseMetadata", {}).get(NAME))


def _note(response: Any, caught_exception: Any, request_dict: dict[str, Any], **_: Any) -> None:
    """After each attempt. `response` is (HTTP response, parsed) unless the attempt ended with an exception."""
    if caught_exception is not None or response is None or response[0].status_code >= SERVER_FAULT:
        request_dict["context"][NAME] = True


def _mark(parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """After the last attempt."""
    if context.get(NAME):
        parsed.setdefault("ResponseMetadata", {})[NAME] = True
