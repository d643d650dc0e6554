"""What the transition rules share: the situation that they decide on and the step that they return."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from secondhop.domain import patience
from secondhop.domain.chain import Chain, Intermediate
from secondhop.domain.classification import REMEDIES, Again, Cause
from secondhop.domain.command import Command, NoteSite
from secondhop.domain.hop import Hop, HopState, Trouble
from secondhop.domain.outcome import Outcome, stranded_for
from secondhop.domain.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSituation:
    """One hop of a chain on its route, at a moment. `site_is_down`: the circuit of its destination is open."""

    chain: Chain
    hop: Hop
    route: Route
    now: datetime
    site_is_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HopStep:
    """A hop after a fact, what to do next, and why in words.

    `outcome` names what a rule decided, if it can decide several things. The table adds `rules`, the names for logs:
    the rule and its outcome.
    """

    hop: Hop
    reason: str
    commands: tuple[Command, ...] = ()
    outcome: str | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermediateSituation:
    """One intermediate of a chain on its route, at a moment."""

    chain: Chain
    intermediate: Intermediate
    route: Route
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermediateStep:
    """An intermediate after a fact, what to do next, and why in words. `outcome` and `rules` are as in `HopStep`."""

    intermediate: Intermediate
    reason: str
    commands: tuple[Command, ...] = ()
    outcome: str | None = None
    rules: tuple[str, ...] = ()


def token_of(*, source: str, destination_vault_arn: str, attempt: int) -> str:
    """The idempotency token of one attempt.

    Made only of what AWS sees, without chain or route, so that AWS itself refuses a double between two
    installations. StartCopyJob takes any text; 64 hexadecimal digits make a collision impossible.
    """
    return hashlib.sha256(f"{source}|{destination_vault_arn}|{attempt}".encode()).hexdigest()


def stay(s: HopSituation, reason: str, *commands: Command, outcome: Outcome | None = None) -> HopStep:
    return HopStep(hop=s.hop, reason=reason, commands=commands, outcome=outcome)


def strand(s: HopSituation, cause: Cause, message: str) -> HopStep:
    """Stop the hop until an operator, a day, or a late success moves it."""
    hop = (
        replace(s.hop, state=HopState.STRANDED, since=s.now)
        .with_attempt(
            slot_wanted=False,
            is_retry_ordered=False,
            not_before=None if REMEDIES[cause].again is Again.OPERATOR else s.now + patience.DAILY,
        )
        .with_notice(trouble=Trouble(cause=cause, message=message, since=s.now))
    )
    return HopStep(hop=hop, reason=f"stranded ({cause}): {message}", outcome=stranded_for(cause))


def trouble_in_flight(s: HopSituation, cause: Cause, message: str) -> HopStep:
    """Notify about a trouble without leaving the state, and ask again in an hour unless a fact comes first.

    The hop keeps its slot, which no other copy can use until AWS shows that the copy has ended.
    """
    trouble = Trouble(cause=cause, message=message, since=s.now)
    hop = s.hop.with_notice(trouble=trouble).with_attempt(not_before=s.now + patience.SITE_CHECK)
    return HopStep(hop=hop, reason=f"in trouble ({cause}): {message}")


def enter(hop: Hop, state: HopState, now: datetime) -> Hop:
    """The hop in a state that it has just reached, with nothing left of its old troubles."""
    clean = (
        replace(hop, state=state, since=now).with_attempt(not_before=None, slot_wanted=False).with_notice(trouble=None)
    )
    return clean.with_arrival(seen_gone_at=None).with_attempt(
        is_retry_ordered=hop.attempt.is_retry_ordered and state is HopState.WAITING
    )


def retry_after_failure(s: HopSituation, cause: Cause, message: str, *, attempt: int, had_job: bool) -> HopStep:
    """Go back to WAITING with a back-off while the cause's tries last; strand at once where trying is in vain.

    A job that failed by AWS's own fault is noted for its site, and is not counted while the site's circuit is open. A
    refused start (not `had_job`) says nothing about a site, since it may be throttled.
    """
    tries, longest = budget(cause)
    is_the_sites = cause is Cause.TRANSIENT and had_job
    noted = (NoteSite(site=s.hop.destination.site, has_arrived=False),) if is_the_sites else ()
    failures = s.hop.attempt.failures + (0 if is_the_sites and s.site_is_down else 1)
    hop = s.hop.with_attempt(number=attempt, job_id=None, failures=failures)
    if failures >= tries:
        return replace(strand(replace_hop(s, hop), cause, message), commands=noted)
    wait = patience.back_off(max(failures, 1), longest=longest, of=f"{s.chain.key} {hop.name}")
    waiting = enter(hop, HopState.WAITING, s.now).with_attempt(not_before=s.now + wait)
    minutes = round(wait.total_seconds() / 60)
    return HopStep(
        hop=waiting,
        reason=f"failed ({cause}): {message}; tried again after {minutes} minutes",
        commands=noted,
        outcome=Outcome.RETRIED_AFTER_FAILURE,
    )


def with_site_incident(s: HopSituation, hop: Hop, why: str) -> Hop:
    """Open a SITE_DOWN incident without stranding the hop, which resumes when the site recovers."""
    return hop.with_notice(unresolved=hop.notice.unresolved or Trouble(cause=Cause.SITE_DOWN, message=why, since=s.now))


def replace_hop(s: HopSituation, hop: Hop) -> HopSituation:
    return replace(s, hop=hop)


def budget(cause: Cause) -> tuple[int, timedelta]:
    """How many failures a cause is allowed, and its longest pause."""
    if cause is Cause.QUOTA:
        return patience.QUOTA_TRIES, patience.LONGEST_BACK_OFF
    if REMEDIES[cause].again is Again.SOON or cause is Cause.UNKNOWN:
        return patience.COPY_TRIES, patience.DAILY
    return 1, patience.DAILY
