"""Chains under any sequence of events, faults, operators and time, with the actor's own use case and a stand-in AWS.

After each step the promises that a step can break are checked against that world; at the end everything that is broken
is mended, time runs on, and every chain has to come to an end.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from secondhop.application.ports import UnansweredError
from secondhop.application.work import Abandon, Look, Retry, Work
from secondhop.domain.chain import Chain, ChainKey, ChainState, HopState
from secondhop.domain.classification import REMEDIES, Again
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import TryAgainError
from secondhop.domain.observation import JobSeen, PointSeen
from secondhop.domain.verification import Verdict, judge_arrival
from tests.builders import ARRIVAL_ARN, COPY_ARN, DR_KEY, DR_VAULT, NIGHT, ORDERS, WATCHED, a_copy, a_route, an_arrival
from tests.stand_ins import Stage, arrived, job_news, timedelta

LIMIT = 2
DATABASES = 3
NIGHTS = 2
ENDS = (ChainState.COMPLETE, ChainState.ABANDONED, ChainState.STRANDED, ChainState.TOO_LATE, ChainState.RELEASING)
MESSAGES = ("An internal error occurred.", "Access Denied trying to call AWS Backup service", "nobody knows")

FAULTS = (
    *(f"busy: {operation}" for operation in ("points_of", "jobs_into", "point", "vault")),
    *("no answer: start", "no answer: answer to start", "no answer: delete", "tokens are forgotten"),
    *("nobody can be told", "nobody can be told", "key: Disabled", "key: Enabled", "route: paused", "route: resumed"),
    *(f"delete: {how}" for how in ("deletes", "nothing", "EXPIRED", "DELETING")),
)

choices = st.integers(0, 9)
rarely = st.integers(0, 4).map(lambda number: number == 0)
numbers = st.integers(0, DATABASES * NIGHTS - 1)


class Chains(RuleBasedStateMachine):
    """One installation, three databases, two nights, a quota of two."""

    @initialize(
        keep=st.sampled_from([{"RDS": 1}, {"RDS": 0}, {}]),
        faults=st.lists(st.sampled_from(FAULTS), max_size=3),
        arrivals=st.lists(numbers, unique=True, max_size=4),
    )
    def install(self, keep: dict[str, int], faults: list[str], arrivals: list[int]) -> None:
        self.stage = Stage(route=a_route(keep=keep, limits={"RDS": LIMIT}))
        self.stage.chains.installation(now=NIGHT)
        self.deletes_judged = 0
        for fault in faults:
            self.something_breaks(fault)
        for number in arrivals:
            self.arrive(number)

    def chains(self) -> list[Chain]:
        return self.stage.chains.all()

    def point(self, number: int) -> PointSeen:
        night = NIGHT + timedelta(days=number // DATABASES)
        database = f"{ORDERS}-{number % DATABASES}"
        return an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=database, created_at=night, completed_at=night)

    def key(self, number: int) -> ChainKey:
        return ChainKey(f"{ARRIVAL_ARN}-{number}", "default")

    def live(self) -> list[JobSeen]:
        return [job for job in self.stage.backup.jobs.values() if job.state in ("CREATED", "RUNNING")]

    def give(self, work: Work) -> None:
        """Work for the actor; what it cannot do now stays on the queue."""
        try:
            self.stage(work)
        except TryAgainError:
            self.stage.queue.work.append(work)

    # ------------------------------------------------------------ what happens

    def work_off(self) -> None:
        waiting, self.stage.queue.work = self.stage.queue.work, []
        for work in waiting:
            self.give(work)

    @rule(number=numbers)
    def arrive(self, number: int) -> None:
        point = self.point(number)
        if all(each.point != point.arn for each in self.stage.backup.deleted):
            self.stage.backup.put(point)
        self.give(arrived(arn=point.arn, database=point.database))

    @rule(minutes=st.sampled_from([1, 6, 31, 24 * 60 + 1]))
    def time_passes_and_the_sweep_runs(self, minutes: int) -> None:
        self.stage.clock.forward(minutes=minutes)
        for key in list(self.stage.chains.due(now=self.stage.clock.now)):
            self.give(Look(key=key))
        self.work_off()

    @rule(choice=choices, is_lost=rarely, is_hasty=rarely)
    def a_copy_ends_well(self, choice: int, is_lost: bool, is_hasty: bool) -> None:
        if not self.live():
            return
        job = self.live()[choice % len(self.live())]
        number = int(job.source.rpartition("-")[2])
        source = self.point(number)
        copy = a_copy(
            arn=f"{COPY_ARN}-{job.job_id}",
            database=source.database,
            created_at=source.created_at,
            delete_at=source.created_at + timedelta(days=35),
            status="CREATING" if is_hasty else "COMPLETED",
        )
        done = self.stage.backup.finish(job.job_id, copy)
        if not is_lost:
            self.give(replace(job_news(done), database=source.database))
            self.work_off()

    @rule(choice=choices, message=st.sampled_from(MESSAGES), is_lost=rarely)
    def a_copy_fails(self, choice: int, message: str, is_lost: bool) -> None:
        if self.live():
            job = self.live()[choice % len(self.live())]
            failed = self.stage.backup.fail_job(job.job_id, message)
            if not is_lost:
                self.give(job_news(failed))

    @rule(what=st.sampled_from(FAULTS))
    def something_breaks(self, what: str) -> None:
        stage = self.stage
        match what.split(": "):
            case ["no answer", operation]:
                stage.backup.fail(operation, UnansweredError("timed out"))
            case ["busy", operation]:
                stage.backup.fail(operation, TryAgainError("busy"))
            case ["tokens are forgotten"]:
                stage.backup.tokens.clear()
            case ["nobody can be told"]:
                stage.announcer.troubles.append(TryAgainError("busy"))
            case ["delete", how]:
                stage.backup.delete_does = how
            case ["key", state]:
                stage.keys.states[DR_KEY] = state
            case ["route", by]:
                stage.chains.pause(route="default", by=by if by == "paused" else None)

    @rule(choice=choices)
    def a_final_copy_vanishes(self, choice: int) -> None:
        copies = [place for place in self.stage.backup.points if place[0] == DR_VAULT.arn]
        if copies:
            del self.stage.backup.points[copies[choice % len(copies)]]

    @rule(number=numbers, is_given_up=rarely)
    def an_operator_looks_after_a_chain(self, number: int, is_given_up: bool) -> None:
        key = self.key(number)
        self.give(Abandon(key=key, by="ada") if is_given_up else Retry(key=key, by="ada"))

    # ------------------------------------------------------------ what holds after every step

    @invariant()
    def slots_are_those_of_the_chains_that_copy(self) -> None:
        copying = [c for c in self.chains() if c.abandoned_by is None and c.hop("to-dr").state is HopState.COPYING]
        held = {name for lane in self.stage.chains._slots.values() for name in lane}

        assert sorted(chain.database for chain in copying) == sorted(held)
        assert len(held) <= LIMIT

    @invariant()
    def no_point_is_copied_twice_while_a_copy_of_it_stands_or_is_on_its_way(self) -> None:
        by_source: dict[str, list[JobSeen]] = {}
        for job in self.stage.backup.jobs.values():
            is_standing = job.arrival is not None and (DR_VAULT.arn, job.arrival) in self.stage.backup.points
            if job.state in ("CREATED", "RUNNING") or is_standing:
                by_source.setdefault(job.source, []).append(job)

        assert [jobs for jobs in by_source.values() if len(jobs) > 1] == []

    @invariant()
    def what_was_deleted_had_a_good_copy_at_that_moment(self) -> None:
        backup = self.stage.backup
        for command in backup.deleted[self.deletes_judged :]:
            chain = self.stage.chains.get(ChainKey(command.point, "default"))
            assert chain is not None
            assert command.vault == WATCHED
            performer = self.stage.performer()
            inspected = performer._inspect(chain, chain.hop("to-dr"))
            finding = judge_arrival(chain, chain.hop("to-dr"), inspected, route=self.stage.route)
            assert finding.verdict is Verdict.GOOD, (command, finding)
        self.deletes_judged = len(backup.deleted)

    @invariant()
    def no_chain_is_forgotten_while_its_points_stand(self) -> None:
        for chain in self.chains():
            if chain.finished_at is None and chain.abandoned_by is None:
                assert chain.next_check is not None
            if chain.finished_at is not None:
                standing = {chain.key.recovery_point, chain.hop("to-dr").arrival}
                assert standing.isdisjoint(arn for _, arn in self.stage.backup.points)

    @invariant()
    def operators_heard_of_it_or_will_be_told_on_both_channels(self) -> None:
        """Incidents of one cause and place are gathered: the first speaks for all of them."""
        announcer = self.stage.announcer
        pending = [p.command for chain in self.chains() for p in chain.pending if isinstance(p.command, Announce)]
        for told, channel in ((announcer.messages, Channel.TOPIC), (announcer.events, Channel.BUS)):
            opened = [each for each in (*told, *pending) if each.channel is channel and not each.is_closed]
            assert opened or not any(chain.incidents for chain in self.chains())

    # ------------------------------------------------------------ and in the end

    def teardown(self) -> None:
        """Mend everything, let time run, and demand an end of every chain: what is not complete, somebody knows of."""
        if not hasattr(self, "stage"):
            return
        stage = self.stage
        stage.backup.troubles.clear()
        stage.announcer.troubles.clear()
        stage.backup.delete_does = "deletes"
        stage.keys.states.clear()
        stage.chains.pause(route="default", by=None)
        for _ in range(40):
            for place, point in list(stage.backup.points.items()):
                if point.status == "CREATING":
                    stage.backup.points[place] = replace(point, status="COMPLETED")
                elif point.status == "DELETING":
                    del stage.backup.points[place]
            while self.live():
                self.a_copy_ends_well(0, is_lost=True, is_hasty=False)
            stage.clock.forward(hours=7)
            for key in list(stage.chains.due(now=stage.clock.now)):
                stage(Look(key=key))
            stage.drain()
        for chain in self.chains():
            assert chain.state in ENDS, (chain.state, chain)
            needs_somebody = [REMEDIES[trouble.cause].again is Again.OPERATOR for trouble in chain.troubles()]
            assert all(needs_somebody) or chain.state is ChainState.ABANDONED, chain.troubles()
            assert chain.state is not ChainState.STRANDED or chain.incidents


def test_chains_keep_their_promises_under_any_sequence_of_events() -> None:
    run_state_machine_as_test(Chains, settings=settings(settings.default, stateful_step_count=40, max_examples=150))
