"""What is put on the event bus is what docs/events promises, whatever the incident is about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from secondhop.adapters.eventbridge_announcer import EventBridgeAnnouncer
from secondhop.domain.announcing import announcements, open_ids
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, Channel
from secondhop.domain.hop import HopState, Trouble
from tests.builders import NOW, a_chain, a_fan_out, with_hop, with_intermediate

DOCS = Path(__file__).parents[2] / "docs"


class Bus:
    """Keeps the one entry that it was given."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's own spelling
        (self.entry,) = Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


def sent(message: Announce) -> tuple[str, dict[str, Any]]:
    bus = Bus()
    EventBridgeAnnouncer(bus).announce(message)
    return bus.entry["DetailType"], json.loads(bus.entry["Detail"])


def schema_of(detail_type: str) -> Draft202012Validator:
    """The published schema of a detail-type, by the name that docs/events.md gives it."""
    path = DOCS / "events" / (detail_type.lower().replace(" ", "-") + ".schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def event_of(before: Chain, after: Chain) -> Announce:
    (event,) = (each for each in announcements(before, after, NOW) if each.channel is Channel.BUS)
    return event


def troubled(cause: Cause, *, fan_out: bool = False) -> Chain:
    trouble = Trouble(cause=cause, message="as AWS said", since=NOW)
    chain = a_chain(a_fan_out()) if fan_out else a_chain()
    if cause in (Cause.DELETE_FAILED, Cause.DELETE_REFUSED):
        return with_intermediate(chain, state=IntermediateState.RELEASING, trouble=trouble, unresolved=trouble)
    return with_hop(chain, state=HopState.STRANDED, trouble=trouble, unresolved=trouble)


@pytest.mark.parametrize("fan_out", [False, True])
@pytest.mark.parametrize("cause", list(Cause))
def test_every_incident_that_opens_is_an_event_of_the_published_shape(cause: Cause, fan_out: bool) -> None:
    detail_type, detail = sent(event_of(a_chain(), troubled(cause, fan_out=fan_out)))

    assert detail_type == "Incident Opened"
    assert [error.message for error in schema_of(detail_type).iter_errors(detail)] == []
    assert detail["cause"] == cause


def test_every_incident_that_closes_is_an_event_of_the_published_shape() -> None:
    before = troubled(Cause.ROLE)
    told = a_chain(incidents=open_ids(before, NOW))

    detail_type, detail = sent(event_of(told, a_chain()))

    assert detail_type == "Incident Closed"
    assert [error.message for error in schema_of(detail_type).iter_errors(detail)] == []


def test_a_last_call_is_an_event_of_the_published_shape_under_the_same_id() -> None:
    before = replace(troubled(Cause.ROLE), source_expires_at=NOW + timedelta(days=3))
    told = replace(before, incidents=open_ids(before, NOW))
    later = NOW + timedelta(days=2)
    (event,) = (each for each in announcements(told, told, later) if each.channel is Channel.BUS)
    detail_type, detail = sent(event)

    assert detail_type == "Incident Last Call"
    assert [error.message for error in schema_of(detail_type).iter_errors(detail)] == []
    assert detail["incident"] == told.incidents[0]
    assert detail["source_expires_at"] == "2026-01-08T04:00:00+00:00"


@pytest.mark.parametrize("field", ["schema", "incident", "cause", "remedy", "database"])
def test_the_published_shape_would_notice_a_field_that_is_missing_or_new(field: str) -> None:
    _, detail = sent(event_of(a_chain(), troubled(Cause.ROLE)))
    schema = schema_of("Incident Opened")

    assert not schema.is_valid({name: value for name, value in detail.items() if name != field})
    assert not schema.is_valid(detail | {f"{field}_of_tomorrow": ""})


def test_every_detail_type_has_its_line_and_its_schema_in_the_documentation() -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")

    for detail_type in ("Incident Opened", "Incident Last Call", "Incident Closed"):
        assert f"| `{detail_type}` |" in page
        assert f"](events/{detail_type.lower().replace(' ', '-')}.schema.json)" in page
