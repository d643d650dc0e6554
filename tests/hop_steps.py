"""One hop with something in every field, so that a test of one rule sees what the rule must leave as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.command import StartCopy
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import CopiesSurveyed, CopySeen, JobSeen, Observation, PointSeen
from secondhop.domain.outbox import Pending
from secondhop.domain.route import Route
from secondhop.domain.rules.step import HopSituation, HopStep
from secondhop.domain.rules.table import step_hop
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    COPY_ROLE,
    DR_VAULT,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_route,
    changed,
    with_hop,
)
from tests.plain_words import strange_words

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SINCE = NOW - 2 * HOUR
PROMISED = NIGHT + timedelta(days=35)
# The fields of a hop whose copy is verified, for `with_hop`.
VERIFIED = {
    "state": HopState.VERIFIED,
    "arrival": COPY_ARN,
    "attempt": 1,
    "promised_until": PROMISED,
    "since": SINCE,
    "last_seen_at": SINCE,
}
REJECTED = COPY_ARN + "-rejected"
OLD = Trouble(cause=Cause.ROLE, message="The role cannot be assumed.", since=SINCE)
START = StartCopy(
    subject="to-dr",
    source=ARRIVAL_ARN,
    source_vault=WATCHED,
    destination=DR_VAULT,
    copy_role_arn=COPY_ROLE,
    delete_after_days=35,
    attempt=3,
    token="token",
)


def a_chain_in(state: HopState, *, fence: timedelta | None = None, chain: Chain | None = None, **changes: Any) -> Chain:
    """A chain whose hop is on its third attempt; with a `fence`, its start is pending until so long after NOW."""
    made = {
        "state": state,
        "since": SINCE,
        "attempt": 3,
        "job_id": "JOB-3",
        "promised_until": PROMISED,
        "failures": 2,
        "slot_wanted": True,
        "newest_copy": NIGHT,
        "rejected": (REJECTED,),
        "trouble": OLD,
        **changes,
    }
    pending = () if fence is None else (Pending(command=START, until=NOW + fence),)
    return replace(with_hop(chain or a_chain(), **made), pending=pending)


def step(chain: Chain, fact: Observation, *, route: Route | None = None, is_site_down: bool = False) -> HopStep:
    hop, on_route = chain.hop("to-dr"), route or a_route()
    situation = HopSituation(chain=chain, hop=hop, route=on_route, now=NOW, site_is_down=is_site_down)
    taken = step_hop(situation, fact)
    assert not strange_words(taken.reason), taken.reason
    return taken


def surveyed(*jobs: JobSeen, points: tuple[PointSeen, ...] = (), **changes: Any) -> CopiesSurveyed:
    return replace(CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=jobs, points=points), **changes)


def job_seen(**changes: Any) -> CopySeen:
    """The hop's own job, running for an hour."""
    job = JobSeen(
        job_id="JOB-3", state="RUNNING", source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn, created_at=NOW - HOUR
    )
    return CopySeen(hop="to-dr", job=replace(job, **changes))


def told(cause: Cause, message: str) -> Trouble:
    return Trouble(cause=cause, message=message, since=NOW)


def entered(state: HopState) -> dict[str, Any]:
    """What reaching a state changes: its moment, and nothing is left of what held the hop up before."""
    clean = {"state": state, "since": NOW, "not_before": None, "slot_wanted": False, "trouble": None}
    return clean | {"seen_gone_at": None, "is_retry_ordered": False}


def stranded(cause: Cause, message: str, *, again: timedelta | None = DAY) -> dict[str, Any]:
    """What stranding changes; `again` is when it looks by itself, None if only an operator moves it."""
    not_before = None if again is None else NOW + again
    kept = {key: value for key, value in entered(HopState.STRANDED).items() if key != "seen_gone_at"}
    return kept | {"trouble": told(cause, message), "not_before": not_before}


def assert_changes(chain: Chain, taken: HopStep, changes: dict[str, Any], *commands: object) -> None:
    """The step changes so much of the hop and no more, and asks for exactly these commands."""
    assert taken.hop == changed(chain.hop("to-dr"), **changes)
    assert taken.commands == commands
