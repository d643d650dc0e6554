"""Every loop over many things watches its time, stops by itself, and says what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.adapters.sites import LONGEST_CALL
from secondhop.application.budget import BUDGET
from secondhop.application.operate_chains import OperateChains
from secondhop.application.sweep_chains import SweepChains, Swept
from secondhop.application.work import JobNews, Look, Retry, Work
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import ChainKey
from secondhop.domain.classification import Cause
from secondhop.domain.errors import SilentError
from secondhop.domain.observation import JobSeen, PointSeen
from secondhop.domain.route import FirstHops
from tests.builders import ARRIVAL_ARN, NIGHT, NOW, ORDERS, WATCHED, WORKLOAD_VAULT, a_route, an_arrival
from tests.stand_in_backup import Clock, StandInBackup
from tests.stand_ins import Stage

MANY = 40_000
FUNCTION_TIMEOUT = timedelta(seconds=60)
TEN_MESSAGES = timedelta(milliseconds=20)
ROUTE = a_route(first_hops=FirstHops(site=WORKLOAD_VAULT.site, role_arn="role", retention_days=7))


def key(number: int) -> ChainKey:
    return ChainKey(f"{ARRIVAL_ARN}-{number}", "default")


class Crowded(MemoryChains):
    """A table in which very many chains are due, or stranded, until somebody has put them on the queue."""

    def __init__(self, clock: Clock, *, due: int = 0, stranded: int = 0, read: timedelta = timedelta(0)) -> None:
        super().__init__()
        self._clock, self._each_read = clock, read
        self.overdue = [key(number) for number in range(due)]
        self.held = [key(number) for number in range(stranded)]
        self.sweep_progress(now=NOW - timedelta(days=30))

    def due(self, *, now: datetime) -> Iterator[ChainKey]:
        yield from list(self.overdue)

    def stranded(self, cause: Cause) -> Iterator[ChainKey]:
        for each in list(self.held):
            self._clock.now += self._each_read
            yield each


class SlowQueue:
    """Ten messages take 20 milliseconds, one SendMessageBatch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.work: list[Work] = []

    def put(self, work: Iterable[Work]) -> None:
        for each in work:
            self.work.append(each)
            self._clock.now += TEN_MESSAGES / 10


class SlowBackup(StandInBackup):
    """Lists jobs and points one by one, each of which takes its time. It notes when the first slice was asked for."""

    def __init__(self, clock: Clock, *, each: timedelta = timedelta(0), jobs: int = 0, points: int = 0) -> None:
        super().__init__(clock)
        self._each, self._jobs, self._points = each, jobs, points
        self.first_slice_at: datetime | None = None
        self.hangs = False

    def jobs_in_state(
        self, state: str, *, source: Site, destination: Vault | None, after: datetime
    ) -> Iterator[JobNews]:
        self._hang()
        for number in range(self._jobs):
            self.clock.now += self._each
            yield news(number, state)

    def points_between(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        self.first_slice_at = self.first_slice_at or self.clock.now
        self._hang()
        for number in range(self._points):
            self.clock.now += self._each
            yield an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}")

    def _hang(self) -> None:
        if self.hangs:
            self.clock.now += LONGEST_CALL
            raise SilentError("no answer")


def news(number: int, state: str) -> JobNews:
    job = JobSeen(
        job_id=f"JOB-{number}",
        state=state,
        source=f"{ARRIVAL_ARN}-{number}",
        destination_vault_arn=WATCHED.arn,
        arrival=f"{ARRIVAL_ARN}-{number}-copy" if state == "COMPLETED" else None,
        created_at=NIGHT,
        is_planned=True,
    )
    return JobNews(job=job, source_vault_arn=WORKLOAD_VAULT.arn, database=f"{ORDERS}-{number}", resource_type="RDS")


def swept(clock: Clock, chains: MemoryChains, backup: SlowBackup) -> tuple[Swept, SlowQueue]:
    queue = SlowQueue(clock)
    sweep = SweepChains(routes=(ROUTE,), chains=chains, backup=backup, queue=queue, now=clock)
    return sweep(), queue


def test_forty_thousand_chains_that_are_due_leave_half_of_the_time_to_the_slices() -> None:
    clock = Clock()
    chains, backup = Crowded(clock, due=MANY), SlowBackup(clock)
    found, _ = swept(clock, chains, backup)

    assert backup.first_slice_at is not None
    assert backup.first_slice_at - NOW <= BUDGET * 0.55
    assert clock.now - NOW <= BUDGET
    assert (found.has_more_due, found.is_whole, found.due) == (True, True, 7500)


def test_the_next_sweep_goes_on_with_those_that_are_due_for_longest() -> None:
    clock, seen, is_more_due = Clock(), list[ChainKey](), list[bool]()
    chains = Crowded(clock, due=20_000)
    for _ in range(3):
        found, queue = swept(clock, chains, SlowBackup(clock))
        seen += [work.key for work in queue.work if isinstance(work, Look)]
        is_more_due.append(found.has_more_due)
        chains.overdue = chains.overdue[found.due :]
        clock.forward(minutes=15)

    assert seen == [key(number) for number in range(20_000)]
    assert is_more_due == [True, True, False]


