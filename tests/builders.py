"""Builders with defaults: each test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, Hop, Intermediate
from secondhop.domain.observation import JobSeen, PointSeen
from secondhop.domain.opening import open_chain
from secondhop.domain.route import Leg, Retention, Route

WORKLOAD, BACKUP = "111122223333", "444455556666"
HOME, DR = "eu-west-1", "eu-central-1"
NIGHT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
OWNER = "the owner of copy job BACK"
NOW = NIGHT + timedelta(hours=3)

WORKLOAD_VAULT = Vault("aws", Site(WORKLOAD, HOME), "workload-vault")
WATCHED = Vault("aws", Site(BACKUP, HOME), "watched-vault")
DR_VAULT = Vault("aws", Site(BACKUP, DR), "dr-vault")
SECOND_DR_VAULT = Vault("aws", Site(BACKUP, "eu-north-1"), "far-vault")
ORDERS = f"arn:aws:rds:{HOME}:{WORKLOAD}:db:orders"
CUSTOMERS = f"arn:aws:rds:{HOME}:{WORKLOAD}:cluster:customers"
ARRIVAL_ARN = f"arn:aws:rds:{HOME}:{BACKUP}:snapshot:awsbackup:copyjob-11111111-0000-0000-0000-000000000001"
COPY_ARN = f"arn:aws:rds:{DR}:{BACKUP}:snapshot:awsbackup:copyjob-22222222-0000-0000-0000-000000000001"
WATCHED_KEY = f"arn:aws:kms:{HOME}:{BACKUP}:key/watched"
DR_KEY = f"arn:aws:kms:{DR}:{BACKUP}:key/dr"
COPY_ROLE = f"arn:aws:iam::{BACKUP}:role/copy"
RETENTION = Retention(days=35, floor_days=7, ceiling_days=365, minimum_remaining_days=1)


def a_leg(**changes: Any) -> Leg:
    leg = Leg(name="to-dr", reads_from=None, destination=DR_VAULT, copy_role_arn=COPY_ROLE, retention=RETENTION)
    return replace(leg, **changes)


def a_route(**changes: Any) -> Route:
    route = Route(
        name="default",
        watched=WATCHED,
        workload_accounts=frozenset({WORKLOAD}),
        workload_region=HOME,
        resource_types=frozenset({"RDS", "Aurora", "DocumentDB", "Neptune"}),
        legs=(a_leg(),),
        keep={"RDS": 1, "Aurora": 0, "DocumentDB": 0, "Neptune": 0},
    )
    return replace(route, **changes)


def a_fan_out() -> Route:
    return a_route(legs=(a_leg(), a_leg(name="to-far", destination=SECOND_DR_VAULT)))


def a_sequence() -> Route:
    return a_route(legs=(a_leg(), a_leg(name="to-far", reads_from="to-dr", destination=SECOND_DR_VAULT)))


def an_arrival(**changes: Any) -> PointSeen:
    """A recovery point that has just landed in the watched vault."""
    point = PointSeen(
        arn=ARRIVAL_ARN,
        vault_arn=WATCHED.arn,
        database=ORDERS,
        resource_type="RDS",
        status="COMPLETED",
        created_at=NIGHT,
        completed_at=NOW,
        is_encrypted=True,
        key_arn=WATCHED_KEY,
        delete_at=NIGHT + timedelta(days=7),
    )
    return replace(point, **changes)


def a_copy(**changes: Any) -> PointSeen:
    """The copy of `an_arrival` in the DR vault, as promised."""
    point = an_arrival(
        arn=COPY_ARN, vault_arn=DR_VAULT.arn, key_arn=DR_KEY, delete_at=NIGHT + timedelta(days=RETENTION.days)
    )
    return replace(point, **changes)


def a_job(**changes: Any) -> JobSeen:
    job = JobSeen(
        job_id="JOB-1", state="RUNNING", source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn, created_at=NOW
    )
    return replace(job, **changes)


def brought_back(**changes: Any) -> JobSeen:
    """A job that somebody started in the backup account, from the DR vault into the watched vault."""
    job = a_job(
        job_id="BACK",
        state="COMPLETED",
        source=COPY_ARN,
        destination_vault_arn=WATCHED.arn,
        arrival=ARRIVAL_ARN,
        created_at=NOW - timedelta(hours=1),
    )
    return replace(job, **changes)


def a_chain(route: Route | None = None, *, point: PointSeen | None = None, **changes: Any) -> Chain:
    """A chain whose recovery point is known to have come from a workload account."""
    chain = open_chain(route or a_route(), point or an_arrival(), now=NOW, came_from_workload=True)
    return replace(chain, **changes)


def with_hop(chain: Chain, name: str = "to-dr", **changes: Any) -> Chain:
    hop: Hop = replace(chain.hop(name), **changes)
    return chain.with_hop(hop)


def with_intermediate(chain: Chain, name: str = "arrival", **changes: Any) -> Chain:
    intermediate: Intermediate = replace(chain.intermediate(name), **changes)
    return chain.with_intermediate(intermediate)
