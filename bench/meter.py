"""Counts what each function of a stage does: calls of AWS, reads and writes of its table, messages that it gets.

A read is one GetItem, Query or BatchGetItem. An item written counts by itself, also in a transaction.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from backup_simulator.model import Call
from rehearsal.functions import RUNNING
from rehearsal.small_dynamodb import SmallDynamoDb, Usage
from rehearsal.stage import Stage

ACTOR, SWEEP, OPERATOR = "AdvanceChain", "SweepChains", "OperateChains"
READS = ("GetItem", "Query", "BatchGetItem")

Counts = Counter[str]


class Meter:
    """The counts of a stage from its beginning, by function."""

    def __init__(self, stage: Stage, database: SmallDynamoDb) -> None:
        self.by: dict[str, Counts] = defaultdict(Counter)
        self.heard: list[Callable[[dict[str, Any]], None]] = []
        stage.world.on_call(self._hear_call)
        database.listeners.append(self._hear_table)
        self._listen(stage)

    def so_far(self) -> dict[str, Counts]:
        """A copy of the counts, to subtract later."""
        return {name: Counter(counts) for name, counts in self.by.items()}

    def since(self, before: Mapping[str, Counts]) -> dict[str, Counts]:
        """What was counted since a copy was made."""
        return {name: counts - before.get(name, Counter()) for name, counts in self.by.items()}

    def _hear_call(self, call: Call) -> None:
        if not RUNNING:
            return
        counts = self.by[RUNNING[-1].function.name]
        counts[f"{call.service}:{call.operation}"] += 1
        if call.operation == "SendMessageBatch":
            counts["messages sent"] += len(call.request["Entries"])

    def _hear_table(self, usage: Usage) -> None:
        if not RUNNING:
            return
        counts = self.by[RUNNING[-1].function.name]
        counts[f"dynamodb:{usage.operation}"] += 1
        if usage.is_refused:
            counts["writes refused"] += 1
        if usage.operation in READS:
            counts["reads"] += 1
            counts[f"reads of {usage.index or kind_of(usage.read)}"] += 1
            counts["items read"] += len(usage.read)
        counts["items written"] += len(usage.written)
        for key in usage.written:
            counts[f"items written: {kind_of((key,))}"] += 1
        for name, units in (("read units", usage.read_units), ("write units", usage.write_units)):
            # Counters hold whole numbers: halves of read units are counted double here and halved in `units`.
            counts[f"half {name}"] += round(2 * units)
        if usage.index is not None:
            counts[f"half read units of {usage.index}"] += round(2 * usage.read_units)
        for name, index_units in usage.index_writes.items():
            counts["half write units"] += 2 * index_units
            counts[f"half write units of {name}"] += 2 * index_units

    def _listen(self, stage: Stage) -> None:
        """Count invocations and messages where Lambda polls the queue."""
        mapping = stage.world.queue(stage.main.ref("WorkQueue")).mapping
        assert mapping is not None
        invoke = mapping.invoke

        def counted(event: dict[str, Any]) -> Any:
            counts = self.by[ACTOR]
            counts["invocations"] += 1
            counts["messages"] += len(event["Records"])
            for record in event["Records"]:
                counts[f"messages: {subject_of(record['body'])}"] += 1
            for listener in self.heard:
                listener(event)
            return invoke(event)

        mapping.invoke = counted


def kind_of(keys: tuple[tuple[str, ...], ...]) -> str:
    """The kind of items: what their partition keys begin with."""
    return keys[0][0].partition("#")[0] if keys else "nothing"


def subject_of(body: str) -> str:
    """What a message is: an event of AWS Backup with its state, or a kind of work."""
    message = json.loads(body)
    if "detail-type" in message:
        detail = message["detail"]
        return f"{message['detail-type']} {detail.get('state', detail.get('status', ''))}"
    return str(message.get("work", "unknown"))


def units(counts: Mapping[str, int], name: str) -> float:
    """Read or write units, which are counted in halves."""
    return counts.get(f"half {name}", 0) / 2


def aws_backup_calls(counts: Mapping[str, int]) -> int:
    return sum(number for name, number in counts.items() if name.startswith("backup:"))


def per(counts: Mapping[str, int], number: int) -> dict[str, float]:
    """Each count for one of so many, by name; units whole."""
    named = {name.removeprefix("half "): c / (2 if name.startswith("half ") else 1) for name, c in counts.items()}
    return {name: round(count / number, 3) for name, count in sorted(named.items()) if count}


def summary(counts: Mapping[str, int], chains: int) -> dict[str, float]:
    """The figures that have bars, for one chain."""
    figures = {
        "messages": counts.get("messages", 0),
        "aws_backup_calls": aws_backup_calls(counts),
        "reads": counts.get("reads", 0),
        "items_written": counts.get("items written", 0),
        "read_units": units(counts, "read units"),
        "write_units": units(counts, "write units"),
    }
    return {name: round(figure / chains, 3) for name, figure in figures.items()}
