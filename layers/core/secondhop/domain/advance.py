"""Advance a chain by one fact: pure and total. It knows neither AWS nor the time of day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from secondhop.domain import abandoned, patience
from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.announced import Announced, AnnouncementPutOff
from secondhop.domain.announcing import (
    LAST_CALL,
    announcements,
    open_ids,
    with_announcement_put_off,
    without_announcement,
)
from secondhop.domain.chain import Chain, Hop, HopState, Intermediate, IntermediateState, Pending
from secondhop.domain.checking import next_check
from secondhop.domain.command import (
    Announce,
    Command,
    EffectCommand,
    ReleaseIntermediate,
    StartCopy,
    SurveyCopies,
    WakeRelatives,
    WakeWaiting,
)
from secondhop.domain.ending import is_forgotten_by_aws
from secondhop.domain.observation import Observation
from secondhop.domain.route import Route
from secondhop.domain.rules.step import HopSituation, HopStep, IntermediateSituation
from secondhop.domain.rules.table import step_hop, step_intermediate
from secondhop.domain.source import learn
from secondhop.domain.troubles import end_site_incident, remember_troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The chain after a fact, what to do, and why in words."""

    chain: Chain
    commands: tuple[Command, ...]
    reason: str

    @property
    def effects(self) -> tuple[EffectCommand, ...]:
        return tuple(command for command in self.commands if isinstance(command, EffectCommand))


AboutParts = seen.HopObservation | seen.IntermediateObservation | seen.Noticed | seen.RetryAsked
"""Facts that concern hops and intermediates."""

Progress = tuple[Chain, tuple[Command, ...], list[str]]
"""A chain on its way through a step: its new form, the commands so far, the reasons so far."""


def advance(chain: Chain, fact: Observation, *, route: Route, now: datetime) -> Decision:
    """What the chain becomes through a fact. Never raises for a fact that comes late, twice, or out of order."""
    before, chain = chain, learn(chain, fact, now)
    progress = _take(chain, fact, route, now)
    changed, commands = _settle(before, progress, fact, route, now)
    return Decision(chain=changed, commands=commands, reason="; ".join(dict.fromkeys(progress[2])))


def _take(chain: Chain, fact: Observation, route: Route, now: datetime) -> Progress:
    """What one fact does to the chain, before the consequences are drawn."""
    match fact:
        case Announced(incident=incident):
            return without_announcement(chain, fact), (), [f"incident {incident} was announced"]
        case AnnouncementPutOff(incident=incident):
            why = f"incident {incident} waits for its group's next message"
            return with_announcement_put_off(chain, fact), (), [why]
        case _ if chain.abandoned_by is not None:
            return _observe_abandoned(chain, fact, now)
        case seen.CopiedBack(owner=owner):
            return abandoned.give_up(chain, owner, now), (), [f"it was copied back by {owner}, to whom it belongs"]
        case seen.AbandonAsked(by=by):
            return abandoned.give_up(chain, by, now), (), [f"abandoned by {by}"]
        case seen.Postponed(why=why):
            return chain, (), [why]
        case _:
            return _advance_parts(chain, fact, route, now)


def _advance_parts(chain: Chain, fact: AboutParts, route: Route, now: datetime) -> Progress:
    """What a fact does to the hops and intermediates that it is about."""
    match fact:
        case seen.HopObservation(hop=name):
            after, commands, reasons = _advance_hop(chain, name, fact, route, now)
            # Of a copy under way the sweep brings news in place of a look.
            due = _announcements_due(chain, now) if isinstance(fact, seen.CopySeen) else ()
            return after, (*due, *commands), reasons
        case seen.IntermediateObservation(intermediate=name):
            return _advance_intermediate(chain, name, fact, route, now)
        case seen.Noticed() | seen.RetryAsked():
            return _advance_everything(chain, fact, route, now)
        case _:
            assert_never(fact)


def _observe_abandoned(chain: Chain, fact: Observation, now: datetime) -> Progress:
    """Do nothing, but see whether the points that it claimed are gone, so that it can be forgotten."""
    known = abandoned.without_old_slots(chain, now)
    known = abandoned.learn(known, fact, now) if isinstance(fact, seen.ArrivalInspected) else known
    questions = abandoned.questions(known, now) if isinstance(fact, seen.Noticed) else ()
    why = [f"abandoned by {chain.abandoned_by}; nothing is done"]
    return known, (*_announcements_due(known, now), *questions), why


