"""Stages to measure: deployed from the templates, with the small DynamoDB for the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from time import process_time
from typing import Any, NamedTuple

from backup_simulator import World
from backup_simulator.door import Answer, open_session
from backup_simulator.light_door import LightSession
from backup_simulator.model import Point
from backup_simulator.resource_types import INSTANCES, RESOURCE_TYPES
from bench.meter import Meter
from rehearsal.small_dynamodb import SmallDynamoDb, boto3_client, light_client
from rehearsal.small_dynamodb.table import Table
from rehearsal.stage import BACKUP, HOME, Stage, Topology

AN_INSTANCE = INSTANCES.name
TABLE = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


class Measured(NamedTuple):
    """A stage, its table, and what counts its calls."""

    stage: Stage
    database: SmallDynamoDb
    meter: Meter

    @property
    def world(self) -> World:
        return self.stage.world

    @property
    def table(self) -> Table:
        return self.database.tables[self.stage.main.ref("Chains")]

    def chain_items(self) -> Iterator[dict[str, Any]]:
        """The items of all chains."""
        return (item for key, item in self.table.items.items() if key[0].startswith("chain#"))

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


class Stopwatch:
    """The processor time in the simulated AWS and in the table, which a measure of Second Hop leaves out."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same callable, measured. A call within a call counts once."""

        def timed(*arguments: Any) -> Any:
            self._depth += 1
            began = process_time()
            try:
                return call(*arguments)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += process_time() - began

        return timed


class TimedDynamoDb(SmallDynamoDb):
    """A small DynamoDB with its calls on a stopwatch."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        super().__init__()
        self._timed = stopwatch.around(super().call)

    def call(self, operation: str, request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._timed(operation, request)
        return answer


def measured_stage(
    world: World,
    topology: Topology = Topology.WORKLOAD,
    *,
    has_boto3: bool = False,
    stopwatch: Stopwatch | None = None,
    **options: Any,
) -> Measured:
    """A stage with light clients, or with boto3's."""
    database = SmallDynamoDb() if stopwatch is None else TimedDynamoDb(stopwatch)
    table = boto3_client(database) if has_boto3 else light_client(database)
    call: Answer = world.call if stopwatch is None else stopwatch.around(world.call)

    def sessions(account: str, role: str, region: str) -> TableSession:
        key = world.issue_key(account, role)
        session = open_session(call, key, region) if has_boto3 else LightSession(call, key, region)
        return TableSession(table, session)

    stage = Stage(world, None, topology=topology, open_session=sessions, **options)
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


def of_each(*numbers: int) -> dict[str, int]:
    """A number for each resource type: instances, then the types of clusters. Types without a number are left out."""
    return dict(zip((each.name for each in RESOURCE_TYPES), numbers, strict=False))


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
