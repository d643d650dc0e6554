"""The transition table: everything that changes the state of a chain, a hop or an intermediate is in a row.

A row says: in this state, this rule decides on this fact, and leads to one of these states. A rule that leads elsewhere
is an error. A fact without a row changes nothing, and the reason names it. Two more tables belong to this one: `births`
says in which state hops and intermediates begin, `consequences` what changes without a fact of its own. The engine in
`advance` walks all of them, and the diagram in docs/state-diagram.md is generated from them.

A hop leaves WAITING in the transaction that claims (source, destination). If it enters COPYING, the same transaction
takes a slot. The transaction in which it leaves COPYING returns the slot. An intermediate is HELD until every hop
that reads it is VERIFIED, then DUE. It is RELEASED when AWS says that it is not found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.announced import Announced, AnnouncementPutOff
from secondhop.domain.chain import Chain, ChainMode, IntermediateState
from secondhop.domain.errors import TableError
from secondhop.domain.hop import HopState
from secondhop.domain.outcome import Outcome
from secondhop.domain.rules import (
    copying,
    refused_question,
    releasing,
    site_outage,
    stranded,
    verified,
    verifying,
    waiting,
    whole_chain,
)
from secondhop.domain.rules.step import HopSituation, HopStep, IntermediateSituation, IntermediateStep
from secondhop.domain.rules.whole_chain import ChainStep

W, C, V, D, S = (
    HopState.WAITING,
    HopState.COPYING,
    HopState.VERIFYING,
    HopState.VERIFIED,
    HopState.STRANDED,
)
HELD, DUE, RELEASING, RELEASED = (
    IntermediateState.HELD,
    IntermediateState.DUE,
    IntermediateState.RELEASING,
    IntermediateState.RELEASED,
)

FOLLOWED, ABANDONED = ChainMode.FOLLOWED, ChainMode.ABANDONED


@dataclass(frozen=True, slots=True)
class HopRow:
    """In `before`, `rule` decides on `fact`, and leads to one of `after`."""

    before: HopState
    fact: type
    rule: Callable[[HopSituation, Any], HopStep]
    after: tuple[HopState, ...]


@dataclass(frozen=True, slots=True)
class IntermediateRow:
    """In `before`, `rule` decides on `fact`, and leads to one of `after`."""

    before: IntermediateState
    fact: type
    rule: Callable[[IntermediateSituation, Any], IntermediateStep]
    after: tuple[IntermediateState, ...]


@dataclass(frozen=True, slots=True)
class ChainRow:
    """In `before`, `rule` decides on `fact` for the whole chain, and leads to one of `after`."""

    before: ChainMode
    fact: type
    rule: Callable[[Chain, Any, datetime], ChainStep]
    after: tuple[ChainMode, ...]


HOP_ROWS: tuple[HopRow, ...] = (
    HopRow(W, seen.Noticed, waiting.look_before_copying, (W, S)),
    HopRow(W, seen.RetryAsked, waiting.look_before_copying, (W, S)),
    HopRow(W, seen.CopiesSurveyed, waiting.decide_on_survey, (W, C, V, D, S)),
    HopRow(W, seen.SlotRefused, waiting.wait_for_a_slot, (W,)),
    HopRow(W, seen.ActingPaused, waiting.wait_for_the_operator, (W,)),
    HopRow(W, seen.ClaimRefused, waiting.yield_to_foreign_claim, (W, S)),
    HopRow(W, seen.SourceNotReady, waiting.wait_for_the_source, (W,)),
    HopRow(W, seen.OriginUnproven, waiting.wait_for_proof_of_origin, (W, S)),
    HopRow(W, seen.SourceUnfit, waiting.strand_unfit_source, (S,)),
    HopRow(W, seen.CopySeen, waiting.note_foreign_job, (W, V, D)),
    HopRow(W, seen.AskingRefused, refused_question.strand_on_refusal, (W, S)),
    HopRow(W, seen.SiteSilent, site_outage.note_silence, (W,)),
    HopRow(W, seen.SiteDown, site_outage.wait_for_the_site, (W,)),
    HopRow(C, seen.Noticed, copying.check_on_the_copy, (C,)),
    HopRow(C, seen.RetryAsked, copying.check_on_the_copy, (C,)),
    HopRow(C, seen.CopyStarted, copying.note_started_job, (C,)),
    HopRow(C, seen.CopyRefused, copying.give_up_refused_start, (C, W, S)),
    HopRow(C, seen.CopyUnanswered, copying.keep_unanswered_start, (C,)),
    HopRow(C, seen.CopiesSurveyed, copying.resume_interrupted_start, (C, W, V, D, S)),
    HopRow(C, seen.ClaimRefused, waiting.yield_to_foreign_claim, (C, S)),
    HopRow(C, seen.CopySeen, copying.follow_the_job, (C, W, V, D, S)),
    HopRow(C, seen.JobMissing, copying.search_for_forgotten_job, (C,)),
    HopRow(C, seen.AskingRefused, refused_question.report_refusal_in_flight, (C,)),
    HopRow(C, seen.SiteSilent, site_outage.note_silence, (C,)),
    HopRow(V, seen.Noticed, verifying.ask_for_the_arrival, (V,)),
    HopRow(V, seen.RetryAsked, verifying.ask_for_the_arrival, (V,)),
    HopRow(V, seen.ArrivalInspected, verifying.assess_the_arrival, (V, D, W, S)),
    HopRow(V, seen.AskingRefused, refused_question.strand_on_refusal, (V, S)),
    HopRow(V, going.ReleaseStopped, verified.doubt_the_copy, (V, S)),
    HopRow(V, seen.SiteSilent, site_outage.note_silence, (V,)),
    HopRow(D, seen.Noticed, verified.look_at_verified_copy, (D,)),
    HopRow(D, seen.RetryAsked, verified.look_at_verified_copy, (D,)),
    HopRow(D, seen.NewerSurveyed, verified.look_at_newest_copy, (D,)),
    HopRow(D, seen.ArrivalInspected, verified.review_verified_copy, (D, S)),
    HopRow(D, going.ReleaseStopped, verified.doubt_the_copy, (V, D, S)),
    HopRow(D, seen.AskingRefused, refused_question.strand_on_refusal, (D, S)),
    HopRow(D, seen.SiteSilent, site_outage.note_silence, (D,)),
    HopRow(S, seen.Noticed, stranded.resume_when_due, (S, W, V)),
    HopRow(S, seen.RetryAsked, stranded.resume_for_operator, (S, W, V)),
    HopRow(S, seen.CopiesSurveyed, stranded.adopt_others_copy, (S, V, D)),
    HopRow(S, seen.CopySeen, stranded.accept_late_success, (S, V, D)),
    HopRow(S, seen.ArrivalInspected, stranded.see_stranded_copy, (S, D)),
    HopRow(S, going.ReleaseStopped, verified.doubt_the_copy, (S, V)),
    HopRow(S, seen.SourceInspected, stranded.see_stranded_source, (S, W, V)),
)

INTERMEDIATE_ROWS: tuple[IntermediateRow, ...] = (
    IntermediateRow(DUE, seen.Noticed, releasing.consider_release, (DUE,)),
    IntermediateRow(DUE, seen.RetryAsked, releasing.consider_release, (DUE,)),
    IntermediateRow(DUE, going.KeepSurveyed, releasing.release_or_keep, (DUE, RELEASING)),
    IntermediateRow(DUE, going.IntermediateInspected, releasing.see_due_gone, (DUE, RELEASED)),
    IntermediateRow(RELEASING, going.ReleaseDeclined, releasing.keep_longer_lived, (DUE,)),
    IntermediateRow(RELEASING, going.ReleasePutOff, releasing.put_off_release, (DUE,)),
    IntermediateRow(RELEASING, going.ReleaseStopped, releasing.stop_release, (HELD, DUE)),
    IntermediateRow(RELEASING, going.DeleteAccepted, releasing.await_delete, (RELEASING,)),
    IntermediateRow(RELEASING, going.DeleteRefused, releasing.report_refused_delete, (RELEASING,)),
    IntermediateRow(RELEASING, seen.Noticed, releasing.ask_whether_gone, (RELEASING,)),
    IntermediateRow(RELEASING, seen.RetryAsked, releasing.ask_whether_gone, (RELEASING,)),
    IntermediateRow(RELEASING, going.IntermediateInspected, releasing.see_gone, (RELEASING, DUE, RELEASED)),
)

CHAIN_ROWS: tuple[ChainRow, ...] = (
    ChainRow(FOLLOWED, Announced, whole_chain.note_announcement, (FOLLOWED,)),
    ChainRow(FOLLOWED, AnnouncementPutOff, whole_chain.put_off_announcement, (FOLLOWED,)),
    ChainRow(FOLLOWED, seen.CopiedBack, whole_chain.leave_to_owner, (ABANDONED,)),
    ChainRow(FOLLOWED, seen.AbandonAsked, whole_chain.abandon_for_operator, (ABANDONED,)),
    ChainRow(FOLLOWED, seen.Postponed, whole_chain.wait_until_possible, (FOLLOWED,)),
    ChainRow(ABANDONED, Announced, whole_chain.note_announcement, (ABANDONED,)),
    ChainRow(ABANDONED, AnnouncementPutOff, whole_chain.put_off_announcement, (ABANDONED,)),
    ChainRow(ABANDONED, seen.Noticed, whole_chain.look_at_abandoned, (ABANDONED,)),
    ChainRow(ABANDONED, seen.ArrivalInspected, whole_chain.note_abandoned_copy, (ABANDONED,)),
)

_CHAIN_INDEX = {(row.before, row.fact): row for row in CHAIN_ROWS}
_HOP_INDEX = {(row.before, row.fact): row for row in HOP_ROWS}
_INTERMEDIATE_INDEX = {(row.before, row.fact): row for row in INTERMEDIATE_ROWS}


def step_chain(chain: Chain, fact: object, now: datetime) -> ChainStep | None:
    """Apply the table to a whole chain. None if the fact is for its hops and intermediates."""
    row = _CHAIN_INDEX.get((chain.mode, type(fact)))
    if row is None:
        return whole_chain.watch_abandoned(chain) if chain.mode is ABANDONED else None
    step = row.rule(chain, fact, now)
    _check(row.rule, step.chain.mode, row.after)
    return replace(step, rules=_names(row.rule, step.outcome))


def step_hop(situation: HopSituation, fact: object) -> HopStep:
    """Apply the table to a hop. Total: a fact without a row changes nothing, and the reason names it."""
    row = _HOP_INDEX.get((situation.hop.state, type(fact)))
    if row is None:
        reason = f"{type(fact).__name__} changes nothing while {situation.hop.state}"
        return HopStep(hop=situation.hop, reason=reason, rules=(Outcome.NO_ROW,))
    return apply_hop_row(row, situation, fact)


def apply_hop_row(row: HopRow, situation: HopSituation, fact: object) -> HopStep:
    """What the rule of a row decides. Raises TableError if it leads elsewhere than the row says."""
    step = row.rule(situation, fact)
    _check(row.rule, step.hop.state, row.after)
    return replace(step, rules=_names(row.rule, step.outcome))


def step_intermediate(situation: IntermediateSituation, fact: object) -> IntermediateStep:
    """Apply the table to an intermediate. Total, like `step_hop`."""
    row = _INTERMEDIATE_INDEX.get((situation.intermediate.state, type(fact)))
    if row is None:
        reason = f"{type(fact).__name__} changes nothing while {situation.intermediate.state}"
        return IntermediateStep(intermediate=situation.intermediate, reason=reason, rules=(Outcome.NO_ROW,))
    step = row.rule(situation, fact)
    _check(row.rule, step.intermediate.state, row.after)
    return replace(step, rules=_names(row.rule, step.outcome))


def _check(rule: Callable[..., object], state: StrEnum, after: tuple[StrEnum, ...]) -> None:
    if state not in after:
        raise TableError(f"{rule.__name__} leads to {state}, and its row says {', '.join(after)}")


def _names(rule: Callable[..., object], outcome: str | None) -> tuple[str, ...]:
    return (rule.__name__,) if outcome is None else (rule.__name__, outcome)
