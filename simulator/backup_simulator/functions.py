"""Functions that rules and callers invoke. For rules: in this process, asynchronously, on the virtual clock.

Lambda answers EventBridge at once and runs the function later. A function that fails is invoked again, after one minute
and after two more: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from backup_simulator.errors import ProcessDied
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, site_of
from backup_simulator.regions import partition_of

WAITS = (timedelta(minutes=1), timedelta(minutes=2))
Function = Callable[[dict[str, Any]], Any]


class Functions:
    """The functions of a world, by ARN."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.by_arn: dict[str, Function] = {}

    def invoke(self, arn: str, body: str) -> None:
        """Run a function soon with an event, and again if it fails."""
        self._ground.clock.after(timedelta(seconds=1), partial(self._run, arn, body, WAITS))

    def _run(self, arn: str, body: str, waits: tuple[timedelta, ...]) -> None:
        try:
            self.by_arn[arn](json.loads(body))
        except (ProcessDied, Exception) as error:  # noqa: BLE001 - whatever it raises, Lambda tries again
            text = f"{arn.rpartition(':')[2]}: {type(error).__name__}: {error}"
            self._ground.note("function failed", *site_of(arn), text)
            if waits:
                self._ground.clock.after(waits[0], partial(self._run, arn, body, waits[1:]))


def function_arn(caller: Caller, region: str, name: str) -> str:
    """The ARN of a function of a caller's account."""
    return f"arn:{partition_of(region)}:lambda:{region}:{caller.account}:function:{name}"
