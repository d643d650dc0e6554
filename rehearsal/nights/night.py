"""Runs one night: faulty hours, quiet hours, then time for everything to finish; and returns its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from backup_simulator import World
from rehearsal.functions import LOG
from rehearsal.nights.after_expiry import AfterExpiry
from rehearsal.nights.after_run import AfterRun
from rehearsal.nights.coverage import Coverage
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.faults import FaultSchedule
from rehearsal.nights.faulty_store import FaultyChains
from rehearsal.nights.free_slots import FreeSlots
from rehearsal.nights.incidents import Incidents
from rehearsal.nights.liveness import LivenessChecks
from rehearsal.nights.notification_checks import NotificationChecks
from rehearsal.nights.operator_actions import Operator
from rehearsal.nights.people_changes import LAST_LENGTHENED, LAST_SHORTENED, PeopleChanges
from rehearsal.nights.result import NightResult
from rehearsal.nights.safety_checks import SafetyChecks, without_repeats
from rehearsal.nights.scenario import Scenario, TableLoss
from rehearsal.nights.table import NightTable, TableSession
from rehearsal.nights.trace_report import TraceReport
from rehearsal.nights.unusual_answers import UnusualAnswers
from rehearsal.oracle import Violation
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains

FAULTY_HOURS, QUIET_HOURS = 36, 12
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
# Stranded hops and failed deletes are retried after a day. Then the last copies run.
LONGEST_SETTLING = timedelta(days=4)
# Older final copies are checked once a week. After this time each was checked without faults.
LONGEST_UNTIL_ALL_ARE_LOOKED_AT = timedelta(days=9)
# A copy job may stay in CREATED for three days, in either hop, and so may its retry.
LONGEST_SYSTEM_ERRORS = timedelta(days=10)
# The wait starts again when a copy ends, because few may run at once. This is its limit.
LONGEST_QUEUE = timedelta(days=30)
SETTLING_STEP = 6 * AN_HOUR


@dataclass(kw_only=True)
class Night:
    """Everything of one night.

    `stops_at` ends it at the first violation of the promise with that number, and lets it settle for a day at most.
    `wrap_session` can put a wrapper around the functions' sessions, and `wrap_store` around their store, to break them.
    """

    scenario: Scenario
    stops_at: int | None = None
    wrap_session: Callable[[Any], Any] = lambda session: session
    wrap_store: Callable[[Any], Any] = lambda store: store
    counts: Counter[str] = field(default_factory=Counter)
    chains: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.world = World(seed=scenario.seed, unknown=scenario.unknown, delivery=scenario.delivery)
        self.stores = [self._store()]
        self.table = NightTable(uses_moto=scenario.uses_moto)
        self.stage = Stage(
            self.world,
            None if scenario.is_in_dynamodb else self.wrap_store(self.stores[0]),
            parameters=dict(scenario.parameters),
            open_session=self._open_session,
            topology=scenario.topology,
            given=scenario.given,
            kills_late_functions=scenario.kills_late_functions,
        )
        self.mains = (self.stage.main, *self._second())
        self._set_clocks_wrong()
        self._add_databases()
        self.chance = Random(f"hours {scenario.seed}")  # noqa: S311 - a night must be repeatable
        self._add_checks()
        self._add_hostility()
        expected, operator = self.expected, self.operator
        self.after_run = AfterRun(expected=expected, operator=operator, chance=self.chance, counts=self.counts)
        self.coverage, self.report = Coverage(self.counts), TraceReport(world=self.world)
        self.world.on_call(self.coverage.hear_call)
        self.world.on_trace(self.coverage.hear_trace)

    def _add_checks(self) -> None:
        """The checks of promises, the faults of every night and the operator."""
        scenario, mains = self.scenario, self.mains
        roles = {role for main in mains for role in self.stage.acting_roles_of(main)}
        roles |= {main.attribute("AdvanceChainRole", "Arn") for main in mains}
        self.expected = expected = Expectations(stage=self.stage, our_roles=frozenset(roles))
        self.safety = SafetyChecks(expected=expected, oracle=expected.oracle, mains=mains)
        incidents = Incidents(world=self.world, mains=mains)
        self.free_slots = FreeSlots(
            draws=scenario, expected=expected, safety=self.safety, incidents=incidents, stores=self.stores
        )
        self.faults = FaultSchedule(world=self.world, chance=self.chance, per_hour=scenario.faults_per_hour)
        self.operator = operator = Operator(
            expected=expected,
            safety=self.safety,
            incidents=incidents,
            mains=mains,
            chance=self.chance,
            acts_per_hour=scenario.operator_acts_per_hour,
            counts=self.counts,
        )
        self.liveness = LivenessChecks(
            expected=expected, mains=mains, operator=operator, incidents=incidents, draws=scenario
        )

    def _add_hostility(self) -> None:
        scenario, expected, counts = self.scenario, self.expected, self.counts
        is_calm = not (scenario.faults_per_hour or scenario.odd_codes_per_hour or scenario.partial_answers)
        self.notifications = NotificationChecks(
            expected=expected, mains=self.mains, violations=self.safety.violations, is_calm=is_calm
        )
        self.after_expiry = AfterExpiry(expected=expected)
        chance = Random(f"odd answers {scenario.seed}")  # noqa: S311 - a night must be repeatable
        self.unusual_answers = UnusualAnswers(draws=scenario, expected=expected, chance=chance, counts=counts)
        chance = Random(f"interference {scenario.seed}")  # noqa: S311 - a night must be repeatable
        self.chance_of_items = Random(f"items {scenario.seed}")  # noqa: S311 - a night must be repeatable
        quiet_from = self.world.now() + FAULTY_HOURS * AN_HOUR
        self.people_changes = PeopleChanges(
            draws=scenario,
            expected=expected,
            mains=self.mains,
            quiet_from=quiet_from,
            chance=chance,
            counts=counts,
        )
        self.unusual_answers.begin()
        self.people_changes.begin()

    def _store(self) -> FaultyChains:
        return FaultyChains(self.world, index_lag=self.scenario.index_lag, counts=self.counts)

    def _second(self) -> tuple[Any, ...]:
        if not self.scenario.has_second_installation:
            return ()
        self.counts["two installations shared a vault"] += 1
        self.stores.append(self._store())
        return (self.stage.install_again("second-hop-too", self.wrap_store(self.stores[1])),)

    def _open_session(self, account: str, role_arn: str, region: str) -> Any:
        opener = self.world.session if self.scenario.has_boto3_clients else self.world.light_session
        session = self.wrap_session(opener(account, role_arn, region))
        return TableSession(self.world, session, self.table) if self.scenario.is_in_dynamodb else session

    def _set_clocks_wrong(self) -> None:
        functions = {id(each): each for main in self.mains for each in main.functions.values()}
        for number, function in enumerate(functions.values()):
            skew = timedelta(seconds=self.scenario.skews[number % len(self.scenario.skews)])
            function.now = lambda skew=skew: self.world.now() + skew

    def _add_databases(self) -> None:
        for each in self.scenario.databases:
            account = self.stage.workload_accounts[each.account]
            self.world.site(account, HOME).create_database(
                each.resource_type,
                each.name,
                size_gib=each.size_gib,
                key_arn=self.stage.workloads[account]["KeyArn"] if each.is_encrypted else None,
                tags={"Backup": "True"},
                multi_az_cluster=each.is_multi_az_cluster,
            )

    def _open_table(self) -> AbstractContextManager[None]:
        return self.table.open(self.stage.main) if self.scenario.is_in_dynamodb else nullcontext()

    def run(self) -> NightResult:
        """Run the night to its end."""
        with LOG.heard_by(self._hear), self._open_table():
            self._faulty_hours()
            unfinished = [] if self._is_over() else self._end()
        self.counts["a night with boto3's own clients"] += self.scenario.has_boto3_clients
        self.counts["a night in DynamoDB"] += self.scenario.is_in_dynamodb
        self.counts["a night in moto's DynamoDB"] += self.scenario.uses_moto
        self.counts.update(f"drawn: {name.replace('_', ' ')}" for name in self.scenario.drawn())
        found = without_repeats([*self.safety.violations, *unfinished])
        lines = self.report.about(violation.evidence for violation in found)
        return NightResult(
            seed=self.scenario.seed,
            chains=len(self.chains),
            violations=tuple(found),
            counts=self.counts,
            report=tuple(lines) if found else (),
        )

    def _hear(self, entry: dict[str, Any]) -> None:
        if entry.get("message") == "decision":
            self.chains.add(entry["chain"])
        self.coverage.hear_log(entry)
        self.report.hear_log(entry)

    def _faulty_hours(self) -> None:
        earlier: list[MemoryChains] = []
        for hour in range(FAULTY_HOURS):
            self.faults.an_hour()
            self.operator.an_hour()
            self.unusual_answers.an_hour()
            self.people_changes.an_hour(hour)
            self.free_slots.block_heads()
            if self.chance_of_items.random() < self.scenario.unreadable_per_hour:
                self.stores[0].make_unreadable(self.chance_of_items)
            if self.scenario.table_loss is not TableLoss.NONE:
                earlier.append(self.stores[0].copy())
                if hour == self.scenario.loss_hour:
                    self._lose_table(earlier)
            self.world.run_for(AN_HOUR)
            self.notifications.count_dead_letters()
            if self._is_over():
                return

    def _is_over(self) -> bool:
        return any(violation.promise == self.stops_at for violation in self.safety.violations)

    def _end(self) -> list[Violation]:
        self._quiet_hours()
        left = self._settle()
        if not left and self.scenario.loses_a_final_copy:
            self.after_run.lose_a_final_copy()
            left = self._settle()
        if not left and self.scenario.is_followed_by_a_month:
            self.after_run.stop_for_a_month()
            self._lose_table([])
            left = self._settle()
        return [*left, *(() if left else self._hostile_end()), *self.notifications.final_violations()]

    def _hostile_end(self) -> list[Violation]:
        """What else may follow a night that ended well."""
        left: list[Violation] = []
        if self.scenario.lifecycle_changes_per_hour:
            self.world.run_for(LAST_LENGTHENED if self.scenario.has_lonely_failing_database else LAST_SHORTENED)
            left = self._settle()
        if (
            not left
            and self.scenario.shortens_a_final_copy
            and (copy := self.after_run.newest_final_copy()) is not None
        ):
            self.people_changes.shorten_final_copy(copy)
            left = self._settle()
        if not left and self.scenario.empties_the_dr_vault:
            self.after_run.empty_the_dr_vault()
            left = self._settle(at_least=LONGEST_UNTIL_ALL_ARE_LOOKED_AT)
        if self.scenario.runs_until_all_is_gone:
            left += self.after_expiry.final_violations()
        return left

    def _lose_table(self, earlier: list[MemoryChains]) -> None:
        """Lose the table, or restore it from some hours ago. Then the operator adopts what exists."""
        is_rolled_back = self.scenario.table_loss is TableLoss.ROLLED_BACK and earlier
        self.stores[0].become(earlier[self.chance.randrange(len(earlier))] if is_rolled_back else MemoryChains())
        what = "rolled back" if is_rolled_back else "lost"
        self.counts[f"a table was {what}"] += 1
        self.world.note("night", "", "", f"the table of {self.mains[0].name} was {what}")
        self.liveness.tables_lost[self.mains[0].name] = self.world.now()
        self.safety.allow_again_in_flight()
        self.safety.paused.pop(self.mains[0].name, None)
        self.operator.adopt(self.mains[0])
        if self.scenario.copies_back_per_hour:
            self.people_changes.copy_back()

    def _quiet_hours(self) -> None:
        self.faults.end()
        self.unusual_answers.end()
        self.free_slots.end_faults()
        for plan in self.world.plans.values():
            plan.ended = True
        for main in self.mains:
            self.operator.resume(main)
        if self.scenario.table_loss is not TableLoss.NONE:
            self.operator.adopt(self.mains[0])
        self.operator.redrive()
        self.world.run_for(AN_HOUR)
        self.liveness.quiet_since = self.world.now()
        self.free_slots.run((QUIET_HOURS - 1) * AN_HOUR)

    def _settle(self, *, at_least: timedelta = LONGEST_SETTLING) -> list[Violation]:
        """Run until everything has finished, for a limited time; return what has not."""
        patience = LONGEST_SYSTEM_ERRORS if self.scenario.unknown.system_error_is_long else at_least
        patience = A_DAY if self.stops_at else patience
        begun, ended = self.world.now(), self.liveness.copies_that_ended()
        until = begun + patience
        while (left := self.liveness.unfinished()) and self.world.now() < min(until, begun + LONGEST_QUEUE):
            self.operator.redrive()
            self.liveness.answer_messages()
            self.world.run_for(SETTLING_STEP)
            if self.liveness.copies_that_ended() > ended:
                ended, until = self.liveness.copies_that_ended(), self.world.now() + patience
        return left


def run_night(scenario: Scenario) -> NightResult:
    """Run a night to its end."""
    return Night(scenario=scenario).run()
