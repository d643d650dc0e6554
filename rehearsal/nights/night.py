"""One night: faulty hours, then quiet ones, then running on until everything has come to its end; and the judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from backup_simulator import World
from rehearsal.functions import LOG
from rehearsal.nights.after_expiry import AfterExpiry
from rehearsal.nights.aftermath import Aftermath
from rehearsal.nights.claims import Claims
from rehearsal.nights.ending import Ending
from rehearsal.nights.faulty_store import FaultyChains
from rehearsal.nights.incidents import Incidents
from rehearsal.nights.interference import LAST_LENGTHENED, LAST_SHORTENED, Interference
from rehearsal.nights.marks import Marks
from rehearsal.nights.mishaps import Mishaps
from rehearsal.nights.odd_answers import OddAnswers
from rehearsal.nights.people import Operator
from rehearsal.nights.plan import NightPlan, TableLoss
from rehearsal.nights.story import Line, Story
from rehearsal.nights.table import TableSession, table_of
from rehearsal.nights.terms import Terms
from rehearsal.nights.watch import Watch, without_repeats
from rehearsal.oracle import Violation
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains

FAULTY_HOURS, QUIET_HOURS = 36, 12
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
# Stranded work is tried again after a day, a failed delete too; then the last copies run.
LONGEST_SETTLING = timedelta(days=4)
# Older final copies are looked at once a week: what becomes of them while nothing is broken is known by then.
LONGEST_UNTIL_ALL_ARE_LOOKED_AT = timedelta(days=9)
# A copy job may hang in CREATED for three days, in either hop, and its retry once more.
LONGEST_SYSTEM_ERRORS = timedelta(days=10)
# Patience begins anew whenever a copy ended, for where few may run at once; but not for ever.
LONGEST_QUEUE = timedelta(days=30)
SETTLING_STEP = 6 * AN_HOUR


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a night: how many chains, which promises broke, what was visited, and the story if one broke."""

    seed: int
    chains: int
    violations: tuple[Violation, ...]
    counts: Counter[str]
    story: tuple[Line, ...] = ()


