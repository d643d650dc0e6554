"""The rules of a hop that is VERIFIED. Pure; `table` binds them."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import patience
from secondhop.domain.classification import Cause
from secondhop.domain.command import (
    InspectArrival,
    SurveyNewer,
)
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.observation import (
    ArrivalInspected,
    NewerSurveyed,
    Noticed,
    RetryAsked,
)
from secondhop.domain.outcome import stranded_for
from secondhop.domain.release_observation import ReleaseStopped
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    stay,
)
from secondhop.domain.rules.verifying import has_outlived_promise, strand_arrival
from secondhop.domain.verification import Verdict, assess_arrival


def look_at_verified_copy(s: HopSituation, _fact: Noticed | RetryAsked) -> HopStep:
    """VERIFIED, and time has passed: the newest copy of a database is looked at daily, older ones weekly."""
    if s.hop.arrival.seen_gone_at is not None or s.hop.arrival.point is None or s.hop.arrival.promised_until is None:
        return stay(s, "nothing left to do")
    if s.now >= s.hop.arrival.promised_until + DELETION_WINDOW:
        return stay(
            s, "looks whether the copy has expired", InspectArrival(subject=s.hop.name, point=s.hop.arrival.point)
        )
    check = s.chain.final_copy_check(s.hop)
    is_asked_again = s.hop.notice.unresolved is not None
    if check is None or (s.now < check and not is_asked_again):
        return stay(s, "verified")
    if s.hop.arrival.is_superseded or is_asked_again:
        return stay(s, "looks at the copy again", InspectArrival(subject=s.hop.name, point=s.hop.arrival.point))
    return stay(s, "asks whether a newer copy was verified", SurveyNewer(subject=s.hop.name))


def look_at_newest_copy(s: HopSituation, fact: NewerSurveyed) -> HopStep:
    """VERIFIED, and it is known whether this is still the newest copy of its database: a newer one relieves it."""
    if fact.newer is not None:
        hop = s.hop.with_arrival(is_superseded=True)
        return HopStep(hop=hop, reason=f"the copy of {fact.newer} is newer; that one is looked at from now on")
    ask = InspectArrival(subject=s.hop.name, point=s.hop.arrival.point or "")
    return stay(s, "looks at its database's newest copy again", ask)


def review_verified_copy(s: HopSituation, fact: ArrivalInspected) -> HopStep:
    """VERIFIED, and the copy was described again."""
    is_over = has_outlived_promise(s)
    if fact.arrival != s.hop.arrival.point:
        return stay(s, f"{fact.arrival} is not the arrival in question")
    if is_over and fact.point is None:
        return HopStep(hop=s.hop.with_arrival(seen_gone_at=s.now), reason="the copy expired as promised")
    assessment = assess_arrival(s.chain, s.hop, fact, route=s.route)
    if assessment.verdict is Verdict.GOOD or assessment.lacks_only_expiry:
        return HopStep(hop=s.hop.with_arrival(last_seen_at=s.now), reason=assessment.reason)
    is_unclear = assessment.verdict is Verdict.NOT_YET
    if is_over or (is_unclear and not _is_long_overdue(s)):
        return stay(s, assessment.reason)
    return strand_arrival(s, Cause.STUCK if is_unclear else assessment.cause, assessment.reason)


def _is_long_overdue(s: HopSituation) -> bool:
    """Whether the copy should have been seen a day ago, and AWS has not described it well enough since then."""
    check = s.chain.final_copy_check(s.hop)
    return check is not None and s.now >= check + patience.VERIFYING_LIMIT


def doubt_the_copy(s: HopSituation, fact: ReleaseStopped) -> HopStep:
    """VERIFYING, VERIFIED or STRANDED, and just before a delete the copy was not as promised.

    After its promised time, a copy may be deleted. Otherwise the hop is verified again, or stranded.
    """
    assessment = assess_arrival(s.chain, s.hop, fact.inspected, route=s.route)
    if has_outlived_promise(s):
        ended = s.hop.with_arrival(seen_gone_at=s.now) if fact.inspected.point is None else s.hop
        return HopStep(hop=ended, reason=f"its promised time is over: {assessment.reason}")
    if assessment.verdict is Verdict.NOT_YET:
        doubted = replace(s.hop, state=HopState.VERIFYING, since=s.now)
        return HopStep(hop=doubted, reason=f"is verified again: {assessment.reason}")
    trouble = Trouble(cause=assessment.cause, message=assessment.reason, since=s.now)
    stranded = replace(s.hop, state=HopState.STRANDED, since=s.now).with_notice(trouble=trouble)
    return HopStep(
        hop=stranded,
        reason=f"stranded ({assessment.cause}): {assessment.reason}",
        outcome=stranded_for(assessment.cause),
    )
