"""STS: roles are assumed, and callers learn who they are (API_AssumeRole, API_GetCallerIdentity)."""

from __future__ import annotations

from typing import Any

from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation


class Sts:
    """The sessions of a world's roles."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.operations: dict[str, Operation] = {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._get_caller_identity,
        }

    def _assume_role(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        return self._identity.assume(caller, request)

    def _get_caller_identity(self, caller: Caller, _region: str, _request: dict[str, Any]) -> dict[str, Any]:
        return {"Account": caller.account, "Arn": caller.name, "UserId": "SIMULATED"}
