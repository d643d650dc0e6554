"""Read-only AWS calls with one session for each account. Each call is made once, and its answer is kept.

A call has one of three results: an answer, None for "it does not exist", or NotCheckedError for "it was not readable".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from secondhop.adapters.sites import ClientFactory
from secondhop.domain.arn import Site
from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.doctor.endpoints import CONFIG, Endpoints
from secondhop_cli.doctor.findings import NotCheckedError

# All operations that the doctor may call. AssumeRole returns a session and changes nothing.
READ_ONLY = re.compile(r"(Describe|Get|List|Simulate)[A-Z]\w*|AssumeRole")
REMEDY = "name a profile that has credentials with --profile"
Answer = dict[str, Any]


class WriteRefusedError(AssertionError):
    """A call is not known to be read-only, so it was not made."""


class ApiCalls:
    """AWS calls into the accounts for which there are sessions.

    `problems` has a message for each profile without a usable session.
    """

    def __init__(
        self,
        sessions: Mapping[str, ClientFactory],
        *,
        endpoints: Endpoints | None = None,
        problems: Iterable[str] = (),
    ) -> None:
        self._sessions = dict(sessions)
        self._endpoints = endpoints or Endpoints()
        self.problems = tuple(problems)
        self._clients: dict[tuple[Site, str], Any] = {}
        self._answers: dict[tuple[Any, ...], Any] = {}

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(self._sessions)

    def call(self, site: Site, service: str, operation: str, *, missing: Iterable[str] = (), **request: Any) -> Any:
        """The answer of an operation, or None for an error code in `missing`. Raises NotCheckedError."""
        return self._once((site, service, operation, _frozen(request)), missing, lambda client: client[0](**request))

    def list_all(self, site: Site, service: str, operation: str, member: str, **request: Any) -> list[Any]:
        """All members of a paginated list. Raises NotCheckedError."""

        def every_page(client: tuple[Any, Any]) -> list[Any]:
            return [each for page in client[1](**request) for each in page.get(member, [])]

        found: list[Any] = self._once((site, service, operation, member, _frozen(request)), (), every_page)
        return found

    def _once(self, key: tuple[Any, ...], missing: Iterable[str], call: Any) -> Any:
        if key not in self._answers:
            self._answers[key] = self._call(key, tuple(missing), call)
        if isinstance(self._answers[key], NotCheckedError):
            raise self._answers[key]
        return self._answers[key]

    def _call(self, key: tuple[Any, ...], missing: tuple[str, ...], call: Any) -> Any:
        site, service, operation = key[:3]
        if not READ_ONLY.fullmatch(_camel(operation)):
            raise WriteRefusedError(f"{service}:{operation} is not a read-only call")
        if site.account not in self._sessions:
            return NotCheckedError(f"account {site.account}, {site.region}", self._no_credentials(site.account))
        what = f"{service}:{operation} in account {site.account}, {site.region}"
        endpoint = (site.region, service)
        if refusal := self._endpoints.refusal(endpoint):
            return NotCheckedError(what, refusal)
        error: Exception | None = None
        try:
            client = self._client(site, service)
            what = f"{_action(client, service, operation)} in account {site.account}, {site.region}"
            paginates = client.can_paginate(operation)
            pages = client.get_paginator(operation).paginate if paginates else _one_page(client, operation)
            return call((getattr(client, operation), pages))
        except CALL_ERRORS as caught:
            error = caught
            if isinstance(caught, ClientError) and caught.response["Error"].get("Code", "") in missing:
                return None
            return NotCheckedError(what, explained(caught, remedy=REMEDY))
        finally:
            self._endpoints.note(endpoint, error)

    def _no_credentials(self, account: str) -> str:
        others = f" ({'; '.join(self.problems)})" if self.problems else ""
        return f"there are no credentials for account {account}{others}; name a profile for it with --profile"

    def _client(self, site: Site, service: str) -> Any:
        if (site, service) not in self._clients:
            session = self._sessions[site.account]
            client = session.client(service, region_name=site.region, config=CONFIG)
            self._clients[site, service] = self._endpoints.watch(client, (site.region, service))
        return self._clients[site, service]


def _one_page(client: Any, operation: str) -> Any:
    def pages(**request: Any) -> Iterator[Answer]:
        yield getattr(client, operation)(**request)

    return pages


def _action(client: Any, service: str, operation: str) -> str:
    """The action, as a policy names it."""
    return f"{service.replace('-', '')}:{client.meta.method_to_api_mapping[operation]}"


def _frozen(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True, default=str)


def _camel(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))