def test_a_long_list_of_jobs_does_not_keep_chains_nor_slices_waiting() -> None:
    clock = Clock()
    chains = Crowded(clock, due=300)
    backup = SlowBackup(clock, each=timedelta(milliseconds=1), jobs=MANY)
    found, _ = swept(clock, chains, backup)

    assert found.has_more_jobs
    assert found.due + found.in_flight == 300
    assert backup.first_slice_at is not None
    assert backup.first_slice_at - NOW <= BUDGET * 0.8
    assert clock.now - NOW <= BUDGET + timedelta(seconds=1)


def test_a_sweep_whose_lists_hang_ends_before_its_function_is_killed() -> None:
    clock = Clock()
    chains, backup = Crowded(clock, due=MANY), SlowBackup(clock)
    backup.hangs = True
    found, queue = swept(clock, chains, backup)

    assert clock.now - NOW < FUNCTION_TIMEOUT
    assert len(queue.work) >= 100, "chains that are due are put there all the same"
    assert found.problems != ()
    assert chains.sweep_progress(now=NOW).sweeping_until is None


def operate(clock: Clock, chains: MemoryChains, backup: SlowBackup) -> tuple[OperateChains, SlowQueue]:
    queue = SlowQueue(clock)
    use_case = OperateChains(routes=(ROUTE,), chains=chains, backup=backup, queue=queue, now=clock)
    return use_case, queue


def test_a_retry_of_forty_thousand_chains_stops_in_time_and_says_how_many_are_left() -> None:
    clock = Clock()
    chains = Crowded(clock, stranded=MANY)
    use_case, queue = operate(clock, chains, SlowBackup(clock))
    answer = use_case.retry_all("VAULT_KEY", by="ada")

    count = len(queue.work)
    assert clock.now - NOW <= BUDGET
    assert 0 < count < MANY
    assert answer.message.startswith(f"tries {count} chains again (VAULT_KEY); {MANY - count} are left")
    assert "give the same order again" in answer.message
    chains.held = chains.held[count:]
    clock.forward(minutes=5)
    use_case.retry_all("VAULT_KEY", by="ada")
    again = queue.work[count]
    assert isinstance(again, Retry)
    assert (again.key, again.by) == (key(count), "ada")


def test_chains_that_are_left_are_counted_as_far_as_time_lasts() -> None:
    clock = Clock()
    chains = Crowded(clock, stranded=MANY, read=timedelta(milliseconds=2))
    use_case, _ = operate(clock, chains, SlowBackup(clock))

    assert "at least" in use_case.retry_all("VAULT_KEY", by="ada").message
    assert clock.now - NOW <= BUDGET + timedelta(seconds=1)


def test_a_retry_that_is_done_says_nothing_of_what_is_left() -> None:
    clock = Clock()
    use_case, _ = operate(clock, Crowded(clock, stranded=3), SlowBackup(clock))

    assert use_case.retry_all("VAULT_KEY", by="ada").message == "tries 3 chains again (VAULT_KEY)"


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_an_adoption_of_forty_thousand_points_stops_in_time(is_dry_run: bool) -> None:
    clock = Clock()
    backup = SlowBackup(clock, points=MANY)
    use_case, queue = operate(clock, Crowded(clock), backup)
    answer = use_case.adopt("default", after=NIGHT - timedelta(days=400), before=NOW, is_dry_run=is_dry_run)

    assert clock.now - NOW <= BUDGET + timedelta(seconds=1)
    count = len(queue.work)
    if is_dry_run:
        assert (count, "would adopt 40000 recovery points" in answer.message) == (0, True)
        assert "left" not in answer.message
    else:
        assert answer.message.startswith(f"adopts {count} recovery points")
        assert f"{MANY - count} are left" in answer.message


def test_a_backlog_that_cannot_be_listed_in_time_is_said_to_be_so() -> None:
    clock = Clock()
    backup = SlowBackup(clock, points=MANY, each=timedelta(milliseconds=1))
    use_case, queue = operate(clock, Crowded(clock), backup)
    answer = use_case.adopt("default", after=NIGHT - timedelta(days=400), before=NOW, is_dry_run=False)

    assert clock.now - NOW <= BUDGET + timedelta(seconds=1)
    assert "there was no time to list all: narrow it down by after and before" in answer.message
    assert queue.work != []


def test_a_forecast_measures_as_many_copies_as_time_lasts() -> None:
    clock = Clock()
    backup = SlowBackup(clock, jobs=MANY, each=timedelta(milliseconds=1))
    use_case, _ = operate(clock, Crowded(clock), backup)
    use_case.adopt("default", after=NIGHT - timedelta(days=400), before=NOW, is_dry_run=True)

    assert clock.now - NOW <= BUDGET


def test_an_operators_order_whose_lists_hang_ends_before_its_function_is_killed() -> None:
    stage = Stage(route=ROUTE)
    backup = SlowBackup(stage.clock)
    backup.hangs = True
    use_case, _ = operate(stage.clock, Crowded(stage.clock), backup)
    with pytest.raises(SilentError):
        use_case.adopt("default", after=NIGHT, before=NOW, is_dry_run=True)

    assert stage.clock.now - NOW < FUNCTION_TIMEOUT


def test_one_call_that_hangs_fits_between_the_end_of_the_budget_and_the_end_of_the_function() -> None:
    assert BUDGET + LONGEST_CALL < FUNCTION_TIMEOUT
