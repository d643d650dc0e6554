"""The scenario of a night, drawn from its seed. The same seed gives the same night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Any, TypeVar

from backup_simulator import DeleteDuringCopy, Delivery, DescribesBackupKey, OverQuota, UnknownBehaviour
from backup_simulator.resource_types import CLUSTERS, INSTANCES, RESOURCE_TYPES
from rehearsal.nights.hostile_draws import HostileDraws, draw_hostility, draw_switches
from rehearsal.stage import Topology

FEWEST_DATABASES, MOST_DATABASES = 6, 30
# Few nights have many databases, so that most nights are fast. Those with many fill every quota.
CROWDED_SHARE, CROWDED = 0.08, (30, 60)
LARGEST_GIB = 60
# One night in twenty keeps its chains in DynamoDB; one in twenty lets the functions use boto3's own clients.
IN_DYNAMODB, WITH_BOTO3 = 7, 13
LOSING_A_COPY = (1, 11)
TWENTY, SIXTY = 20, 60
# After one night in fifty, no sweep runs for a month. Its points live longer than that.
FOLLOWED_BY_A_MONTH, FIFTY = 29, 50
LONG_LIVED = {"RetentionDays": "60", "KeepRdsIntermediates": "all", "KeepClusterIntermediates": "all"}
# moto answers slowly, and every third night in DynamoDB uses it. So these nights have few databases and rare sweeps.
# Nights in which AWS leaves jobs in CREATED for days have rare sweeps too.
FEW_DATABASES = 4
SELDOM_SWEPT = {"SweepIntervalMinutes": "30"}
SHORT_LIVED = {"RetentionDays": "8", "MinimumRetentionDays": "7", "MinimumRemainingDays": "7"}
SHORT_LIVED_SOURCES = {"OriginRetentionDays": "7", "IntermediateRetentionDays": "7"}
LONG_LIVED_SOURCES = {"OriginRetentionDays": "60", "IntermediateRetentionDays": "60"}
# No one can delete from a locked vault, so these nights unlock it, and their route must say so. They keep their table.
# A lost table does not know finished chains, and their copies are not checked any more.
UNLOCKED = {"DrVaultLock": "none"}
SHORTEST_TOKEN = timedelta(minutes=10)
T = TypeVar("T")


class TableLoss(StrEnum):
    """What happens to an installation's table in the middle of the night."""

    NONE = "none"
    LOST = "lost"
    ROLLED_BACK = "rolled back"


# Draws that a night with only one failing database does not use.
QUIET_NIGHT: dict[str, Any] = {
    "has_second_installation": False,
    "table_loss": TableLoss.NONE,
    "loses_a_final_copy": False,
    "given": {},
    "parameters": {},
}


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of a night. `account` counts the stage's workload accounts."""

    name: str
    resource_type: str
    size_gib: int
    account: int
    is_encrypted: bool = True
    is_multi_az_cluster: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenario(HostileDraws):
    """Everything drawn for a night. `skews` are the seconds by which the functions' clocks are wrong, in turn."""

    seed: int
    topology: Topology
    databases: tuple[Database, ...]
    parameters: Mapping[str, str]
    given: Mapping[str, Mapping[str, str]]
    unknown: UnknownBehaviour
    delivery: Delivery
    faults_per_hour: float
    operator_acts_per_hour: float
    index_lag: timedelta
    skews: tuple[int, ...]
    has_second_installation: bool
    table_loss: TableLoss
    loss_hour: int
    is_in_dynamodb: bool
    uses_moto: bool
    has_boto3_clients: bool
    loses_a_final_copy: bool
    is_followed_by_a_month: bool


