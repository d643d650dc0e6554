"""A built function in Lambda's own runtime: the Runtime Interface Emulator and awslambdaric, without Docker."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.beside import ROOT, clean_environment, within

BUILD = ROOT / ".aws-sam" / "build"
LAYERS = [BUILD / name / "python" for name in ("CoreLayer", "DependenciesLayer")]
PYTHON = ROOT / ".venv-local-cloud" / "bin" / "python"
# The AWS SAM command line brings the emulator along, for its containers.
RAPID = Path("lib") / "python3.13" / "site-packages" / "samcli" / "local" / "rapid"
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass
class Emulated:
    """Where one instance of a function takes invocations, one at a time: a second one at once would end it."""

    port: int
    answers: list[Any] = field(default_factory=list)

    def invoke(self, event: Any) -> Any:
        address = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(address, data=json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=90) as reply:
            answer = json.load(reply)
        assert not (isinstance(answer, dict) and "errorType" in answer), answer
        self.answers.append(answer)
        return answer


@contextmanager
def in_the_lambda_runtime(name: str, variables: Mapping[str, str], log: Path) -> Iterator[Emulated]:
    """A function from what `sam build` left, with the layers and nothing of this checkout to import from."""
    emulator = ROOT / ".venv-sam" / RAPID / f"aws-lambda-rie-{MACHINE[platform.machine()]}"
    assert emulator.exists(), "run `make build`, which installs the emulator with the AWS SAM command line"
    port, runtime_port = _free_ports()
    code = BUILD / name
    environ = clean_environment(
        **variables,
        LAMBDA_TASK_ROOT=str(code),
        PYTHONPATH=os.pathsep.join(map(str, [code, *LAYERS])),
        PYTHONDONTWRITEBYTECODE="1",
        AWS_LAMBDA_FUNCTION_NAME=name,
        AWS_LAMBDA_FUNCTION_TIMEOUT="60",
    )
    addresses = {"interface-emulator": port, "api": runtime_port}
    options = [word for kind, at in addresses.items() for word in (f"--runtime-{kind}-address", f"127.0.0.1:{at}")]
    command: list[str | Path] = [
        emulator,
        *options,
        "--log-level",
        "error",
        PYTHON,
        "-m",
        "awslambdaric",
        "app.lambda_handler",
    ]
    with log.open("wb") as output:
        running = subprocess.Popen(command, cwd=code, env=environ, stdout=output, stderr=output)
        try:
            within(20, lambda: _listens(port))
            yield Emulated(port)
        finally:
            running.terminate()
            running.wait(10)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
