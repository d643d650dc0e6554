"""Builds the use case of the operators' function."""

from __future__ import annotations

from secondhop.application.operate_chains import OperateChains
from secondhop.bootstrap.base import Runtime, build_base


def build_operators(runtime: Runtime) -> OperateChains:
    """Wire the operators' requests. Raises SettingsError."""
    base = build_base(runtime)
    return OperateChains(
        routes=base.settings.routes, chains=base.chains, backup=base.backup, queue=base.queue, now=runtime.now
    )