def draw_scenario(seed: int) -> Scenario:
    """Draw a night."""
    chance = Random(f"night {seed}")  # noqa: S311 - a night must be repeatable
    topology = chance.choice(list(Topology))
    is_in_dynamodb, has_boto3_clients = seed % TWENTY == IN_DYNAMODB, seed % TWENTY == WITH_BOTO3
    has_month = seed % FIFTY == FOLLOWED_BY_A_MONTH
    loses_a_copy = seed % TWENTY in LOSING_A_COPY
    has_second = not is_in_dynamodb and not has_month and chance.random() < 0.15
    unknown = draw_switches(seed, _unknown(chance, has_second=has_second, has_month=has_month))
    unknown = replace(unknown, **_asked_roles(seed))
    scenario = Scenario(
        seed=seed,
        topology=topology,
        databases=_databases(chance, topology, is_few=is_in_dynamodb or has_boto3_clients),
        parameters=_parameters(chance, topology, has_second=has_second)
        | (SELDOM_SWEPT if is_in_dynamodb or unknown.system_error_is_long else {})
        | (LONG_LIVED if has_month else {})
        | (UNLOCKED if loses_a_copy else {}),
        given={
            "workload": LONG_LIVED_SOURCES if has_month else {},
            "dr-region": {"VaultLock": "off"} if loses_a_copy else {},
        },
        unknown=unknown,
        delivery=_delivery(chance),
        faults_per_hour=chance.choice((0.0, 0.5, 1.0, 2.0, 4.0)),
        operator_acts_per_hour=chance.choice((0.0, 0.1, 0.5)),
        index_lag=timedelta(seconds=chance.choice((0, 1, 45))),
        skews=tuple(chance.choice((0, 0, -10, 10)) for _ in range(4)),
        has_second_installation=has_second,
        table_loss=_table_loss(chance, is_possible=not is_in_dynamodb and not loses_a_copy),
        loss_hour=chance.randint(4, 34),
        is_in_dynamodb=is_in_dynamodb,
        uses_moto=seed % SIXTY == IN_DYNAMODB,
        has_boto3_clients=has_boto3_clients,
        loses_a_final_copy=loses_a_copy,
        is_followed_by_a_month=has_month,
    )
    scenario = _with_hostility(scenario)
    return scenario if scenario.table_loss is TableLoss.NONE else _with_tokens(scenario)


def _with_hostility(scenario: Scenario) -> Scenario:
    """Add the hostile draws, and adapt the other draws to them."""
    draws = draw_hostility(
        scenario.seed,
        parameters=scenario.parameters,
        is_unlocked=scenario.loses_a_final_copy,
        may_change_settings=not (scenario.is_followed_by_a_month or scenario.has_second_installation),
        loses_table=scenario.table_loss is not TableLoss.NONE,
    )
    scenario = replace(scenario, **vars(draws))
    if draws.has_lonely_failing_database:
        lonely = Database(name="lonely", resource_type=CLUSTERS[0].name, size_gib=5, account=0)
        return replace(scenario, databases=(lonely,), faults_per_hour=0.0, operator_acts_per_hour=0.0, **QUIET_NIGHT)
    if not draws.runs_until_all_is_gone:
        return scenario
    # A point that AWS leaves EXPIRED never disappears, and Second Hop keeps checking it.
    unknown = replace(scenario.unknown, delete_leaves_expired=False, delete_asks_the_points_role=False)
    given = {"workload": SHORT_LIVED_SOURCES}
    if draws.leaves_the_dr_vault_unlocked:
        given["dr-region"] = {"VaultLock": "off"}
    parameters = {**scenario.parameters, **SHORT_LIVED, **SELDOM_SWEPT}
    databases = scenario.databases[:FEW_DATABASES]
    return replace(scenario, unknown=unknown, given=given, parameters=parameters, databases=databases)


def _with_tokens(scenario: Scenario) -> Scenario:
    """If a table is lost in the minute of a start, AWS must know the token until its lists show the job."""
    lifetime = scenario.unknown.token_lifetime
    remembered = lifetime if lifetime is None else max(lifetime, SHORTEST_TOKEN)
    return replace(scenario, unknown=replace(scenario.unknown, token_lifetime=remembered))


def _databases(chance: Random, topology: Topology, *, is_few: bool) -> tuple[Database, ...]:
    accounts = 2 if topology is Topology.HUB else 1
    span = CROWDED if chance.random() < CROWDED_SHARE else (FEWEST_DATABASES, MOST_DATABASES)
    many = FEW_DATABASES if is_few else chance.randint(*span)
    return tuple(_database(chance, number, accounts) for number in range(many))


def _database(chance: Random, number: int, accounts: int) -> Database:
    kind = chance.choice(RESOURCE_TYPES)
    is_odd = chance.random() < 0.04
    return Database(
        name=f"{kind.name.lower()}-{number}",
        resource_type=kind.name,
        size_gib=chance.randint(1, LARGEST_GIB),
        account=chance.randrange(accounts),
        is_encrypted=not (is_odd and kind.is_cluster),
        is_multi_az_cluster=is_odd and kind is INSTANCES,
    )


