"""The rules of a hop that is COPYING. Pure; `table` binds them."""

from __future__ import annotations

from secondhop.domain import patience
from secondhop.domain.classification import Cause, classify
from secondhop.domain.command import (
    InspectJob,
    StartCopy,
    SurveyCopies,
)
from secondhop.domain.hop import HopState
from secondhop.domain.observation import (
    CopiesSurveyed,
    CopyRefused,
    CopySeen,
    CopyStarted,
    CopyUnanswered,
    JobMissing,
    JobSeen,
    Noticed,
    RetryAsked,
)
from secondhop.domain.outcome import Outcome
from secondhop.domain.rules.arriving import LIVE, adopt, arrived, newest_of
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    enter,
    retry_after_failure,
    stay,
    strand,
    trouble_in_flight,
    with_site_incident,
)
from secondhop.domain.rules.waiting import strand_on_twins, wait_for_rivals


def check_on_the_copy(s: HopSituation, fact: Noticed | RetryAsked) -> HopStep:
    """COPYING, and time has passed: ask about the job, or find out whether the start was made."""
    if isinstance(fact, Noticed) and s.hop.attempt.not_before is not None and s.now < s.hop.attempt.not_before:
        return stay(s, f"asks again after {s.hop.attempt.not_before.isoformat()}")
    if s.hop.attempt.job_id is not None:
        return stay(s, "asks about its copy job", InspectJob(subject=s.hop.name, job_id=s.hop.attempt.job_id))
    if not _is_fence_open(s):
        return stay(s, "is being started; it is not repeated before the fence has passed")
    ask = SurveyCopies(subject=s.hop.name)
    return stay(s, "looks whether an interrupted start was made", ask, outcome=Outcome.START_SEARCHED)


def _is_fence_open(s: HopSituation) -> bool:
    pending = s.chain.pending_of(s.hop.name, StartCopy)
    return pending is None or s.now >= pending.until


