"""What is published on the topic: the text for people, and the attributes for filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from secondhop.adapters.sns_announcer import SnsAnnouncer
from secondhop.domain.command import Announce
from secondhop.domain.errors import DeniedError
from secondhop.domain.outbox import LAST_CALL

TOPIC = "arn:aws:sns:eu-west-1:111122223333:topic"
OPENED = Announce(
    subject="to-dr", incident="aaaa", is_closed=False, title="orders: VAULT_KEY", lines=("Database: orders", "Next: -")
)


class Topic:
    """An SNS client that keeps the request."""

    def publish(self, **request: Any) -> None:
        self.request = request


def published(message: Announce) -> dict[str, Any]:
    topic = Topic()
    SnsAnnouncer(topic, TOPIC).announce(message)
    return topic.request


def values(request: dict[str, Any]) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in request["MessageAttributes"].items()}


def test_an_opened_incident_is_published_as_documented() -> None:
    assert published(OPENED) == {
        "TopicArn": TOPIC,
        "Subject": "Second Hop: orders: VAULT_KEY",
        "Message": "orders: VAULT_KEY\n\nDatabase: orders\nNext: -\n\nIncident: aaaa (open)",
        "MessageAttributes": {
            "incident": {"DataType": "String", "StringValue": "aaaa"},
            "state": {"DataType": "String", "StringValue": "open"},
            "incidents": {"DataType": "String.Array", "StringValue": '["aaaa"]'},
            "more": {"DataType": "Number", "StringValue": "0"},
        },
    }


def test_a_closed_incident_says_so() -> None:
    request = published(replace(OPENED, is_closed=True))

    assert request["Message"].endswith("Incident: aaaa (closed)")
    assert values(request)["state"] == "closed"


def test_a_message_about_a_group_names_its_members_and_counts_the_others() -> None:
    found = values(published(replace(OPENED, group="gggg", members=("aaaa", "bbbb"), more=3)))

    assert found == {"incident": "gggg", "state": "open", "incidents": '["aaaa", "bbbb"]', "more": "3"}


def test_a_last_call_names_the_incident_as_it_was_opened() -> None:
    assert values(published(replace(OPENED, incident=f"aaaa{LAST_CALL}")))["incidents"] == '["aaaa"]'


def test_a_subject_is_ascii_and_short_enough_for_sns() -> None:
    subject = published(replace(OPENED, title="größe " + "x" * 100))["Subject"]

    assert subject.startswith("Second Hop: gr??e x")
    assert len(subject) == 99


class Closed:
    """An SNS client that denies everything."""

    def publish(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "Publish")


def test_a_denial_is_translated() -> None:
    with pytest.raises(DeniedError):
        SnsAnnouncer(Closed(), TOPIC).announce(OPENED)
