"""Facts that are read once, and used again for a short time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from secondhop.application.ports import ChainStore
from secondhop.domain.route import Route

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

# Before a question, a pause only saves the question, so it may be older there than before an effect.
PAUSE = timedelta(minutes=15)
# A pause is read before a start is decided, and the saved start is made at once. A delete always reads it again.
JUST_NOW = timedelta(seconds=2)
# When the installation began does not change, except when its table is lost.
BEGINNING = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent(Generic[K, T]):
    """Reads by a key, and remembers what was read for `lifetime`, if `keeps` says that it may be remembered."""

    read: Callable[[K], T]
    now: Callable[[], datetime]
    lifetime: timedelta
    keeps: Callable[[T], bool]
    _known: dict[K, tuple[T, datetime]] = field(default_factory=dict, repr=False)

    def __call__(self, key: K, *, within: timedelta | None = None) -> T:
        """What was read within the lifetime, or within a shorter time; or is read now."""
        now = self.now()
        if key in self._known:
            value, read_at = self._known[key]
            if timedelta(0) <= now - read_at < min(self.lifetime, within or self.lifetime):
                return value
        return self.fresh(key)

    def fresh(self, key: K) -> T:
        """What is read now."""
        now, value = self.now(), self.read(key)
        self._known.pop(key, None)
        if self.keeps(value):
            self._known[key] = (value, now)
        return value


def pauses(chains: ChainStore, now: Callable[[], datetime]) -> Recent[str, str | None]:
    """Who paused a route, or None. That no one did is remembered for a moment; the end of a pause is seen at once."""
    return Recent(read=chains.paused_by, now=now, lifetime=PAUSE, keeps=lambda by: by is None)


def beginning(chains: ChainStore, routes: Sequence[Route], now: Callable[[], datetime]) -> Recent[str, datetime]:
    """When the installation began. Raises UnreadableItemError, or SettingsError for renamed routes."""

    def read(_: str) -> datetime:
        return chains.sweep_progress(now=now()).served_by(routes).began_at

    return Recent(read=read, now=now, lifetime=BEGINNING, keeps=lambda _: True)
