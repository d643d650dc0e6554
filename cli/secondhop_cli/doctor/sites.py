"""Looking into accounts and Regions: one session an account, each question asked once, nothing ever written.

An answer, "it is not there" and "it could not be seen" are three things here, and never mixed up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from secondhop.adapters.sites import ClientFactory
from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import UnseenError

# Everything that the doctor may call. AssumeRole gives a session and changes nothing.
READ_ONLY = re.compile(r"(Describe|Get|List|Simulate)[A-Z]\w*|AssumeRole")
CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=20)
Answer = dict[str, Any]


class WriteRefusedError(AssertionError):
    """The doctor was about to make a call that is not known to be read-only; the call was not made."""


class Sites:
    """The accounts that somebody can look into, by their sessions.

    `problems` says what came of sessions that turned out to be of no account.
    """

    def __init__(self, sessions: Mapping[str, ClientFactory], *, problems: Iterable[str] = ()) -> None:
        self._sessions = dict(sessions)
        self.problems = tuple(problems)
        self._clients: dict[tuple[Site, str], Any] = {}
        self._known: dict[tuple[Any, ...], Any] = {}

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(self._sessions)

    def ask(self, site: Site, service: str, operation: str, *, missing: Iterable[str] = (), **request: Any) -> Any:
        """An operation's answer, or None for an error code of `missing`. Raises UnseenError."""
        return self._once((site, service, operation, _frozen(request)), missing, lambda client: client[0](**request))

    def ask_all(self, site: Site, service: str, operation: str, member: str, **request: Any) -> list[Any]:
        """All members of a list that comes in pages. Raises UnseenError."""

        def every_page(client: tuple[Any, Any]) -> list[Any]:
            return [each for page in client[1](**request) for each in page.get(member, [])]

        found: list[Any] = self._once((site, service, operation, member, _frozen(request)), (), every_page)
        return found

    def _once(self, mark: tuple[Any, ...], missing: Iterable[str], call: Any) -> Any:
        if mark not in self._known:
            self._known[mark] = self._look(mark, tuple(missing), call)
        if isinstance(self._known[mark], UnseenError):
            raise self._known[mark]
        return self._known[mark]

    def _look(self, mark: tuple[Any, ...], missing: tuple[str, ...], call: Any) -> Any:
        site, service, operation = mark[:3]
        if not READ_ONLY.fullmatch(_camel(operation)):
            raise WriteRefusedError(f"{service}:{operation} is not a read-only call")
        if site.account not in self._sessions:
            return UnseenError(f"account {site.account}, {site.region}", self._why_not(site.account))
        what = f"{service}:{operation} in account {site.account}, {site.region}"
        try:
            client = self._client(site, service)
            what = f"{_action(client, service, operation)} in account {site.account}, {site.region}"
            paginates = client.can_paginate(operation)
            pages = client.get_paginator(operation).paginate if paginates else _one_page(client, operation)
            return call((getattr(client, operation), pages))
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            return None if code in missing else UnseenError(what, _words(error))
        except BotoCoreError as error:
            return UnseenError(what, f"{type(error).__name__}: {error}")

    def _why_not(self, account: str) -> str:
        others = f" ({'; '.join(self.problems)})" if self.problems else ""
        return f"there are no credentials for account {account}{others}; name a profile for it with --profile"

    def _client(self, site: Site, service: str) -> Any:
        if (site, service) not in self._clients:
            session = self._sessions[site.account]
            self._clients[site, service] = session.client(service, region_name=site.region, config=CONFIG)
        return self._clients[site, service]


def _one_page(client: Any, operation: str) -> Any:
    def pages(**request: Any) -> Iterator[Answer]:
        yield getattr(client, operation)(**request)

    return pages


def _action(client: Any, service: str, operation: str) -> str:
    """As a policy names it."""
    return f"{service.replace('-', '')}:{client.meta.method_to_api_mapping[operation]}"


def _words(error: ClientError) -> str:
    found = error.response["Error"]
    return f"{found.get('Code', 'an error')}: {found.get('Message', 'without a message')}"


def _frozen(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True, default=str)


def _camel(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))
