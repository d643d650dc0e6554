"""A client that is made when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class LazyClient:
    """Makes a boto3 client when it is first used. To make one takes some 25 ms of a cold start.

    The actor ignores some events without any call, and most invocations notify no one.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        if not self._made:
            self._made.append(self._make())
        return getattr(self._made[0], name)
