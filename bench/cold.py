"""Cold starts of the built functions in Lambda's runtime client, against handlers that do the least that is possible.

Run: python -m bench.cold [ROUNDS], after `make build` and `make local-cloud-check`, which install what it needs.
Processor time of a process until its first answer; variants alternate. The figures are ratios of medians.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from backup_simulator import World
from bench.lambda_host import ColdStart, cold_start
from bench.results import write
from rehearsal.stage import ROOT, Stage

BUILD = ROOT / ".aws-sam" / "build"
LAYERS = [BUILD / name / "python" for name in ("CoreLayer", "DependenciesLayer")]
PYTHON = ROOT / ".venv-local-cloud" / "bin" / "python"
ROUNDS = 12
POINT = "arn:aws:rds:eu-west-1:444455556666:snapshot:awsbackup:x"


class Variant(NamedTuple):
    """A handler with its event."""

    folder: Path
    handler: str
    function: str
    event: Any


class Pair(NamedTuple):
    """A function, and the floor that it is compared with."""

    own: Variant
    floor: Variant


def pairs() -> dict[str, Pair]:
    ignored = json.loads((ROOT / "events" / "ignored" / "backup-job-completed.json").read_text(encoding="utf-8"))
    look = {"Records": [_record({"secondhop": 1, "work": "look", "recovery_point": POINT, "route": "default"})]}
    found = {
        "advance": ("AdvanceChain", ignored, "four_clients.handler"),
        "look": ("AdvanceChain", look, "one_read.handler"),
        "sweep": ("SweepChains", {}, "empty_sweep.handler"),
        "operate": ("OperateChains", {"verb": "dance", "by": "tester"}, "four_clients.handler"),
    }
    return {
        name: Pair(
            Variant(BUILD / function, "app.lambda_handler", function, event),
            Variant(ROOT, f"bench/floors/{floor}", function, event),
        )
        for name, (function, event, floor) in found.items()
    }


def _record(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": "m",
        "receiptHandle": "r",
        "body": json.dumps(body),
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:work",
        "awsRegion": "eu-west-1",
    }


def missing() -> str | None:
    """What has to be done first, in one sentence; None if all is there."""
    if not all(layer.exists() for layer in LAYERS):
        return f"{BUILD} has no built functions. Run: make build"
    if not PYTHON.exists():
        return f"{PYTHON} is missing, the environment with Lambda's runtime client. Run: make local-cloud-check"
    return None


def start(variant: Variant, environs: dict[str, dict[str, str]]) -> ColdStart:
    environ = environs[variant.function]
    return cold_start(PYTHON, variant.handler, [variant.folder, *LAYERS], variant.event, environ)


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds, and write build/bench/cold.json."""
    if len(arguments) > 1 or any(not each.isdecimal() or int(each) < 1 for each in arguments):
        print("The only argument is the number of rounds: python -m bench.cold 12", file=sys.stderr)
        return 2
    if (problem := missing()) is not None:
        print(problem, file=sys.stderr)
        return 2
    stage = Stage(World())
    environs = {name: dict(each.environ) for name, each in stage.main.functions.items()}
    found: dict[str, tuple[list[ColdStart], list[ColdStart]]] = {name: ([], []) for name in pairs()}
    for _ in range(int(arguments[0]) if arguments else ROUNDS):
        for name, pair in pairs().items():
            for runs, variant in zip(found[name], pair, strict=True):
                runs.append(start(variant, environs))
    result = {name: _figures(own, floor) for name, (own, floor) in found.items()}
    write("cold", {"ratios": {name: each["ratio"] for name, each in result.items()}, "functions": result})
    for name, each in result.items():
        print(f"{name}: {each}")
    return 0


def _figures(own: Sequence[ColdStart], floor: Sequence[ColdStart]) -> dict[str, Any]:
    ours, least = (median(each.cpu_ms for each in runs) for runs in (own, floor))
    return {
        "cpu_ms": round(ours, 1),
        "floor_ms": round(least, 1),
        "ratio": round(ours / least, 3),
        "ratio_of_minima": round(min(each.cpu_ms for each in own) / min(each.cpu_ms for each in floor), 3),
        "peak_mib": round(median(each.peak_mib for each in own), 1),
        "calls": own[0].calls,
        "floor_calls": floor[0].calls,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
