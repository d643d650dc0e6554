"""Lambda: invocations of functions (API_Invoke), and event source mappings of queues (API_ListEventSourceMappings)."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from botocore.response import StreamingBody

from backup_simulator.errors import NotModelled, ProcessDied, Refused
from backup_simulator.functions import Functions, function_arn
from backup_simulator.model import Caller, Operation, site_of
from backup_simulator.queues import Queues

# arn:aws:lambda:REGION:ACCOUNT:function:NAME; one part more is a version or an alias.
PARTS_OF_FUNCTION = 7


class Lambda:
    """The functions of a world, and its event source mappings, which its queues hold."""

    def __init__(self, queues: Queues, functions: Functions) -> None:
        self._queues = queues
        self._functions = functions
        self.operations: dict[str, Operation] = {
            "Invoke": self._invoke,
            "ListEventSourceMappings": self._list_mappings,
        }

    def _invoke(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Run a function of the caller's account and Region now. An error of the function is in the answer."""
        if request.get("InvocationType", "RequestResponse") != "RequestResponse":
            raise NotModelled(f"Invoke with InvocationType {request['InvocationType']} is not modelled")
        name = request["FunctionName"]
        if ":" in name and name.count(":") != PARTS_OF_FUNCTION - 1:
            raise NotModelled(f"the function name {name} is not modelled: give the name, or the ARN without a version")
        arn = name if name.startswith("arn:") else function_arn(caller, region, name)
        if site_of(arn) != (caller.account, region):
            raise NotModelled("to invoke a function of another account or Region is not modelled")
        if arn not in self._functions.by_arn:
            raise Refused("ResourceNotFoundException", f"Function not found: {arn}", 404)
        try:
            event = json.loads(request.get("Payload") or b"{}")
        except ValueError as error:
            raise Refused(
                "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            ) from error
        answer, failed = self._run(arn, event)
        body = json.dumps(answer).encode()
        payload = StreamingBody(BytesIO(body), len(body))
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload, **failed}

    def _run(self, arn: str, event: dict[str, Any]) -> tuple[Any, dict[str, str]]:
        try:
            return self._functions.by_arn[arn](event), {}
        except (ProcessDied, Exception) as error:  # noqa: BLE001 - whatever it raises, Lambda answers
            reason = {"errorMessage": str(error), "errorType": type(error).__name__}
            return reason, {"FunctionError": "Unhandled"}

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
