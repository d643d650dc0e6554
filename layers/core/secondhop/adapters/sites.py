"""Clients in every site: the functions' own role, or an assumed and confined one in another account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.config import Config

from secondhop.adapters.aws_errors import translated
from secondhop.adapters.breaker import Breaker
from secondhop.domain.arn import Site

# Sessions last an hour by default; they are renewed this long before, since a copy of the clock may be slow.
RENEWAL_MARGIN = timedelta(minutes=5)
# botocore counts `total_max_attempts` with the first one, and `max_attempts` without it.
# A call that is never answered takes at most 2 x (3 s to connect + 10 s to read) + 1 s between the attempts = 27 s.
# A function has 60 s (Timeout in template.yaml), and the queue retries for much longer.
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=10)
LONGEST_CALL = timedelta(seconds=27)


class ClientFactory(Protocol):
    """What a boto3 Session offers and is used of it."""

    def client(self, service_name: str, /, **options: Any) -> Any:
        """A client for a service, as boto3's Session makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedRole:
    """The role to act by in an account. `external_id` empty means that the trust asks for none."""

    role_arn: str
    external_id: str


@dataclass(slots=True)
class _Lease:
    credentials: dict[str, str]
    until: datetime
    clients: dict[tuple[str, str], Any]


class Sites:
    """Clients by service and site. One session; credentials are overridden per client, which is much cheaper.

    Assumed sessions are renewed on the given clock, also when a function stays warm for hours. A site that does not
    answer is not asked for a minute: calls raise SilentError then.
    """

    def __init__(
        self,
        session: ClientFactory,
        roles: Mapping[str, AssumedRole],
        now: Callable[[], datetime],
        breaker: Breaker | None = None,
    ) -> None:
        self._breaker = breaker or Breaker(now)
        self._session = session
        self._roles = roles
        self._now = now
        self._own: dict[tuple[str, str], Any] = {}
        self._leases: dict[str, _Lease] = {}
        self._sts: Any = None

    def backup_client(self, site: Site) -> Any:
        """The AWS Backup client of a site. Raises DeniedError or TryAgainError if its role cannot be assumed."""
        return self._client("backup", site)

    def key_client(self, site: Site) -> Any:
        """The AWS KMS client of a site. Raises DeniedError or TryAgainError if its role cannot be assumed."""
        return self._client("kms", site)

    def _client(self, service: str, site: Site) -> Any:
        role = self._roles.get(site.account)
        lease = self._lease(site.account, role) if role is not None else None
        clients = self._own if lease is None else lease.clients
        place = (service, site.region)
        if place not in clients:
            credentials = {} if lease is None else lease.credentials
            client = self._session.client(service, region_name=site.region, config=CONFIG, **credentials)
            clients[place] = self._breaker.watched(client, f"{service} in {site}")
        return clients[place]

    def _lease(self, account: str, role: AssumedRole) -> _Lease:
        lease = self._leases.get(account)
        if lease is not None and self._now() < lease.until - RENEWAL_MARGIN:
            return lease
        request: dict[str, Any] = {"RoleArn": role.role_arn, "RoleSessionName": "secondhop"}
        if role.external_id:
            request["ExternalId"] = role.external_id
        if self._sts is None:
            self._sts = self._breaker.watched(self._session.client("sts", config=CONFIG), "sts")
        with translated():
            granted = self._sts.assume_role(**request)["Credentials"]
        credentials = {
            "aws_access_key_id": granted["AccessKeyId"],
            "aws_secret_access_key": granted["SecretAccessKey"],
            "aws_session_token": granted["SessionToken"],
        }
        self._leases[account] = _Lease(credentials, granted["Expiration"], {})
        return self._leases[account]
