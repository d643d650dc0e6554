"""Unexpected errors: a caller gets InternalFailure, and the simulator's log one line. Faults of a test pass."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from backup_simulator.errors import Unanswered, Unreadable

INTERNAL = "InternalFailure"
TEXT = "The simulator made an error. Its log says where."
EXPECTED = (Unanswered, Unreadable)


class Unforeseen:
    """Around the work for one request. What follows the block answers a request that ended in such an error."""

    def __init__(self, request: str) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Nothing is needed before."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, EXPECTED):
            return False
        place = traceback.extract_tb(trace)[-1]
        said = " ".join(f"{self._request}: {kind.__name__}: {error} ({place.filename}:{place.lineno})".split())
        sys.stderr.write(f"backup-simulator: error in {said}\n")
        return True
