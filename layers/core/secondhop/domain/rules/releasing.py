"""The rules of an intermediate: when it may be deleted, and when it counts as deleted. Pure; `table` binds them.

A delete is finished when DescribeRecoveryPoint says not found. HTTP 200 from DeleteRecoveryPoint is not: without
permission the point becomes EXPIRED and stays (https://docs.aws.amazon.com/aws-backup/latest/devguide/deleting-backups.html).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.arn import is_original
from secondhop.domain.chain import Intermediate, IntermediateState
from secondhop.domain.classification import Cause, classify
from secondhop.domain.command import InspectIntermediate, ReleaseIntermediate, SurveyKeep
from secondhop.domain.hop import Trouble
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.observation import Noticed, RetryAsked
from secondhop.domain.outcome import Outcome
from secondhop.domain.release_observation import (
    DeleteAccepted,
    DeleteRefused,
    IntermediateInspected,
    KeepSurveyed,
    ReleaseDeclined,
    ReleasePutOff,
    ReleaseStopped,
)
from secondhop.domain.route import ARRIVAL
from secondhop.domain.rules.step import IntermediateSituation, IntermediateStep
from secondhop.domain.verification import assess_arrival


def consider_release(s: IntermediateSituation, fact: Noticed | RetryAsked) -> IntermediateStep:
    """DUE: ask whether the vault has enough newer arrivals to delete this one."""
    kept_until = s.intermediate.kept_until
    if isinstance(fact, Noticed) and kept_until is not None and s.now < kept_until:
        return _stay(s, f"kept: it would outlive its copies; looks again after {kept_until.isoformat()}")
    return _stay(s, "asks which newer arrivals stand", SurveyKeep(subject=s.intermediate.name))


def release_or_keep(s: IntermediateSituation, fact: KeepSurveyed) -> IntermediateStep:
    """DUE, and the newer arrivals were counted."""
    point = s.intermediate.point
    if point is None or not fact.is_listed:
        ask = InspectIntermediate(subject=s.intermediate.name, point=point or "")
        return _stay(s, "it is not listed in its vault; asks about it", ask)
    if (why := _why_kept(s, fact)) is not None:
        return replace(_keep(s, why), outcome=Outcome.KEPT_BY_ROUTE)
    if is_original(point):
        return _keep(s, "an original backup is never ours to delete")
    if (doubt := _doubt_of_release(s, fact)) is not None:
        ask = InspectIntermediate(subject=s.intermediate.name, point=point)
        return replace(_keep(s, ""), reason=f"kept until it expires: {doubt}", commands=(ask,))
    command = ReleaseIntermediate(subject=s.intermediate.name, point=point, vault=s.intermediate.vault)
    entered = _enter(s.intermediate, IntermediateState.RELEASING, s.now)
    going = replace(entered, trouble=s.intermediate.trouble)
    return IntermediateStep(intermediate=going, reason="released: it is no longer needed", commands=(command,))


def _why_kept(s: IntermediateSituation, fact: KeepSurveyed) -> str | None:
    """Why the route keeps an intermediate among the newest of its database; None if it does not."""
    keep = s.route.keep.get(s.chain.resource_type)
    if keep is None:
        return "the route lets it expire by itself"
    if fact.newer < keep and fact.unreadable:
        return f"{fact.newer} newer verified arrivals are known, the route keeps {keep}, and {fact.unreadable[0]}"
    if fact.newer < keep:
        return f"{fact.newer} newer verified arrivals stand, the route keeps {keep}"
    return None


def _keep(s: IntermediateSituation, why: str) -> IntermediateStep:
    """DUE, and nothing is to be deleted, so a delete that failed before is no trouble any more."""
    kept = replace(s.intermediate, failures=0, trouble=None, unresolved=None)
    return IntermediateStep(intermediate=kept, reason=f"kept: {why}")


def _doubt_of_release(s: IntermediateSituation, fact: KeepSurveyed) -> str | None:
    """Why it is not certain that this point may be deleted; None if it is.

    A copy that a person copied back from the DR vault looks like an arrival, and belongs to them.
    """
    for hop in s.chain.readers_of(s.intermediate.name):
        if hop.arrival.is_adopted:
            return f"no copy job shows that {hop.arrival.point} was made from it"
        if hop.arrival.seen_gone_at is not None:
            return f"its copy {hop.arrival.point} is gone"
    is_proven = s.chain.came_from_workload or fact.is_from_workload or s.intermediate.name != ARRIVAL
    return None if is_proven else "nothing shows that it came from a workload account"


def keep_longer_lived(s: IntermediateSituation, fact: ReleaseDeclined) -> IntermediateStep:
    """RELEASING, and it would outlive its copies: it is kept, and looked at again before it expires."""
    expiry = fact.expires_at
    # A missing expiry is asked for daily at first. Later it means that the point never expires.
    is_young = s.now - s.chain.opened_at < patience.OLDER_COPY_CHECK
    is_unknown = expiry is None or fact.copies_expire_at is None
    later = s.now + (patience.DAILY if is_young and is_unknown else patience.OLDER_COPY_CHECK)
    kept_until = later if expiry is None else min(later, expiry + DELETION_WINDOW)
    due = _enter(s.intermediate, IntermediateState.DUE, s.now)
    # Nothing is to be deleted, so a delete that failed before is no trouble any more.
    kept = replace(due, kept_until=kept_until, failures=0, unresolved=None)
    its_own = "has no expiry" if expiry is None else f"expires on {expiry.isoformat()}"
    last = fact.copies_expire_at
    copies = "AWS does not say when its copies expire" if last is None else f"its copies expire on {last.isoformat()}"
    return IntermediateStep(intermediate=kept, reason=f"kept: it {its_own}, and {copies}")


def see_due_gone(s: IntermediateSituation, fact: IntermediateInspected) -> IntermediateStep:
    """DUE, and it was described: it may have expired by itself."""
    if fact.point is None:
        return replace(_released(s, "it expired by itself"), outcome=Outcome.EXPIRED_BY_ITSELF)
    return _stay(s, f"it is still there, {fact.point.status}")


def stop_release(s: IntermediateSituation, fact: ReleaseStopped) -> IntermediateStep:
    """RELEASING, and just before the delete an arrival was not as promised: nothing was deleted."""
    hop = s.chain.hop(fact.hop)
    reason = f"not deleted: {assess_arrival(s.chain, hop, fact.inspected, route=s.route).reason}"
    if hop.arrival.promised_until is not None and s.now >= hop.arrival.promised_until:
        # The copy's promised time is over, so the copy may be deleted. The intermediate lives longer.
        due = replace(_enter(s.intermediate, IntermediateState.DUE, s.now), failures=0, unresolved=None)
        return IntermediateStep(intermediate=due, reason=reason)
    return IntermediateStep(intermediate=_enter(s.intermediate, IntermediateState.HELD, s.now), reason=reason)


def await_delete(s: IntermediateSituation, _fact: DeleteAccepted) -> IntermediateStep:
    """RELEASING, and AWS accepted the delete."""
    return _stay(s, "the delete was accepted; it is done when the point is seen gone")


def put_off_release(s: IntermediateSituation, fact: ReleasePutOff) -> IntermediateStep:
    """RELEASING, and no delete was sent: acting is paused, or a copy was not described. That is no failed delete."""
    due = replace(_enter(s.intermediate, IntermediateState.DUE, s.now), trouble=s.intermediate.trouble)
    return IntermediateStep(intermediate=due, reason=f"not deleted: {fact.why}")


def report_refused_delete(s: IntermediateSituation, fact: DeleteRefused) -> IntermediateStep:
    """RELEASING, and AWS refused the delete."""
    if fact.code == "InvalidResourceStateException":
        return _stay(s, f"AWS is already busy with it: {fact.message}")
    if fact.code == "ResourceNotFoundException":
        return _stay(s, "AWS says there is nothing to delete; looks again before believing it")
    if classify(message=fact.message, code=fact.code) in (Cause.TRANSIENT, Cause.QUOTA):
        return _stay(s, f"AWS is too busy to delete it: {fact.code}")
    return _trouble(s, Cause.DELETE_REFUSED, f"{fact.code}: {fact.message}")


def ask_whether_gone(s: IntermediateSituation, _fact: Noticed | RetryAsked) -> IntermediateStep:
    """RELEASING, and time has passed."""
    pending = s.chain.pending_of(s.intermediate.name, ReleaseIntermediate)
    if pending is not None and s.now < pending.until:
        why = f"is being deleted; it is not repeated before {pending.until.isoformat()}"
        return replace(_stay(s, why), outcome=Outcome.DELETE_FENCED)
    ask = InspectIntermediate(subject=s.intermediate.name, point=s.intermediate.point or "")
    if pending is None and s.now - s.intermediate.since >= patience.UNKNOWN_END_LIMIT:
        since = s.intermediate.since.isoformat()
        message = f"its delete began on {since}, and AWS has not answered since then whether it still exists"
        return replace(_trouble(s, Cause.DELETE_FAILED, message), commands=(ask,))
    return _stay(s, "asks whether it is gone", ask)


def see_gone(s: IntermediateSituation, fact: IntermediateInspected) -> IntermediateStep:
    """RELEASING, and it was described."""
    if fact.point is None:
        return _released(s, "seen gone")
    status, age = fact.point.status, s.now - s.intermediate.since
    if status == "EXPIRED":
        return _again_tomorrow(
            s, Cause.DELETE_FAILED, "the delete was accepted, and the point is EXPIRED and still there"
        )
    if status == "DELETING":
        if age < patience.DELETING_LIMIT:
            return _stay(s, "AWS is deleting it")
        return _trouble(s, Cause.DELETE_FAILED, f"the point has been DELETING since {s.intermediate.since.isoformat()}")
    if age < patience.DELETE_GRACE and s.chain.pending_of(s.intermediate.name, ReleaseIntermediate) is None:
        return _stay(s, f"it is still {status}")
    return _again(s, f"its delete was asked for {s.intermediate.failures + 1} times, and the point is still {status}")


def _again(s: IntermediateSituation, message: str) -> IntermediateStep:
    """Go back to DUE, where the release is decided again. Notify operators after a few times."""
    due = _enter(s.intermediate, IntermediateState.DUE, s.now)
    failures = s.intermediate.failures + 1
    again = replace(due, failures=failures, trouble=s.intermediate.trouble)
    if failures >= patience.DELETE_TRIES:
        again = replace(again, trouble=Trouble(cause=Cause.DELETE_FAILED, message=message, since=s.now))
        return IntermediateStep(intermediate=again, reason=message)
    return IntermediateStep(
        intermediate=again, reason=f"{message}; begins again", commands=(SurveyKeep(subject=again.name),)
    )


def _again_tomorrow(s: IntermediateSituation, cause: Cause, message: str) -> IntermediateStep:
    """Notify the operators at once; once a day after that, ask AWS to delete the leftover again."""
    old = s.intermediate.trouble
    if old is None:
        return replace(_trouble(s, cause, message), outcome=Outcome.EXPIRED_LEFTOVER)
    if s.now - s.intermediate.since < patience.DAILY:
        return replace(_stay(s, message), outcome=Outcome.EXPIRED_LEFTOVER)
    point = s.intermediate.point or ""
    again = replace(s.intermediate, since=s.now)
    command = ReleaseIntermediate(subject=again.name, point=point, vault=again.vault)
    return IntermediateStep(
        intermediate=again,
        reason=f"{message}; deletes it again",
        commands=(command,),
        outcome=Outcome.LEFTOVER_DELETED_AGAIN,
    )


def _stay(s: IntermediateSituation, reason: str, *commands: SurveyKeep | InspectIntermediate) -> IntermediateStep:
    return IntermediateStep(intermediate=s.intermediate, reason=reason, commands=commands)


def _enter(intermediate: Intermediate, state: IntermediateState, now: datetime) -> Intermediate:
    return replace(intermediate, state=state, since=now, trouble=None)


def _released(s: IntermediateSituation, reason: str) -> IntermediateStep:
    return IntermediateStep(intermediate=_enter(s.intermediate, IntermediateState.RELEASED, s.now), reason=reason)


def _trouble(s: IntermediateSituation, cause: Cause, message: str) -> IntermediateStep:
    trouble = s.intermediate.trouble or Trouble(cause=cause, message=message, since=s.now)
    reason = f"in trouble ({cause}): {message}"
    return IntermediateStep(intermediate=replace(s.intermediate, trouble=trouble), reason=reason)
