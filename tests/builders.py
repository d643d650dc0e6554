"""Builders with defaults: each test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, Intermediate
from secondhop.domain.hop import Hop
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
    """A recovery point that has just landed in the watched vault, with the vault that it was copied from."""
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
        source_vault_arn=WORKLOAD_VAULT.arn,
    )
    return replace(point, **changes)


def a_copy(**changes: Any) -> PointSeen:
    """The copy of `an_arrival` in the DR vault, as promised."""
    point = an_arrival(
        arn=COPY_ARN,
        vault_arn=DR_VAULT.arn,
        key_arn=DR_KEY,
        delete_at=NIGHT + timedelta(days=RETENTION.days),
        source_vault_arn=WATCHED.arn,
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


def a_chain(route: Route | None = None, /, *, point: PointSeen | None = None, **changes: Any) -> Chain:
    """A chain whose recovery point is known to have come from a workload account."""
    chain = open_chain(route or a_route(), point or an_arrival(), now=NOW, came_from_workload=True)
    return replace(chain, **changes)


ATTEMPT = {"attempt": "number", **{name: name for name in ("job_id", "failures", "not_before", "slot_wanted")}}
ATTEMPT |= {name: name for name in ("newest_copy", "is_retry_ordered")}
ARRIVAL = {"arrival": "point", "arrival_is_adopted": "is_adopted"}
ARRIVAL |= {name: name for name in ("promised_until", "last_seen_at", "is_superseded", "seen_gone_at")}
NOTICE = {name: name for name in ("trouble", "unresolved", "silent_since")}


def changed(hop: Hop, **changes: Any) -> Hop:
    """The hop with other fields; those of its attempt, arrival and notice have short names here."""
    plain = {name: value for name, value in changes.items() if name not in ATTEMPT | ARRIVAL | NOTICE}
    parts = [{names[name]: changes[name] for name in names if name in changes} for names in (ATTEMPT, ARRIVAL, NOTICE)]
    attempt, arrival, notice = parts
    return replace(hop, **plain).with_attempt(**attempt).with_arrival(**arrival).with_notice(**notice)


def with_hop(chain: Chain, name: str = "to-dr", /, **changes: Any) -> Chain:
    """The chain with other fields of a hop, by the names of `changed`."""
    return chain.with_hop(changed(chain.hop(name), **changes))


def with_intermediate(chain: Chain, name: str = "arrival", /, **changes: Any) -> Chain:
    intermediate: Intermediate = replace(chain.intermediate(name), **changes)
    return chain.with_intermediate(intermediate)