def _parameters(chance: Random, topology: Topology, *, has_second: bool) -> dict[str, str]:
    """Parameters of the main stack. Two installations have half of the quota each."""
    given = {
        "SweepIntervalMinutes": chance.choice(("10", "15", "20", "20", *("30",) * 6)),
        "KeepRdsIntermediates": chance.choice(("0", "1", "1", "2", "all")),
        "KeepClusterIntermediates": chance.choice(("0", "0", "1", "all")),
    }
    if has_second:
        given |= {"MaximumRdsCopies": "10", "MaximumClusterCopies": "2"}
    elif chance.random() < 0.2:
        given |= {"MaximumRdsCopies": "2", "MaximumClusterCopies": "1"}
    if chance.random() < 0.2:
        given |= {"RetentionDays": "8", "MinimumRetentionDays": "7", "MinimumRemainingDays": "7"}
    if topology is Topology.WORKLOAD and chance.random() < 0.1:
        given |= {"FirstHopRoleArn": ""}
    return given


def _table_loss(chance: Random, *, is_possible: bool) -> TableLoss:
    drawn = chance.random()
    if not is_possible or drawn > 0.2:
        return TableLoss.NONE
    return TableLoss.LOST if drawn < 0.1 else TableLoss.ROLLED_BACK


def _delivery(chance: Random) -> Delivery:
    return Delivery(
        batch=timedelta(minutes=_one_of(chance, (1, 5, 15))),
        duplicate=_one_of(chance, (0.0, 0.1, 0.5)),
        loss=_one_of(chance, (0.0, 0.1, 0.5, 1.0)),
        reorder=_one_of(chance, (0.0, 0.1, 0.5)),
        list_lag=timedelta(seconds=_one_of(chance, (0, 5, 45))),
    )


def _unknown(chance: Random, *, has_second: bool, has_month: bool) -> UnknownBehaviour:
    """A setting of every switch.

    Two installations know each other only through AWS. If its lists lag and it forgets tokens at once, two starts in
    the same second make two copies. When AWS lists no jobs any more, only the creation date identifies the source of a
    copy. Then it must be inherited, as documented.
    """
    lifetimes = (SHORTEST_TOKEN, timedelta(hours=24), None)
    has_system_errors = chance.random() < 0.3
    return UnknownBehaviour(
        over_quota=chance.choice((OverQuota.QUEUES, OverQuota.FAILS)),
        token_lifetime=_one_of(chance, lifetimes if has_second else (timedelta(0), *lifetimes)),
        delete_during_copy=chance.choice(list(DeleteDuringCopy)),
        unshare_failure_state=_one_of(chance, ("COMPLETED", "FAILED")),
        creation_date_inherited=chance.random() < 0.8 or has_month,
        destination_sees_copy_events=chance.random() < 0.3,
        arrival_event=chance.random() < 0.7,
        arrival_is_creating_first=chance.random() < 0.3,
        delete_leaves_expired=chance.random() < 0.1,
        delete_asks_the_points_role=chance.random() < 0.3,
        unknown_vault_denied=chance.random() < 0.5,
        locked_delete_code=_one_of(chance, ("InvalidRequestException", "AccessDeniedException")),
        unfit_source_code=_one_of(chance, ("InvalidRequestException", "InvalidResourceStateException")),
        multi_az_cluster_fails_later=chance.random() < 0.5,
        single_action=chance.random() < 0.5,
        system_error_share=0.2 if has_system_errors else 0.0,
        system_error_is_long=has_system_errors and chance.random() < 0.3,
    )


def _asked_roles(seed: int) -> dict[str, Any]:
    """Which roles AWS checks. They have their own random stream, so that the other draws of a seed do not change."""
    chance = Random(f"asked roles {seed}")  # noqa: S311 - a night must be repeatable
    return {
        "expiry_asks_the_makers_role": chance.random() < 0.3,
        "initiator_describes_aws_backup_key": chance.choice(list(DescribesBackupKey)),
    }


def _one_of(chance: Random, options: Sequence[T]) -> T:
    return options[chance.randrange(len(options))]
