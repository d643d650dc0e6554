"""What each fact makes of a hop that has arrived, as a whole: what is not named stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectArrival, InspectSource, SurveyCopies, SurveyNewer
from secondhop.domain.hop import HopState
from secondhop.domain.observation import ArrivalInspected, Observation
from tests.builders import COPY_ARN, DR_KEY, NIGHT, NOW, a_copy
from tests.hop_steps import (
    DAY,
    HOUR,
    PROMISED,
    REJECTED,
    SECOND,
    a_chain_in,
    assert_changes,
    entered,
    step,
    stranded,
)

WAITING, VERIFYING, VERIFIED = HopState.WAITING, HopState.VERIFYING, HopState.VERIFIED
VERIFY = InspectArrival(subject="to-dr", point=COPY_ARN)
LOOK = SurveyCopies(subject="to-dr")
SOURCE = InspectSource(subject="to-dr")
NEWER = SurveyNewer(subject="to-dr")


def inspected(arrival: str = COPY_ARN, **copy: Any) -> ArrivalInspected:
    point = None if copy.get("gone") else a_copy(**copy)
    return ArrivalInspected(hop="to-dr", arrival=arrival, point=point, vault_key_arn=DR_KEY, key_state="Enabled")


GONE = inspected(gone=True)
NOT_THERE = f"{COPY_ARN} is not in dr-vault"
EXPIRED = "its status is EXPIRED"
OVER = {"promised_until": NOW}
YOUNG = {"promised_until": NOW + SECOND}
VANISHED = stranded(Cause.VANISHED, NOT_THERE, again=None) | {"seen_gone_at": NOW}
ORDERED = {"is_retry_ordered": True}
BEGUN_AGAIN = entered(WAITING) | {"rejected": (REJECTED, COPY_ARN), "arrival": None, "arrival_is_adopted": False}


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, seen.Noticed(), {}, (VERIFY,)),
        ({}, inspected("other", status="EXPIRED"), {}, ()),
        ({}, inspected(), entered(VERIFIED) | {"failures": 0}, ()),
        ({"since": NOW - DAY + SECOND}, inspected(delete_at=None), {}, ()),
        ({"since": NOW - DAY}, inspected(delete_at=None), entered(VERIFIED) | {"failures": 0}, ()),
        (
            {"since": NOW - DAY},
            inspected(is_encrypted=None),
            stranded(Cause.STUCK, "AWS does not say yet whether it is encrypted"),
            (),
        ),
        ({"since": NOW - HOUR + SECOND}, GONE, {}, ()),
        ({"since": NOW - HOUR}, GONE, VANISHED, ()),
        ({"since": NOW, **OVER}, GONE, entered(VERIFIED) | {"seen_gone_at": NOW}, ()),
        ({"since": NOW - HOUR, **YOUNG}, GONE, VANISHED, ()),
        ({"since": NOW - HOUR, "promised_until": None}, GONE, VANISHED, ()),
        ({"since": NOW}, inspected(status="EXPIRED"), stranded(Cause.MISMATCH, EXPIRED, again=None), ()),
        ({"arrival_is_adopted": True, "since": NOW}, GONE, BEGUN_AGAIN, (LOOK,)),
        ({"arrival_is_adopted": True, "since": NOW - DAY + SECOND}, inspected(delete_at=None), {}, ()),
    ],
)
def test_an_arrival_is_verified_asked_about_again_or_refused(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFYING, arrival=COPY_ARN, **before)

    assert_changes(chain, step(chain, fact), changes, *commands)


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, inspected(), entered(VERIFIED) | {"failures": 0}, ()),
        ({}, inspected(status="EXPIRED"), BEGUN_AGAIN | ORDERED, (LOOK,)),
        ({}, inspected(is_encrypted=False), BEGUN_AGAIN | ORDERED, (LOOK,)),
        ({}, GONE, BEGUN_AGAIN | ORDERED, (LOOK,)),
        (OVER, GONE, BEGUN_AGAIN | ORDERED, (LOOK,)),
        ({}, inspected(delete_at=None), {}, ()),
        (
            {"since": NOW - DAY},
            inspected(is_encrypted=None),
            stranded(Cause.STUCK, "AWS does not say yet whether it is encrypted"),
            (),
        ),
        (
            {},
            replace(inspected(), key_state="Disabled"),
            stranded(Cause.KEY_UNUSABLE, f"its key {DR_KEY} is Disabled, and the copy cannot be restored"),
            (),
        ),
    ],
)
def test_an_operators_retry_replaces_a_copy_that_will_never_be_as_promised(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFYING, **{"arrival": COPY_ARN, "since": NOW, **ORDERED, **before})

    assert_changes(chain, step(chain, fact), changes, *commands)


@pytest.mark.parametrize("state", [WAITING, VERIFYING, VERIFIED])
@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("no", Cause.PERMISSION),
        ("Access Denied trying to call AWS Backup service", Cause.VAULT_POLICY),
    ],
)
def test_a_denied_question_strands_by_what_the_denial_says(state: HopState, message: str, cause: Cause) -> None:
    chain = a_chain_in(state, arrival=COPY_ARN)
    taken = step(chain, seen.AskingRefused(hop="to-dr", message=message))

    assert_changes(chain, taken, stranded(cause, message))


@pytest.mark.parametrize("fact", [seen.Noticed(), seen.RetryAsked(by="ada")])
@pytest.mark.parametrize(
    ("before", "commands"),
    [
        ({"since": NOW - 12 * HOUR + SECOND}, ()),
        ({"since": NOW - 12 * HOUR}, (NEWER,)),
        ({"since": NIGHT - DAY, "last_seen_at": NOW - DAY + SECOND}, ()),
        ({"since": NIGHT - DAY, "last_seen_at": NOW - DAY}, (NEWER,)),
        ({"since": NOW - 7 * DAY + SECOND, "is_superseded": True}, ()),
        ({"since": NOW - 7 * DAY, "is_superseded": True}, (VERIFY,)),
        ({"since": NOW - 9 * DAY, "last_seen_at": NOW - 7 * DAY + SECOND, "is_superseded": True}, ()),
        ({"since": NOW - DAY, "seen_gone_at": NOW}, ()),
        ({"since": NOW - DAY, "arrival": None}, ()),
        ({"since": NOW - DAY, "promised_until": None}, ()),
        ({"since": NOW, "promised_until": NOW - 8 * HOUR + SECOND}, ()),
        ({"since": NOW, "promised_until": NOW - 8 * HOUR}, (VERIFY,)),
        ({"since": NOW, "promised_until": NOW - 9 * HOUR, "is_superseded": True}, (VERIFY,)),
        ({"promised_until": NOW - 9 * HOUR, "seen_gone_at": NOW}, ()),
        ({"promised_until": NOW - 9 * HOUR, "arrival": None}, ()),
    ],
)
def test_a_verified_copy_is_looked_at_daily_while_it_is_the_newest_then_weekly_and_once_its_time_is_over(
    fact: Observation, before: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFIED, **{"arrival": COPY_ARN, **before})

    assert_changes(chain, step(chain, fact), {}, *commands)


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, seen.NewerSurveyed(hop="to-dr", newer="another"), {"is_superseded": True}, ()),
        ({}, seen.NewerSurveyed(hop="to-dr", newer=None), {}, (VERIFY,)),
        ({}, inspected(), {"last_seen_at": NOW}, ()),
        ({}, inspected("other", status="EXPIRED"), {}, ()),
        (OVER, replace(GONE, arrival="other"), {}, ()),
        (OVER, GONE, {"seen_gone_at": NOW}, ()),
        (YOUNG, GONE, VANISHED, ()),
        (OVER, inspected(status="EXPIRED"), {}, ()),
        (YOUNG, inspected(status="EXPIRED"), stranded(Cause.MISMATCH, EXPIRED, again=None), ()),
        (YOUNG, inspected(delete_at=None), {"last_seen_at": NOW}, ()),
        (YOUNG, inspected(is_encrypted=None), {}, ()),
        (OVER, inspected(delete_at=NOW), {"last_seen_at": NOW}, ()),
        ({"promised_until": None}, GONE, VANISHED, ()),
    ],
)
def test_a_verified_copy_is_judged_again_and_missed_only_before_its_time(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFIED, arrival=COPY_ARN, **before)

    assert_changes(chain, step(chain, fact), changes, *commands)


def test_the_promise_of_an_arrival_counts_to_its_last_minute() -> None:
    chain = a_chain_in(VERIFYING, arrival=COPY_ARN)

    on_time = step(chain, inspected(delete_at=PROMISED - timedelta(minutes=1)))
    too_early = step(chain, inspected(delete_at=PROMISED - timedelta(minutes=1, seconds=1)))
    assert (on_time.hop.state, too_early.hop.state) == (VERIFIED, HopState.STRANDED)
