"""First hops: copy jobs that a backup plan owns and that must end as an arrival in the watched vault.

AWS Backup does not retry a FAILED copy job of a plan. Such a job is followed as a chain of its own, an
expectation. Its recovery point is the origin in the workload account. Its one hop leads into the watched vault. It has
no intermediate, because Second Hop never deletes the origin. Only jobs that failed or got stuck are followed;
healthy ones end as arrivals, which have chains of their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.arn import Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.observation import CopySeen, JobSeen, Noticed, Observation, PointSeen
from secondhop.domain.opening import first_fact, open_chain
from secondhop.domain.route import Leg, Retention, Route, RouteKind

SUFFIX = ".first"
"""Ends the names of routes of first hops, so that their chains have keys of their own. Nothing else depends on it."""
HOP = "first"
# A plan's own limits are AWS's: 1 day to 100 years. An arrival that has less than a day to live is of no use.
LONGEST_DAYS = 36500


def first_hop_route(route: Route, source_vault: Vault) -> Route:
    """The route of first hops out of a vault of the workload account. Raises ValueError where they are not watched."""
    if route.first_hops is None:
        raise ValueError(f"route {route.name} does not watch first hops")
    leg = Leg(
        name=HOP,
        reads_from=None,
        destination=route.watched,
        copy_role_arn=route.first_hops.role_arn,
        retention=Retention(
            days=route.first_hops.retention_days, floor_days=1, ceiling_days=LONGEST_DAYS, minimum_remaining_days=1
        ),
    )
    return replace(
        route,
        name=route.name + SUFFIX,
        watched=source_vault,
        legs=(leg,),
        keep={},
        allow_unencrypted=True,
        kind=RouteKind.FIRST_HOPS,
        serves=route.name,
        first_hops=None,
    )


def first_hop_key(route: Route, origin: str) -> ChainKey:
    """The chain that follows the first hop of an origin."""
    return ChainKey(origin, route.name + SUFFIX)


def is_stuck(job: JobSeen, resource_type: str | None, now: datetime) -> bool:
    """Whether a live job is far older than copies of its kind get."""
    return job.created_at is not None and now - job.created_at > patience.copying_limit(resource_type)


def open_expectation(route: Route, origin: PointSeen, job: JobSeen, *, now: datetime) -> tuple[Chain, Observation]:
    """The chain of a first hop that failed or got stuck, and its first fact. `route` is one of `first_hop_route`."""
    first = first_fact(route, origin)
    has_ended = isinstance(first, Noticed) and job.state not in ("CREATED", "RUNNING")
    chain = open_chain(route, origin, now=now, ended_job=job if has_ended else None)
    chain = chain.with_hop(replace(chain.hop(HOP), delete_after_days=job.delete_after_days))
    return chain, CopySeen(hop=HOP, job=job) if has_ended else first
