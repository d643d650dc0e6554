"""The transition table: everything that affects the state of a hop or an intermediate lives in this file.

A row says: in this state, this fact is judged by this rule, and leads to one of these states. What no row names
changes nothing, and says so. The diagram in docs/state-diagram.md is generated from these rows.

A hop begins WAITING. It leaves WAITING in the transaction that claims (source, destination) and, if it goes to
COPYING, takes a slot; it gives the slot back in the transaction in which it leaves COPYING. An intermediate is HELD
until every hop that reads it is VERIFIED, then DUE; it is RELEASED when AWS says that it is not there any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.chain import HopState, IntermediateState
from secondhop.domain.rules import (
    copying,
    refused_question,
    releasing,
    site_outage,
    stranded,
    verified,
    verifying,
    waiting,
)
from secondhop.domain.rules.step import HopSituation, HopStep, IntermediateSituation, IntermediateStep

W, C, V, D, S = (
    HopState.WAITING,
    HopState.COPYING,
    HopState.VERIFYING,
    HopState.VERIFIED,
    HopState.STRANDED,
)
HELD, DUE, GOING, GONE = (
    IntermediateState.HELD,
    IntermediateState.DUE,
    IntermediateState.RELEASING,
    IntermediateState.RELEASED,
)


@dataclass(frozen=True, slots=True)
class HopRow:
    """In `before`, `fact` is judged by `rule`, and leads to one of `after`."""

    before: HopState
    fact: type
    rule: Callable[[HopSituation, Any], HopStep]
    after: tuple[HopState, ...]


@dataclass(frozen=True, slots=True)
class IntermediateRow:
    """In `before`, `fact` is judged by `rule`, and leads to one of `after`."""

    before: IntermediateState
    fact: type
    rule: Callable[[IntermediateSituation, Any], IntermediateStep]
    after: tuple[IntermediateState, ...]


HOP_ROWS: tuple[HopRow, ...] = (
    HopRow(W, seen.Noticed, waiting.look_before_copying, (W, S)),
    HopRow(W, seen.RetryAsked, waiting.look_before_copying, (W, S)),
    HopRow(W, seen.CopiesSurveyed, waiting.decide_on_survey, (W, C, V, D, S)),
    HopRow(W, seen.SlotRefused, waiting.wait_for_a_slot, (W,)),
    HopRow(W, seen.ActingPaused, waiting.wait_for_the_operator, (W,)),
    HopRow(W, seen.ClaimRefused, waiting.yield_to_foreign_claim, (W, S)),
    HopRow(W, seen.SourceNotReady, waiting.wait_for_the_source, (W,)),
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
    HopRow(V, seen.ArrivalInspected, verifying.judge_the_arrival, (V, D, W, S)),
    HopRow(V, seen.AskingRefused, refused_question.strand_on_refusal, (V, S)),
    HopRow(V, seen.SiteSilent, site_outage.note_silence, (V,)),
    HopRow(D, seen.Noticed, verified.look_at_verified_copy, (D,)),
    HopRow(D, seen.RetryAsked, verified.look_at_verified_copy, (D,)),
    HopRow(D, seen.NewerSurveyed, verified.look_at_newest_copy, (D,)),
    HopRow(D, seen.ArrivalInspected, verified.review_verified_copy, (D, S)),
    HopRow(D, seen.AskingRefused, refused_question.strand_on_refusal, (D, S)),
    HopRow(S, seen.Noticed, stranded.resume_when_due, (S, W, V)),
    HopRow(S, seen.RetryAsked, stranded.resume_for_operator, (S, W, V)),
    HopRow(S, seen.CopiesSurveyed, stranded.adopt_others_copy, (S, V, D)),
    HopRow(S, seen.CopySeen, stranded.accept_late_success, (S, V, D)),
    HopRow(S, seen.ArrivalInspected, stranded.see_stranded_copy, (S, D)),
    HopRow(S, seen.SourceInspected, stranded.see_stranded_source, (S, W, V)),
)

INTERMEDIATE_ROWS: tuple[IntermediateRow, ...] = (
    IntermediateRow(DUE, seen.Noticed, releasing.consider_release, (DUE,)),
    IntermediateRow(DUE, seen.RetryAsked, releasing.consider_release, (DUE,)),
    IntermediateRow(DUE, going.KeepSurveyed, releasing.release_or_keep, (DUE, GOING)),
    IntermediateRow(DUE, going.IntermediateInspected, releasing.see_due_gone, (DUE, GONE)),
    IntermediateRow(GOING, going.ReleaseDeclined, releasing.keep_longer_lived, (DUE,)),
    IntermediateRow(GOING, going.ReleasePutOff, releasing.put_off_release, (DUE,)),
    IntermediateRow(GOING, going.ReleaseStopped, releasing.stop_release, (HELD, DUE)),
    IntermediateRow(GOING, going.DeleteAccepted, releasing.await_delete, (GOING,)),
    IntermediateRow(GOING, going.DeleteRefused, releasing.report_refused_delete, (GOING,)),
    IntermediateRow(GOING, seen.Noticed, releasing.ask_whether_gone, (GOING,)),
    IntermediateRow(GOING, seen.RetryAsked, releasing.ask_whether_gone, (GOING,)),
    IntermediateRow(GOING, going.IntermediateInspected, releasing.see_gone, (GOING, DUE, GONE)),
)

# An intermediate is HELD until every hop that reads it is VERIFIED: that step is a consequence, not a fact's rule.
# It goes back when a reader is in doubt again and no delete was asked for.
CONSEQUENCES: tuple[tuple[IntermediateState, str, IntermediateState], ...] = (
    (HELD, "every reader VERIFIED", DUE),
    (DUE, "a reader in doubt", HELD),
    (GOING, "a reader in doubt", HELD),
)

_HOP_INDEX = {(row.before, row.fact): row for row in HOP_ROWS}
_INTERMEDIATE_INDEX = {(row.before, row.fact): row for row in INTERMEDIATE_ROWS}


def step_hop(situation: HopSituation, fact: object) -> HopStep:
    """Apply the table to a hop. Total: a fact that means nothing in a state changes nothing, and says which."""
    row = _HOP_INDEX.get((situation.hop.state, type(fact)))
    if row is None:
        reason = f"{type(fact).__name__} changes nothing while {situation.hop.state}"
        return HopStep(hop=situation.hop, reason=reason)
    return row.rule(situation, fact)


def step_intermediate(situation: IntermediateSituation, fact: object) -> IntermediateStep:
    """Apply the table to an intermediate. Total, like `step_hop`."""
    row = _INTERMEDIATE_INDEX.get((situation.intermediate.state, type(fact)))
    if row is None:
        reason = f"{type(fact).__name__} changes nothing while {situation.intermediate.state}"
        return IntermediateStep(intermediate=situation.intermediate, reason=reason)
    return row.rule(situation, fact)
