"""Whatever stands in an event or a message: it is read, or refused with a reason that can be sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secondhop.adapters.sqs_work import read_work, write_work
from secondhop.application.work import JobNews, OtherNews, PointNews
from secondhop.domain.errors import MalformedError
from tests.mutated_events import SAMPLES, VALUES, mutated_events, places, put

# One value of each type of JSON, and the empty ones.
ONE_OF_EACH: tuple[object, ...] = (None, True, 0, 1.5, "", "x", [], ["x"], {}, {"x": 1})


def reading(body: object) -> None:
    """Read a body. All that is raised is MalformedError, with a reason that fits into an attribute of SQS."""
    try:
        news = read_work(body)
    except MalformedError as error:
        reason = str(error)
        assert reason.encode()
        assert reason.isprintable()
        assert len(reason) < 2000
    else:
        assert isinstance(news, JobNews | PointNews | OtherNews)
        assert repr(news).encode()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["id"]))
def test_any_field_may_hold_a_value_of_any_other_type(sample: dict[str, Any]) -> None:
    for place in places(sample):
        for value in ONE_OF_EACH:
            reading(put(sample, place, value))


@given(event=mutated_events())
def test_a_mutated_event_is_read_or_refused_with_a_reason(event: dict[str, Any]) -> None:
    reading(event)
    reading(json.dumps(event))


@given(body=VALUES)
@example(body="[" * 100_000)
@example(body='{"a":' * 100_000)
@example(body="1" * 10_000)
def test_any_json_is_read_or_refused_with_a_reason(body: object) -> None:
    reading(body)
    reading(json.dumps(body))


def deep(depth: int) -> Any:
    """A list in a list, so deep that repr() fails."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_very_deep_value_is_refused_with_a_reason() -> None:
    for place in places(SAMPLES[0]):
        reading(put(SAMPLES[0], place, deep(100_000)))


@given(data=st.data())
def test_our_own_work_with_a_field_of_another_type_is_refused_with_a_reason(data: st.DataObject) -> None:
    news = [work for work in map(read_work, well_formed()) if isinstance(work, JobNews | PointNews)]
    content = json.loads(write_work(data.draw(st.sampled_from(news))))
    field = data.draw(st.sampled_from(sorted(set(content) - {"work"})))

    reading(content | {field: data.draw(VALUES)})


def well_formed() -> list[dict[str, Any]]:
    """The sample events that can be read."""
    found = []
    for sample in SAMPLES:
        try:
            read_work(sample)
        except MalformedError:
            continue
        found.append(sample)
    return found
