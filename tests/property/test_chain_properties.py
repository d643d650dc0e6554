"""What holds for every chain, whatever facts come in whatever order, late, twice, or contradicting each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from secondhop.adapters.chain_documents import read_chain, write_chain
from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import Decision, advance
from secondhop.domain.chain import Chain, Intermediate
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, ReleaseIntermediate, StartCopy
from secondhop.domain.hop import HopState, Notice
from secondhop.domain.ledger import changes, slots_of
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import LAST_CALL
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    NIGHT,
    NOW,
    a_chain,
    a_copy,
    a_fan_out,
    a_job,
    a_route,
    a_sequence,
    an_arrival,
)
from tests.moves import is_allowed, moves_of

COPIES = tuple(COPY_ARN + end for end in ("", "b", "c"))
ROUTES = (a_route(), a_route(keep={"RDS": 0}), a_route(keep={}), a_fan_out(), a_sequence())
STATES = ("CREATED", "RUNNING", "COMPLETED", "FAILED", "PARTIAL")
MESSAGES = (
    "",
    "An internal error occurred.",
    "There are too many copy jobs running for resource.",
    "no idea",
    "Token expired",
)

hop_names = st.sampled_from(["to-dr", "to-far"])
intermediate_names = st.sampled_from(["arrival", "to-dr"])
jobs = st.builds(
    lambda n, state, arrival, message: a_job(
        job_id=f"JOB-{n}", state=state, arrival=arrival if state == "COMPLETED" else None, message=message
    ),
    st.integers(1, 4),
    st.sampled_from(STATES),
    st.sampled_from([*COPIES, None]),
    st.sampled_from(MESSAGES),
)
copies = st.builds(
    lambda arn, status, key, days: a_copy(arn=arn, status=status, key_arn=key, delete_at=NIGHT + timedelta(days=days)),
    st.sampled_from(COPIES),
    st.sampled_from(["COMPLETED", "COMPLETED", "CREATING", "EXPIRED"]),
    st.sampled_from([DR_KEY, DR_KEY, "other"]),
    st.sampled_from([35, 35, 3]),
)


def a_start(hop: str, attempt: int) -> StartCopy:
    return StartCopy(
        subject=hop,
        source=ARRIVAL_ARN,
        source_vault=a_route().watched,
        destination=a_route().legs[0].destination,
        copy_role_arn="role",
        delete_after_days=35,
        attempt=attempt,
        token="token",
    )


starts = st.builds(a_start, hop_names, st.integers(1, 3))
codes = st.sampled_from(["ThrottlingException", "AccessDeniedException"])
answers_to_starts = st.one_of(
    starts.map(lambda command: seen.CopyStarted(hop=command.subject, command=command, job_id="JOB-1")),
    st.builds(
        lambda command, code: seen.CopyRefused(hop=command.subject, command=command, code=code, message=""),
        starts,
        codes,
    ),
    st.builds(seen.CopyUnanswered, hop=hop_names, message=st.just("timed out")),
)
inspections = st.builds(
    lambda hop, arrival, point, key: seen.ArrivalInspected(
        hop=hop,
        arrival=arrival,
        point=point and replace(point, arn=arrival),
        vault_key_arn=key,
        key_state="Enabled",
    ),
    hop_names,
    st.sampled_from(COPIES),
    st.none() | copies,
    st.sampled_from([DR_KEY, None]),
)
sightings = st.one_of(
    st.builds(seen.CopySeen, hop=hop_names, job=jobs),
    st.builds(
        seen.CopiesSurveyed,
        hop=hop_names,
        asked_at=st.sampled_from([0, 6, 60, 1500]).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        jobs=st.lists(jobs, max_size=3).map(tuple),
        points=st.lists(copies, max_size=1).map(tuple),
    ),
    st.builds(seen.NewerSurveyed, hop=hop_names, newer=st.none() | st.just("another")),
    st.builds(seen.JobMissing, hop=hop_names, job_id=st.just("JOB-1")),
    inspections,
)
obstacles = st.one_of(
    st.builds(seen.SlotRefused, hop=hop_names, why=st.just("full")),
    st.builds(seen.ClaimRefused, hop=hop_names, owner=st.just("other"), point=st.sampled_from(("", COPY_ARN))),
    st.builds(seen.SourceNotReady, hop=hop_names, why=st.just("CREATING")),
    st.builds(
        seen.AskingRefused,
        hop=hop_names,
        message=st.just("not authorized to"),
        code=st.sampled_from(["AccessDeniedException", "ResourceNotFoundException"]),
    ),
    st.builds(seen.SourceUnfit, hop=hop_names, cause=st.just(Cause.UNSUPPORTED), message=st.just("continuous")),
)


@st.composite
def facts_about_intermediates(draw: st.DrawFn) -> Observation:
    name = draw(intermediate_names)
    point = st.none() | st.sampled_from(["COMPLETED", "DELETING", "EXPIRED"]).map(lambda s: an_arrival(status=s))
    fact: Observation = draw(
        st.one_of(
            st.builds(going.KeepSurveyed, intermediate=st.just(name), newer=st.integers(0, 2), is_listed=st.booleans()),
            st.builds(going.DeleteAccepted, intermediate=st.just(name)),
            st.builds(
                going.DeleteRefused,
                intermediate=st.just(name),
                code=st.sampled_from(["InvalidRequestException", "ResourceNotFoundException"]),
                message=st.just(""),
            ),
            st.builds(going.IntermediateInspected, intermediate=st.just(name), point=point),
            st.builds(going.ReleasePutOff, intermediate=st.just(name), why=st.just("timed out")),
            st.builds(
                lambda name, inspected: going.ReleaseStopped(intermediate=name, hop=inspected.hop, inspected=inspected),
                st.just(name),
                inspections,
            ),
        )
    )
    return fact


facts = st.one_of(
    answers_to_starts,
    sightings,
    obstacles,
    facts_about_intermediates(),
    st.just(seen.Noticed()),
    st.just(seen.RetryAsked(by="ada")),
    st.just(seen.AbandonAsked(by="ada")),
    st.just(seen.Postponed(why="paused")),
)
deliveries = st.lists(st.tuples(facts, st.sampled_from([0, 1, 6, 60, 1500, 60000])), max_size=25)


def travel(route_index: int, delivery: list[tuple[Observation, int]]) -> list[tuple[Chain, Observation, Decision]]:
    """The decisions of a chain through a delivery; minutes pass before each fact."""
    route, now = ROUTES[route_index], NOW
    chain, trail = a_chain(route), []
    for fact, minutes in delivery:
        now += timedelta(minutes=minutes)
        decision = advance(chain, fact, route=route, now=now)
        trail.append((chain, fact, decision))
        chain = decision.chain
    return trail


travels = st.builds(travel, st.integers(0, len(ROUTES) - 1), deliveries)


@given(travels)
def test_a_release_is_asked_for_only_while_every_reader_is_verified(
    trail: list[tuple[Chain, Observation, Decision]],
) -> None:
    for before, fact, decision in trail:
        for command in decision.effects:
            if isinstance(command, ReleaseIntermediate):
                readers = decision.chain.readers_of(command.subject)
                assert readers, "an intermediate without readers is a final copy"
                assert all(hop.state is HopState.VERIFIED for hop in readers), (before, fact)
                assert decision.chain.intermediate(command.subject).point == command.point


@given(travels)
def test_a_copy_is_started_only_after_a_survey_that_showed_none(
    trail: list[tuple[Chain, Observation, Decision]],
) -> None:
    for before, fact, decision in trail:
        for command in decision.effects:
            if isinstance(command, StartCopy):
                assert isinstance(fact, seen.CopiesSurveyed)
                pending = before.pending_of(command.subject, StartCopy)
                assert pending is None or fact.asked_at >= pending.until
                rejected = before.hop(command.subject).rejected
                for job in fact.jobs:
                    assert job.state == "FAILED" or job.arrival in rejected
                assert before.hop(command.subject).state in (HopState.WAITING, HopState.COPYING)


@given(travels)
def test_attempt_numbers_only_grow_and_an_attempt_keeps_its_token(
    trail: list[tuple[Chain, Observation, Decision]],
) -> None:
    tokens: dict[tuple[str, str, int], str] = {}
    for _, _, decision in trail:
        for command in decision.effects:
            if isinstance(command, StartCopy):
                attempt = (command.source, command.destination.arn, command.attempt)
                assert tokens.setdefault(attempt, command.token) == command.token


@given(travels)
def test_every_trouble_is_announced_once_and_every_end_of_it_too(
    trail: list[tuple[Chain, Observation, Decision]],
) -> None:
    is_open: dict[str, bool] = {}
    for _, _, decision in trail:
        # A message that waits for the fence of an older one is pending, and no effect yet.
        for command in (*decision.effects, *(each.command for each in decision.chain.pending)):
            if isinstance(command, Announce):
                is_open[command.incident] = not command.is_closed
                if command.is_closed:
                    is_open.pop(command.incident + LAST_CALL, None)
        # A last call ends without a word once there is a copy to verify.
        saved = [f"{name}{LAST_CALL}" for name in is_open if f"{name}{LAST_CALL}" not in decision.chain.incidents]
        is_open = {name: still for name, still in is_open.items() if name not in saved}
        notices = (hop.notice for hop in decision.chain.hops)
        told: tuple[Notice | Intermediate, ...] = (*notices, *decision.chain.intermediates)
        parts = told if decision.chain.abandoned_by is None else ()
        open_incidents = [name for name in decision.chain.incidents if not name.endswith(LAST_CALL)]
        assert len(open_incidents) == sum(part.unresolved is not None for part in parts)
        assert all(part.unresolved is not None for part in parts if part.trouble is not None)
        assert {name for name, still in is_open.items() if still} == set(decision.chain.incidents)


@given(travels)
def test_an_unfinished_chain_is_always_looked_at_again(trail: list[tuple[Chain, Observation, Decision]]) -> None:
    for _, _, decision in trail:
        chain = decision.chain
        is_over = chain.finished_at is not None or chain.abandoned_by is not None
        assert is_over or chain.next_check is not None


@given(travels)
def test_slots_are_taken_and_given_back_with_the_state_they_stand_for(
    trail: list[tuple[Chain, Observation, Decision]],
) -> None:
    held: set[object] = set()
    for before, _, decision in trail:
        change = changes(before, decision.chain)
        assert held.isdisjoint(change.taken)
        held = (held | set(change.taken)) - set(change.returned)
        assert held == set(slots_of(decision.chain))


@given(travels)
def test_every_change_of_state_is_in_a_table(trail: list[tuple[Chain, Observation, Decision]]) -> None:
    for _, _, decision in trail:
        assert [move for move in moves_of(decision) if not is_allowed(move)] == []


@given(travels)
def test_every_chain_survives_the_table_unchanged(trail: list[tuple[Chain, Observation, Decision]]) -> None:
    for _, _, decision in trail:
        assert read_chain(write_chain(decision.chain)) == decision.chain
