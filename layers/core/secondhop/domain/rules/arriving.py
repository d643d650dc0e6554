"""What a hop does with copies that already exist. Pure; the rules of several states use it."""

from __future__ import annotations

from secondhop.domain.classification import Cause
from secondhop.domain.command import (
    Command,
    HandOn,
    InspectArrival,
    NoteSite,
)
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.lifecycle import promised_expiry
from secondhop.domain.observation import (
    CopiesSurveyed,
    JobSeen,
)
from secondhop.domain.outcome import Outcome
from secondhop.domain.route import RouteKind
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    enter,
    strand,
)

LIVE = ("CREATED", "RUNNING")


def adopt(s: HopSituation, fact: CopiesSurveyed) -> HopStep | None:
    """Take over what already exists: a finished copy, one under way, or a copy made by other hands."""
    # AWS forgets jobs after 30 days, and may remember their tokens: a number that was used is never used again.
    attempt = max(s.hop.attempt.number, len(fact.jobs))
    jobs = [job for job in fact.jobs if job.arrival is None or job.arrival not in s.hop.rejected]
    if s.hop.attempt.is_retry_ordered:
        # The operator has looked into the vault: what says nothing about a copy is passed over.
        jobs = [job for job in jobs if says_something(job)]
    odd = [job for job in jobs if job.state not in (*LIVE, "COMPLETED", "FAILED")]
    done = [job for job in jobs if job.state == "COMPLETED"]
    if odd or any(job.arrival is None for job in done):
        ids = ", ".join(f"{job.name} {job.state}" for job in odd or done)
        return strand(s, Cause.UNDECIDABLE, f"copy jobs in a state that says nothing about a copy: {ids}")
    if done:
        return arrived(s, newest_of(done), attempt=attempt, is_adopted=False)
    live = [job for job in jobs if job.state in LIVE]
    if live:
        job = newest_of(live)
        hop = enter(s.hop, HopState.COPYING, s.now).with_attempt(job_id=job.job_id, number=attempt)
        # An interrupted start keeps the promise that was made with it, whatever the route says by now.
        kept = hop if s.hop.state is HopState.COPYING else with_promise(s, hop)
        reason = f"adopts copy job {job.name}, which is {job.state}"
        return HopStep(hop=kept, reason=reason, outcome=Outcome.LIVE_JOB_ADOPTED)
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


def with_promise(s: HopSituation, hop: Hop) -> Hop:
    """Write down the expiry that the route promises for a copy of this chain."""
    leg = s.route.leg(hop.name)
    if leg is None:
        return hop
    days = leg.retention.of_days(hop.delete_after_days).chosen_days()
    return hop.with_arrival(promised_until=promised_expiry(created_at=s.chain.created_at, retention_days=days))


def arrived(s: HopSituation, job: JobSeen, *, attempt: int, is_adopted: bool) -> HopStep:
    """Go to VERIFYING with the copy that a job names, or that was found in the vault (`is_adopted`)."""
    if s.route.kind is RouteKind.FIRST_HOPS:
        return _hand_on(s, job, attempt=attempt)
    hop = (
        enter(s.hop, HopState.VERIFYING, s.now)
        .with_attempt(job_id=job.job_id or s.hop.attempt.job_id, number=attempt)
        .with_arrival(point=job.arrival, is_adopted=is_adopted)
    )
    if hop.arrival.promised_until is None:
        hop = with_promise(s, hop)
    reason = f"verifies {job.arrival}" + (", found in the destination vault" if is_adopted else "")
    ask = InspectArrival(subject=hop.name, point=job.arrival or "")
    outcome = Outcome.COPY_IN_VAULT_ADOPTED if is_adopted else None
    return HopStep(hop=hop, reason=reason, commands=(ask, *_note_arrival(s, job)), outcome=outcome)


def _hand_on(s: HopSituation, job: JobSeen, *, attempt: int) -> HopStep:
    """A first hop ended as an arrival: verifying and releasing that one is the business of its own chain."""
    hop = (
        enter(s.hop, HopState.VERIFIED, s.now)
        .with_attempt(job_id=job.job_id or s.hop.attempt.job_id, number=attempt, failures=0)
        .with_arrival(point=job.arrival, seen_gone_at=s.now)
    )
    commands: tuple[Command, ...] = (HandOn(point=job.arrival or "", vault=hop.destination), *_note_arrival(s, job))
    return HopStep(hop=hop, reason=f"{job.arrival} has landed, and has a chain of its own", commands=commands)


def _note_arrival(s: HopSituation, job: JobSeen) -> tuple[NoteSite, ...]:
    """A copy that was under way arrived, so its site works; also one that someone else made while this hop waited."""
    is_from_others = job.completed_at is not None and job.completed_at > s.hop.since
    is_news = s.hop.state is HopState.COPYING or is_from_others
    return (NoteSite(site=s.hop.destination.site, has_arrived=True),) if is_news else ()
