"""When people hear that a site works again: at the first fact that shows it, and not at one that does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, StartCopy
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import HopObservation
from tests.builders import ARRIVAL_ARN, COPY_ARN, COPY_ROLE, DR_VAULT, NOW, WATCHED, a_chain, a_job, a_route, with_hop

START = StartCopy(
    subject="to-dr",
    source=ARRIVAL_ARN,
    source_vault=WATCHED,
    destination=DR_VAULT,
    copy_role_arn=COPY_ROLE,
    delete_after_days=35,
    attempt=1,
    token="token",
)
WAITING = {"state": HopState.WAITING}
STARTING = {"state": HopState.COPYING, "attempt": 1}
COPYING = {"state": HopState.COPYING, "attempt": 1, "job_id": "JOB-1"}
VERIFYING = {**COPYING, "state": HopState.VERIFYING, "arrival": COPY_ARN}


def told_of(cause: Cause, **changes: Any) -> Chain:
    """A chain of whose hop people were told."""
    trouble = Trouble(cause=cause, message="no answer", since=NOW)
    chain = with_hop(a_chain(), unresolved=trouble, **changes)
    return advance(chain, seen.Postponed(why="nothing"), route=a_route(), now=NOW).chain


def closes(chain: Chain, fact: HopObservation, *, is_site_down: bool = False) -> bool:
    down = frozenset({DR_VAULT.site} if is_site_down else ())
    decision = advance(chain, fact, route=a_route(), now=NOW + timedelta(hours=1), sites_down=down)
    return any(isinstance(each, Announce) and each.is_closed for each in decision.commands)


@pytest.mark.parametrize(
    ("hop", "fact"),
    [
        (WAITING, seen.SlotRefused(hop="to-dr", why="quota")),
        (STARTING, seen.CopyStarted(hop="to-dr", command=START, job_id="JOB-1")),
        (COPYING, seen.CopySeen(hop="to-dr", job=a_job(state="CREATED"))),
        (COPYING, seen.CopySeen(hop="to-dr", job=a_job(state="RUNNING"))),
    ],
    ids=str,
)
def test_a_hop_that_only_waits_its_turn_or_for_its_copy_is_no_incident(hop: dict[str, Any], fact: Any) -> None:
    assert closes(told_of(Cause.SITE_DOWN, **hop), fact)
    assert not closes(told_of(Cause.SITE_DOWN, **hop), fact, is_site_down=True)


@pytest.mark.parametrize(
    ("hop", "fact"),
    [
        (COPYING, seen.CopySeen(hop="to-dr", job=a_job(state="FAILED", message="An internal error occurred."))),
        (STARTING, seen.CopySeen(hop="to-dr", job=a_job())),
        (VERIFYING, seen.CopySeen(hop="to-dr", job=a_job(state="COMPLETED", arrival=COPY_ARN))),
        (WAITING, seen.CopySeen(hop="to-dr", job=a_job(state="FAILED"))),
        (WAITING, seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=(), points=())),
        (STARTING, seen.CopyUnanswered(hop="to-dr", message="timed out")),
        (COPYING, seen.SiteSilent(hop="to-dr", why="timed out")),
        (WAITING, seen.SlotRefused(hop="no such hop", why="quota")),
    ],
    ids=str,
)
def test_what_does_not_show_that_copies_into_the_site_arrive_ends_nothing(hop: dict[str, Any], fact: Any) -> None:
    assert not closes(told_of(Cause.SITE_DOWN, **hop), fact)


@pytest.mark.parametrize("cause", [Cause.VAULT_POLICY, Cause.TRANSIENT])
def test_an_incident_of_another_cause_outlasts_the_try_that_follows_it(cause: Cause) -> None:
    assert not closes(told_of(cause, **WAITING), seen.SlotRefused(hop="to-dr", why="quota"))
    started = seen.CopyStarted(hop="to-dr", command=START, job_id="JOB-1")
    assert not closes(told_of(cause, **STARTING), started)