@dataclass(kw_only=True)
class Night:
    """Everything of one night.

    `stops_at` ends it with the first broken promise of that number, and lets it settle for a day at most. `spoil` may
    put something between the functions and their sessions, and `spoil_store` between them and their store, to break
    it on purpose.
    """

    plan: NightPlan
    stops_at: int | None = None
    spoil: Callable[[Any], Any] = lambda session: session
    spoil_store: Callable[[Any], Any] = lambda store: store
    counts: Counter[str] = field(default_factory=Counter)
    chains: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        plan = self.plan
        self.world = World(seed=plan.seed, unknown=plan.unknown, delivery=plan.delivery)
        self.stores = [self._store()]
        self.stage = Stage(
            self.world,
            None if plan.is_in_dynamodb else self.spoil_store(self.stores[0]),
            parameters=dict(plan.parameters),
            open_session=self._open_session,
            topology=plan.topology,
            given=plan.given,
            kills_late_functions=plan.kills_late_functions,
        )
        self.mains = (self.stage.main, *self._second())
        self._set_clocks_wrong()
        self._add_databases()
        self.chance = Random(f"hours {plan.seed}")  # noqa: S311 - a night must be repeatable
        roles = {role for main in self.mains for role in self.stage.acting_roles_of(main)}
        roles |= {main.attribute("AdvanceChainRole", "Arn") for main in self.mains}
        self.terms = Terms(stage=self.stage, our_roles=frozenset(roles))
        self.watch = Watch(terms=self.terms, oracle=self.terms.oracle, mains=self.mains)
        self.mishaps = Mishaps(world=self.world, chance=self.chance, per_hour=plan.faults_per_hour)
        self.operator = Operator(
            terms=self.terms,
            watch=self.watch,
            mains=self.mains,
            chance=self.chance,
            acts_per_hour=plan.operator_acts_per_hour,
            counts=self.counts,
        )
        incidents = Incidents(world=self.world, mains=self.mains)
        self.ending = Ending(
            terms=self.terms, mains=self.mains, operator=self.operator, incidents=incidents, draws=plan
        )
        self._add_hostility()
        self.aftermath = Aftermath(terms=self.terms, operator=self.operator, chance=self.chance, counts=self.counts)
        self.marks, self.story = Marks(self.counts), Story(world=self.world)
        self.world.on_call(self.marks.hear_call)
        self.world.on_trace(self.marks.hear_trace)

    def _add_hostility(self) -> None:
        plan, terms, counts = self.plan, self.terms, self.counts
        is_calm = not (plan.faults_per_hour or plan.odd_codes_per_hour or plan.partial_answers)
        self.claims = Claims(terms=terms, mains=self.mains, violations=self.watch.violations, is_calm=is_calm)
        self.after_expiry = AfterExpiry(terms=terms)
        chance = Random(f"odd answers {plan.seed}")  # noqa: S311 - a night must be repeatable
        self.odd_answers = OddAnswers(draws=plan, terms=terms, chance=chance, counts=counts)
        chance = Random(f"interference {plan.seed}")  # noqa: S311 - a night must be repeatable
        self.chance_of_items = Random(f"items {plan.seed}")  # noqa: S311 - a night must be repeatable
        quiet_from = self.world.now() + FAULTY_HOURS * AN_HOUR
        self.interference = Interference(
            draws=plan, terms=terms, mains=self.mains, quiet_from=quiet_from, chance=chance, counts=counts
        )
        self.odd_answers.begin()
        self.interference.begin()

    def _store(self) -> FaultyChains:
        return FaultyChains(self.world, index_lag=self.plan.index_lag, counts=self.counts)

    def _second(self) -> tuple[Any, ...]:
        if not self.plan.has_second_installation:
            return ()
        self.counts["two installations shared a vault"] += 1
        self.stores.append(self._store())
        return (self.stage.install_again("second-hop-too", self.spoil_store(self.stores[1])),)

    def _open_session(self, account: str, role_arn: str, region: str) -> Any:
        opener = self.world.session if self.plan.has_boto3_clients else self.world.light_session
        session = self.spoil(opener(account, role_arn, region))
        return TableSession(self.world, session) if self.plan.is_in_dynamodb else session

    def _set_clocks_wrong(self) -> None:
        functions = {id(each): each for main in self.mains for each in main.functions.values()}
        for number, function in enumerate(functions.values()):
            skew = timedelta(seconds=self.plan.skews[number % len(self.plan.skews)])
            function.now = lambda skew=skew: self.world.now() + skew

    def _add_databases(self) -> None:
        for each in self.plan.databases:
            account = self.stage.workload_accounts[each.account]
            self.world.site(account, HOME).create_database(
                each.resource_type,
                each.name,
                size_gib=each.size_gib,
                key_arn=self.stage.workloads[account]["KeyArn"] if each.is_encrypted else None,
                tags={"Backup": "True"},
                multi_az_cluster=each.is_multi_az_cluster,
            )

    def run(self) -> Judgement:
        """Run the night to its end and judge it."""
        with LOG.heard_by(self._hear), table_of(self.stage.main) if self.plan.is_in_dynamodb else nullcontext():
            self._faulty_hours()
            demands = [] if self._is_over() else self._end()
        self.counts["a night with boto3's own clients"] += self.plan.has_boto3_clients
        self.counts["a night in DynamoDB"] += self.plan.is_in_dynamodb
        self.counts.update(f"drawn: {name.replace('_', ' ')}" for name in self.plan.drawn())
        found = without_repeats([*self.watch.violations, *demands])
        story = self.story.about(violation.evidence for violation in found)
        return Judgement(
            seed=self.plan.seed,
            chains=len(self.chains),
            violations=tuple(found),
            counts=self.counts,
            story=tuple(story) if found else (),
        )

    def _hear(self, entry: dict[str, Any]) -> None:
        if entry.get("message") == "decision":
            self.chains.add(entry["chain"])
        self.marks.hear_log(entry)
        self.story.hear_log(entry)

    def _faulty_hours(self) -> None:
        earlier: list[MemoryChains] = []
        for hour in range(FAULTY_HOURS):
            self.mishaps.an_hour()
            self.operator.an_hour()
            self.odd_answers.an_hour()
            self.interference.an_hour(hour)
            if self.chance_of_items.random() < self.plan.unreadable_per_hour:
                self.stores[0].make_unreadable(self.chance_of_items)
            if self.plan.table_loss is not TableLoss.NONE:
                earlier.append(self.stores[0].copy())
                if hour == self.plan.loss_hour:
                    self._lose_table(earlier)
            self.world.run_for(AN_HOUR)
            self.claims.count_dead_letters()
            if self._is_over():
                return

    def _is_over(self) -> bool:
        return any(violation.promise == self.stops_at for violation in self.watch.violations)

    def _end(self) -> list[Violation]:
        self._quiet_hours()
        left = self._settle()
        if not left and self.plan.loses_a_final_copy:
            self.aftermath.lose_a_final_copy()
            left = self._settle()
        if not left and self.plan.is_followed_by_a_month:
            self.aftermath.nobody_runs_for_a_month()
            self._lose_table([])
            left = self._settle()
        return [*left, *(() if left else self._hostile_end()), *self.claims.demands()]

    def _hostile_end(self) -> list[Violation]:
        """What else may come after a night that ended well."""
        left: list[Violation] = []
        if self.plan.lifecycle_changes_per_hour:
            self.world.run_for(LAST_LENGTHENED if self.plan.has_lonely_failing_database else LAST_SHORTENED)
            left = self._settle()
        if not left and self.plan.shortens_a_final_copy and (copy := self.aftermath.newest_final_copy()) is not None:
            self.interference.shorten_final_copy(copy)
            left = self._settle()
        if not left and self.plan.empties_the_dr_vault:
            self.aftermath.empty_the_dr_vault()
            left = self._settle(at_least=LONGEST_UNTIL_ALL_ARE_LOOKED_AT)
        if self.plan.runs_until_all_is_gone:
            left += self.after_expiry.demands()
        return left

    def _lose_table(self, earlier: list[MemoryChains]) -> None:
        """The table is lost entirely, or restored as of some hours ago; then the operator adopts what there is."""
        is_rolled_back = self.plan.table_loss is TableLoss.ROLLED_BACK and earlier
        self.stores[0].become(earlier[self.chance.randrange(len(earlier))] if is_rolled_back else MemoryChains())
        what = "rolled back" if is_rolled_back else "lost"
        self.counts[f"a table was {what}"] += 1
        self.world.note("night", "", "", f"the table of {self.mains[0].name} was {what}")
        self.ending.tables_lost[self.mains[0].name] = self.world.now()
        self.watch.forgive_in_flight()
        self.watch.paused.pop(self.mains[0].name, None)
        self.operator.adopt(self.mains[0])
        if self.plan.copies_back_per_hour:
            self.interference.bring_back()

    def _quiet_hours(self) -> None:
        self.mishaps.end()
        self.odd_answers.end()
        for store in self.stores:
            store.unreadable.clear()
        for plan in self.world.plans.values():
            plan.ended = True
        for main in self.mains:
            self.operator.resume(main)
        if self.plan.table_loss is not TableLoss.NONE:
            self.operator.adopt(self.mains[0])
        self.operator.redrive()
        self.world.run_for(AN_HOUR)
        self.ending.quiet_since = self.world.now()
        self.world.run_for((QUIET_HOURS - 1) * AN_HOUR)

    def _settle(self, *, at_least: timedelta = LONGEST_SETTLING) -> list[Violation]:
        """Run on until everything has come to its end, but not for ever; what is left then."""
        patience = LONGEST_SYSTEM_ERRORS if self.plan.unknown.system_error_is_long else at_least
        patience = A_DAY if self.stops_at else patience
        begun, ended = self.world.now(), self.ending.copies_that_ended()
        until = begun + patience
        while (left := self.ending.demands()) and self.world.now() < min(until, begun + LONGEST_QUEUE):
            self.operator.redrive()
            self.ending.answer_messages()
            self.world.run_for(SETTLING_STEP)
            if self.ending.copies_that_ended() > ended:
                ended, until = self.ending.copies_that_ended(), self.world.now() + patience
        return left


def run_night(plan: NightPlan) -> Judgement:
    """Run a night to its end and judge it."""
    return Night(plan=plan).run()
