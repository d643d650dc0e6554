"""What can stand on the actor's queue, already read: news from AWS, and what sweep and operators ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondhop.domain.chain import ChainKey
from secondhop.domain.observation import JobSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNews:
    """A copy job changed its state. A hint: AWS sends it late, twice, out of order, or not at all."""

    job: JobSeen
    source_vault_arn: str
    database: str | None
    resource_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointNews:
    """A recovery point changed its status; or the sweep found it in its vault.

    `origin` is the recovery point and vault that it was copied from, if a copy job named it. Only that one knows
    the date of the backup once the point itself does not exist.
    """

    arn: str
    vault_arn: str
    status: str
    database: str | None
    resource_type: str | None
    created_at: datetime | None
    origin: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherNews:
    """A well-formed event of a kind that no route is about."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A chain should look at itself."""

    key: ChainKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """An operator asks for another try. `at` is when; None for an order of an earlier release."""

    key: ChainKey
    by: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandon:
    """An operator leaves the chain as it is."""

    key: ChainKey
    by: str


Work = JobNews | PointNews | OtherNews | Look | Retry | Abandon
