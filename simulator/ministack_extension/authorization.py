"""Actions and condition keys as IAM has them, where ministack has its own.

A batch operation has no permission of its own: sqs:SendMessage covers SendMessageBatch (SQS developer guide, "Amazon
SQS API permissions"). PutEvents has condition keys about its entries (EventBridge user guide, eb-use-conditions).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions

PERMISSIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}
PUT_EVENTS = "events:PutEvents"


def install() -> None:
    """Correct what ministack asks of its policy evaluator. It looks these two functions up for each request."""
    iam_actions.extract_iam_action = _naming(iam_actions.extract_iam_action)
    iam_actions.request_tag_context = _adding(iam_actions.request_tag_context)


def _naming(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    def action_of(*given: Any, **named: Any) -> str | None:
        action = extract(*given, **named)
        return action if action is None else PERMISSIONS.get(action, action)

    return action_of


def _adding(context: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context_of(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        found = context(service, action, body, parameters)
        return found | _about_entries(body) if action == PUT_EVENTS else found

    return context_of


def _about_entries(body: bytes) -> dict[str, list[str]]:
    """The condition keys of PutEvents; each holds the values of all entries."""
    entries = json.loads(body).get("Entries", [])
    keys = {"events:source": "Source", "events:detail-type": "DetailType"}
    return {key: [str(each[member]) for each in entries if member in each] for key, member in keys.items()}
