"""The rules of a hop that is VERIFYING. Pure; `table` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import patience
from secondhop.domain.classification import Cause
from secondhop.domain.command import (
    InspectArrival,
    SurveyCopies,
)
from secondhop.domain.hop import HopState
from secondhop.domain.observation import (
    ArrivalInspected,
    Noticed,
    RetryAsked,
)
from secondhop.domain.outcome import Outcome
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    enter,
    replace_hop,
    stay,
    strand,
)
from secondhop.domain.verification import Assessment, Verdict, assess_arrival

# What an operator's retry may replace by another copy, since the present one will never become as promised.
REPLACEABLE = (Cause.MISMATCH, Cause.UNENCRYPTED, Cause.VANISHED)


def ask_for_the_arrival(s: HopSituation, _fact: Noticed | RetryAsked) -> HopStep:
    """VERIFYING, and time has passed."""
    return stay(s, "looks at the arrival again", InspectArrival(subject=s.hop.name, point=s.hop.arrival.point or ""))


def assess_the_arrival(s: HopSituation, fact: ArrivalInspected) -> HopStep:
    """VERIFYING, and the arrival was described."""
    if fact.arrival != s.hop.arrival.point:
        return stay(s, f"{fact.arrival} is not the arrival in question")
    assessment = assess_arrival(s.chain, s.hop, fact, route=s.route)
    if assessment.verdict is Verdict.GOOD:
        hop = enter(s.hop, HopState.VERIFIED, s.now).with_attempt(failures=0)
        return HopStep(hop=hop, reason=f"verified: {assessment.reason}")
    if fact.point is None and has_outlived_promise(s) and not s.hop.attempt.is_retry_ordered:
        hop = enter(s.hop, HopState.VERIFIED, s.now).with_arrival(seen_gone_at=s.now)
        return HopStep(hop=hop, reason="the copy is gone, and its promised time is over")
    if s.hop.attempt.is_retry_ordered and assessment.cause in REPLACEABLE and assessment.verdict is Verdict.WRONG:
        return _begin_again(s, f"makes another copy, as the operator asked: {assessment.reason}")
    age = s.now - s.hop.since
    if assessment.verdict is Verdict.NOT_YET and (age < patience.VERIFYING_LIMIT or assessment.lacks_only_expiry):
        return _wait_for_facts(s, assessment)
    if s.hop.arrival.is_adopted:
        again = _begin_again(s, f"the copy found in the vault will not do: {assessment.reason}")
        return replace(again, outcome=Outcome.COPY_IN_VAULT_REJECTED)
    if assessment.cause is Cause.VANISHED and age < patience.ARRIVAL_GRACE:
        return stay(s, f"not verified yet: {assessment.reason}")
    cause = Cause.STUCK if assessment.verdict is Verdict.NOT_YET else assessment.cause
    return strand_arrival(s, cause, assessment.reason)


def _wait_for_facts(s: HopSituation, assessment: Assessment) -> HopStep:
    """Ask again for what AWS does not say yet. A copy that has no expiry after a day is there to stay."""
    if s.now - s.hop.since < patience.VERIFYING_LIMIT:
        return stay(s, f"not verified yet: {assessment.reason}")
    hop = enter(s.hop, HopState.VERIFIED, s.now).with_attempt(failures=0)
    return HopStep(hop=hop, reason="verified: AWS has named no expiry for a day, so it seems to be kept for ever")


def _begin_again(s: HopSituation, reason: str) -> HopStep:
    """Leave a copy that will not do where it is, and look for, or make, another one."""
    rejected = (*s.hop.rejected, *([s.hop.arrival.point] if s.hop.arrival.point is not None else []))
    hop = replace(enter(s.hop, HopState.WAITING, s.now), rejected=rejected).with_arrival(point=None, is_adopted=False)
    return HopStep(hop=hop, reason=reason, commands=(SurveyCopies(subject=hop.name),))


def strand_arrival(s: HopSituation, cause: Cause, message: str) -> HopStep:
    """Strand a hop because its copy is not as promised. A copy that is not found need not be checked again."""
    gone_at = s.now if cause is Cause.VANISHED else None
    return strand(replace_hop(s, s.hop.with_arrival(seen_gone_at=gone_at)), cause, message)


def has_outlived_promise(s: HopSituation) -> bool:
    """Whether the time for which the copy was promised is over."""
    return s.hop.arrival.promised_until is not None and s.now >= s.hop.arrival.promised_until
