"""Replays one event: through the rules of the template and the real handler, in a world where its points exist."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backup_simulator import World
from backup_simulator.matching import matches
from rehearsal.preparing import describe_point, prepare
from rehearsal.stage import HOME, WORKLOAD, Stage
from secondhop.adapters.backup_events import read_event as read_news
from secondhop.adapters.backup_events import read_time
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.work import JobNews, PointNews
from secondhop.domain.errors import MalformedError, SecondHopError, shown

GIVEN_UP = 1
# The name of a file that means standard input.
STANDARD_INPUT = Path("-")
# EventBridge's quota for one event is 1 MiB (quotas page, PutEvents), and no event of AWS Backup is nested like this.
LARGEST_BYTES, DEEPEST = 1024 * 1024, 100
# The moment of an event that has none.
SOME_MOMENT = datetime(2026, 1, 5, 6, tzinfo=UTC)
MONTH = timedelta(days=30)


class UnreadableFileError(ValueError):
    """The file is missing or contains no event. The message says which."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """The result of an event: the rule that matched or why none did, the decisions, and the exit code."""

    rule: str | None
    misses: tuple[str, ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    ignored: str | None = None
    malformed: str | None = None
    failed: str | None = None
    exit_code: int = field(default=0)


def read_event(path: Path) -> dict[str, Any]:
    """The event of a file, or of standard input. Raises UnreadableFileError."""
    name = "standard input" if path == STANDARD_INPUT else str(path)
    try:
        event = json.loads(_read(path, name).decode("utf-8-sig"))
    except OSError as error:
        raise UnreadableFileError(f"{name} cannot be read: {error.strerror}.") from error
    except RecursionError as error:
        raise UnreadableFileError(f"{name} holds no event: its JSON is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{name} is not JSON: it is not UTF-8 text, see byte {error.start}.") from error
    except ValueError as error:
        raise UnreadableFileError(f"{name} is not JSON: {error}.") from error
    if not isinstance(event, dict):
        raise UnreadableFileError(f"{name} holds no event: an event is a JSON object.")
    if _is_deeper(event, DEEPEST):
        raise UnreadableFileError(f"{name} holds no event: its JSON is nested too deeply.")
    return event


def _read(path: Path, name: str) -> bytes:
    if path == STANDARD_INPUT:
        content = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    else:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    if not content.strip():
        raise UnreadableFileError(f"{name} is empty.")
    if len(content) > LARGEST_BYTES:
        raise UnreadableFileError(
            f"{name} holds no event: it is larger than 1 MiB, and EventBridge has no such events."
        )
    return content


def _is_deeper(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [child for children in inner for child in children]
    return bool(level)


def replay(event: dict[str, Any]) -> Replayed:
    """Send one event through the template's rules and the real handler."""
    world = World(seed=1, start=_moment(event))
    chains = MemoryChains()
    stage = Stage(world, chains)
    rules = {rule.name.removeprefix(f"{stage.main.name}-"): rule for rule in world.rules(WORKLOAD, HOME)}
    matching = next((name for name, rule in rules.items() if matches(rule.pattern, event)), None)
    if matching is None:
        misses = tuple(f"{name}: {_first_miss(rule.pattern, event)}" for name, rule in rules.items())
        return Replayed(rule=None, misses=misses)
    try:
        news = read_news(event)
        if isinstance(news, JobNews | PointNews):
            # The installation is older than the event's recovery point, so the point is not for `adopt`.
            born = describe_point(news, event["detail"], world.now()).created_at
            chains.sweep_progress(now=min(born, world.now()) - MONTH)
            prepare(stage, news, event)
        answer = stage.main.functions["AdvanceChain"](event)
    except MalformedError as error:
        return Replayed(rule=matching, malformed=str(error), exit_code=GIVEN_UP)
    except SecondHopError as error:
        return Replayed(rule=matching, failed=str(error), exit_code=GIVEN_UP)
    return Replayed(rule=matching, decisions=tuple(answer["decisions"]), ignored=answer["ignored"])


def _moment(event: Mapping[str, Any]) -> datetime:
    try:
        return read_time(event.get("time")).astimezone(UTC)
    except MalformedError:
        return SOME_MOMENT


def _first_miss(pattern: Mapping[str, Any], event: Mapping[str, Any], path: str = "") -> str:
    """The first field of a pattern that the event does not meet, with what was found."""
    for name, wanted in pattern.items():
        if matches({name: wanted}, event):
            continue
        if name not in event:
            return f"{path}{name} is missing, wanted {json.dumps(wanted)}"
        found = event[name]
        if isinstance(wanted, Mapping) and isinstance(found, Mapping):
            return _first_miss(wanted, found, f"{path}{name}.")
        return f"{path}{name} is {_as_json(found)}, wanted {json.dumps(wanted)}"
    return "nothing differs"


def _as_json(value: object) -> str:
    """As the file has it, unless it is long."""
    whole = json.dumps(value)
    return whole if len(whole) <= 200 else shown(value)
