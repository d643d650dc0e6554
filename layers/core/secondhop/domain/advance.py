"""Advance a chain by one fact: pure and total. It knows neither AWS nor the time of day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from secondhop.domain import observation as seen
from secondhop.domain import patience
from secondhop.domain import release_observation as going
from secondhop.domain.announced import Telling
from secondhop.domain.announcing import announcements, open_ids
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainMode, Intermediate, IntermediateState
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
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.ledger import lanes_with_a_slot_to_use
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending, is_overtaken
from secondhop.domain.route import Route
from secondhop.domain.rules.consequences import follow_hop, follow_readers
from secondhop.domain.rules.step import HopSituation, HopStep, IntermediateSituation
from secondhop.domain.rules.table import step_chain, step_hop, step_intermediate
from secondhop.domain.source import learn
from secondhop.domain.troubles import end_site_incident, remember_troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The chain before and after a fact, what to do, and why in words. `rules` names the rules that were applied."""

    before: Chain
    fact: Observation
    chain: Chain
    commands: tuple[Command, ...]
    reason: str
    rules: tuple[str, ...]

    @property
    def effects(self) -> tuple[EffectCommand, ...]:
        return tuple(command for command in self.commands if isinstance(command, EffectCommand))


AboutParts = seen.HopObservation | seen.IntermediateObservation | seen.Noticed | seen.RetryAsked
"""Facts that concern hops and intermediates."""


