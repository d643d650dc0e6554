"""What each fact makes of a hop that waits for its copy, as a whole: what is not named here stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.classification import Cause
from secondhop.domain.command import StartCopy, SurveyCopies
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen, Observation
from secondhop.domain.rules.step import token_of
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    COPY_ROLE,
    DR_VAULT,
    NIGHT,
    NOW,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_job,
    a_leg,
    a_route,
    a_sequence,
    an_arrival,
    with_hop,
)
from tests.hop_steps import (
    DAY,
    HOUR,
    PROMISED,
    SECOND,
    a_chain_in,
    assert_changes,
    entered,
    step,
    stranded,
    surveyed,
)

WAITING, COPYING = HopState.WAITING, HopState.COPYING
LOOK = SurveyCopies(subject="to-dr")
IF_A_SLOT_IS_FREE = SurveyCopies(subject="to-dr", slot_first=True)


@pytest.mark.parametrize(
    ("fact", "not_before", "looks"),
    [
        (seen.Noticed(), None, (IF_A_SLOT_IS_FREE,)),
        (seen.Noticed(), NOW, (IF_A_SLOT_IS_FREE,)),
        (seen.Noticed(), NOW + SECOND, ()),
        (seen.RetryAsked(by="ada"), NOW + SECOND, (LOOK,)),
    ],
)
def test_existing_copies_are_looked_for_when_the_back_off_is_over_or_an_operator_ends_it(
    fact: Observation, not_before: object, looks: tuple[SurveyCopies, ...]
) -> None:
    chain = a_chain_in(WAITING, not_before=not_before)

    assert_changes(chain, step(chain, fact), {"not_before": None} if looks else {}, *looks)


@pytest.mark.parametrize(
    ("slot_wanted", "expires_in", "looks"),
    [
        (False, None, LOOK),
        (True, None, IF_A_SLOT_IS_FREE),
        (True, SECOND, IF_A_SLOT_IS_FREE),
        (True, timedelta(0), LOOK),
    ],
)
def test_aws_is_asked_when_a_slot_is_free_or_was_never_wanted_or_the_source_expires(
    slot_wanted: bool, expires_in: timedelta | None, looks: SurveyCopies
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    chain = replace(a_chain_in(WAITING, slot_wanted=slot_wanted), source_expires_at=expires_at)

    assert_changes(chain, step(chain, seen.Noticed()), {"not_before": None}, looks)


def test_a_leg_that_leads_elsewhere_by_now_strands_with_the_vault_that_is_missing() -> None:
    chain = a_chain_in(WAITING)
    moved = step(chain, seen.Noticed(), route=a_route(legs=(a_leg(destination=SECOND_DR_VAULT),)))

    assert_changes(chain, moved, stranded(Cause.ROUTE, f"route default has no leg to-dr into {DR_VAULT.arn}"))


@pytest.mark.parametrize(
    ("days_left", "delete_after_days", "is_too_late"),
    [(1, None, False), (0, None, True), (0, 37, False)],
)
def test_a_copy_that_would_not_live_its_minimum_is_not_made(
    days_left: int, delete_after_days: int | None, is_too_late: bool
) -> None:
    created_at = NOW - timedelta(days=35 - days_left)
    chain = a_chain_in(WAITING, chain=a_chain(created_at=created_at), delete_after_days=delete_after_days)
    taken = step(chain, seen.Noticed())

    late = stranded(Cause.TOO_LATE, "a copy made now would expire within 1 days", again=None)
    assert_changes(
        chain, taken, late if is_too_late else {"not_before": None}, *(() if is_too_late else (IF_A_SLOT_IS_FREE,))
    )


def test_a_leg_that_was_taken_out_while_aws_was_asked_starts_nothing() -> None:
    chain = a_chain_in(WAITING)
    taken = step(chain, surveyed(), route=a_route(legs=(a_leg(name="other"),)))

    assert_changes(chain, taken, {})
    assert taken.reason == "the route or the source changed since the survey was asked for"


def test_a_copy_is_no_source_for_the_next_hop_before_it_is_verified() -> None:
    going = with_hop(a_chain(a_sequence()), state=HopState.VERIFYING, arrival=COPY_ARN)
    assert going.source_of(going.hop("to-far")) is None

    verified = with_hop(going, state=HopState.VERIFIED)
    assert verified.source_of(verified.hop("to-far")) == COPY_ARN


def a_start(attempt: int, days: int = 35) -> StartCopy:
    return StartCopy(
        subject="to-dr",
        source=ARRIVAL_ARN,
        source_vault=WATCHED,
        destination=DR_VAULT,
        copy_role_arn=COPY_ROLE,
        delete_after_days=days,
        attempt=attempt,
        token=token_of(source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn, attempt=attempt),
    )


FAILED = tuple(a_job(job_id=f"JOB-{number}", state="FAILED") for number in range(1, 6))


@pytest.mark.parametrize(("failed", "attempt"), [(0, 4), (3, 4), (5, 6)])
def test_a_start_carries_its_parameters_complete_and_the_next_free_number(failed: int, attempt: int) -> None:
    chain = a_chain_in(WAITING, promised_until=None)
    taken = step(chain, surveyed(*FAILED[:failed]))

    begun = entered(COPYING) | {"job_id": None, "attempt": attempt, "promised_until": PROMISED}
    assert_changes(chain, taken, begun, a_start(attempt))


def test_a_start_promises_what_its_hop_was_given_and_not_what_the_route_says() -> None:
    chain = a_chain_in(WAITING, delete_after_days=60)
    taken = step(chain, surveyed())

    promised = NIGHT + timedelta(days=60)
    begun = entered(COPYING) | {"job_id": None, "attempt": 4, "promised_until": promised}
    assert_changes(chain, taken, begun, a_start(4, days=60))


def test_a_later_hop_copies_from_where_the_one_before_it_arrived() -> None:
    verified = with_hop(a_chain(a_sequence()), state=HopState.VERIFIED, arrival=COPY_ARN)
    route = a_sequence()
    asked = replace(surveyed(), hop="to-far")

    (start,) = advance(verified, asked, route=route, now=NOW).effects
    assert isinstance(start, StartCopy)
    assert (start.source, start.source_vault, start.destination) == (COPY_ARN, DR_VAULT, SECOND_DR_VAULT)


@pytest.mark.parametrize(
    ("not_before", "waits"), [(NOW + SECOND, True), (NOW, False)], ids=["back-off stands", "back-off over"]
)
def test_a_survey_that_comes_early_does_not_end_the_back_off(not_before: object, waits: bool) -> None:
    chain = a_chain_in(WAITING, not_before=not_before)

    assert (step(chain, surveyed()).commands == ()) is waits
    assert (step(chain, surveyed()).hop == chain.hop("to-dr")) is waits


def test_a_source_without_an_expiry_is_copied() -> None:
    chain = a_chain_in(WAITING, chain=a_chain(point=an_arrival(delete_at=None)))

    assert step(chain, surveyed()).commands == (a_start(4),)


WATCHED_ONLY = a_route(legs=(a_leg(copy_role_arn=""),))
NO_ROLE = "(FirstHopRoleArn is empty, so Second Hop does not start first hops)"


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ((), f"no copy job of it is known any more {NO_ROLE}"),
        ((replace(FAILED[0], message="The vault is locked"),), f"The vault is locked {NO_ROLE}"),
        (
            (
                replace(FAILED[0], message="new", created_at=NOW),
                replace(FAILED[1], message="old", created_at=NOW - HOUR),
                replace(FAILED[2], message="undated", created_at=None),
            ),
            f"new {NO_ROLE}",
        ),
    ],
)
def test_a_hop_that_is_only_watched_says_why_its_newest_job_failed(jobs: tuple[JobSeen, ...], said: str) -> None:
    chain = a_chain_in(WAITING)

    assert_changes(chain, step(chain, surveyed(*jobs), route=WATCHED_ONLY), stranded(Cause.FIRST_HOP, said))


@pytest.mark.parametrize(
    ("fact", "changes"),
    [
        (
            seen.SourceUnfit(hop="to-dr", cause=Cause.UNSUPPORTED, message="continuous"),
            stranded(Cause.UNSUPPORTED, "continuous", again=None),
        ),
        (seen.SourceUnfit(hop="to-dr", cause=Cause.ROLE, message="no role"), stranded(Cause.ROLE, "no role")),
        (seen.SourceNotReady(hop="to-dr", why="CREATING"), {"not_before": NOW + timedelta(minutes=5)}),
        (
            seen.SlotRefused(hop="to-dr", why="full", newest_copy=NIGHT - DAY),
            {"slot_wanted": True, "newest_copy": NIGHT - DAY},
        ),
        (seen.SlotRefused(hop="to-dr", why="full"), {"slot_wanted": True, "newest_copy": None}),
        (
            seen.ClaimRefused(hop="to-dr", owner="default/other"),
            stranded(Cause.CLAIMED, "chain default/other has claimed this source and destination", again=None),
        ),
        (seen.SiteDown(hop="to-dr", why="copies fail"), None),
    ],
)
def test_what_keeps_a_hop_waiting_is_written_down_and_nothing_is_done(
    fact: Observation, changes: dict[str, Any] | None
) -> None:
    chain = a_chain_in(WAITING, slot_wanted=False)
    taken = step(chain, fact)

    down = {"slot_wanted": True, "unresolved": taken.hop.notice.unresolved}
    assert_changes(chain, taken, down if changes is None else changes)
    assert (taken.hop.notice.unresolved is not None) is (changes is None)


@pytest.mark.parametrize("state", [WAITING, COPYING])
def test_a_claim_of_another_chain_strands_a_hop_also_while_it_copies(state: HopState) -> None:
    chain = a_chain_in(state, slot_wanted=False)
    taken = step(chain, seen.ClaimRefused(hop="to-dr", owner="default/other"))

    claimed = "chain default/other has claimed this source and destination"
    assert_changes(chain, taken, stranded(Cause.CLAIMED, claimed, again=None))


@pytest.mark.parametrize(("silent_for", "is_told"), [(HOUR - SECOND, False), (HOUR, True), (2 * HOUR, True)])
def test_silence_is_told_when_it_has_lasted_an_hour(silent_for: timedelta, is_told: bool) -> None:
    chain = a_chain_in(COPYING, silent_since=NOW - silent_for)
    taken = step(chain, seen.SiteSilent(hop="to-dr", why="timed out"))

    told = taken.hop.notice.unresolved
    assert_changes(chain, taken, {"unresolved": told})
    assert (told and (told.cause, told.message, told.since)) == (
        (Cause.SITE_DOWN, "timed out", NOW) if is_told else None
    )


def test_silence_begins_with_the_first_question_that_is_not_answered() -> None:
    chain = a_chain_in(COPYING)

    assert_changes(chain, step(chain, seen.SiteSilent(hop="to-dr", why="timed out")), {"silent_since": NOW})
