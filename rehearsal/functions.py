"""Runs functions as Lambda does: load app.py, build once, keep warm, and drop the instance if its process dies."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from backup_simulator import ProcessDied
from backup_simulator.processes import Process
from secondhop.application.ports import ChainStore
from secondhop.bootstrap.base import Handler, Runtime


@dataclass(frozen=True, kw_only=True)
class Context:
    """The context that Lambda gives a handler."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    process: Process
    now: Callable[[], datetime]
    memory_limit_in_mb: int = 512

    def get_remaining_time_in_millis(self) -> int:
        """In virtual time, which passes only while a call waits, and not while a handler computes."""
        return max(0, round(self.process.time_left(self.now()) / timedelta(milliseconds=1)))


class Log(io.TextIOBase):
    """Passes each line that functions print to the listeners. Lines of Powertools are JSON."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith("{"):
                entry = json.loads(line)
                for listener in self.listeners:
                    listener(entry)
        return len(text)

    @contextmanager
    def heard_by(self, listener: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Add a listener for the lines while the block runs."""
        self.listeners.append(listener)
        try:
            yield
        finally:
            self.listeners.remove(listener)


# Python's logging keeps its first stream for the life of the process, so all functions share one log.
LOG = Log()


class Running(NamedTuple):
    """One invocation of a function, by its number."""

    function: WarmFunction
    number: int


RUNNING: list[Running] = []
"""The running invocations. The last one acts now; those before it sleep in a call."""


@contextmanager
def _on_top(running: Running, process: Process, processes: list[Process]) -> Iterator[None]:
    RUNNING.append(running)
    processes.append(process)
    try:
        yield
    finally:
        RUNNING.pop()
        processes.pop()


@dataclass(kw_only=True)
class WarmFunction:
    """One function of a stack. `chains` is its store; None lets it use DynamoDB by its session.

    `measure` receives each metric: namespace, name, dimensions, value. `timeout` is Lambda's. With `is_killed`, an
    invocation that takes longer dies. `processes` shows the world which process calls.
    """

    name: str
    folder: Path
    environ: Mapping[str, str]
    session: Any
    now: Callable[[], datetime]
    chains: ChainStore | None
    measure: Callable[[str, str, Mapping[str, str], float], None]
    timeout: timedelta = timedelta(seconds=60)
    is_killed: bool = False
    processes: list[Process] = field(default_factory=list)
    invocations: int = 0
    _idle: list[Handler] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        # Lambda measures the timeout by its own clock, also where a test sets the function's clock (`now`) wrong.
        self._lambda_now = self.now

    def __call__(self, event: dict[str, Any]) -> Any:
        """Invoke the function. Raises what its handler raises. If the process dies, the warm instance is dropped."""
        self.invocations += 1
        process = Process(started_at=self._lambda_now(), timeout=self.timeout, is_killed=self.is_killed)
        context = Context(
            function_name=self.name,
            invoked_function_arn=f"arn:aws:lambda:eu-west-1:111122223333:function:{self.name}",
            aws_request_id=f"{self.name}-{self.invocations}",
            process=process,
            now=self._lambda_now,
        )
        running = Running(self, self.invocations)
        on_top = _on_top(running, process, self.processes)
        with redirect_stdout(LOG), LOG.heard_by(self._keep_own(running)), on_top, warnings.catch_warnings():
            # Powertools warns if an invocation has no metrics. On Lambda this line is in the log.
            warnings.filterwarnings("ignore", message="No application metrics to publish")
            # While an instance sleeps in a call, another invocation gets a second instance, as on Lambda.
            idle = self._idle
            handler = idle.pop() if idle else self._build()
            is_alive = True
            try:
                return handler(event, context)
            except ProcessDied:
                is_alive = False
                raise
            finally:
                if is_alive:
                    idle.append(handler)

    def redeploy(self, environ: Mapping[str, str]) -> None:
        """Change the environment. Warm instances are dropped; running invocations continue."""
        self.environ = environ
        self._idle = []

    def _keep_own(self, running: Running) -> Callable[[dict[str, Any]], None]:
        """Lines of this invocation only, not of those that run while it sleeps."""
        return lambda line: self._keep(line) if RUNNING[-1] is running else None

    def _keep(self, line: dict[str, Any]) -> None:
        """Turn lines in the embedded metric format into metrics, as CloudWatch does.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
        """
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for names in directive["Dimensions"]:
                dimensions = {name: str(line[name]) for name in names}
                for metric in directive["Metrics"]:
                    value = line[metric["Name"]]
                    for each in value if isinstance(value, list) else [value]:
                        self.measure(directive["Namespace"], metric["Name"], dimensions, float(each))

    def _build(self) -> Handler:
        runtime = Runtime(environ=self.environ, session=self.session, now=self.now, chains=self.chains)
        handler: Handler = load(self.folder).build(runtime)
        return handler


def load(folder: Path) -> ModuleType:
    """A new top-level module from a function's app.py."""
    path = folder / "app.py"
    module = ModuleType(f"app_of_{folder.name}")
    module.__file__ = str(path)
    exec(_compiled(path), module.__dict__)  # noqa: S102 - this is what loading a module is
    return module


@cache
def _compiled(path: Path) -> CodeType:
    """The compiled code of a file, shared by all cold starts."""
    return compile(path.read_text(), str(path), "exec")
