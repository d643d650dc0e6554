"""The rules of a hop that is WAITING. Pure; `table` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import patience
from secondhop.domain.classification import Cause
from secondhop.domain.command import (
    StartCopy,
    SurveyCopies,
)
from secondhop.domain.deadline import deadline_of, warns_at
from secondhop.domain.fitness import why_unfit
from secondhop.domain.hop import Hop, HopState, Trouble
from secondhop.domain.lifecycle import is_too_late
from secondhop.domain.observation import (
    ActingPaused,
    ClaimRefused,
    CopiesSurveyed,
    CopySeen,
    Noticed,
    OriginUnproven,
    RetryAsked,
    SlotRefused,
    SourceNotReady,
    SourceUnfit,
)
from secondhop.domain.outcome import Outcome
from secondhop.domain.route import Leg
from secondhop.domain.rules.arriving import LIVE, adopt, arrived, newest_of, with_promise
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    enter,
    stay,
    strand,
    token_of,
)
from secondhop.domain.source import BEING_DELETED


def look_before_copying(s: HopSituation, fact: Noticed | RetryAsked) -> HopStep:
    """WAITING, and time has passed: see whether the copy is possible, and time to look for existing ones."""
    if s.chain.source_of(s.hop) is None:
        return stay(s, f"waits for the copy of {s.hop.reads_from}")
    if isinstance(fact, Noticed) and s.hop.attempt.not_before is not None and s.now < s.hop.attempt.not_before:
        why = f"waits until {s.hop.attempt.not_before.isoformat()} before the next attempt"
        return stay(s, why, outcome=Outcome.BACK_OFF_KEPT)
    leg = s.route.leg(s.hop.name)
    if leg is None or leg.destination != s.hop.destination:
        return strand(s, Cause.ROUTE, f"route {s.route.name} has no leg {s.hop.name} into {s.hop.destination.arn}")
    if (late := _refuse_late_copy(s, leg)) is not None:
        return late
    # An operator's word ends a back-off; what the survey leads to must not find it still standing.
    hop = s.hop.with_attempt(not_before=None)
    expires_at = s.chain.source_expires_at
    only_a_slot = hop.attempt.slot_wanted and isinstance(fact, Noticed) and (expires_at is None or s.now < expires_at)
    ask = SurveyCopies(subject=hop.name, slot_first=only_a_slot)
    return HopStep(hop=hop, reason="looks for existing copies first", commands=(ask,))


def _refuse_late_copy(s: HopSituation, leg: Leg) -> HopStep | None:
    """Whether a copy made now would not live for the route's minimum."""
    retention = leg.retention.of_days(s.hop.delete_after_days)
    if not is_too_late(created_at=s.chain.created_at, retention=retention, now=s.now):
        return None
    return strand(s, Cause.TOO_LATE, f"a copy made now would expire within {retention.minimum_remaining_days} days")


