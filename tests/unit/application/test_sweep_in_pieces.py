"""The sweep stops anywhere and goes on there: its budget, its death, and what it cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from secondhop.application.budget import BATCH, BUDGET
from secondhop.application.sweep_chains import LEASE, SweepChains, Swept
from secondhop.application.work import JobNews, Look, PointNews
from secondhop.domain.arn import Site, Vault
from secondhop.domain.errors import FinalError, TryAgainError
from secondhop.domain.observation import PointSeen
from secondhop.domain.slices import SHORTEST, Slice, older_slice, plan_pass
from secondhop.domain.sweep_progress import SweepProgress
from tests.builders import ARRIVAL_ARN, DR, HOME, NIGHT, NOW, a_sequence, an_arrival
from tests.stand_ins import KEY, Stage, copying, job_news


def sweep(stage: Stage) -> Swept:
    return SweepChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )()


def installed() -> Stage:
    stage = Stage()
    stage.chains.sweep_progress(now=NOW - timedelta(days=30))
    return stage


def fill(stage: Stage, count: int, *, over: timedelta) -> set[str]:
    """That many arrivals, of backups that were made evenly over a time that ended at NIGHT, and at no slice's edge."""
    arns = [f"{ARRIVAL_ARN}-{number}" for number in range(count)]
    for number, arn in enumerate(arns):
        stage.backup.put(an_arrival(arn=arn, created_at=NIGHT - over * ((number + 0.1) / count), completed_at=NOW))
    return set(arns)


