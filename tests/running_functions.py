"""One function of the main stack, invoked with what a test chooses, and what it logs and measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from backup_simulator import World
from rehearsal.functions import LOG
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.sweep_progress import SweepProgress


class TroubledChains(MemoryChains):
    """A store that raises when it is asked for certain chains, or for anything of the installation (`trouble`)."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: dict[ChainKey, Exception] = {}
        self.trouble: Exception | None = None

    def sweep_progress(self, *, now: datetime) -> SweepProgress:
        if self.trouble is not None:
            raise self.trouble
        return super().sweep_progress(now=now)

    def get(self, key: ChainKey) -> Chain | None:
        if key in self.troubles:
            raise self.troubles[key]
        return super().get(key)


class Running:
    """A function over a world without backups. `logged` has its lines, `measured` its metrics by name.

    It is told what the template tells it, but for what `environ` says otherwise and what it is to be `without`.
    """

    def __init__(self, name: str, *, without: tuple[str, ...] = (), **environ: str) -> None:
        self.chains = TroubledChains()
        self.stage = Stage(World(), self.chains)
        self.logged: list[dict[str, Any]] = []
        self.measured: Counter[str] = Counter()
        self.namespaces: set[tuple[str, str]] = set()
        self.units: set[str] = set()
        deployed = self.stage.main.functions[name]
        told = {key: value for key, value in {**deployed.environ, **environ}.items() if key not in without}
        self._function = replace(deployed, measure=self._measure, environ=told)

    def _measure(self, namespace: str, name: str, dimensions: Mapping[str, str], value: float) -> None:
        self.namespaces.add((namespace, dimensions["service"]))
        self.measured[name] += int(value)

    def __call__(self, event: dict[str, Any]) -> Any:
        with LOG.heard_by(self._hear):
            return self._function(event)

    def _hear(self, line: dict[str, Any]) -> None:
        if "message" in line:
            self.logged.append(line)
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            self.units |= {metric["Unit"] for metric in directive["Metrics"]}

    @property
    def dead_letters(self) -> list[Any]:
        """The messages of the dead-letter queue, in their order."""
        queue = self.stage.world.queue(self.stage.main.ref("DeadLetters"))
        return list(queue.messages.values())


def batch(**bodies: str) -> dict[str, Any]:
    """The event of a batch of SQS, with the given bodies by message id."""
    records = [
        {
            "messageId": name,
            "receiptHandle": f"receipt of {name}",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767571200000"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:work",
            "awsRegion": "eu-west-1",
        }
        for name, body in bodies.items()
    ]
    return {"Records": records}
