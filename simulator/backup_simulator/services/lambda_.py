"""Lambda: the event source mappings of queues (API_ListEventSourceMappings)."""

from __future__ import annotations

from typing import Any

from backup_simulator.model import Caller, Operation
from backup_simulator.queues import Queues


class Lambda:
    """The event source mappings of a world, which its queues hold."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self.operations: dict[str, Operation] = {"ListEventSourceMappings": self._list_mappings}

    def _list_mappings(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Of queues of the account and Region; a queue has one here."""
        here = f":{region}:{caller.account}:"
        return {
            "EventSourceMappings": [
                {
                    "EventSourceArn": queue.arn,
                    "FunctionArn": queue.mapping.function,
                    "BatchSize": queue.mapping.batch_size,
                    "State": "Enabled" if queue.mapping.enabled else "Disabled",
                }
                for queue in self._queues.by_arn.values()
                if queue.mapping and here in queue.arn and request.get("EventSourceArn") in (None, queue.arn)
            ]
        }