class SlowListing:
    """A listing that takes a second for every hundred points, counts what it read, and dies when it is told to."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._list = stage.backup.points_between
        self.read = 0
        self.dies_after: timedelta | None = None

    def __call__(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        started = self._stage.clock.now
        for point in self._list(vault, after=after, before=before):
            self.read += 1
            if self.read % BATCH == 0:
                self._stage.clock.forward(seconds=1)
            if self.dies_after is not None and self._stage.clock.now - started >= self.dies_after:
                raise KeyboardInterrupt
            yield point


def slow(stage: Stage) -> SlowListing:
    listing = SlowListing(stage)
    stage.backup.points_between = listing  # type: ignore[method-assign]  # for this test only
    return listing


def found(stage: Stage) -> set[str]:
    return {work.arn for work in stage.queue.work if isinstance(work, PointNews)}


def test_a_vault_too_large_for_one_invocation_is_listed_over_several() -> None:
    stage = installed()
    arns = fill(stage, 17_000, over=timedelta(days=6))
    listing = slow(stage)

    started = stage.clock.now
    answers = [sweep(stage)]
    assert stage.clock.now - started == BUDGET, "it stops between two batches, in the middle of a slice"
    while not answers[-1].is_whole:
        assert answers[-1].left > 0
        stage.clock.forward(minutes=15)
        answers.append(sweep(stage))

    assert found(stage) == arns
    assert len(answers) < 96, "a pass takes less than a day"
    assert listing.read < 2 * len(arns), "slices that were listed to their end are not listed again"


def test_a_slice_that_does_not_fit_is_halved_until_it_does() -> None:
    stage = installed()
    arns = fill(stage, 15_000, over=timedelta(hours=1))
    slow(stage)

    for _ in range(20):
        sweep(stage)
        stage.clock.forward(minutes=15)

    assert found(stage) == arns


def test_only_a_slice_that_did_not_fit_by_itself_is_halved() -> None:
    """The rest of a pass that ran out of time is listed as it was planned: a halved slice is asked for twice."""
    stage = installed()
    fill(stage, 4_500, over=timedelta(days=2))
    slow(stage)
    asked: list[tuple[datetime, datetime]] = []
    listing = stage.backup.points_between

    def listed(vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        asked.append((after, before))
        return listing(vault, after=after, before=before)

    stage.backup.points_between = listed  # type: ignore[method-assign]  # for this test only
    left = sweep(stage).left
    stage.clock.forward(minutes=15)
    cut_off, again = asked[-1], len(asked)

    assert sweep(stage).is_whole
    assert asked[again] == cut_off
    assert len(asked) - again == left


def test_a_sweep_that_is_killed_each_time_gets_on_by_halving() -> None:
    stage = installed()
    arns = fill(stage, 6_000, over=timedelta(hours=20))
    slow(stage).dies_after = timedelta(seconds=20)

    for _ in range(40):
        try:
            sweep(stage)
        except KeyboardInterrupt:
            stage.clock.forward(minutes=10)
        stage.clock.forward(minutes=5)

    assert found(stage) == arns


def test_what_cannot_be_halved_waits_at_the_end() -> None:
    stage = installed()
    fill(stage, 100 * (int(BUDGET.total_seconds()) + 1), over=SHORTEST / 4)
    other = an_arrival(arn="other", created_at=NIGHT - timedelta(days=3), completed_at=NOW)
    stage.backup.put(other)
    slow(stage)
    for _ in range(40):
        sweep(stage)
        stage.clock.forward(minutes=15)

    assert "other" in found(stage)


@pytest.mark.parametrize("error", [FinalError("a point without a status"), TryAgainError("Throttling")])
def test_a_slice_that_cannot_be_read_is_told_of_and_the_rest_is_listed(error: Exception) -> None:
    stage = installed()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_between", error)

    first = sweep(stage)
    assert first.problems == (str(error),)
    assert first.is_whole is isinstance(error, FinalError)
    stage.clock.forward(minutes=15)
    sweep(stage)

    assert found(stage) == {ARRIVAL_ARN}


def test_a_route_that_is_gone_does_not_stop_the_sweep() -> None:
    stage = installed()
    before = stage.chains.sweep_progress(now=NOW)
    foreign = Slice(route="removed", after=NIGHT, before=NOW)
    stage.chains.save_sweep_progress(
        SweepProgress(began_at=before.began_at, unfinished=(foreign,)),
        before=before,
    )

    assert sweep(stage).is_whole


def test_a_pass_covers_the_recent_week_without_a_gap_and_one_older_slice() -> None:
    slices = plan_pass(("default",), swept_back_to=None, now=NOW)
    bounds = sorted((each.after, each.before) for each in slices)

    assert bounds[-1][1] > NOW
    recent = [each for each in bounds if each[0] >= NOW - timedelta(days=7)]
    assert recent[0][0] == NOW - timedelta(days=7)
    assert all(one[1] == next_one[0] for one, next_one in pairwise(recent))
    assert bounds[0] == (NOW - timedelta(days=14), NOW - timedelta(days=7))


def test_the_older_slices_go_back_to_the_first_backup_of_all_without_a_gap_and_begin_again() -> None:
    first_backups = datetime(2019, 1, 1, tzinfo=UTC)
    ends = []
    reached, since = older_slice(None, NOW)[1], None
    while reached > first_backups:
        after, before = older_slice(since, NOW)
        assert before == reached, "each begins where the last one ended"
        ends.append(before)
        reached = since = after

    assert len(ends) < 20, "what is older than any copy should be is one slice, however long"
    assert older_slice(reached, NOW) == older_slice(None, NOW)


def test_the_halves_of_a_slice_are_the_slice() -> None:
    whole = Slice(route="default", after=NIGHT, before=NOW)
    newer, older = whole.halves()

    assert (older.after, older.before, newer.before) == (NIGHT, newer.after, NOW)
    shortest = Slice(route="default", after=NIGHT, before=NIGHT + SHORTEST)
    assert shortest.halves() == (shortest,)


@pytest.mark.parametrize("state", ["CREATED", "RUNNING"])
def test_a_job_in_flight_is_told_and_not_asked_for(state: str) -> None:
    stage = copying()
    stage.backup.jobs["JOB-1"] = replace(stage.backup.jobs["JOB-1"], state=state)
    stage.chains.sweep_progress(now=NOW)
    stage.clock.forward(minutes=31)

    assert sweep(stage).in_flight == 1
    (news,) = stage.queue.work
    assert isinstance(news, JobNews)
    stage.backup.fail("job", AssertionError("nobody asks for a job that was listed"))
    stage.drain()
    assert stage.chain.next_check == stage.clock.now + timedelta(minutes=30)


def test_a_job_that_is_far_too_old_is_asked_for_and_told_once() -> None:
    stage = copying()
    stage.chains.sweep_progress(now=NOW)
    stage.clock.forward(hours=25)

    assert sweep(stage).in_flight == 0
    assert stage.queue.work == [Look(key=KEY)]
    for _ in range(4):
        stage.drain()
        stage.clock.forward(days=1, minutes=1)
        sweep(stage)

    (message,) = stage.announcer.messages
    assert "STUCK" in message.title
    assert "97 hours" in "".join(message.lines)


def test_a_list_of_jobs_that_cannot_be_read_leaves_the_chains_to_be_asked_one_by_one() -> None:
    stage = copying()
    stage.chains.sweep_progress(now=NOW)
    stage.clock.forward(minutes=31)
    stage.backup.fail("jobs CREATED", TryAgainError("Throttling"))

    swept = sweep(stage)

    assert stage.queue.work == [Look(key=KEY)]
    assert "Throttling" in swept.problems[0]


def test_a_start_whose_answer_was_lost_is_found_from_the_list() -> None:
    stage = Stage()
    stage.chains.sweep_progress(now=NOW - timedelta(days=1))
    stage.backup.put(an_arrival())
    stage.backup.fail("answer to start", TryAgainError("the answer was lost"))
    sweep(stage)
    stage.drain()
    stage.clock.forward(minutes=31)

    assert sweep(stage).in_flight == 1
    stage.drain()

    assert len(stage.backup.started) == 1
    assert stage.chain.hops[0].attempt.job_id == "JOB-1"


def test_the_lease_outlives_the_budget() -> None:
    assert LEASE > 2 * timedelta(seconds=60) > 2 * BUDGET


def test_a_job_that_aws_has_not_begun_is_waiting_and_says_so() -> None:
    stage = copying()
    stage.clock.forward(hours=3)
    report = stage(job_news(replace(stage.backup.jobs["JOB-1"], state="CREATED")))

    assert "waits in AWS Backup's own queue" in report.steps[0].reason


def test_jobs_in_flight_are_listed_where_each_leg_starts() -> None:
    stage = copying(route=a_sequence())
    stage.chains.sweep_progress(now=NOW)
    asked: list[tuple[str, str]] = []
    listing = stage.backup.jobs_in_state

    def listed(state: str, *, source: Site, destination: Vault | None, after: datetime) -> Iterator[JobNews]:
        asked.append((source.region, destination.site.region if destination else ""))
        return listing(state, source=source, destination=destination, after=after)

    stage.backup.jobs_in_state = listed  # type: ignore[method-assign]  # for this test only
    sweep(stage)

    assert set(asked) == {(HOME, DR), (DR, "eu-north-1")}
