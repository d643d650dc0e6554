"""Carries out one command of a decision, after its guards, and returns what was learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from secondhop.application.newest import survey_newer
from secondhop.application.notify import Notifier
from secondhop.application.origin import survey_origin
from secondhop.application.others import OtherCopies
from secondhop.application.ports import Announcer, Backup, ChainStore, Keys, RefusedError, UnansweredError, WorkQueue
from secondhop.application.recent import JUST_NOW, Recent
from secondhop.application.release import inspect_arrival, object_to_release
from secondhop.application.survey import (
    circuit_of,
    inspect_source,
    needs_origin,
    no_slot,
    paused,
    survey,
    survey_keep,
)
from secondhop.application.waking import Wakes, relative_that_kept
from secondhop.application.work import Look, PointNews
from secondhop.domain import command as ask
from secondhop.domain import observation as seen
from secondhop.domain import patience
from secondhop.domain import release_observation as going
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import (
    ConflictError,
    DeniedError,
    FinalError,
    SilentError,
    TryAgainError,
    UnreadableItemError,
)
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.ledger import SlotRefusal, slot_of
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from secondhop.domain.outcome import Outcome
from secondhop.domain.route import Route
from secondhop.domain.source import is_due, with_source

# Clocks differ a little: a job that AWS made this long before we decided to ask for it is not ours.
CLOCK_TOLERANCE = timedelta(minutes=1)
Act = Callable[[Pending], Iterator[Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Carries out commands with the world's means."""

    chains: ChainStore
    backup: Backup
    keys: Keys
    queue: WorkQueue
    announcer: Announcer
    wakes: Wakes
    now: Callable[[], datetime]
    pauses: Recent[str, str | None]
    others: OtherCopies

    def perform(self, chain: Chain, command: ask.Command, route: Route) -> Iterator[Observation]:
        """What was learned by carrying out a command.

        A question about a hop that is not answered now, also because of throttling, becomes a `SiteSilent`: if that
        lasts, operators are notified. Another trouble that passes becomes a `Postponed`.
        """
        try:
            yield from self._effect(chain, command, route)
        except DeniedError as denied:
            yield from _refused(chain, command, str(denied), code="AccessDeniedException")
        except TryAgainError as trouble:
            hops = _hops_concerned(chain, command) if isinstance(command, ask.Question) else ()
            yield from (seen.SiteSilent(hop=hop, why=str(trouble)) for hop in hops)
            if not hops:
                how = "answered" if isinstance(trouble, SilentError) else "possible now"
                yield seen.Postponed(why=f"{type(command).__name__} was not {how}: {trouble}")
        except UnreadableItemError:
            raise
        except FinalError as refused:
            if isinstance(command, ask.Announce):
                # A deleted topic, or a topic with a disabled key, must not stop copies. The message is sent later.
                yield seen.Postponed(why=f"no one was notified on the {command.channel.lower()}: {refused}")
            elif isinstance(command, ask.Question) or _hops_concerned(chain, command):
                # One question that cannot be answered must not keep the others of the same decision from being asked.
                yield from _refused(chain, command, str(refused), code=refused.code)
            else:
                raise

    def _effect(self, chain: Chain, command: ask.Command, route: Route) -> Iterator[Observation]:
        match command:
            case ask.StartCopy():
                paused_by = self.pauses(route.switch, within=JUST_NOW)
                yield from self._guarded(chain, command, paused_by, lambda pending: self._start(command, pending))
            case ask.ReleaseIntermediate():
                paused_by = self.pauses.fresh(route.switch)
                yield from self._guarded(
                    chain, command, paused_by, lambda pending: self._release(chain, command, pending, route)
                )
            case ask.Announce():
                yield Notifier(chains=self.chains, announcer=self.announcer, now=self.now)(chain, command)
            case ask.EffectCommand():
                raise TypeError(f"no such effect: {command}")
            case ask.Question():
                yield from self._question(chain, command, route)
            case ask.HandOn(point=point, vault=vault):
                self.queue.put([_arrival_news(chain, point, vault)])
            case ask.NoteSite(site=site, has_arrived=has_arrived):
                self._note_site(site, chain.database, has_arrived=has_arrived)
            case ask.WakeRelatives(keep=keep):
                key = relative_that_kept(self.chains, chain, keep=keep)
                self.queue.put([Look(key=key)] if key is not None else [])
            case ask.WakeWaiting(lane=lane):
                self.wakes.want(lane, limit=route.limit(lane.resource_type))
            case _:
                assert_never(command)

    def _question(self, chain: Chain, command: ask.Question, route: Route) -> Iterator[Observation]:
        match command:
            case ask.SurveyCopies():
                yield from self._survey(chain, command, route)
            case ask.SurveyNewer(subject=hop):
                yield survey_newer(self.chains, chain, chain.hop(hop))
            case ask.SurveyKeep(subject=name):
                yield self._survey_keep(chain, name, route)
            case ask.CheckBeforeStart(subject=hop):
                yield from self._why_no_start(chain, chain.hop(hop), route)
            case ask.InspectSource(subject=hop):
                yield inspect_source(self.backup, chain, chain.hop(hop))
            case ask.InspectJob(subject=hop, job_id=job_id):
                job = self.backup.job(chain.source_vault_of(chain.hop(hop)).site, job_id)
                missing = seen.JobMissing(hop=hop, job_id=job_id)
                yield seen.CopySeen(hop=hop, job=job, is_described=True) if job is not None else missing
            case ask.InspectArrival(subject=hop):
                yield inspect_arrival(self.backup, self.keys, chain, chain.hop(hop))
            case ask.InspectIntermediate(subject=name, point=point):
                described = self.backup.point(chain.intermediate(name).vault, point)
                yield going.IntermediateInspected(intermediate=name, point=described)
            case _:
                raise TypeError(f"no such question: {command}")

    def _survey_keep(self, chain: Chain, name: str, route: Route) -> going.KeepSurveyed | seen.Postponed:
        if by := self.pauses(route.switch):
            return seen.Postponed(why=f"{name}: acting is paused by {by}", outcome=Outcome.PAUSED)
        counted = survey_keep(self.chains, self.backup, chain, chain.intermediate(name), route)
        kept = route.keep.get(chain.resource_type, counted.newer + 1)
        may_go = needs_origin(chain, route) and counted.newer >= kept
        is_proven = may_go and survey_origin(self.backup, chain, route, now=self.now()).is_from_workload
        return replace(counted, is_from_workload=is_proven)

    def _survey(self, chain: Chain, command: ask.SurveyCopies, route: Route) -> Iterator[Observation]:
        """Look for copies, unless nothing could be made of what is found. Observing always continues.

        A hop with a missing source cannot copy. Only an existing copy can help, so look for one.
        """
        hop = chain.hop(command.subject)
        waits = tuple(self._why_it_waits(chain, command, hop, route))
        watched = tuple(self._watch_source(chain, hop)) if waits else ()
        known = with_source(chain, watched[0].point, self.now()) if watched else chain
        is_in_vain = hop.state is HopState.WAITING and hop.reads_from is None and known.source_gone_at is not None
        yield from watched
        if waits and not is_in_vain:
            yield from waits
        else:
            yield survey(self.chains, self.backup, chain, command, route, now=self.now())

    def _why_it_waits(
        self, chain: Chain, command: ask.SurveyCopies, hop: Hop, route: Route
    ) -> Iterator[seen.ActingPaused | seen.SlotRefused | seen.SiteDown | seen.Postponed]:
        """Why no copy could be started now; nothing if one could be."""
        if by := self.pauses(route.switch):
            yield from paused(hop, by)
        elif command.slot_first and (refusal := self._why_no_slot(chain, hop, route)):
            yield no_slot(self.chains, chain, hop.name, refusal)
        elif why := self._why_blocked(chain, hop, route):
            yield seen.SiteDown(hop=hop.name, why=why)

    def _why_no_start(self, chain: Chain, hop: Hop, route: Route) -> Iterator[Observation]:
        """Why a copy that was decided may not start; nothing if it may."""
        if by := self.pauses.fresh(route.switch):
            yield from paused(hop, by)
        elif refusal := self.others.refusal(chain, hop):
            yield no_slot(self.chains, chain, hop.name, refusal)

    def _watch_source(self, chain: Chain, hop: Hop) -> Iterator[seen.SourceInspected]:
        """Describe the source of a hop that waits, if what is known of it is old or has a gap."""
        if hop.reads_from is None and is_due(chain, self.now()):
            yield inspect_source(self.backup, chain, hop)

    def _guarded(
        self, chain: Chain, command: ask.EffectCommand, paused_by: str | None, act: Act
    ) -> Iterator[Observation]:
        """Act only with the switch on, read a moment ago, and with enough of the fence left."""
        pending = chain.pending_of(command.subject, type(command))
        if paused_by is not None and isinstance(command, ask.ReleaseIntermediate):
            yield going.ReleasePutOff(intermediate=command.subject, why=f"acting is paused by {paused_by}")
        elif paused_by is not None:
            yield seen.Postponed(why=f"{command.subject}: acting is paused by {paused_by}", outcome=Outcome.PAUSED)
        elif pending is None or self._is_fence_over(pending):
            why = f"{command.subject}: woke too late to act; looks again when the fence has passed"
            yield seen.Postponed(why=why, outcome=Outcome.WOKE_TOO_LATE)
        else:
            yield from act(pending)

    def _is_fence_over(self, pending: Pending) -> bool:
        """Whether so little of the fence is left that another worker may repeat the effect before we are done."""
        return patience.is_fence_over(pending.until, self.now())

    def _start(self, command: ask.StartCopy, pending: Pending) -> Iterator[Observation]:
        try:
            started = self.backup.start(command)
        except RefusedError as refused:
            yield seen.CopyRefused(hop=command.subject, command=command, code=refused.code, message=refused.message)
        except UnansweredError as silence:
            yield seen.CopyUnanswered(hop=command.subject, message=str(silence))
        else:
            decided_at = pending.until - patience.FENCE
            is_old = started.created_at < decided_at - CLOCK_TOLERANCE
            yield seen.CopyStarted(hop=command.subject, command=command, job_id=started.job_id, is_old=is_old)

    def _release(
        self, chain: Chain, command: ask.ReleaseIntermediate, pending: Pending, route: Route
    ) -> Iterator[Observation]:
        """Never zero copies: check again whether it may be deleted, and delete at once."""
        objection = yield from object_to_release(self.backup, self.keys, chain, command, route)
        if objection is not None:
            yield objection
            return
        if self._is_fence_over(pending):
            yield seen.Postponed(why=f"{command.subject}: looking took too long to delete under this fence")
            return
        try:
            self.backup.delete(command)
        except RefusedError as refused:
            yield going.DeleteRefused(intermediate=command.subject, code=refused.code, message=refused.message)
        else:
            yield going.DeleteAccepted(intermediate=command.subject)

    def _why_no_slot(self, chain: Chain, hop: Hop, route: Route) -> SlotRefusal | None:
        own = self.chains.slot_refusal(slot_of(chain, hop), limit=route.limit(chain.resource_type))
        return own or self.others.refusal(chain, hop)

    def _why_blocked(self, chain: Chain, hop: Hop, route: Route) -> str | None:
        """Why no copy may be started into the hop's site now; None lets this one through, if it has a slot."""
        circuit = circuit_of(self.chains, hop.destination.site)
        if hop.state is not HopState.WAITING or circuit is None or not circuit.is_open:
            return None
        if circuit.blocks(self.now(), database=chain.database) or self._why_no_slot(chain, hop, route):
            return circuit.words()
        try:
            self.chains.save_circuit(circuit.probed(self.now()), before=circuit)
        except ConflictError:
            return circuit.words()
        return None

    def _note_site(self, site: Site, database: str, *, has_arrived: bool) -> None:
        """Count a copy's end for its site. Two that end at the same moment may count as one."""
        before = circuit_of(self.chains, site)
        known = before or Circuit(site=site)
        after = known.after_success() if has_arrived else known.after_failure(self.now(), database=database)
        if after != before:
            self.chains.save_circuit(after, before=before)


def _refused(chain: Chain, command: ask.Command, message: str, *, code: str) -> Iterator[Observation]:
    """A refused question is a fact for the hops that it concerns. A refused announcement is postponed."""
    for name in _hops_concerned(chain, command):
        yield seen.AskingRefused(hop=name, message=message, code=code)
    yield seen.Postponed(why=f"{type(command).__name__} was refused: {message}")


def _arrival_news(chain: Chain, point: str, vault: Vault) -> PointNews:
    return PointNews(
        arn=point,
        vault_arn=vault.arn,
        status="COMPLETED",
        database=chain.database,
        resource_type=chain.resource_type,
        created_at=chain.created_at,
    )


def _hops_concerned(chain: Chain, command: ask.Command) -> tuple[str, ...]:
    match command:
        case ask.SurveyCopies(subject=hop) | ask.InspectJob(subject=hop) | ask.InspectArrival(subject=hop):
            return (hop,)
        case ask.InspectSource(subject=hop) | ask.CheckBeforeStart(subject=hop):
            return (hop,)
        case ask.ReleaseIntermediate(subject=name):
            return tuple(hop.name for hop in chain.standing_arrivals(name))
        case _:
            return ()