def decide_on_survey(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """WAITING, and AWS showed what there is: adopt a copy, or start one."""
    adopted = adopt(s, fact)
    if adopted is not None:
        return adopted
    leg = s.route.leg(s.hop.name)
    source = s.chain.source_of(s.hop)
    if leg is None or source is None:
        return stay(s, "the route or the source changed since the survey was asked for")
    if s.hop.attempt.not_before is not None and s.now < s.hop.attempt.not_before:
        # A straggling event of the failed job asked for this survey, not the end of the back-off.
        why = f"nothing to adopt; waits until {s.hop.attempt.not_before.isoformat()} before the next attempt"
        return stay(s, why, outcome=Outcome.BACK_OFF_KEPT)
    # Asked again: the date of the backup may be known only now, and not every survey follows a look.
    if (refusal := _refuse_source(s, fact, source) or _refuse_late_copy(s, leg)) is not None:
        return refusal
    if (rivalry := wait_for_rivals(s, fact)) is not None:
        return rivalry
    if not leg.copy_role_arn:
        return _leave_to_others(s, fact)
    return _start(s, leg, source, attempt=max(s.hop.attempt.number, len(fact.jobs)) + 1)


def _refuse_source(s: HopSituation, fact: CopiesSurveyed, source: str) -> HopStep | None:
    """Why the source is not copied now, as AWS has just described it; None if it is fit."""
    if fact.twins:
        return strand_on_twins(s, fact)
    if fact.source is None:
        return None
    point = fact.source.point
    if point is None and s.chain.source_gone_at is None:
        return wait_for_the_source(s, SourceNotReady(hop=s.hop.name, why="not shown by AWS"))
    if point is None:
        return strand(s, Cause.SOURCE_GONE, f"AWS says that {source} is not found, and no copy of it was found")
    if point.status in BEING_DELETED:
        return strand(s, Cause.SOURCE_EXPIRED, f"the status of {source} is {point.status}")
    if point.status == "CREATING":
        return wait_for_the_source(s, SourceNotReady(hop=s.hop.name, why=point.status))
    unfit = why_unfit(s.route, point)
    return None if unfit is None else strand(s, *unfit)


def _leave_to_others(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """A first hop that is only watched: say why it failed, and look daily whether others copied it."""
    said = newest_of(list(fact.jobs)).message if fact.jobs else "no copy job of it is known any more"
    return strand(s, Cause.FIRST_HOP, f"{said} (FirstHopRoleArn is empty, so Second Hop does not start first hops)")


def _start(s: HopSituation, leg: Leg, source: str, *, attempt: int) -> HopStep:
    command = StartCopy(
        subject=s.hop.name,
        source=source,
        source_vault=s.chain.source_vault_of(s.hop),
        destination=s.hop.destination,
        copy_role_arn=leg.copy_role_arn,
        delete_after_days=leg.retention.of_days(s.hop.delete_after_days).chosen_days(),
        attempt=attempt,
        token=token_of(source=source, destination_vault_arn=s.hop.destination.arn, attempt=attempt),
    )
    hop = enter(s.hop, HopState.COPYING, s.now).with_attempt(job_id=None, number=attempt)
    return HopStep(hop=with_promise(s, hop), reason=f"starts copy attempt {attempt}", commands=(command,))


def strand_unfit_source(s: HopSituation, fact: SourceUnfit) -> HopStep:
    """WAITING, and the source cannot be copied at all."""
    return strand(s, fact.cause, fact.message)


def yield_to_foreign_claim(s: HopSituation, fact: ClaimRefused) -> HopStep:
    """WAITING or COPYING, and another chain makes this very copy, or found the same point in the vault before us."""
    if not fact.owner:
        return strand(s, Cause.UNDECIDABLE, f"the claim on {fact.point or s.chain.source_of(s.hop)} cannot be read")
    if fact.point not in ("", s.chain.source_of(s.hop)):
        hop = replace(s.hop, rejected=(*s.hop.rejected, fact.point))
        ask = SurveyCopies(subject=hop.name)
        return HopStep(hop=hop, reason=f"{fact.point} is the copy of chain {fact.owner}; looks on", commands=(ask,))
    return strand(s, Cause.CLAIMED, f"chain {fact.owner} has claimed this source and destination")


def note_foreign_job(s: HopSituation, fact: CopySeen) -> HopStep:
    """WAITING, and a copy job of this source and destination was seen that this hop did not start."""
    if fact.job.state == "COMPLETED" and fact.job.arrival and fact.job.arrival not in s.hop.rejected:
        return arrived(s, fact.job, attempt=max(s.hop.attempt.number, 1), is_adopted=False)
    if fact.job.state in LIVE and s.chain.source_of(s.hop) is not None:
        return stay(s, f"copy job {fact.job.name} is {fact.job.state}", SurveyCopies(subject=s.hop.name))
    why = f"copy job {fact.job.name} {fact.job.state} is an earlier attempt"
    return stay(s, why, outcome=Outcome.EARLIER_ATTEMPT)


def wait_for_the_source(s: HopSituation, fact: SourceNotReady) -> HopStep:
    """WAITING, and the source shows in its vault before it can be copied."""
    hop = s.hop.with_attempt(not_before=s.now + patience.VERIFYING_CHECK)
    outcome = Outcome.SOURCE_CREATING if fact.why == "CREATING" else None
    return replace(_wait(s, hop, Cause.STUCK, f"its source is still {fact.why}"), outcome=outcome)


def wait_for_proof_of_origin(s: HopSituation, _fact: OriginUnproven) -> HopStep:
    """WAITING, and no copy job of the workload account made the source. The list of jobs may be late by seconds."""
    why = f"no copy job of the workload account made {s.chain.source_of(s.hop)}, so it may not be ours to copy"
    if s.now - s.chain.opened_at >= patience.ARRIVAL_GRACE:
        return strand(s, Cause.UNDECIDABLE, why)
    return HopStep(hop=s.hop.with_attempt(not_before=s.now + patience.VERIFYING_CHECK), reason=f"waits: {why}")


def wait_for_a_slot(s: HopSituation, fact: SlotRefused) -> HopStep:
    """WAITING, and the quota said no."""
    hop = s.hop.with_attempt(slot_wanted=True, not_before=None, newest_copy=fact.newest_copy)
    outcome = Outcome.DATABASE_BUSY if fact.is_database_busy else Outcome.QUOTA_FULL
    return replace(_wait(s, hop, Cause.NO_SLOT, fact.why), outcome=outcome)


def wait_for_the_operator(s: HopSituation, fact: ActingPaused) -> HopStep:
    """WAITING, and an operator has paused the route, and may have forgotten it."""
    return replace(_wait(s, s.hop, Cause.PAUSED, fact.why), outcome=Outcome.PAUSED)


def wait_for_rivals(s: HopSituation, fact: CopiesSurveyed) -> HopStep | None:
    """About to start, and another recovery point of the same backup is being copied; else None.

    A hop that is COPYING, with an interrupted start, keeps its slot and its attempt meanwhile.
    """
    if fact.unclear_rivals and not s.hop.attempt.is_retry_ordered:
        ids = ", ".join(f"{job.name} {job.state}" for job in fact.unclear_rivals)
        return strand(s, Cause.UNDECIDABLE, f"copy jobs that may have copied the same backup, and name no copy: {ids}")
    if not fact.rivals:
        return None
    hop, job = s.hop.with_attempt(not_before=s.now + patience.COPYING_CHECK), fact.rivals[0]
    why = f"copy job {job.name} of {job.source} is {job.state}, and may make a copy of the same backup"
    return _wait(s, hop, Cause.NO_SLOT, why)


def strand_on_twins(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """A copy of the same backup exists, made from another recovery point: no second one is made."""
    message = (
        f"{', '.join(fact.twins)} in {s.hop.destination.name} is a copy of the same backup, made from another "
        f"recovery point. {s.chain.source_of(s.hop)} may have been copied back, or was copied twice into its vault"
    )
    return strand(s, Cause.UNDECIDABLE, message)


def _wait(s: HopSituation, hop: Hop, cause: Cause, why: str) -> HopStep:
    """Waiting is a state, not an error, until it is nearly too late for a copy."""
    deadline = deadline_of(s.chain, hop, s.route.leg(hop.name))
    if deadline is None or s.now < warns_at(s.chain, deadline):
        return HopStep(hop=hop, reason=f"waits: {why}")
    message = f"it still waits ({why}), and {deadline.why}"
    trouble = hop.notice.unresolved or Trouble(cause=cause, message=message, since=s.now)
    return HopStep(hop=hop.with_notice(unresolved=trouble), reason=message)
