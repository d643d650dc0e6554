"""A lane: the copies of one resource type into one site, which share the slots of one quota."""

from __future__ import annotations

from dataclasses import dataclass

from secondhop.domain.arn import Site


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """A destination site and a resource type. AWS's quota of copies in progress is one for each lane."""

    site: Site
    resource_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneUse:
    """How many slots of a lane are taken, and by which databases. `in_flight` is None if that cannot be read.

    Databases are named as the chain store names them in its queue of waiting chains.
    """

    in_flight: int | None
    databases: frozenset[str]
