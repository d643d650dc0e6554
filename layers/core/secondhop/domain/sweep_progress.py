"""The progress of the sweep: when the installation began, and how far its sweep is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from secondhop.domain.errors import SettingsError
from secondhop.domain.route import Route
from secondhop.domain.slices import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepProgress:
    """When the installation began, and how far its sweep is.

    `ended_at` is when the last sweep came to an end. `unfinished` are the slices that are left of a pass, the next one
    first. `routes` are the names under which its chains are kept: a route under another name would neither know its
    chains nor give their slots back.
    """

    began_at: datetime
    swept_back_to: datetime | None = None
    sweeping_until: datetime | None = None
    ended_at: datetime | None = None
    unfinished: tuple[Slice, ...] = ()
    routes: tuple[str, ...] = ()

    def served_by(self, routes: Iterable[Route]) -> SweepProgress:
        """Itself with the names of its routes. Raises SettingsError for routes under which its chains are not kept."""
        names = tuple(sorted(route.name for route in routes))
        if self.routes not in ((), names):
            kept = ", ".join(self.routes)
            raise SettingsError(
                (f"RouteName is {', '.join(names)}, and this table's chains are of {kept}; set it back",)
            )
        return replace(self, routes=names)
