"""The rules of a hop that waits for its copy or has it under way. Pure; `transitions` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import patience
from secondhop.domain.chain import Hop, HopState
from secondhop.domain.classification import Cause, classify
from secondhop.domain.command import InspectArrival, InspectJob, StartCopy, SurveyCopies
from secondhop.domain.lifecycle import is_too_late, promised_expiry
from secondhop.domain.observation import (
    AskingDenied,
    ClaimRefused,
    CopiesSurveyed,
    CopyRefused,
    CopySeen,
    CopyStarted,
    CopyUnanswered,
    JobMissing,
    JobSeen,
    Noticed,
    RetryAsked,
    SlotRefused,
    SourceNotReady,
    SourceUnfit,
)
from secondhop.domain.route import Leg
from secondhop.domain.steps import (
    HopSituation,
    HopStep,
    enter,
    replace_hop,
    retry_after_failure,
    stay,
    strand,
    token_of,
    trouble_in_flight,
)

LIVE = ("CREATED", "RUNNING")


def look_before_copying(s: HopSituation, fact: Noticed | RetryAsked) -> HopStep:
    """WAITING, and time has passed: see whether the copy is possible, and time to look for existing ones."""
    if s.chain.source_of(s.hop) is None:
        return stay(s, f"waits for the copy of {s.hop.reads_from}")
    if isinstance(fact, Noticed) and s.hop.not_before is not None and s.now < s.hop.not_before:
        return stay(s, f"waits until {s.hop.not_before.isoformat()} before the next attempt")
    leg = s.route.leg(s.hop.name)
    if leg is None or leg.destination != s.hop.destination:
        return strand(s, Cause.ROUTE, f"route {s.route.name} has no leg {s.hop.name} into {s.hop.destination.arn}")
    if is_too_late(created_at=s.chain.created_at, retention=leg.retention, now=s.now):
        return strand(
            s, Cause.TOO_LATE, f"a copy made now would expire within {leg.retention.minimum_remaining_days} days"
        )
    # An operator's word ends a back-off; what the survey leads to must not find it still standing.
    hop = replace(s.hop, not_before=None)
    return HopStep(hop=hop, reason="looks for existing copies first", commands=(SurveyCopies(subject=hop.name),))


def decide_on_survey(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """WAITING, and AWS showed what there is: adopt a copy, or start one."""
    adopted = _adopt(s, fact)
    if adopted is not None:
        return adopted
    leg = s.route.leg(s.hop.name)
    source = s.chain.source_of(s.hop)
    if leg is None or source is None:
        return stay(s, "the route or the source changed since the survey was asked for")
    if s.hop.not_before is not None and s.now < s.hop.not_before:
        # A straggling event of the failed job asked for this survey, not the end of the back-off.
        return stay(s, f"nothing to adopt; waits until {s.hop.not_before.isoformat()} before the next attempt")
    return _start(s, leg, source, attempt=max(s.hop.attempt, len(fact.jobs)) + 1)


def _adopt(s: HopSituation, fact: CopiesSurveyed) -> HopStep | None:
    """Take over what already exists: a finished copy, one under way, or a copy made by other hands."""
    jobs = [job for job in fact.jobs if job.arrival is None or job.arrival not in s.hop.rejected]
    odd = [job for job in jobs if job.state not in (*LIVE, "COMPLETED", "FAILED")]
    done = [job for job in jobs if job.state == "COMPLETED"]
    if odd or any(job.arrival is None for job in done):
        ids = ", ".join(f"{job.job_id} {job.state}" for job in odd or done)
        return strand(s, Cause.UNDECIDABLE, f"copy jobs in a state that says nothing about a copy: {ids}")
    if done:
        return arrived(s, _newest(done), attempt=len(fact.jobs), is_adopted=False)
    live = [job for job in jobs if job.state in LIVE]
    if live:
        job = _newest(live)
        hop = replace(enter(s.hop, HopState.COPYING, s.now), job_id=job.job_id, attempt=len(fact.jobs))
        # An interrupted start keeps the promise that was made with it, whatever the route says by now.
        kept = hop if s.hop.state is HopState.COPYING else _promise(s, hop)
        return HopStep(hop=kept, reason=f"adopts copy job {job.job_id}, which is {job.state}")
    points = sorted(point.arn for point in fact.points if point.arn not in s.hop.rejected)
    if points:
        found = JobSeen(job_id="", state="COMPLETED", source="", destination_vault_arn="", arrival=points[0])
        return arrived(s, found, attempt=len(fact.jobs), is_adopted=True)
    return None


def _newest(jobs: list[JobSeen]) -> JobSeen:
    return max(jobs, key=lambda job: (job.created_at.timestamp() if job.created_at else 0.0, job.job_id))


def _start(s: HopSituation, leg: Leg, source: str, *, attempt: int) -> HopStep:
    command = StartCopy(
        subject=s.hop.name,
        source=source,
        source_vault=s.chain.source_vault_of(s.hop),
        destination=s.hop.destination,
        copy_role_arn=leg.copy_role_arn,
        delete_after_days=leg.retention.chosen_days(),
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
    days = leg.retention.chosen_days()
    return replace(hop, promised_until=promised_expiry(created_at=s.chain.created_at, retention_days=days))


def arrived(s: HopSituation, job: JobSeen, *, attempt: int, is_adopted: bool) -> HopStep:
    """Go to VERIFYING with the copy that a job names, or that was found in the vault (`is_adopted`)."""
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
    return HopStep(hop=hop, reason=reason, commands=(InspectArrival(subject=hop.name, point=job.arrival or ""),))


def strand_unfit_source(s: HopSituation, fact: SourceUnfit) -> HopStep:
    """WAITING, and the source cannot be copied at all."""
    return strand(s, fact.cause, fact.message)


def wait_for_the_source(s: HopSituation, fact: SourceNotReady) -> HopStep:
    """WAITING, and the source shows in its vault before it can be copied."""
    hop = replace(s.hop, not_before=s.now + patience.VERIFYING_CHECK)
    return HopStep(hop=hop, reason=f"waits: its source is still {fact.why}")


def wait_for_a_slot(s: HopSituation, fact: SlotRefused) -> HopStep:
    """WAITING, and the quota said no. Waiting is a state, not an error."""
    return HopStep(hop=replace(s.hop, slot_wanted=True), reason=f"waits: {fact.why}")


def strand_on_foreign_claim(s: HopSituation, fact: ClaimRefused) -> HopStep:
    """WAITING, and another chain makes this very copy."""
    return strand(s, Cause.CLAIMED, f"chain {fact.owner} has claimed this source and destination")


def note_foreign_job(s: HopSituation, fact: CopySeen) -> HopStep:
    """WAITING, and a copy job of this source and destination was seen that this hop did not start."""
    if fact.job.state == "COMPLETED" and fact.job.arrival and fact.job.arrival not in s.hop.rejected:
        return arrived(s, fact.job, attempt=max(s.hop.attempt, 1), is_adopted=False)
    if fact.job.state in LIVE and s.chain.source_of(s.hop) is not None:
        return stay(s, f"copy job {fact.job.job_id} is {fact.job.state}", SurveyCopies(subject=s.hop.name))
    return stay(s, f"copy job {fact.job.job_id} {fact.job.state} is an earlier attempt")


def check_on_the_copy(s: HopSituation, fact: Noticed | RetryAsked) -> HopStep:
    """COPYING, and time has passed: ask about the job, or find out whether the start was made."""
    if isinstance(fact, Noticed) and s.hop.not_before is not None and s.now < s.hop.not_before:
        return stay(s, f"asks again after {s.hop.not_before.isoformat()}")
    if s.hop.job_id is not None:
        return stay(s, "asks about its copy job", InspectJob(subject=s.hop.name, job_id=s.hop.job_id))
    pending = s.chain.pending_of(s.hop.name, StartCopy)
    if pending is not None and s.now < pending.until:
        return stay(s, f"is being started; nobody repeats that before {pending.until.isoformat()}")
    return stay(s, "looks whether an interrupted start was made", SurveyCopies(subject=s.hop.name))


def resume_interrupted_start(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """COPYING without a known job: find the job that was made, or start the very same attempt again."""
    adopted = _adopt(s, fact)
    if adopted is not None:
        return adopted
    if s.hop.job_id is not None:
        return strand(s, Cause.UNDECIDABLE, f"AWS has forgotten copy job {s.hop.job_id}, and no copy is to be found")
    if len(fact.jobs) >= s.hop.attempt:
        return _failed(s, _newest(list(fact.jobs)), attempt=len(fact.jobs))
    pending = s.chain.pending_of(s.hop.name, StartCopy)
    if pending is None:
        return HopStep(hop=enter(s.hop, HopState.WAITING, s.now), reason="nothing was started; begins again")
    return stay(s, f"repeats attempt {s.hop.attempt} with the same token", pending.command)


def note_started_job(s: HopSituation, fact: CopyStarted) -> HopStep:
    """COPYING, and StartCopyJob answered."""
    if fact.command.attempt != s.hop.attempt:
        return stay(s, f"the answer is for attempt {fact.command.attempt}, not for {s.hop.attempt}")
    hop = replace(s.hop, job_id=fact.job_id)
    if fact.is_old:
        # "Repeating a successful request with the same token gives success and no action" (API_StartCopyJob).
        ask = InspectJob(subject=hop.name, job_id=fact.job_id)
        return HopStep(hop=hop, reason=f"the token names the older job {fact.job_id}; asks about it", commands=(ask,))
    return HopStep(hop=hop, reason=f"copy job {fact.job_id} was started")


def give_up_refused_start(s: HopSituation, fact: CopyRefused) -> HopStep:
    """COPYING, and StartCopyJob refused: no job was made, so this attempt's number stays free."""
    if fact.command.attempt != s.hop.attempt or s.hop.job_id is not None:
        return stay(s, f"the refusal is for attempt {fact.command.attempt}, which is over")
    cause = classify(message=fact.message, code=fact.code)
    return retry_after_failure(s, cause, f"{fact.code}: {fact.message}", attempt=s.hop.attempt - 1)