def _announcements_due(chain: Chain, now: datetime) -> tuple[Command, ...]:
    """Announcements that were decided, and of which nobody knows whether they went out."""
    return tuple(p.command for p in chain.pending if isinstance(p.command, Announce) and now >= p.until)


def _advance_hop(chain: Chain, name: str, fact: object, route: Route, now: datetime) -> Progress:
    if all(hop.name != name for hop in chain.hops):
        return chain, (), [f"this chain has no hop {name}"]
    step = step_hop(HopSituation(chain=chain, hop=chain.hop(name), route=route, now=now), fact)
    is_no_good = isinstance(fact, (seen.SiteSilent, seen.AskingRefused))
    heard = step.hop if is_no_good else replace(step.hop, silent_since=None)
    is_answer = isinstance(fact, seen.HopObservation)
    after = _cancel_pending(chain.with_hop(heard if is_answer else step.hop), step, fact)
    return after, step.commands, [f"{name}: {step.reason}"]


def _cancel_pending(chain: Chain, step: HopStep, fact: object) -> Chain:
    """A pending start is over when it was answered, or when its hop is not COPYING any more."""
    is_over = step.hop.state is not HopState.COPYING or isinstance(fact, seen.CopyStarted)
    if not is_over or chain.pending_of(step.hop.name, StartCopy) is None:
        return chain
    kept = (p for p in chain.pending if not (isinstance(p.command, StartCopy) and p.command.subject == step.hop.name))
    return replace(chain, pending=tuple(kept))


def _advance_intermediate(chain: Chain, name: str, fact: object, route: Route, now: datetime) -> Progress:
    if all(each.name != name for each in chain.intermediates):
        return chain, (), [f"this chain has no intermediate {name}"]
    situation = IntermediateSituation(chain=chain, intermediate=chain.intermediate(name), route=route, now=now)
    step = step_intermediate(situation, fact)
    after = chain.with_intermediate(step.intermediate)
    if step.troubled_hop is not None:
        after = after.with_hop(step.troubled_hop)
    is_answered = isinstance(fact, (going.DeleteAccepted, going.DeleteRefused))
    if is_answered or step.intermediate.state is not IntermediateState.RELEASING:
        after = _without_release(after, name)
    return after, step.commands, [f"{name}: {step.reason}"]


def _advance_everything(chain: Chain, fact: seen.Noticed | seen.RetryAsked, route: Route, now: datetime) -> Progress:
    commands = _announcements_due(chain, now)
    reasons: list[str] = []
    for hop in chain.hops:
        chain, more, why = _advance_hop(chain, hop.name, fact, route, now)
        commands, reasons = (*commands, *more), reasons + why
    for each in chain.intermediates:
        if each.state in (IntermediateState.DUE, IntermediateState.RELEASING):
            chain, more, why = _advance_intermediate(chain, each.name, fact, route, now)
            commands, reasons = (*commands, *more), reasons + why
    return chain, commands, reasons


def _settle(
    before: Chain, progress: Progress, fact: Observation, route: Route, now: datetime
) -> tuple[Chain, tuple[Command, ...]]:
    """Draw the consequences of a step: what became due, readable, free, announced, pending, and when to look next."""
    after, commands, _ = progress
    after, more = _follow_verified(before, after, route, now)
    commands = (*commands, *more)
    freed = [h for h in before.hops if _is_copying(before, h.name) and not _is_copying(after, h.name)]
    commands += tuple(WakeWaiting(site=h.destination.site, resource_type=after.resource_type) for h in freed)
    after = remember_troubles(before, end_site_incident(after, fact))
    after, commands, put_off = _tell(before, after, commands, now)
    until = now + patience.FENCE
    effects = tuple(command for command in commands if isinstance(command, EffectCommand))
    kept = tuple(p for p in after.pending if p.command not in effects)
    decided = tuple(Pending(command=command, until=until) for command in effects)
    if effects or put_off:
        after = replace(after, pending=(*kept, *put_off, *decided))
    return _with_next_check(before, after, fact, now), commands


