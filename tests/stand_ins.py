"""Stand-ins for the ports, for tests of one use case at a time. The simulator is what tests everything together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.others import other_copies
from secondhop.application.perform import Performer
from secondhop.application.recent import beginning, pauses
from secondhop.application.report import Report
from secondhop.application.waking import Wakes
from secondhop.application.work import JobNews, Look, PointNews, Work
from secondhop.domain.advance import Decision
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.observation import JobSeen
from secondhop.domain.route import Route
from tests.builders import (
    ARRIVAL_ARN,
    ORDERS,
    WATCHED,
    a_copy,
    a_route,
    an_arrival,
)
from tests.plain_words import strange_words
from tests.small_stand_ins import StandInAnnouncer, StandInKeys, StandInQueue
from tests.stand_in_backup import Clock, StandInBackup


class StageOptions(TypedDict, total=False):
    """What a test says of its installation."""

    route: Route
    clock: Clock
    chains: MemoryChains
    keys: StandInKeys
    queue: StandInQueue
    announcer: StandInAnnouncer
    observe_only: bool


@dataclass
class Stage:
    """One installation on stand-ins."""

    route: Route = field(default_factory=a_route)
    clock: Clock = field(default_factory=Clock)
    chains: MemoryChains = field(default_factory=MemoryChains)
    keys: StandInKeys = field(default_factory=StandInKeys)
    queue: StandInQueue = field(default_factory=StandInQueue)
    announcer: StandInAnnouncer = field(default_factory=StandInAnnouncer)
    observe_only: bool = False

    def __post_init__(self) -> None:
        self.backup, self.decisions = StandInBackup(self.clock), list[Decision]()
        self.wakes = Wakes(chains=self.chains, queue=self.queue)

    def performer(self) -> Performer:
        return Performer(
            chains=self.chains,
            backup=self.backup,
            keys=self.keys,
            queue=self.queue,
            announcer=self.announcer,
            wakes=self.wakes,
            now=self.clock,
            pauses=pauses(self.chains, self.clock),
            others=other_copies(self.chains, self.backup, self.clock),
        )

    def actor(self) -> AdvanceChain:
        """The actor as a new function has it. A warm one keeps it."""
        return AdvanceChain(
            routes=(self.route,),
            chains=self.chains,
            backup=self.backup,
            performer=self.performer(),
            now=self.clock,
            beginning=beginning(self.chains, (self.route,), self.clock),
            observe_only=self.observe_only,
        )

    def __call__(self, work: Work) -> Report:
        report = self.actor()(work)
        self.wakes.send()
        self.decisions += [step.decision for step in report.steps]
        for reason in (*(step.reason for step in report.steps), report.ignored or "nothing"):
            assert not strange_words(reason), reason
        return report

    def drain(self) -> None:
        """Work off the queue, as the one actor does."""
        while self.queue.work:
            self(self.queue.work.pop(0))

    @property
    def chain(self) -> Chain:
        return self.chains.all()[0]


KEY = ChainKey(ARRIVAL_ARN, "default")
LOOK = Look(key=KEY)


def arrived(**changes: object) -> PointNews:
    made: dict[str, Any] = {"arn": ARRIVAL_ARN, "vault_arn": WATCHED.arn, "status": "COMPLETED", "created_at": None}
    return PointNews(**{**made, "database": ORDERS, "resource_type": "RDS", **changes})


def empty(chains: MemoryChains) -> None:
    """Let all items of the table be lost."""
    vars(chains).update(vars(MemoryChains()))


def job_news(job: JobSeen) -> JobNews:
    return JobNews(job=job, source_vault_arn=WATCHED.arn, database=ORDERS, resource_type="RDS")


def copying(**options: Unpack[StageOptions]) -> Stage:
    """A stage whose one copy is under way."""
    stage = Stage(**options)
    stage.backup.put(an_arrival())
    stage(arrived())
    return stage


def complete(**options: Unpack[StageOptions]) -> Stage:
    """A stage whose one copy is verified."""
    stage = copying(**options)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    return stage
