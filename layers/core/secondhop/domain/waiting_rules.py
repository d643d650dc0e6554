"""The rules of a hop that cannot copy yet, and when a wait becomes an incident. Pure; `transitions` binds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.chain import Hop, Trouble
from secondhop.domain.classification import Cause
from secondhop.domain.lifecycle import latest_start
from secondhop.domain.observation import ActingPaused, CopiesSurveyed, SlotRefused, SourceNotReady
from secondhop.domain.steps import HopSituation, HopStep, strand


def wait_for_the_source(s: HopSituation, fact: SourceNotReady) -> HopStep:
    """WAITING, and the source shows in its vault before it can be copied."""
    hop = replace(s.hop, not_before=s.now + patience.VERIFYING_CHECK)
    return HopStep(hop=hop, reason=f"waits: its source is still {fact.why}")


def wait_for_a_slot(s: HopSituation, fact: SlotRefused) -> HopStep:
    """WAITING, and the quota said no."""
    hop = replace(s.hop, slot_wanted=True, newest_copy=fact.newest_copy)
    return _wait(s, hop, Cause.NO_SLOT, fact.why)


def wait_for_the_operator(s: HopSituation, fact: ActingPaused) -> HopStep:
    """WAITING, and somebody has paused the route, and may have forgotten it."""
    return _wait(s, s.hop, Cause.PAUSED, fact.why)


def wait_for_rivals(s: HopSituation, fact: CopiesSurveyed) -> HopStep | None:
    """About to start, and another recovery point of the same backup is being copied, whoever started that; else None.

    A hop that is COPYING, and whose start was interrupted, keeps its slot and its attempt meanwhile.
    """
    if fact.unclear_rivals and not s.hop.is_retry_ordered:
        ids = ", ".join(f"{job.job_id} {job.state}" for job in fact.unclear_rivals)
        return strand(s, Cause.UNDECIDABLE, f"copy jobs that may have copied the same backup, and name no copy: {ids}")
    if not fact.rivals:
        return None
    hop, job = replace(s.hop, not_before=s.now + patience.COPYING_CHECK), fact.rivals[0]
    why = f"copy job {job.job_id} of {job.source} is {job.state}, and may make a copy of the same backup"
    return _wait(s, hop, Cause.NO_SLOT, why)


def strand_on_twins(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """A copy of the same backup stands, made from another recovery point: no second one is made."""
    message = (
        f"{', '.join(fact.twins)} in {s.hop.destination.name} is a copy of the same backup, made from another "
        f"recovery point. {s.chain.source_of(s.hop)} may have been copied back, or was copied twice into its vault"
    )
    return strand(s, Cause.UNDECIDABLE, message)


def _wait(s: HopSituation, hop: Hop, cause: Cause, why: str) -> HopStep:
    """Waiting is a state, not an error, until it is nearly too late for a copy."""
    deadline = min(_deadlines(s), default=None)
    earliest = s.chain.opened_at + patience.LONGEST_WAIT
    if deadline is None or s.now < max(deadline[0] - patience.LAST_CALL, earliest):
        return HopStep(hop=hop, reason=f"waits: {why}")
    message = f"it still waits ({why}), and {deadline[1]}"
    told = hop.unresolved or Trouble(cause=cause, message=message, since=s.now)
    return HopStep(hop=replace(hop, unresolved=told), reason=message)


def _deadlines(s: HopSituation) -> Iterator[tuple[datetime, str]]:
    """Until when a copy can be started, and why not later. A source without an expiry does not wait for ever either."""
    expires_at, leg = s.chain.source_expires_at, s.route.leg(s.hop.name)
    if expires_at is not None:
        yield expires_at, f"its source expires on {expires_at.isoformat()}"
    if leg is not None:
        latest = latest_start(created_at=s.chain.created_at, retention=leg.retention.of_days(s.hop.delete_after_days))
        yield latest, f"a copy started after {latest.isoformat()} would be too late"
