"""The plan of a night: all that chance decides beforehand, drawn from the seed. The same seed, the same night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypeVar

from backup_simulator import DeleteDuringCopy, Delivery, OverQuota, UnknownBehaviour
from rehearsal.stage import Topology

KINDS = ("RDS", "Aurora", "DocumentDB", "Neptune")
FEWEST_DATABASES, MOST_DATABASES = 20, 60
LARGEST_GIB = 60
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of a night. `account` counts the stage's workload accounts."""

    name: str
    resource_type: str
    size_gib: int
    account: int


@dataclass(frozen=True, kw_only=True)
class NightPlan:
    """What a night is made of."""

    seed: int
    topology: Topology
    databases: tuple[Database, ...]
    unknown: UnknownBehaviour
    delivery: Delivery
    faults_per_hour: float


def plan_night(seed: int) -> NightPlan:
    """Draw a night."""
    chance = Random(f"night {seed}")  # noqa: S311 - a night must be repeatable
    topology = chance.choice(list(Topology))
    accounts = 2 if topology is Topology.HUB else 1
    return NightPlan(
        seed=seed,
        topology=topology,
        databases=tuple(_database(chance, number, accounts) for number in range(_how_many(chance))),
        unknown=_unknown(chance),
        delivery=_delivery(chance),
        faults_per_hour=chance.choice((0.0, 0.5, 1.0, 2.0, 3.0)),
    )


def _how_many(chance: Random) -> int:
    return chance.randint(FEWEST_DATABASES, MOST_DATABASES)


def _database(chance: Random, number: int, accounts: int) -> Database:
    kind = chance.choice(KINDS)
    return Database(
        name=f"{kind.lower()}-{number}",
        resource_type=kind,
        size_gib=chance.randint(1, LARGEST_GIB),
        account=chance.randrange(accounts),
    )


def _delivery(chance: Random) -> Delivery:
    return Delivery(
        batch=timedelta(minutes=_one_of(chance, (1, 5, 15))),
        duplicate=_one_of(chance, (0.0, 0.1, 0.5)),
        loss=_one_of(chance, (0.0, 0.1, 0.5, 1.0)),
        reorder=_one_of(chance, (0.0, 0.1, 0.5)),
        list_lag=timedelta(seconds=_one_of(chance, (0, 5, 60))),
    )


def _unknown(chance: Random) -> UnknownBehaviour:
    """A setting of every switch."""
    has_system_errors = chance.random() < 0.3
    return UnknownBehaviour(
        over_quota=chance.choice(list(OverQuota)),
        token_lifetime=_one_of(chance, (timedelta(0), timedelta(minutes=10), timedelta(hours=24), None)),
        delete_during_copy=chance.choice(list(DeleteDuringCopy)),
        unshare_failure_state=_one_of(chance, ("COMPLETED", "FAILED")),
        creation_date_inherited=chance.random() < 0.8,
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


def _one_of(chance: Random, options: Sequence[T]) -> T:
    return options[chance.randrange(len(options))]
