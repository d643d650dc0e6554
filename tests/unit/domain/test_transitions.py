"""The transition table tells the whole truth: every rule leads exactly where its row says, and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from secondhop.domain.route import RouteKind
from secondhop.domain.rules.step import HopSituation, IntermediateSituation
from secondhop.domain.rules.table import (
    HOP_ROWS,
    INTERMEDIATE_ROWS,
    step_hop,
    step_intermediate,
)
from tests.builders import ARRIVAL_ARN, COPY_ARN, DR_KEY, NOW, a_chain, a_copy, a_job, a_route, an_arrival, with_hop
from tests.builders import with_intermediate as with_each
from tests.plain_words import strange_words

LATER = NOW + timedelta(hours=1)
EXPIRED = NOW + timedelta(days=400)
STARTED = advance(
    a_chain(), seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=(), points=()), route=a_route(), now=NOW
)
(START,) = (command for command in STARTED.effects if isinstance(command, StartCopy))
RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=a_route().watched)

JOBS = tuple(
    a_job(state=state, arrival=arrival, message=message)
    for state in ("CREATED", "RUNNING", "COMPLETED", "FAILED", "PARTIAL")
    for arrival in (None, COPY_ARN)
    for message in ("", "An internal error occurred.", "not authorized to", "Failed to unshare snapshot")
)
INSPECTED = tuple(
    seen.ArrivalInspected(hop="to-dr", arrival=arrival, point=point, vault_key_arn=DR_KEY, key_state="Enabled")
    for arrival in (COPY_ARN, "another")
    for point in (None, a_copy(), a_copy(status="CREATING"), a_copy(status="EXPIRED"), a_copy(key_arn="other"))
)


def facts_about_hops() -> Iterator[Observation]:
    """Every kind of fact about a hop, in every variety that a rule can tell apart."""
    yield from (seen.Noticed(), seen.RetryAsked(by="ada"))
    yield from (
        seen.CopySeen(hop="to-dr", job=job, is_described=is_described) for job in JOBS for is_described in (True, False)
    )
    yield from (
        seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=jobs, points=()) for jobs in ((), *((job,) for job in JOBS))
    )
    yield seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=(), points=(a_copy(),))
    yield seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=(), points=(), twins=(COPY_ARN,))
    for status in (None, "COMPLETED", "CREATING", "EXPIRED"):
        source = seen.SourceInspected(hop="to-dr", point=an_arrival(status=status) if status else None)
        yield source
        yield seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=(), points=(), source=source)
    for command in (START, replace(START, attempt=7)):
        yield from (seen.CopyStarted(hop="to-dr", command=command, job_id="JOB-1", is_old=old) for old in (True, False))
        for code in ("ThrottlingException", "AccessDeniedException"):
            yield seen.CopyRefused(hop="to-dr", command=command, code=code, message="")
    yield seen.CopyUnanswered(hop="to-dr", message="timed out")
    yield seen.JobMissing(hop="to-dr", job_id="JOB-1")
    yield seen.SlotRefused(hop="to-dr", why="full")
    yield seen.ClaimRefused(hop="to-dr", owner="other")
    yield seen.ClaimRefused(hop="to-dr", owner="other", point=COPY_ARN)
    yield seen.SourceNotReady(hop="to-dr", why="CREATING")
    yield seen.OriginUnproven(hop="to-dr")
    yield seen.SourceUnfit(hop="to-dr", cause=Cause.UNSUPPORTED, message="continuous")
    yield seen.AskingRefused(hop="to-dr", message="not authorized to")
    yield seen.AskingRefused(hop="to-dr", message="no such vault", code="ResourceNotFoundException")
    yield seen.ActingPaused(hop="to-dr", why="acting is paused by ada")
    yield seen.SiteSilent(hop="to-dr", why="timed out")
    yield seen.SiteDown(hop="to-dr", why="all copies fail")
    for each in INSPECTED:
        yield going.ReleaseStopped(intermediate="arrival", hop="to-dr", inspected=each)
    yield from (seen.NewerSurveyed(hop="to-dr", newer=newer) for newer in (None, "another"))
    yield from INSPECTED


def chains_in(state: HopState) -> Iterator[Chain]:
    """A chain whose hop is in a state, with and without each thing that the rules ask about."""
    troubles: list[Trouble | None] = [None]
    if state is HopState.STRANDED:
        troubles = [
            Trouble(cause=cause, message="", since=NOW) for cause in (Cause.ROLE, Cause.VANISHED, Cause.SOURCE_GONE)
        ]
    for trouble, job_id, arrival, adopted, failures, not_before, pending in product(
        troubles, (None, "JOB-1"), (None, COPY_ARN), (False, True), (0, 5), (None, LATER), (False, True)
    ):
        yield with_hop(
            replace(a_chain(), pending=(Pending(command=START, until=LATER),) if pending else ()),
            state=state,
            attempt=1,
            job_id=job_id,
            arrival=arrival,
            arrival_is_adopted=adopted,
            is_retry_ordered=failures == 0,
            failures=failures,
            not_before=not_before,
            trouble=trouble,
            promised_until=STARTED.chain.hop("to-dr").arrival.promised_until,
        )


def test_every_rule_of_a_hop_leads_exactly_where_its_row_says() -> None:
    reached: dict[tuple[HopState, type], set[HopState]] = defaultdict(set)
    for state, kind in product(HopState, RouteKind):
        route = a_route(kind=kind)
        for chain, fact, now in product(chains_in(state), facts_about_hops(), (NOW, EXPIRED)):
            step = step_hop(HopSituation(chain=chain, hop=chain.hop("to-dr"), route=route, now=now), fact)
            reached[state, type(fact)].add(step.hop.state)
            assert not strange_words(step.reason), (fact, step.reason)

    told = {(row.before, row.fact): set(row.after) for row in HOP_ROWS}
    silent = {key: {key[0]} for key in reached if key not in told}
    assert dict(reached) == told | silent


def facts_about_intermediates() -> Iterator[Observation]:
    yield from (seen.Noticed(), seen.RetryAsked(by="ada"))
    for newer, is_listed, is_proven in product((0, 1), (True, False), (True, False)):
        yield going.KeepSurveyed(intermediate="arrival", newer=newer, is_listed=is_listed, is_from_workload=is_proven)
    for expires_at in (None, EXPIRED):
        yield going.ReleaseDeclined(intermediate="arrival", expires_at=expires_at, copies_expire_at=LATER)
    for status in (None, "COMPLETED", "EXPIRED", "DELETING"):
        point = an_arrival(status=status) if status else None
        yield going.IntermediateInspected(intermediate="arrival", point=point)
    for inspected in INSPECTED:
        yield going.ReleaseStopped(intermediate="arrival", hop="to-dr", inspected=inspected)
    yield going.ReleasePutOff(intermediate="arrival", why="timed out")
    yield going.DeleteAccepted(intermediate="arrival")
    for code in ("InvalidResourceStateException", "ResourceNotFoundException", "InvalidRequestException"):
        yield going.DeleteRefused(intermediate="arrival", code=code, message="")


def test_every_rule_of_an_intermediate_leads_exactly_where_its_row_says() -> None:
    reached: dict[tuple[IntermediateState, type], set[IntermediateState]] = defaultdict(set)
    for state, pending, is_ours in product(IntermediateState, (False, True), (False, True)):
        copied = with_hop(a_chain(came_from_workload=is_ours), arrival=COPY_ARN, promised_until=LATER)
        chain = with_each(copied, state=state, kept_until=LATER if pending else None)
        chain = replace(chain, pending=(Pending(command=RELEASE, until=LATER),) if pending else ())
        for fact, now in product(facts_about_intermediates(), (NOW, EXPIRED)):
            situation = IntermediateSituation(
                chain=chain, intermediate=chain.intermediate("arrival"), route=a_route(), now=now
            )
            step = step_intermediate(situation, fact)
            reached[state, type(fact)].add(step.intermediate.state)
            assert not strange_words(step.reason), (fact, step.reason)

    told = {(row.before, row.fact): set(row.after) for row in INTERMEDIATE_ROWS}
    silent = {key: {key[0]} for key in reached if key not in told}
    assert dict(reached) == told | silent
