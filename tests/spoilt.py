"""Clients that behave otherwise than AWS's, to break Second Hop on purpose from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Behaviour = Callable[[Any, str, dict[str, Any]], Any]


class SpoiltClient:
    """A client one of whose services behaves otherwise."""

    def __init__(self, client: Any, behave: Behaviour) -> None:
        self._client = client
        self._behave = behave

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self._behave(self._client, operation, request)


class SpoiltSession:
    """A session whose clients of one service are spoilt."""

    def __init__(self, session: Any, service: str, behave: Behaviour) -> None:
        self._session = session
        self._service = service
        self._behave = behave

    def client(self, service: str, **options: Any) -> Any:
        client = self._session.client(service, **options)
        return SpoiltClient(client, self._behave) if service == self._service else client