def resume_interrupted_start(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """COPYING without a known job: find the job that was made, or start the very same attempt again."""
    adopted = adopt(s, fact)
    if adopted is not None:
        return adopted
    is_young = s.now - s.hop.since < patience.ARRIVAL_GRACE
    if s.hop.attempt.job_id is not None and (fact.missing_job != s.hop.attempt.job_id or is_young):
        # A slow worker looked before the job was known, or AWS does not show it yet: its slot stays taken.
        return stay(s, f"copy job {s.hop.attempt.job_id} does not show")
    if s.hop.attempt.job_id is not None:
        return strand(
            s, Cause.UNDECIDABLE, f"AWS has forgotten copy job {s.hop.attempt.job_id}, and no copy is to be found"
        )
    if len(fact.jobs) >= s.hop.attempt.number:
        return _failed(s, newest_of(list(fact.jobs)), attempt=len(fact.jobs))
    return _repeat_start(s, fact)


def _repeat_start(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """Start the same attempt again with the same token, unless another copy of the same backup came first."""
    pending = s.chain.pending_of(s.hop.name, StartCopy)
    if pending is None:
        return HopStep(hop=enter(s.hop, HopState.WAITING, s.now), reason="nothing was started; begins again")
    if fact.asked_at < pending.until:
        # Who slept over the answer may not know what others have started in the meantime.
        return stay(s, "the answer is older than the last start; looks again when the fence has passed")
    if fact.twins:
        return strand_on_twins(s, fact)
    if (rivalry := wait_for_rivals(s, fact)) is not None:
        return rivalry
    why = f"repeats attempt {s.hop.attempt.number} with the same token"
    return stay(s, why, pending.command, outcome=Outcome.START_REPEATED)


def note_started_job(s: HopSituation, fact: CopyStarted) -> HopStep:
    """COPYING, and StartCopyJob answered."""
    if fact.command.attempt != s.hop.attempt.number:
        return stay(s, f"the answer is for attempt {fact.command.attempt}, not for {s.hop.attempt.number}")
    hop = s.hop.with_attempt(job_id=fact.job_id)
    if fact.is_old:
        # "Repeating a successful request with the same token gives success and no action" (API_StartCopyJob).
        ask = InspectJob(subject=hop.name, job_id=fact.job_id)
        reason = f"the token names the older job {fact.job_id}; asks about it"
        return HopStep(hop=hop, reason=reason, commands=(ask,), outcome=Outcome.OLD_JOB_NAMED)
    return HopStep(hop=hop, reason=f"copy job {fact.job_id} was started")


def give_up_refused_start(s: HopSituation, fact: CopyRefused) -> HopStep:
    """COPYING, and StartCopyJob refused: no job was made, so this attempt's number stays free."""
    if fact.command.attempt != s.hop.attempt.number or s.hop.attempt.job_id is not None:
        return stay(s, f"the refusal is for attempt {fact.command.attempt}, which is over")
    cause = classify(message=fact.message, code=fact.code)
    if cause is Cause.SOURCE_GONE:
        # Only a description shows that a source does not exist: AWS may not show it yet. The next check asks.
        cause = Cause.UNKNOWN
    return retry_after_failure(
        s, cause, f"{fact.code}: {fact.message}", attempt=s.hop.attempt.number - 1, had_job=False
    )


def keep_unanswered_start(s: HopSituation, fact: CopyUnanswered) -> HopStep:
    """COPYING, and it is not known whether a job was made: wait for the fence, then look.

    It stays COPYING, since a copy may be in flight and its slot must stay taken; after a few tries it says so.
    """
    hop = s.hop.with_attempt(failures=s.hop.attempt.failures + 1)
    if hop.attempt.failures >= patience.COPY_TRIES:
        reported = with_site_incident(s, hop.with_attempt(not_before=s.now + patience.LONGEST_BACK_OFF), fact.message)
        return HopStep(
            hop=reported, reason=f"no answer ({fact.message}), {hop.attempt.failures} times; looks again in an hour"
        )
    return HopStep(hop=hop, reason=f"no answer ({fact.message}); looks again when the fence has passed")


def follow_the_job(s: HopSituation, fact: CopySeen) -> HopStep:
    """COPYING, and a job of this source and destination was seen."""
    job = fact.job
    if job.state == "COMPLETED" and job.arrival is not None and job.arrival not in s.hop.rejected:
        return arrived(s, job, attempt=s.hop.attempt.number, is_adopted=False)
    if s.hop.attempt.job_id is None and job.state in LIVE and _is_fence_open(s):
        reason = f"copy job {job.name} is {job.state}; checks to which hop it belongs"
        return stay(s, reason, SurveyCopies(subject=s.hop.name))
    if s.hop.attempt.job_id is None or job.job_id.upper() != s.hop.attempt.job_id.upper():
        return stay(s, f"copy job {job.name} {job.state} is not known to be this attempt's")
    if job.state in LIVE:
        return _wait_for_live_job(s, job)
    if job.state == "COMPLETED":
        return _ask_for_arrival(s, job, is_described=fact.is_described)
    if job.state == "FAILED":
        return _failed(s, job, attempt=s.hop.attempt.number)
    return strand(s, Cause.UNDECIDABLE, f"copy job {job.name} is {job.state}")


def _ask_for_arrival(s: HopSituation, job: JobSeen, *, is_described: bool) -> HopStep:
    """COPYING, and the job is COMPLETED without naming its copy: ask again for an hour, then stop."""
    ask = InspectJob(subject=s.hop.name, job_id=job.job_id)
    if not is_described:
        return stay(s, "asks the completed job for its arrival", ask)
    if s.now - (job.completed_at or s.hop.since) < patience.ARRIVAL_GRACE:
        return stay(s, f"copy job {job.name} is COMPLETED, and AWS does not name its copy yet")
    return strand(s, Cause.UNDECIDABLE, f"copy job {job.name} is COMPLETED, and AWS names no copy that it made")


def _wait_for_live_job(s: HopSituation, job: JobSeen) -> HopStep:
    """COPYING, and the job is under way: AWS has no time-out and no cancel, so operators are only notified."""
    age = s.now - (job.created_at or s.hop.since)
    expires_at = s.chain.source_expires_at
    if patience.is_stuck(
        age=age,
        has_begun=job.state != "CREATED",
        resource_type=s.chain.resource_type,
        remaining=None if expires_at is None else expires_at - s.now,
    ):
        if s.hop.notice.trouble is not None and s.hop.notice.trouble.cause is Cause.STUCK:
            return HopStep(
                hop=s.hop.with_attempt(not_before=s.now + patience.SITE_CHECK),
                reason=f"copy job {job.name} is still stuck",
            )
        hours = int(age.total_seconds() // 3600)
        return trouble_in_flight(s, Cause.STUCK, f"copy job {job.name} has been {job.state} for {hours} hours")
    hop = s.hop.with_notice(trouble=None)
    if job.state == "CREATED" and age > patience.CREATED_PATIENCE:
        return HopStep(hop=hop, reason=f"copy job {job.name} waits in AWS Backup's own queue (CREATED)")
    return HopStep(hop=hop, reason=f"copy job {job.name} is {job.state}")


def _failed(s: HopSituation, job: JobSeen, *, attempt: int) -> HopStep:
    cause = classify(message=job.message, category=job.category)
    if cause is Cause.UNSHARE and job.arrival is not None:
        # The role vanished during the copy: "the copied point exists" (devguide/create-cross-account-backup).
        return arrived(s, job, attempt=attempt, is_adopted=False)
    said = job.message or f"copy job {job.name} {job.state}"
    return retry_after_failure(s, cause, said, attempt=attempt, had_job=True)


def search_for_forgotten_job(s: HopSituation, fact: JobMissing) -> HopStep:
    """COPYING, and AWS forgot the job (30 days): a missing record says nothing about the copy."""
    ask = SurveyCopies(subject=s.hop.name, missing_job=fact.job_id)
    return stay(s, f"AWS has no job {fact.job_id}; looks for the copy", ask)
