"""The defaults of the simulator's switches are AWS's own answers, as soon as there are any."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backup_simulator.answers import ANSWERS, contradictions
from backup_simulator.switches import UnknownBehaviour


def answers(settings: dict[str, Any], **bounds: dict[str, int | None]) -> str:
    return json.dumps({"version": 1, "settings": settings, "bounds": bounds})


def test_no_default_contradicts_an_answer_of_aws() -> None:
    """Without a file there is nothing to contradict. The tests below show that a contradiction is found."""
    text = ANSWERS.read_text(encoding="utf-8") if ANSWERS.exists() else answers({})

    assert contradictions(text) == []


def test_a_default_that_contradicts_a_setting_is_named_with_both() -> None:
    text = answers({"arrival_event": False, "single_action": True, "identical_calls_merged_for": 0})

    assert contradictions(text) == ["arrival_event is True by default, and AWS's answer is False"]


@pytest.mark.parametrize(
    ("least", "most", "fits"),
    [(3600, None, True), (None, 90_000, True), (100_000, None, False), (None, 3600, False)],
)
def test_a_default_outside_of_a_bound_is_named(least: int | None, most: int | None, *, fits: bool) -> None:
    text = answers({}, token_lifetime={"more_than_seconds": least, "at_most_seconds": most})

    assert [each.split()[0] for each in contradictions(text)] == ([] if fits else ["token_lifetime"])


def test_for_ever_is_longer_than_every_bound() -> None:
    text = answers({}, token_lifetime={"more_than_seconds": None, "at_most_seconds": 10**9})

    assert len(contradictions(text, UnknownBehaviour(token_lifetime=None))) == 1


def test_an_answer_about_a_switch_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such switch: colour"):
        contradictions(answers({"colour": "blue"}))
