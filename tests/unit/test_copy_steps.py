"""What each fact makes of a hop that waits for its copy, as a whole: what is not named here stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import HopState
from secondhop.domain.classification import Cause
from secondhop.domain.command import HandOn, InspectArrival, NoteSite, StartCopy, SurveyCopies
from secondhop.domain.observation import JobSeen, Observation
from secondhop.domain.steps import token_of
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    COPY_ROLE,
    DR_VAULT,
    NIGHT,
    NOW,
    RETENTION,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_copy,
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
    REJECTED,
    SECOND,
    a_chain_in,
    assert_changes,
    entered,
    job_seen,
    step,
    stranded,
    surveyed,
)

WAITING, COPYING = HopState.WAITING, HopState.COPYING
LOOK = SurveyCopies(subject="to-dr")
VERIFY = InspectArrival(subject="to-dr", point=COPY_ARN)
ARRIVED = entered(HopState.VERIFYING) | {"arrival": COPY_ARN, "arrival_is_adopted": False}
LONGER = a_route(legs=(a_leg(retention=replace(RETENTION, days=90)),))


@pytest.mark.parametrize(
    ("fact", "not_before", "looks"),
    [
        (seen.Noticed(), None, True),
        (seen.Noticed(), NOW, True),
        (seen.Noticed(), NOW + SECOND, False),
        (seen.RetryAsked(by="ada"), NOW + SECOND, True),
    ],
)
def test_existing_copies_are_looked_for_when_the_back_off_is_over_or_an_operator_ends_it(
    fact: Observation, not_before: object, looks: bool
) -> None:
    chain = a_chain_in(WAITING, not_before=not_before)

    assert_changes(chain, step(chain, fact), {"not_before": None} if looks else {}, *((LOOK,) if looks else ()))


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
    assert_changes(chain, taken, late if is_too_late else {"not_before": None}, *(() if is_too_late else (LOOK,)))


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


@pytest.mark.parametrize(("after_expiry", "is_gone"), [(8 * HOUR - SECOND, False), (8 * HOUR, True)])
def test_a_source_that_must_be_deleted_by_now_is_not_copied(after_expiry: timedelta, is_gone: bool) -> None:
    chain = a_chain_in(WAITING, chain=a_chain(source_expires_at=NOW - after_expiry))
    taken = step(chain, surveyed())

    assert (taken.commands == ()) is is_gone
    if is_gone:
        said = f"{ARRIVAL_ARN} is gone or has expired, and no copy of it was found"
        assert_changes(chain, taken, stranded(Cause.SOURCE_GONE, said, again=None))


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


RUNNING = a_job(job_id="LIVE", state="RUNNING")
DONE = a_job(job_id="DONE", state="COMPLETED", arrival=COPY_ARN)
ADOPTED = entered(COPYING) | {"job_id": "LIVE", "promised_until": PROMISED}


@pytest.mark.parametrize(
    ("fact", "changes", "commands"),
    [
        (surveyed(RUNNING), ADOPTED | {"attempt": 1}, ()),
        (surveyed(*FAILED[:2], RUNNING), ADOPTED | {"attempt": 3}, ()),
        (surveyed(replace(RUNNING, state="CREATED")), ADOPTED | {"attempt": 1}, ()),
        (surveyed(RUNNING, DONE), ARRIVED | {"job_id": "DONE", "attempt": 2}, (VERIFY,)),
        (
            surveyed(replace(DONE, arrival="other", job_id="OLD", created_at=NIGHT), DONE),
            ARRIVED | {"job_id": "DONE", "attempt": 2},
            (VERIFY,),
        ),
        (
            surveyed(*FAILED[:1], points=(a_copy(),)),
            ARRIVED | {"arrival_is_adopted": True, "attempt": 1},
            (VERIFY,),
        ),
        (
            surveyed(points=(a_copy(arn=COPY_ARN + "b"), a_copy(), a_copy(arn=REJECTED))),
            ARRIVED | {"arrival_is_adopted": True, "attempt": 0},
            (VERIFY,),
        ),
        (
            surveyed(replace(RUNNING, state="PARTIAL"), DONE),
            stranded(
                Cause.UNDECIDABLE, "copy jobs in a state that says nothing about a copy: LIVE PARTIAL", again=None
            ),
            (),
        ),
        (
            surveyed(replace(DONE, arrival=None), replace(DONE, job_id="ALSO"), RUNNING),
            stranded(
                Cause.UNDECIDABLE,
                "copy jobs in a state that says nothing about a copy: DONE COMPLETED, ALSO COMPLETED",
                again=None,
            ),
            (),
        ),
    ],
)
def test_what_already_exists_is_taken_over_before_anything_is_started(
    fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(WAITING)

    assert_changes(chain, step(chain, fact), changes, *commands)


def test_a_live_job_that_a_waiting_hop_takes_over_owes_what_the_route_says_now() -> None:
    taken = step(a_chain_in(WAITING), surveyed(RUNNING), route=LONGER)

    assert taken.hop.promised_until == NIGHT + timedelta(days=90)


@pytest.mark.parametrize(
    ("promised", "owed"), [(None, NIGHT + timedelta(days=90)), (PROMISED, PROMISED)], ids=["none yet", "one was made"]
)
def test_a_copy_that_has_arrived_owes_the_promise_that_was_made_with_it(promised: object, owed: object) -> None:
    taken = step(a_chain_in(WAITING, promised_until=promised), surveyed(DONE), route=LONGER)

    assert taken.hop.promised_until == owed


def test_of_two_live_jobs_the_newer_one_is_followed_whatever_their_order() -> None:
    older = replace(RUNNING, job_id="OLDER", created_at=NIGHT)
    undated = replace(RUNNING, job_id="ZZZ", created_at=None)
    for jobs in ((older, RUNNING, undated), (undated, RUNNING, older)):
        assert step(a_chain_in(WAITING), surveyed(*jobs)).hop.job_id == "LIVE"


def test_of_two_jobs_of_one_moment_the_same_one_is_followed_whatever_their_order() -> None:
    other = replace(RUNNING, job_id="AAA")
    for jobs in ((other, RUNNING), (RUNNING, other)):
        assert step(a_chain_in(WAITING), surveyed(*jobs)).hop.job_id == "LIVE"


EXPECTATIONS = a_route(owns_arrivals=False)


def handed_on(**changes: Any) -> dict[str, Any]:
    ended = {"arrival": COPY_ARN, "failures": 0, "seen_gone_at": NOW, "job_id": "JOB-3"}
    return entered(HopState.VERIFIED) | ended | changes


def test_a_first_hop_that_arrived_hands_its_arrival_on_and_is_over() -> None:
    hand_on = HandOn(point=COPY_ARN, vault=DR_VAULT)
    chain = a_chain_in(COPYING)
    taken = step(chain, job_seen(state="COMPLETED", arrival=COPY_ARN), route=EXPECTATIONS)
    assert_changes(chain, taken, handed_on(), hand_on, NoteSite(site=DR_VAULT.site, has_arrived=True))

    waiting = a_chain_in(WAITING)
    found = step(waiting, surveyed(points=(a_copy(),)), route=EXPECTATIONS)
    assert_changes(waiting, found, handed_on(attempt=0), hand_on)


@pytest.mark.parametrize(
    ("before", "job", "changes", "commands"),
    [
        ({}, {"state": "COMPLETED", "arrival": COPY_ARN}, ARRIVED, (VERIFY,)),
        ({"attempt": 0}, {"state": "COMPLETED", "arrival": COPY_ARN}, ARRIVED | {"attempt": 1}, (VERIFY,)),
        ({}, {"state": "COMPLETED", "arrival": REJECTED}, {}, ()),
        ({}, {"state": "COMPLETED"}, {}, ()),
        ({}, {"state": "RUNNING", "arrival": COPY_ARN}, {}, (LOOK,)),
        ({}, {"state": "FAILED", "arrival": COPY_ARN}, {}, ()),
    ],
)
def test_a_job_that_a_waiting_hop_did_not_start_is_looked_at_for_what_it_is(
    before: dict[str, Any], job: dict[str, Any], changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(WAITING, **before)

    assert_changes(chain, step(chain, job_seen(**job)), changes, *commands)


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

    down = {"not_before": NOW + timedelta(minutes=15), "unresolved": taken.hop.unresolved}
    assert_changes(chain, taken, down if changes is None else changes)
    assert (taken.hop.unresolved is not None) is (changes is None)


@pytest.mark.parametrize(("silent_for", "is_told"), [(HOUR - SECOND, False), (HOUR, True), (2 * HOUR, True)])
def test_silence_is_told_when_it_has_lasted_an_hour(silent_for: timedelta, is_told: bool) -> None:
    chain = a_chain_in(COPYING, silent_since=NOW - silent_for)
    taken = step(chain, seen.SiteSilent(hop="to-dr", why="timed out"))

    told = taken.hop.unresolved
    assert_changes(chain, taken, {"unresolved": told})
    assert (told and (told.cause, told.message, told.since)) == (
        (Cause.SITE_DOWN, "timed out", NOW) if is_told else None
    )


def test_silence_begins_with_the_first_question_that_is_not_answered() -> None:
    chain = a_chain_in(COPYING)

    assert_changes(chain, step(chain, seen.SiteSilent(hop="to-dr", why="timed out")), {"silent_since": NOW})
