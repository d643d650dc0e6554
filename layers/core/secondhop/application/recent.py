"""Facts that are read from the table once, and used again for a short time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from secondhop.application.ports import ChainStore
from secondhop.domain.route import Route

T = TypeVar("T")

# Before an effect, a pause is always read. Before a question it only saves the question, so it may be older there.
PAUSE = timedelta(minutes=15)
# When the installation began does not change, except when its table is lost.
BEGINNING = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent(Generic[T]):
    """Reads by name, and remembers what was read for `lifetime`, if `keeps` says that it may be remembered."""

    read: Callable[[str], T]
    now: Callable[[], datetime]
    lifetime: timedelta
    keeps: Callable[[T], bool]
    _known: dict[str, tuple[T, datetime]] = field(default_factory=dict, repr=False)

    def __call__(self, name: str) -> T:
        """What was read a moment ago, or is read now."""
        now = self.now()
        if name in self._known:
            value, read_at = self._known[name]
            if timedelta(0) <= now - read_at < self.lifetime:
                return value
        return self.fresh(name)

    def fresh(self, name: str) -> T:
        """What is read now."""
        now, value = self.now(), self.read(name)
        self._known.pop(name, None)
        if self.keeps(value):
            self._known[name] = (value, now)
        return value


def pauses(chains: ChainStore, now: Callable[[], datetime]) -> Recent[str | None]:
    """Who paused a route, or None. That no one did is remembered for a moment; the end of a pause is seen at once."""
    return Recent(read=chains.paused_by, now=now, lifetime=PAUSE, keeps=lambda by: by is None)


def beginning(chains: ChainStore, routes: Sequence[Route], now: Callable[[], datetime]) -> Recent[datetime]:
    """When the installation began. Raises UnreadableItemError, or SettingsError for renamed routes."""

    def read(_: str) -> datetime:
        return chains.sweep_progress(now=now()).served_by(routes).began_at

    return Recent(read=read, now=now, lifetime=BEGINNING, keeps=lambda _: True)
