"""The idempotency tokens of StartCopyJob and StartBackupJob (rule 15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.ground import Ground
from backup_simulator.switches import TokenOfAnother

Parameters = tuple[str, ...]


class Tokens:
    """The jobs that calls made, by their tokens, and the newest job of identical calls."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._by_token: dict[tuple[str, str, str], dict[Parameters, tuple[datetime, str]]] = {}
        self._twins: dict[tuple[str, str, Parameters], tuple[datetime, str]] = {}

    def job_of(self, account: str, region: str, request: Mapping[str, Any]) -> str | None:
        """The job that a call with this token made. Raises Refused, if a switch refuses one with other parameters."""
        made = self._by_token.get((account, region, request.get("IdempotencyToken", "")), {})
        live = {parameters: job for parameters, (since, job) in made.items() if self._remembers(since)}
        job = live.get(_parameters(request)) if live else None
        if job is not None or not live:
            return job
        match self._ground.unknown.token_of_another:
            case TokenOfAnother.SAME_JOB:
                return next(iter(live.values()))
            case TokenOfAnother.NEW_JOB:
                return None
        raise Refused("InvalidParameterValueException", "The idempotency token was used with other parameters.")

    def twin_of(self, account: str, region: str, request: Mapping[str, Any]) -> str | None:
        """The job of an identical call with another token, or none, if a switch merges them."""
        time = self._ground.unknown.identical_calls_merged_for
        twin = self._twins.get((account, region, _parameters(request))) if time else None
        return twin[1] if twin is not None and self._ground.now() - twin[0] < time else None

    def _remembers(self, since: datetime) -> bool:
        lifetime = self._ground.unknown.token_lifetime
        return lifetime is None or self._ground.now() - since <= lifetime

    def remember(self, account: str, region: str, request: Mapping[str, Any], job_id: str) -> None:
        """Remember the job that a call made."""
        made, parameters = (self._ground.now(), job_id), _parameters(request)
        self._twins[account, region, parameters] = made
        if token := request.get("IdempotencyToken"):
            self._by_token.setdefault((account, region, token), {})[parameters] = made


def _parameters(request: Mapping[str, Any]) -> Parameters:
    """All parameters of a call but its token."""
    return tuple(f"{name}={request[name]}" for name in sorted(request) if name != "IdempotencyToken")
