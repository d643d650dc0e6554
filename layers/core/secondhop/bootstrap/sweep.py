"""Builds the use case of the sweep's function."""

from __future__ import annotations

from secondhop.application.sweep_chains import SweepChains
from secondhop.bootstrap.base import Runtime, build_base


def build_sweep(runtime: Runtime) -> SweepChains:
    """Wire the sweep. Raises SettingsError."""
    base = build_base(runtime)
    return SweepChains(
        routes=base.settings.routes, chains=base.chains, backup=base.backup, queue=base.queue, now=runtime.now
    )
