"""The rules of a hop that waits for its copy. Pure; `transitions` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain.chain import Hop, HopState
from secondhop.domain.classification import Cause
from secondhop.domain.command import Command, HandOn, InspectArrival, NoteSite, StartCopy, SurveyCopies
from secondhop.domain.lifecycle import is_too_late, promised_expiry
from secondhop.domain.observation import (
    ClaimRefused,
    CopiesSurveyed,
    CopySeen,
    JobSeen,
    Noticed,
    RetryAsked,
    SourceNotReady,
    SourceUnfit,
)
from secondhop.domain.opening import why_unfit
from secondhop.domain.route import Leg
from secondhop.domain.steps import (
    HopSituation,
    HopStep,
    enter,
    stay,
    strand,
    token_of,
)
from secondhop.domain.waiting_rules import strand_on_twins, wait_for_rivals, wait_for_the_source

LIVE = ("CREATED", "RUNNING")
# Recovery points that AWS Backup deletes, or could not delete.
GOING = ("EXPIRED", "DELETING")


def look_before_copying(s: HopSituation, fact: Noticed | RetryAsked) -> HopStep:
    """WAITING, and time has passed: see whether the copy is possible, and time to look for existing ones."""
    if s.chain.source_of(s.hop) is None:
        return stay(s, f"waits for the copy of {s.hop.reads_from}")
    if isinstance(fact, Noticed) and s.hop.not_before is not None and s.now < s.hop.not_before:
        return stay(s, f"waits until {s.hop.not_before.isoformat()} before the next attempt")
    leg = s.route.leg(s.hop.name)
    if leg is None or leg.destination != s.hop.destination:
        return strand(s, Cause.ROUTE, f"route {s.route.name} has no leg {s.hop.name} into {s.hop.destination.arn}")
    if (late := _refuse_late_copy(s, leg)) is not None:
        return late
    # An operator's word ends a back-off; what the survey leads to must not find it still standing.
    hop = replace(s.hop, not_before=None)
    expires_at = s.chain.source_expires_at
    only_a_slot = hop.slot_wanted and isinstance(fact, Noticed) and (expires_at is None or s.now < expires_at)
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
    if s.hop.not_before is not None and s.now < s.hop.not_before:
        # A straggling event of the failed job asked for this survey, not the end of the back-off.
        return stay(s, f"nothing to adopt; waits until {s.hop.not_before.isoformat()} before the next attempt")
    # Asked again: the date of the backup may be known only now, and not every survey follows a look.
    if (refusal := _refuse_source(s, fact, source) or _refuse_late_copy(s, leg)) is not None:
        return refusal
    if (rivalry := wait_for_rivals(s, fact)) is not None:
        return rivalry
    if not leg.copy_role_arn:
        return _leave_to_others(s, fact)
    return _start(s, leg, source, attempt=max(s.hop.attempt, len(fact.jobs)) + 1)


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
    if point.status in GOING:
        return strand(s, Cause.SOURCE_EXPIRED, f"the status of {source} is {point.status}")
    if point.status == "CREATING":
        return wait_for_the_source(s, SourceNotReady(hop=s.hop.name, why=point.status))
    unfit = why_unfit(s.route, point)
    return None if unfit is None else strand(s, *unfit)


def _leave_to_others(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """A first hop that is only watched: say why it failed, and look daily whether others copied it."""
    said = newest_of(list(fact.jobs)).message if fact.jobs else "no copy job of it is known any more"
    return strand(s, Cause.FIRST_HOP, f"{said} (FirstHopRoleArn is empty, so Second Hop does not start first hops)")


def adopt(s: HopSituation, fact: CopiesSurveyed) -> HopStep | None:
    """Take over what already exists: a finished copy, one under way, or a copy made by other hands."""
    # AWS forgets jobs after 30 days, and may remember their tokens: a number that was used is never used again.
    attempt = max(s.hop.attempt, len(fact.jobs))
    jobs = [job for job in fact.jobs if job.arrival is None or job.arrival not in s.hop.rejected]
    if s.hop.is_retry_ordered:
        # The operator has looked into the vault: what says nothing about a copy is passed over.
        jobs = [job for job in jobs if says_something(job)]
    odd = [job for job in jobs if job.state not in (*LIVE, "COMPLETED", "FAILED")]
    done = [job for job in jobs if job.state == "COMPLETED"]
    if odd or any(job.arrival is None for job in done):
        ids = ", ".join(f"{job.job_id} {job.state}" for job in odd or done)
        return strand(s, Cause.UNDECIDABLE, f"copy jobs in a state that says nothing about a copy: {ids}")
    if done:
        return arrived(s, newest_of(done), attempt=attempt, is_adopted=False)
    live = [job for job in jobs if job.state in LIVE]
    if live:
        job = newest_of(live)
        hop = replace(enter(s.hop, HopState.COPYING, s.now), job_id=job.job_id, attempt=attempt)
        # An interrupted start keeps the promise that was made with it, whatever the route says by now.
        kept = hop if s.hop.state is HopState.COPYING else _promise(s, hop)
        return HopStep(hop=kept, reason=f"adopts copy job {job.job_id}, which is {job.state}")
    points = sorted(point.arn for point in fact.points if point.arn not in s.hop.rejected)
    if points and fact.unreadable:
        return strand(s, Cause.UNDECIDABLE, f"{points[0]} may be its copy or another chain's: {fact.unreadable[0]}")
    if points:
        found = JobSeen(job_id="", state="COMPLETED", source="", destination_vault_arn="", arrival=points[0])
        return arrived(s, found, attempt=attempt, is_adopted=True)
    return None


def says_something(job: JobSeen) -> bool:
    """Whether a job is under way, or names a copy."""
    return job.state in LIVE or job.arrival is not None


def newest_of(jobs: list[JobSeen]) -> JobSeen:
    return max(jobs, key=lambda job: (job.created_at.timestamp() if job.created_at else 0.0, job.job_id))


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
    hop = replace(enter(s.hop, HopState.COPYING, s.now), job_id=None, attempt=attempt)
    return HopStep(hop=_promise(s, hop), reason=f"starts copy attempt {attempt}", commands=(command,))


def _promise(s: HopSituation, hop: Hop) -> Hop:
    """Write down the expiry that the route owes for a copy of this chain."""
    leg = s.route.leg(hop.name)
    if leg is None:
        return hop
    days = leg.retention.of_days(hop.delete_after_days).chosen_days()
    return replace(hop, promised_until=promised_expiry(created_at=s.chain.created_at, retention_days=days))


def arrived(s: HopSituation, job: JobSeen, *, attempt: int, is_adopted: bool) -> HopStep:
    """Go to VERIFYING with the copy that a job names, or that was found in the vault (`is_adopted`)."""
    if not s.route.owns_arrivals:
        return _hand_on(s, job, attempt=attempt)
    hop = replace(
        enter(s.hop, HopState.VERIFYING, s.now),
        job_id=job.job_id or s.hop.job_id,
        arrival=job.arrival,
        attempt=attempt,
        arrival_is_adopted=is_adopted,
    )
    if hop.promised_until is None:
        hop = _promise(s, hop)
    reason = f"verifies {job.arrival}" + (", found in the destination vault" if is_adopted else "")
    ask = InspectArrival(subject=hop.name, point=job.arrival or "")
    return HopStep(hop=hop, reason=reason, commands=(ask, *_note_arrival(s)))


def _hand_on(s: HopSituation, job: JobSeen, *, attempt: int) -> HopStep:
    """A first hop ended as an arrival: verifying and releasing that one is the business of its own chain."""
    hop = replace(
        enter(s.hop, HopState.VERIFIED, s.now),
        job_id=job.job_id or s.hop.job_id,
        arrival=job.arrival,
        attempt=attempt,
        failures=0,
        seen_gone_at=s.now,
    )
    commands: tuple[Command, ...] = (HandOn(point=job.arrival or "", vault=hop.destination), *_note_arrival(s))
    return HopStep(hop=hop, reason=f"{job.arrival} has landed, and has a chain of its own", commands=commands)


def _note_arrival(s: HopSituation) -> tuple[NoteSite, ...]:
    """A copy that was under way arrived, so its site works."""
    is_news = s.hop.state is HopState.COPYING
    return (NoteSite(site=s.hop.destination.site, has_arrived=True),) if is_news else ()


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
        return arrived(s, fact.job, attempt=max(s.hop.attempt, 1), is_adopted=False)
    if fact.job.state in LIVE and s.chain.source_of(s.hop) is not None:
        return stay(s, f"copy job {fact.job.job_id} is {fact.job.state}", SurveyCopies(subject=s.hop.name))
    return stay(s, f"copy job {fact.job.job_id} {fact.job.state} is an earlier attempt")
