"""The rules of a hop whose copy has arrived, and of one that is stranded. Pure; `transitions` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import patience
from secondhop.domain.chain import HopState
from secondhop.domain.classification import REMEDIES, Again, Cause, classify_question
from secondhop.domain.command import InspectArrival, InspectSource, Question, SurveyCopies, SurveyNewer
from secondhop.domain.copy_rules import arrived, look_before_copying, newest_of
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.observation import (
    ArrivalInspected,
    AskingRefused,
    CopiesSurveyed,
    CopySeen,
    NewerSurveyed,
    Noticed,
    RetryAsked,
    SourceInspected,
)
from secondhop.domain.site_rules import bear_odd_answer
from secondhop.domain.source import USABLE
from secondhop.domain.steps import HopSituation, HopStep, enter, replace_hop, stay, strand
from secondhop.domain.verification import Finding, Verdict, judge_arrival

# What an operator's retry may replace by another copy, since the present one will never become as promised.
REPLACEABLE = (Cause.MISMATCH, Cause.UNENCRYPTED, Cause.VANISHED)


def ask_for_the_arrival(s: HopSituation, _fact: Noticed | RetryAsked) -> HopStep:
    """VERIFYING, and time has passed."""
    return stay(s, "looks at the arrival again", InspectArrival(subject=s.hop.name, point=s.hop.arrival or ""))


def judge_the_arrival(s: HopSituation, fact: ArrivalInspected) -> HopStep:
    """VERIFYING, and the arrival was described."""
    if fact.arrival != s.hop.arrival:
        return stay(s, f"{fact.arrival} is not the arrival in question")
    finding = judge_arrival(s.chain, s.hop, fact, route=s.route)
    if finding.verdict is Verdict.GOOD:
        hop = replace(enter(s.hop, HopState.VERIFIED, s.now), failures=0)
        return HopStep(hop=hop, reason=f"verified: {finding.reason}")
    if fact.point is None and _is_over(s) and not s.hop.is_retry_ordered:
        hop = replace(enter(s.hop, HopState.VERIFIED, s.now), seen_gone_at=s.now)
        return HopStep(hop=hop, reason="the copy is gone, and its promised time is over")
    if s.hop.is_retry_ordered and finding.cause in REPLACEABLE and finding.verdict is Verdict.WRONG:
        return _begin_again(s, f"makes another copy, as the operator asked: {finding.reason}")
    age = s.now - s.hop.since
    if finding.verdict is Verdict.NOT_YET and (age < patience.VERIFYING_LIMIT or finding.lacks_only_expiry):
        return _wait_for_facts(s, finding)
    if s.hop.arrival_is_adopted:
        return _begin_again(s, f"the copy found in the vault will not do: {finding.reason}")
    if finding.cause is Cause.VANISHED and age < patience.ARRIVAL_GRACE:
        return stay(s, f"not verified yet: {finding.reason}")
    cause = Cause.STUCK if finding.verdict is Verdict.NOT_YET else finding.cause
    return _strand_arrival(s, cause, finding.reason)


def _wait_for_facts(s: HopSituation, finding: Finding) -> HopStep:
    """Ask again for what AWS does not say yet. A copy that has no expiry after a day is there to stay."""
    if s.now - s.hop.since < patience.VERIFYING_LIMIT:
        return stay(s, f"not verified yet: {finding.reason}")
    hop = replace(enter(s.hop, HopState.VERIFIED, s.now), failures=0)
    return HopStep(hop=hop, reason="verified: AWS has named no expiry for a day, so it seems to be kept for ever")


def _begin_again(s: HopSituation, reason: str) -> HopStep:
    """Leave a copy that will not do where it is, and look for, or make, another one."""
    rejected = (*s.hop.rejected, *([s.hop.arrival] if s.hop.arrival is not None else []))
    hop = replace(enter(s.hop, HopState.WAITING, s.now), rejected=rejected, arrival=None, arrival_is_adopted=False)
    return HopStep(hop=hop, reason=reason, commands=(SurveyCopies(subject=hop.name),))


def _strand_arrival(s: HopSituation, cause: Cause, message: str) -> HopStep:
    """Strand a hop whose copy is not as promised. A copy that is gone needs no further look to be forgotten."""
    gone_at = s.now if cause is Cause.VANISHED else None
    return strand(replace_hop(s, replace(s.hop, seen_gone_at=gone_at)), cause, message)


def _is_over(s: HopSituation) -> bool:
    """Whether the time for which the copy was promised is over."""
    return s.hop.promised_until is not None and s.now >= s.hop.promised_until


def strand_on_refusal(s: HopSituation, fact: AskingRefused) -> HopStep:
    """Any working state, and AWS refused a question. It denies a wrong vault name too: never "gone"."""
    cause = classify_question(message=fact.message, code=fact.code)
    heard = replace_hop(s, replace(s.hop, silent_since=None))
    return bear_odd_answer(s, fact, cause) or strand(heard, cause, fact.message)


def look_at_verified_copy(s: HopSituation, _fact: Noticed | RetryAsked) -> HopStep:
    """VERIFIED, and time has passed: the newest copy of a database is looked at daily, older ones weekly."""
    if s.hop.seen_gone_at is not None or s.hop.arrival is None or s.hop.promised_until is None:
        return stay(s, "nothing left to do")
    if s.now >= s.hop.promised_until + DELETION_WINDOW:
        return stay(s, "looks whether the copy has expired", InspectArrival(subject=s.hop.name, point=s.hop.arrival))
    check = s.chain.final_copy_check(s.hop)
    if check is None or s.now < check:
        return stay(s, "verified")
    if s.hop.is_superseded:
        return stay(s, "looks at an older copy again", InspectArrival(subject=s.hop.name, point=s.hop.arrival))
    return stay(s, "asks whether a newer copy was verified", SurveyNewer(subject=s.hop.name))


def look_at_newest_copy(s: HopSituation, fact: NewerSurveyed) -> HopStep:
    """VERIFIED, and it is known whether this is still the newest copy of its database: a newer one relieves it."""
    if fact.newer is not None:
        hop = replace(s.hop, is_superseded=True)
        return HopStep(hop=hop, reason=f"the copy of {fact.newer} is newer; that one is looked at from now on")
    ask = InspectArrival(subject=s.hop.name, point=s.hop.arrival or "")
    return stay(s, "looks at its database's newest copy again", ask)


def review_verified_copy(s: HopSituation, fact: ArrivalInspected) -> HopStep:
    """VERIFIED, and the copy was described again."""
    is_over = _is_over(s)
    if fact.arrival != s.hop.arrival:
        return stay(s, f"{fact.arrival} is not the arrival in question")
    if is_over and fact.point is None:
        return HopStep(hop=replace(s.hop, seen_gone_at=s.now), reason="the copy expired as promised")
    finding = judge_arrival(s.chain, s.hop, fact, route=s.route)
    if finding.verdict is Verdict.GOOD or finding.lacks_only_expiry:
        return HopStep(hop=replace(s.hop, last_seen_at=s.now), reason=finding.reason)
    if is_over or finding.verdict is Verdict.NOT_YET:
        return stay(s, finding.reason)
    return _strand_arrival(s, finding.cause, finding.reason)


def resume_when_due(s: HopSituation, _fact: Noticed) -> HopStep:
    """STRANDED, and time has passed: once a day is worth another try where trying can help at all."""
    if s.hop.trouble is None or REMEDIES[s.hop.trouble.cause].again is Again.OPERATOR:
        return _look_for_others_copies(s)
    if s.hop.not_before is not None and s.now < s.hop.not_before:
        return stay(s, f"stranded; tried again after {s.hop.not_before.isoformat()}")
    return _resume(s, "tries again after a day")


def _look_for_others_copies(s: HopSituation) -> HopStep:
    """Nothing is started again before an operator says so, but the copy, or the source, may have changed since.

    A finished chain is noticed only if an event or the vault's list names its recovery point, so it asks at once.
    """
    is_finished = s.chain.finished_at is not None
    if s.hop.not_before is not None and s.now < s.hop.not_before and not is_finished:
        return stay(s, "stranded; only an operator can help")
    hop = replace(s.hop, not_before=s.now + patience.DAILY)
    commands: tuple[Question, ...] = ()
    if hop.arrival is not None:
        commands = (InspectArrival(subject=hop.name, point=hop.arrival),)
    commands += _questions_about_source(s)
    if not commands:
        return stay(s, "stranded; only an operator can help")
    return HopStep(hop=hop, reason="looks whether anything has changed", commands=commands)


def _questions_about_source(s: HopSituation) -> tuple[Question, ...]:
    """Whether the source stands, or has been copied by somebody else. One that is gone may show again."""
    cause = s.hop.trouble.cause if s.hop.trouble is not None else None
    if cause is Cause.SOURCE_GONE and s.hop.reads_from is None:
        return (InspectSource(subject=s.hop.name),)
    if s.chain.source_gone_at is not None or s.chain.source_of(s.hop) is None:
        return ()
    return (InspectSource(subject=s.hop.name) if cause is Cause.TOO_LATE else SurveyCopies(subject=s.hop.name),)


def see_stranded_copy(s: HopSituation, fact: ArrivalInspected) -> HopStep:
    """STRANDED, and the copy that was not as promised was described again."""
    if fact.arrival != s.hop.arrival:
        return stay(s, f"{fact.arrival} is not the arrival in question")
    finding = judge_arrival(s.chain, s.hop, fact, route=s.route)
    if finding.verdict is Verdict.GOOD:
        hop = replace(enter(s.hop, HopState.VERIFIED, s.now), failures=0)
        return HopStep(hop=hop, reason=f"verified after all: {finding.reason}")
    gone_at = (s.hop.seen_gone_at or s.now) if fact.point is None else None
    return HopStep(hop=replace(s.hop, seen_gone_at=gone_at), reason=f"stranded; {finding.reason}")


def see_stranded_source(s: HopSituation, fact: SourceInspected) -> HopStep:
    """STRANDED, and the source was described again, which the chain has noted.

    A recovery point may show in its vault hours after its event: what was given up as gone is copied after all.
    """
    is_back = fact.point is not None and fact.point.status in USABLE
    if is_back and s.hop.trouble is not None and s.hop.trouble.cause is Cause.SOURCE_GONE:
        return _resume(s, "its source shows in its vault after all")
    return stay(s, "stranded; its source is gone" if fact.point is None else "stranded; its source still stands")


def adopt_others_copy(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """STRANDED, and AWS showed what there is: the copy of a finished job is taken over, and nothing else happens.

    A point that no job explains is left: if it would not do, the hop would begin again, without the operator's word.
    """
    known = (*s.hop.rejected, *([s.hop.arrival] if s.hop.arrival is not None else []))
    done = [job for job in fact.jobs if job.state == "COMPLETED" and job.arrival and job.arrival not in known]
    if not done:
        return stay(s, "stranded; nobody else has copied it")
    hop = replace(s.hop, rejected=known)
    return arrived(replace_hop(s, hop), newest_of(done), attempt=max(hop.attempt, len(fact.jobs)), is_adopted=False)


def resume_for_operator(s: HopSituation, fact: RetryAsked) -> HopStep:
    """STRANDED, and an operator asked for another try."""
    fresh = replace(s.hop, failures=0, is_retry_ordered=True)
    if s.hop.trouble is not None and s.hop.trouble.cause is Cause.VANISHED and s.hop.arrival is not None:
        fresh = replace(fresh, rejected=(*s.hop.rejected, s.hop.arrival), arrival=None)
    return _resume(replace_hop(s, fresh), f"tries again, asked by {fact.by}")


def _resume(s: HopSituation, reason: str) -> HopStep:
    if s.hop.arrival is not None:
        hop = replace(enter(s.hop, HopState.VERIFYING, s.now), is_retry_ordered=s.hop.is_retry_ordered)
        ask = InspectArrival(subject=hop.name, point=s.hop.arrival)
        return HopStep(hop=hop, reason=reason, commands=(ask,))
    waiting = enter(s.hop, HopState.WAITING, s.now)
    step = look_before_copying(replace_hop(s, waiting), Noticed())
    return replace(step, reason=f"{reason}; {step.reason}")


def accept_late_success(s: HopSituation, fact: CopySeen) -> HopStep:
    """STRANDED, and a copy job was seen: a success that comes late is still a success."""
    if fact.job.state == "COMPLETED" and fact.job.arrival is not None and fact.job.arrival not in s.hop.rejected:
        return arrived(s, fact.job, attempt=max(s.hop.attempt, 1), is_adopted=False)
    return stay(s, f"stranded; copy job {fact.job.job_id} is {fact.job.state}")
