"""SNS: messages are published to topics (API_Publish)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation, site_of


@dataclass(frozen=True, kw_only=True)
class Published:
    """A message that was published to a topic."""

    at: datetime
    subject: str
    message: str
    attributes: dict[str, Any]


class Sns:
    """The topics of a world: what was published to each, by the topic's ARN."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.topics: dict[str, list[Published]] = {}
        self.operations: dict[str, Operation] = {"Publish": self._publish}

    def _publish(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if "TopicArn" not in request:
            raise Refused(
                "InvalidParameter", "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
            )
        published = self.topics.get(request["TopicArn"])
        if published is None:
            raise Refused("NotFound", "Topic does not exist", 404)
        if site_of(request["TopicArn"]) != (caller.account, region):
            raise NotModelled("a message to a topic of another account or Region is not modelled")
        message = Published(
            at=self._ground.now(),
            subject=request.get("Subject", ""),
            message=request["Message"],
            attributes=deepcopy(request.get("MessageAttributes", {})),
        )
        published.append(message)
        self._ground.note("notification", caller.account, region, message.subject, message=message.message)
        return {"MessageId": self._ground.make_id()}
