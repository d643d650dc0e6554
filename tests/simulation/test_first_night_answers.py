"""`secondhop first-night` finds the actual setting of each switch that it says it answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backup_simulator import (
    CopyFromAskedOf,
    DeleteDuringCopy,
    DescribesBackupKey,
    SourceVaultShown,
    TokenOfAnother,
    UnknownBehaviour,
)
from backup_simulator.switches import CHOICES
from secondhop_cli.first_night.questions import ANSWERED, NOT_ANSWERED
from tests.first_nights import FirstNightPlace

CODES = ("InvalidRequestException", "InvalidResourceStateException", "AccessDeniedException")
DURATIONS = ("token_lifetime", "identical_calls_merged_for")
# A setting for each run. Each run has a setting of every switch, and no two runs have the same ones.
SETTINGS: dict[str, tuple[Any, ...]] = {
    "token_lifetime": (timedelta(hours=24), timedelta(minutes=10), None, timedelta(hours=2), timedelta(0), None),
    # A new job is an answer only where identical calls are not merged.
    "token_of_another": (
        TokenOfAnother.SAME_JOB,
        TokenOfAnother.SAME_JOB,
        TokenOfAnother.REFUSED,
        TokenOfAnother.NEW_JOB,
        TokenOfAnother.SAME_JOB,
        TokenOfAnother.REFUSED,
    ),
    "identical_calls_merged_for": (
        timedelta(0),
        timedelta(minutes=5),
        timedelta(hours=24),
        timedelta(0),
        timedelta(hours=1),
        timedelta(0),
    ),
    "copy_from_asked_of": (*CopyFromAskedOf, *CopyFromAskedOf, *CopyFromAskedOf),
    "delete_during_copy": (*DeleteDuringCopy, *reversed(DeleteDuringCopy), *DeleteDuringCopy),
    "unshare_failure_state": ("COMPLETED", "COMPLETED", "FAILED", "FAILED", "COMPLETED", "FAILED"),
    "creation_date_inherited": (True, False, True, True, False, True),
    "source_vault_shown": (*SourceVaultShown, SourceVaultShown.AS_DOCUMENTED),
    "resource_arn_survives_second_copy": (True, True, False, True, True, False),
    "destination_sees_copy_events": (False, True, True, False, True, False),
    # A copy that is CREATING first has an event when it is COMPLETED, whatever this switch says.
    "arrival_event": (True, True, False, True, True, False),
    "arrival_is_creating_first": (False, True, False, True, True, False),
    # A world in which every deletion leaves EXPIRED cannot show who is asked.
    "delete_leaves_expired": (False, False, False, False, True, False),
    "delete_asks_the_points_role": (False, True, False, True, False, True),
    "unknown_vault_denied": (True, False, False, True, True, False),
    "locked_delete_code": (*CODES, *CODES),
    "unfit_source_code": (*reversed(CODES), *reversed(CODES)),
    # Two settings of source_vault_shown differ only in a copy that a single action makes.
    "single_action": (True, False, True, True, True, True),
    "initiator_describes_aws_backup_key": (*DescribesBackupKey, *DescribesBackupKey),
}
RUNS = range(6)


def switches_of(number: int) -> dict[str, Any]:
    return {name: settings[number] for name, settings in SETTINGS.items()}


def is_within(bound: dict[str, int | None], actual: timedelta | None) -> bool:
    """Whether a duration is possible with a bound; None is for ever."""
    least, most = bound["more_than_seconds"], bound["at_most_seconds"]
    seconds = float("inf") if actual is None else actual.total_seconds()
    return (least is None or seconds >= least) and (most is None or seconds <= most)


@pytest.mark.parametrize("number", RUNS)
def test_a_run_finds_the_setting_of_every_switch(number: int, tmp_path: Path) -> None:
    actual = switches_of(number)
    place = FirstNightPlace(tmp_path, unknown=UnknownBehaviour(**actual))

    place.run()

    answers = place.answers
    hidden = {"delete_asks_the_points_role"} if actual["delete_leaves_expired"] else set()
    merged = bool(actual["identical_calls_merged_for"])
    bounded = {"token_lifetime", *(["identical_calls_merged_for"] if merged else [])}
    expected = {name: value for name, value in actual.items() if name not in {*hidden, *DURATIONS}}
    assert answers["settings"] == (expected if merged else expected | {"identical_calls_merged_for": 0})
    # While identical calls are one job, nothing shows how long a token is remembered.
    hidden |= bounded - answers["bounds"].keys() if merged else set()
    assert bounded - answers["bounds"].keys() <= {"token_lifetime"}
    assert [name for name, bound in answers["bounds"].items() if not is_within(bound, actual[name])] == []
    assert answers["open"].keys() == hidden


@pytest.mark.parametrize("number", RUNS)
def test_the_settings_of_the_answers_are_read_by_the_simulator(number: int) -> None:
    """The file's settings have the shape of `backup-simulator serve --unknown`."""
    named = {name: value for name, value in switches_of(number).items() if name not in DURATIONS}

    read = UnknownBehaviour.named(named | {"identical_calls_merged_for": 0})

    assert {name: getattr(read, name) for name in named} == named


def test_the_runs_have_every_setting_of_every_switch_that_is_answered() -> None:
    fields = {name: field.type for name, field in UnknownBehaviour.__dataclass_fields__.items()}
    missing = {name: set(CHOICES.get(str(fields[name]), ())) - set(settings) for name, settings in SETTINGS.items()}
    one_sided = [name for name in SETTINGS if fields[name] == "bool" and set(SETTINGS[name]) != {True, False}]

    assert SETTINGS.keys() == {each.name for each in ANSWERED}
    assert {name: settings for name, settings in missing.items() if settings} == {}
    assert one_sided == []


def test_every_switch_of_the_simulator_is_answered_or_has_a_reason() -> None:
    named = [each.name for each in (*ANSWERED, *NOT_ANSWERED)]
    switches = set(UnknownBehaviour.__dataclass_fields__)

    assert switches - set(named) == set()
    assert len(named) == len(set(named))
    assert {each.name for each in ANSWERED} <= switches
    assert [each.name for each in NOT_ANSWERED if not each.why_not] == []