def keep_unanswered_start(s: HopSituation, fact: CopyUnanswered) -> HopStep:
    """COPYING, and nobody knows whether a job was made: wait for the fence, then look.

    It stays COPYING, since a copy may be in flight and its slot must stay taken; after a few tries it says so.
    """
    hop = replace(s.hop, failures=s.hop.failures + 1)
    if hop.failures >= patience.COPY_TRIES:
        return trouble_in_flight(replace_hop(s, hop), Cause.TRANSIENT, fact.message)
    return HopStep(hop=hop, reason=f"no answer ({fact.message}); looks again when the fence has passed")


def follow_the_job(s: HopSituation, fact: CopySeen) -> HopStep:
    """COPYING, and a job of this source and destination was seen."""
    job = fact.job
    if job.state == "COMPLETED" and job.arrival is not None and job.arrival not in s.hop.rejected:
        return arrived(s, job, attempt=s.hop.attempt, is_adopted=False)
    if s.hop.job_id is None or job.job_id.upper() != s.hop.job_id.upper():
        return stay(s, f"copy job {job.job_id} {job.state} is not known to be this attempt's")
    if job.state in LIVE:
        return HopStep(hop=replace(s.hop, trouble=None), reason=f"copy job {job.job_id} is {job.state}")
    if job.state == "COMPLETED":
        return stay(s, "asks the completed job for its arrival", InspectJob(subject=s.hop.name, job_id=job.job_id))
    if job.state == "FAILED":
        return _failed(s, job, attempt=s.hop.attempt)
    return strand(s, Cause.UNDECIDABLE, f"copy job {job.job_id} is {job.state}")


def _failed(s: HopSituation, job: JobSeen, *, attempt: int) -> HopStep:
    cause = classify(message=job.message, category=job.category)
    if cause is Cause.UNSHARE and job.arrival is not None:
        # The role vanished during the copy: "the copied point exists" (devguide/create-cross-account-backup).
        return arrived(s, job, attempt=attempt, is_adopted=False)
    return retry_after_failure(s, cause, job.message or f"copy job {job.job_id} {job.state}", attempt=attempt)


def search_for_forgotten_job(s: HopSituation, fact: JobMissing) -> HopStep:
    """COPYING, and AWS forgot the job (30 days): a missing record says nothing about the copy."""
    return stay(s, f"AWS has no job {fact.job_id}; looks for the copy", SurveyCopies(subject=s.hop.name))


def report_denial_in_flight(s: HopSituation, fact: AskingDenied) -> HopStep:
    """COPYING, and AWS denied a question. The copy may be in flight: the slot stays taken, the operators are told."""
    return trouble_in_flight(s, classify(message=fact.message, code="AccessDeniedException"), fact.message)
