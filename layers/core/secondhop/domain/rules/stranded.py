"""The rules of a hop that is STRANDED. Pure; `table` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import patience
from secondhop.domain.classification import REMEDIES, Again, Cause
from secondhop.domain.command import (
    InspectArrival,
    InspectSource,
    Question,
    SurveyCopies,
)
from secondhop.domain.hop import HopState
from secondhop.domain.observation import (
    ArrivalInspected,
    CopiesSurveyed,
    CopySeen,
    Noticed,
    RetryAsked,
    SourceInspected,
)
from secondhop.domain.outcome import Outcome
from secondhop.domain.rules.arriving import arrived, newest_of
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    enter,
    replace_hop,
    stay,
)
from secondhop.domain.rules.waiting import look_before_copying
from secondhop.domain.source import USABLE
from secondhop.domain.verification import Verdict, assess_arrival


def resume_when_due(s: HopSituation, _fact: Noticed) -> HopStep:
    """STRANDED, and time has passed: once a day is worth another try where trying can help at all."""
    if s.hop.notice.trouble is None or REMEDIES[s.hop.notice.trouble.cause].again is Again.OPERATOR:
        return _look_for_others_copies(s)
    if s.hop.attempt.not_before is not None and s.now < s.hop.attempt.not_before:
        return stay(s, f"stranded; tried again after {s.hop.attempt.not_before.isoformat()}")
    return _resume(s, "tries again after a day", outcome=Outcome.RESUMED_AFTER_A_DAY)


def _look_for_others_copies(s: HopSituation) -> HopStep:
    """Nothing is started again before an operator says so, but the copy, or the source, may have changed since.

    A finished chain is noticed only if an event or the vault's list names its recovery point, so it asks at once.
    """
    is_finished = s.chain.finished_at is not None
    if s.hop.attempt.not_before is not None and s.now < s.hop.attempt.not_before and not is_finished:
        return stay(s, "stranded; only an operator can help")
    hop = s.hop.with_attempt(not_before=s.now + patience.DAILY)
    commands: tuple[Question, ...] = ()
    if hop.arrival.point is not None:
        commands = (InspectArrival(subject=hop.name, point=hop.arrival.point),)
    commands += _questions_about_source(s)
    if not commands:
        return stay(s, "stranded; only an operator can help")
    return HopStep(hop=hop, reason="looks whether anything has changed", commands=commands)


def _questions_about_source(s: HopSituation) -> tuple[Question, ...]:
    """Whether the source exists, or has another copy. One that was not found may show again."""
    cause = s.hop.notice.trouble.cause if s.hop.notice.trouble is not None else None
    if cause is Cause.SOURCE_GONE and s.hop.reads_from is None:
        return (InspectSource(subject=s.hop.name),)
    if s.chain.source_gone_at is not None or s.chain.source_of(s.hop) is None:
        return ()
    return (InspectSource(subject=s.hop.name) if cause is Cause.TOO_LATE else SurveyCopies(subject=s.hop.name),)


def see_stranded_copy(s: HopSituation, fact: ArrivalInspected) -> HopStep:
    """STRANDED, and the copy that was not as promised was described again."""
    if fact.arrival != s.hop.arrival.point:
        return stay(s, f"{fact.arrival} is not the arrival in question")
    assessment = assess_arrival(s.chain, s.hop, fact, route=s.route)
    if assessment.verdict is Verdict.GOOD:
        hop = enter(s.hop, HopState.VERIFIED, s.now).with_attempt(failures=0)
        return HopStep(hop=hop, reason=f"verified after all: {assessment.reason}")
    gone_at = (s.hop.arrival.seen_gone_at or s.now) if fact.point is None else None
    return HopStep(hop=s.hop.with_arrival(seen_gone_at=gone_at), reason=f"stranded; {assessment.reason}")


def see_stranded_source(s: HopSituation, fact: SourceInspected) -> HopStep:
    """STRANDED, and the source was described again, which the chain has noted.

    A recovery point may show in its vault hours after its event: so it is copied after all.
    """
    is_back = fact.point is not None and fact.point.status in USABLE
    if is_back and s.hop.notice.trouble is not None and s.hop.notice.trouble.cause is Cause.SOURCE_GONE:
        return _resume(s, "its source shows in its vault after all")
    return stay(s, "stranded; its source is gone" if fact.point is None else "stranded; its source still stands")


def adopt_others_copy(s: HopSituation, fact: CopiesSurveyed) -> HopStep:
    """STRANDED, and AWS showed what there is: the copy of a finished job is taken over, and nothing else happens.

    A point that no job explains is left: if it would not do, the hop would begin again, without the operator's word.
    """
    known = (*s.hop.rejected, *([s.hop.arrival.point] if s.hop.arrival.point is not None else []))
    done = [job for job in fact.jobs if job.state == "COMPLETED" and job.arrival and job.arrival not in known]
    if not done:
        return stay(s, "stranded; no one else has copied it")
    hop = replace(s.hop, rejected=known)
    return arrived(
        replace_hop(s, hop), newest_of(done), attempt=max(hop.attempt.number, len(fact.jobs)), is_adopted=False
    )


def resume_for_operator(s: HopSituation, fact: RetryAsked) -> HopStep:
    """STRANDED, and an operator asked for another try.

    A queue delivers an order more than once. One that is older than the trouble is not about it.
    """
    trouble = s.hop.notice.trouble
    if trouble is not None and fact.at is not None and trouble.since > fact.at + patience.CLOCKS:
        return stay(s, f"stranded since {trouble.since.isoformat()}; the order of {fact.by} is older")
    fresh = s.hop.with_attempt(failures=0, is_retry_ordered=True)
    if trouble is not None and trouble.cause is Cause.VANISHED and s.hop.arrival.point is not None:
        fresh = replace(fresh, rejected=(*s.hop.rejected, s.hop.arrival.point)).with_arrival(point=None)
    return _resume(replace_hop(s, fresh), f"tries again, asked by {fact.by}")


def _resume(s: HopSituation, reason: str, *, outcome: Outcome | None = None) -> HopStep:
    if s.hop.arrival.point is not None:
        hop = enter(s.hop, HopState.VERIFYING, s.now).with_attempt(is_retry_ordered=s.hop.attempt.is_retry_ordered)
        ask = InspectArrival(subject=hop.name, point=s.hop.arrival.point)
        return HopStep(hop=hop, reason=reason, commands=(ask,), outcome=outcome)
    waiting = enter(s.hop, HopState.WAITING, s.now)
    step = look_before_copying(replace_hop(s, waiting), Noticed())
    return replace(step, reason=f"{reason}; {step.reason}", outcome=step.outcome or outcome)


def accept_late_success(s: HopSituation, fact: CopySeen) -> HopStep:
    """STRANDED, and a copy job was seen: a success that comes late is still a success."""
    if fact.job.state == "COMPLETED" and fact.job.arrival is not None and fact.job.arrival not in s.hop.rejected:
        return arrived(s, fact.job, attempt=max(s.hop.attempt.number, 1), is_adopted=False)
    return stay(s, f"stranded; copy job {fact.job.name} is {fact.job.state}")
