"""Clients of both accounts. Each request is checked by botocore, and throttled calls are repeated by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.config import Config

from secondhop.adapters.sites import ClientFactory
from secondhop.domain.arn import Site
from secondhop_cli.doctor.endpoints import refuse_foreign

CONFIG = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=60)


class AwsClients:
    """A client for each account, Region and service."""

    def __init__(self, sessions: Mapping[str, ClientFactory]) -> None:
        self._sessions = sessions
        self._clients: dict[tuple[Site, str], Any] = {}

    def __call__(self, site: Site, service: str) -> Any:
        if (site, service) not in self._clients:
            self._clients[site, service] = self._open(site, service)
        return self._clients[site, service]

    def by_role(self, site: Site, service: str, role_arn: str, external_id: str) -> Any:
        """A client with the credentials of an assumed role of the site's account."""
        found = self(site, "sts").assume_role(RoleArn=role_arn, RoleSessionName="first-night", ExternalId=external_id)[
            "Credentials"
        ]
        return self._open(
            site,
            service,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

    def every(self, site: Site, service: str, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
        """All entries of a paginated list."""
        for page in self(site, service).get_paginator(operation).paginate(**request):
            yield from page.get(member, [])

    def _open(self, site: Site, service: str, **credentials: str) -> Any:
        session: Any = self._sessions[site.account]
        client = session.client(service, region_name=site.region, config=CONFIG, **credentials)
        client.meta.events.register("before-parse", refuse_foreign)
        return client
