"""Stages to measure: deployed from the templates, with the small DynamoDB for the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from backup_simulator import World
from backup_simulator.model import Point
from backup_simulator.resource_types import INSTANCES
from bench.meter import Meter
from rehearsal.small_dynamodb import SmallDynamoDb, boto3_client, light_client
from rehearsal.stage import BACKUP, HOME, Stage, Topology

TABLE = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


class Measured(NamedTuple):
    """A stage, its table, and what counts its calls."""

    stage: Stage
    database: SmallDynamoDb
    meter: Meter

    @property
    def world(self) -> World:
        return self.stage.world

    def chain_items(self) -> Iterator[dict[str, Any]]:
        """The items of all chains."""
        for table in self.database.tables.values():
            yield from (item for key, item in table.items.items() if key[0].startswith("chain#"))

    def states(self) -> Counter[str]:
        """How many chains are in each state."""
        return Counter(item["state"]["S"] for item in self.chain_items())


class TableSession:
    """A session with a client of the small DynamoDB; other clients are those of the wrapped session."""

    def __init__(self, table: Any, session: Any) -> None:
        self._table = table
        self._session = session

    def client(self, service_name: str, /, **options: Any) -> Any:
        return self._table if service_name == "dynamodb" else self._session.client(service_name, **options)


def measured_stage(
    world: World, topology: Topology = Topology.WORKLOAD, *, boto3: bool = False, **options: Any
) -> Measured:
    """A stage with light clients, or with boto3's."""
    database = SmallDynamoDb()
    table = boto3_client(database) if boto3 else light_client(database)
    session_of = world.session if boto3 else world.light_session

    def open_session(account: str, role: str, region: str) -> TableSession:
        return TableSession(table, session_of(account, role, region))

    stage = Stage(world, None, topology=topology, open_session=open_session, **options)
    properties = stage.main.template["Resources"]["Chains"]["Properties"]
    definition = {name: stage.main.resolver.resolve(properties[name]) for name in TABLE}
    database.call("CreateTable", {"TableName": stage.main.ref("Chains"), **definition})
    return Measured(stage, database, Meter(stage, database))


def add_databases(stage: Stage, shares: Mapping[str, int], *, size_gib: float) -> int:
    """So many databases of each type, of half to one and a half times a size. The same names have the same sizes."""
    number = 0
    for kind, count in shares.items():
        for _ in range(count):
            account = stage.workload_accounts[number % len(stage.workload_accounts)]
            size = size_gib * (0.5 + (number * 7919 % 100) / 100)
            stage.add_database(kind, f"{kind.lower()}-{number}", size_gib=size, account=account)
            number += 1
    return number


def database_arn(kind: str, account: str, name: str) -> str:
    resource = "db" if kind == INSTANCES.name else "cluster"
    return f"arn:aws:rds:{HOME}:{account}:{resource}:{name}"


def land(
    stage: Stage,
    *,
    kind: str,
    database: str,
    size_gib: float,
    delete_after_days: int,
    created_at: datetime | None = None,
    is_announced: bool = True,
) -> Point:
    """A recovery point lands in the watched vault, as a first hop's copy does."""
    world, vault = stage.world, stage.backup_account["WatchedVaultArn"]
    workload = stage.workloads[database.split(":")[4]]
    family = "snapshot" if kind == INSTANCES.name else "cluster-snapshot"
    point = Point(
        arn=f"arn:aws:rds:{HOME}:{BACKUP}:{family}:awsbackup:copyjob-{world.make_id()}",
        account=BACKUP,
        region=HOME,
        vault_arn=vault,
        database_arn=database,
        resource_type=kind,
        status="COMPLETED",
        created_at=created_at or world.now(),
        completed_at=world.now(),
        delete_after_days=delete_after_days,
        key_arn=world.vault_by_arn(vault).key_arn,
        encrypted=True,
        size_bytes=int(size_gib * 2**30),
        role_arn=workload["BackupRoleArn"],
        tags={"Backup": "True"},
        source_vault_arn=workload["WorkloadVaultArn"],
    )
    world.add_point(point, announce=is_announced)
    return point