def _tell(
    before: Chain, after: Chain, commands: tuple[Command, ...], now: datetime
) -> tuple[Chain, tuple[Command, ...], tuple[Pending, ...]]:
    """Add what is to be told of incidents. "Open" must not follow "closed", nor the other way round.

    An older message that a new one overtakes is dropped; while a slow worker may still be sending the old one, which
    ends with its fence, the new one is put off.
    """
    told = announcements(before, after, now)
    incidents = open_ids(after, now)
    if not told:
        return after if incidents == after.incidents else replace(after, incidents=incidents), commands, ()
    overtaken = [pending for pending in after.pending if _is_overtaken(pending.command, told)]
    commands = tuple(command for command in commands if not _is_overtaken(command, told))
    put_off: list[Pending] = []
    for command in told:
        fences = [p.until for p in overtaken if _is_fenced(p, now) and _is_overtaken(p.command, (command,))]
        if fences:
            put_off.append(Pending(command=command, until=max(fences)))
        else:
            commands += (command,)
    kept = tuple(pending for pending in after.pending if pending not in overtaken)
    return replace(after, incidents=incidents, pending=kept), commands, tuple(put_off)


def _is_fenced(pending: Pending, now: datetime) -> bool:
    """Whether a worker may still carry it out. What waits longer than a fence waits for its group: nobody has it."""
    return now < pending.until <= now + patience.FENCE


def _is_overtaken(command: Command, told: tuple[Announce, ...]) -> bool:
    """Whether an announcement that may not have gone out is about an incident of which something new is told there."""
    return isinstance(command, Announce) and any(
        command.incident in (each.incident, each.incident + LAST_CALL) and command.channel is each.channel
        for each in told
    )


def _is_copying(chain: Chain, name: str) -> bool:
    return chain.hop(name).state is HopState.COPYING


def _follow_verified(before: Chain, after: Chain, route: Route, now: datetime) -> tuple[Chain, tuple[Command, ...]]:
    """Hops that became VERIFIED make other hops readable and intermediates due."""
    commands: tuple[Command, ...] = ()
    for hop in after.hops:
        if hop.state is HopState.VERIFIED and before.hop(hop.name).state is not HopState.VERIFIED:
            readers = (h for h in after.hops if h.reads_from == hop.name and h.state is HopState.WAITING)
            commands += tuple(SurveyCopies(subject=reader.name) for reader in readers)
            after = _point_out(after, hop)
    for each in after.intermediates:
        after, more = _follow_readers(after, each, route, now)
        commands += more
    if not _is_verified(before) and _is_verified(after):
        commands += (WakeRelatives(database=after.database),)
    return after, commands


def _follow_readers(chain: Chain, each: Intermediate, route: Route, now: datetime) -> tuple[Chain, tuple[Command, ...]]:
    """HELD becomes DUE when every reader is VERIFIED, and back when one is in doubt and no delete was asked for."""
    is_ready = all(hop.state is HopState.VERIFIED for hop in chain.readers_of(each.name))
    if each.state is IntermediateState.HELD and is_ready and each.point is not None:
        due = chain.with_intermediate(replace(each, state=IntermediateState.DUE, since=now))
        due, commands, _ = _advance_intermediate(due, each.name, seen.Noticed(), route, now)
        return due, commands
    is_undecided = each.state is IntermediateState.DUE or chain.pending_of(each.name, ReleaseIntermediate) is not None
    if is_undecided and not is_ready:
        held = replace(each, state=IntermediateState.HELD, since=now, trouble=None)
        return _without_release(chain.with_intermediate(held), each.name), ()
    return chain, ()


def _without_release(chain: Chain, name: str) -> Chain:
    kept = (p for p in chain.pending if not (isinstance(p.command, ReleaseIntermediate) and p.command.subject == name))
    return replace(chain, pending=tuple(kept))


def _point_out(chain: Chain, hop: Hop) -> Chain:
    """An onward intermediate is known once the hop that makes it is verified."""
    onward = [each for each in chain.intermediates if each.name == hop.name and each.point is None]
    for each in onward:
        chain = chain.with_intermediate(replace(each, point=hop.arrival))
    return chain


def _is_verified(chain: Chain) -> bool:
    return all(hop.state is HopState.VERIFIED for hop in chain.hops)


def _with_next_check(before: Chain, after: Chain, fact: Observation, now: datetime) -> Chain:
    """When to look at the chain again, and whether it is finished and every point it claimed was seen gone."""
    if is_forgotten_by_aws(after) and not after.pending:
        return replace(after, finished_at=after.finished_at or now, next_check=None)
    after = replace(after, finished_at=None)
    is_paused = isinstance(fact, seen.Postponed)
    check = now + patience.WAITING_CHECK if is_paused else next_check(after, now)
    earlier = before.next_check
    if check is not None and earlier is not None and now < earlier < check and after == before:
        check = earlier
    return replace(after, next_check=check)