NO_ANSWERS = (seen.SiteSilent, seen.AskingRefused, seen.JobMissing, seen.SourceInspected, seen.NewerSurveyed)
"""Facts about hops that do not end a silence: troubles with a question, answers that only lead to the next question,
and what the table knows by itself.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a decision depends on beside the chain and the fact."""

    route: Route
    now: datetime
    sites_down: frozenset[Site]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A chain during a step: its new form, and the commands, reasons and rules so far."""

    chain: Chain
    commands: tuple[Command, ...] = ()
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def then(self, more: Progress) -> Progress:
        """Add what follows: its chain, and its commands, reasons and rules after these."""
        return Progress(
            chain=more.chain,
            commands=self.commands + more.commands,
            reasons=self.reasons + more.reasons,
            rules=self.rules + more.rules,
        )


def advance(
    chain: Chain, fact: Observation, *, route: Route, now: datetime, sites_down: frozenset[Site] = frozenset()
) -> Decision:
    """What the chain becomes through a fact, also if the fact is late, repeated, or out of order.

    `sites_down` are destinations with an open circuit. Raises TableError if a rule contradicts the transition table,
    which is a bug.
    """
    setting = Setting(route=route, now=now, sites_down=sites_down)
    progress = _settle(chain, _take(learn(chain, fact, now), fact, setting), fact, setting)
    return Decision(
        before=chain,
        fact=fact,
        chain=progress.chain,
        commands=progress.commands,
        reason="; ".join(dict.fromkeys(progress.reasons)),
        rules=tuple(dict.fromkeys(progress.rules)),
    )


def _take(chain: Chain, fact: Observation, on: Setting) -> Progress:
    """What one fact changes, before the consequences."""
    is_followed = chain.mode is ChainMode.FOLLOWED
    begun = Progress(chain=chain) if is_followed or isinstance(fact, Telling) else _watch(chain, on.now)
    step = step_chain(begun.chain, fact, on.now)
    if step is not None:
        return begun.then(Progress(chain=step.chain, commands=step.commands, reasons=(step.reason,), rules=step.rules))
    match fact:
        case seen.HopObservation() | seen.IntermediateObservation() | seen.Noticed() | seen.RetryAsked():
            return _advance_parts(chain, fact, on)
        case _:
            return begun


def _watch(chain: Chain, now: datetime) -> Progress:
    """What happens to an abandoned chain at each fact: old slots are returned, and messages are sent."""
    rules: tuple[str, ...] = ()
    for hop in chain.hops:
        changed, names = follow_hop(chain, hop, now)
        chain, rules = chain.with_hop(changed), rules + names
    return Progress(chain=chain, commands=chain.outbox.due(now), rules=rules)


def _advance_parts(chain: Chain, fact: AboutParts, on: Setting) -> Progress:
    """What a fact does to the hops and intermediates that it is about."""
    match fact:
        case seen.HopObservation(hop=name):
            # For a copy under way, the sweep sends news of its job and never a Noticed, so send messages here too.
            due = chain.outbox.due(on.now) if isinstance(fact, seen.CopySeen) else ()
            return Progress(chain=chain, commands=due).then(_advance_hop(chain, name, fact, on))
        case seen.IntermediateObservation(intermediate=name):
            return _advance_intermediate(chain, name, fact, on)
        case seen.Noticed() | seen.RetryAsked():
            return _advance_everything(chain, fact, on)
        case _:
            assert_never(fact)


def _advance_hop(chain: Chain, name: str, fact: object, on: Setting) -> Progress:
    if all(hop.name != name for hop in chain.hops):
        return Progress(chain=chain, reasons=(f"this chain has no hop {name}",))
    hop = chain.hop(name)
    is_down = hop.destination.site in on.sites_down
    situation = HopSituation(chain=chain, hop=hop, route=on.route, now=on.now, site_is_down=is_down)
    step = step_hop(situation, fact)
    is_answer = isinstance(fact, seen.HopObservation) and not isinstance(fact, NO_ANSWERS)
    after = chain.with_hop(step.hop.with_notice(silent_since=None) if is_answer else step.hop)
    if _is_start_over(chain, step, fact, on.now):
        after = after.with_outbox(after.outbox.without(name, StartCopy))
    return Progress(chain=after, commands=step.commands, reasons=(f"{name}: {step.reason}",), rules=step.rules)


def _is_start_over(chain: Chain, step: HopStep, fact: object, now: datetime) -> bool:
    """Whether no start is pending any more: it was answered, its job was found, or the hop is not COPYING."""
    if step.hop.state is not HopState.COPYING or isinstance(fact, seen.CopyStarted):
        return True
    pending = chain.pending_of(step.hop.name, StartCopy)
    return pending is not None and step.hop.attempt.job_id is not None and now >= pending.until


def _advance_intermediate(chain: Chain, name: str, fact: object, on: Setting) -> Progress:
    if all(each.name != name for each in chain.intermediates):
        return Progress(chain=chain, reasons=(f"this chain has no intermediate {name}",))
    before = chain.intermediate(name)
    step = step_intermediate(IntermediateSituation(chain=chain, intermediate=before, route=on.route, now=on.now), fact)
    after = _without_old_delete(chain.with_intermediate(step.intermediate), step.intermediate, fact)
    progress = Progress(chain=after, commands=step.commands, reasons=(f"{name}: {step.reason}",), rules=step.rules)
    if isinstance(fact, going.ReleaseStopped) and before.state is IntermediateState.RELEASING:
        return progress.then(_advance_hop(after, fact.hop, fact, on))
    return progress


def _without_old_delete(chain: Chain, each: Intermediate, fact: object) -> Chain:
    """The chain without a pending delete that was answered, or that is not wanted any more."""
    is_answered = isinstance(fact, (going.DeleteAccepted, going.DeleteRefused))
    if not is_answered and each.state is IntermediateState.RELEASING:
        return chain
    return chain.with_outbox(chain.outbox.without(each.name, ReleaseIntermediate))


def _advance_everything(chain: Chain, fact: seen.Noticed | seen.RetryAsked, on: Setting) -> Progress:
    progress = Progress(chain=chain, commands=chain.outbox.due(on.now))
    for hop in chain.hops:
        progress = progress.then(_advance_hop(progress.chain, hop.name, fact, on))
    for each in chain.intermediates:
        if each.state in (IntermediateState.DUE, IntermediateState.RELEASING):
            progress = progress.then(_advance_intermediate(progress.chain, each.name, fact, on))
    return progress


def _settle(before: Chain, progress: Progress, fact: Observation, on: Setting) -> Progress:
    """Add what follows from a step: due intermediates, readable copies, free slots, messages, and the next check."""
    progress = progress.then(_follow_verified(before, progress.chain, on))
    after = progress.chain
    wake = tuple(WakeWaiting(lane=lane) for lane in lanes_with_a_slot_to_use(before, after))
    after = remember_troubles(before, end_site_incident(after, fact, on.sites_down))
    after, commands, put_off = _announce(before, after, progress.commands + wake, on.now)
    effects = tuple(command for command in commands if isinstance(command, EffectCommand))
    after = after.with_outbox(after.outbox.with_decided(effects, put_off, on.now))
    return replace(progress, chain=_with_next_check(before, after, fact, on), commands=commands)


def _announce(
    before: Chain, after: Chain, commands: tuple[Command, ...], now: datetime
) -> tuple[Chain, tuple[Command, ...], tuple[Pending, ...]]:
    """Add the messages about incidents. "Open" must not follow "closed", nor the other way round.

    A new message replaces an older one. While a worker may still be sending the older one, the new one waits for the
    end of its fence.
    """
    messages = announcements(before, after, now)
    after = replace(after, incidents=open_ids(after, now))
    commands = tuple(command for command in commands if not is_overtaken(command, messages))
    now_sent: list[Announce] = []
    put_off: list[Pending] = []
    for message in messages:
        until = after.outbox.fenced_until(message, now)
        if until is None:
            now_sent.append(message)
        else:
            put_off.append(Pending(command=message, until=until))
    after = after.with_outbox(after.outbox.without_overtaken(messages))
    return after, (*commands, *now_sent), tuple(put_off)


def _follow_verified(before: Chain, after: Chain, on: Setting) -> Progress:
    """Hops that became VERIFIED make other hops readable and intermediates due."""
    commands: tuple[Command, ...] = ()
    for hop in after.hops:
        if hop.state is HopState.VERIFIED and before.hop(hop.name).state is not HopState.VERIFIED:
            readers = (h for h in after.hops if h.reads_from == hop.name and h.state is HopState.WAITING)
            commands += tuple(SurveyCopies(subject=reader.name) for reader in readers)
            after = _name_intermediate(after, hop)
    progress = Progress(chain=after, commands=commands)
    for each in after.intermediates:
        progress = progress.then(_follow_readers(progress.chain, each, on))
    keep = on.route.keep.get(after.resource_type, 0)
    if keep and not _is_verified(before) and _is_verified(progress.chain):
        return progress.then(Progress(chain=progress.chain, commands=(WakeRelatives(keep=keep),)))
    return progress


def _follow_readers(chain: Chain, each: Intermediate, on: Setting) -> Progress:
    """Apply the table of consequences. What has become DUE is considered for release at once."""
    changed, rules = follow_readers(chain, each, on.now)
    progress = Progress(chain=chain.with_intermediate(changed), rules=rules)
    if changed is each:
        return Progress(chain=chain)
    if changed.state is IntermediateState.DUE:
        considered = _advance_intermediate(progress.chain, each.name, seen.Noticed(), on)
        return progress.then(replace(considered, reasons=()))
    return replace(progress, chain=_without_old_delete(progress.chain, changed, None))


def _name_intermediate(chain: Chain, hop: Hop) -> Chain:
    """An onward intermediate is known once the hop that makes it is verified."""
    onward = [each for each in chain.intermediates if each.name == hop.name and each.point is None]
    for each in onward:
        chain = chain.with_intermediate(replace(each, point=hop.arrival.point))
    return chain


def _is_verified(chain: Chain) -> bool:
    return all(hop.state is HopState.VERIFIED for hop in chain.hops)


def _with_next_check(before: Chain, after: Chain, fact: Observation, on: Setting) -> Chain:
    """When to look at the chain again, and whether it is finished."""
    now = on.now
    if is_forgotten_by_aws(after) and not after.pending:
        return replace(after, finished_at=after.finished_at or now, next_check=None)
    after = replace(after, finished_at=None)
    is_paused = isinstance(fact, seen.Postponed)
    check = now + patience.WAITING_CHECK if is_paused else next_check(after, on.route, now)
    earlier = before.next_check
    if check is not None and earlier is not None and now < earlier < check and after == before:
        check = earlier
    return replace(after, next_check=check)
