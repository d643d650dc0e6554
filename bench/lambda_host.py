"""Lambda's runtime interface and the AWS endpoints that a cold start calls, both on loopback, without Docker.

One invocation for each process. The processor time of the process is read when its answer arrives.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

API = "/2018-06-01/runtime/"
TIMEOUT_SECONDS = 60
CREDENTIALS = (
    '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
    "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2036-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


class ColdStart(NamedTuple):
    """What one process used until its first answer."""

    cpu_ms: float
    peak_mib: float
    calls: int
    answer: str


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that is ended resets its connection. Anything else is reported."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Host:
    """Serves one process: its invocation, and AWS's empty answers to its calls."""

    def __init__(self, event: Any) -> None:
        self.event = json.dumps(event).encode()
        self.answered = threading.Event()
        self.calls = 0
        self.answer = ""
        self.cpu_ms = self.peak_mib = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """No log of requests."""

            def do_GET(self) -> None:
                host.get(self)

            def do_POST(self) -> None:
                host.post(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        self.server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        if not request.path.startswith(API):
            self.calls += 1
            listed = b'{"RecoveryPoints":[]}' if "recovery-points" in request.path else b'{"CopyJobs":[]}'
            reply(request, listed, {"Content-Type": "application/json"})
            return
        if self.answered.is_set():
            # The runtime asks for its second event. There is none: the process is ended meanwhile.
            time.sleep(TIMEOUT_SECONDS)
        deadline = str(int((time.time() + TIMEOUT_SECONDS) * 1000))
        function = "arn:aws:lambda:eu-west-1:111122223333:function:f"
        names = {
            "Aws-Request-Id": "request",
            "Deadline-Ms": deadline,
            "Invoked-Function-Arn": function,
            "Trace-Id": "Root=1-5e1b4151-5ac6c58f5b0dc1e4b0ca7d2b",
        }
        headers = {f"Lambda-Runtime-{name}": value for name, value in names.items()}
        reply(request, self.event, {"Content-Type": "application/json", **headers})

    def post(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        if request.path.startswith(API):
            assert self.process is not None
            self.cpu_ms, self.peak_mib = cpu_ms(self.process.pid), peak_mib(self.process.pid)
            self.answer = ("error: " if request.path.endswith("error") else "") + body.decode()
            self.answered.set()
            reply(request, b"", {}, status=202)
            return
        self.calls += 1
        target = request.headers.get("X-Amz-Target", "")
        empty = b'{"Responses":{}}' if target.endswith("BatchGetItem") else b"{}"
        found = b'{"Items":[],"Count":0}' if target.endswith("Query") else empty
        is_sts = not target
        kind = "text/xml" if is_sts else "application/x-amz-json-1.0"
        reply(request, CREDENTIALS.encode() if is_sts else found, {"Content-Type": kind})


def reply(request: BaseHTTPRequestHandler, body: bytes, headers: Mapping[str, str], *, status: int = 200) -> None:
    request.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def cpu_ms(pid: int) -> float:
    """The processor time of all threads of a process."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e6


def peak_mib(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def cold_start(python: Path, handler: str, folders: list[Path], event: Any, variables: Mapping[str, str]) -> ColdStart:
    """Run a handler in a new process of Lambda's runtime until its first answer. Raises AssertionError for an error."""
    host = Host(event)
    address = f"127.0.0.1:{host.server.server_port}"
    environ = {
        "PATH": "/usr/bin:/bin",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(folders[0]),
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://{address}",
        **variables,
    }
    command: list[str | Path] = [python, "-m", "awslambdaric", handler]
    host.process = subprocess.Popen(command, cwd=folders[0], env=environ, stdout=subprocess.DEVNULL)
    try:
        _wait(host, host.process)
    finally:
        host.process.kill()
        host.process.wait()
        host.server.shutdown()
    if not host.answered.is_set() or host.answer.startswith("error: ") or "errorType" in host.answer:
        how = host.answer or f"nothing, and exited with {host.process.returncode}"
        raise AssertionError(f"{handler} in {folders[0]} answered: {how}")
    return ColdStart(host.cpu_ms, host.peak_mib, host.calls, host.answer)


def _wait(host: Host, process: subprocess.Popen[bytes]) -> None:
    """Until the answer arrives, the process ends, or the time is over."""
    ends = time.monotonic() + TIMEOUT_SECONDS
    while not host.answered.wait(0.05) and process.poll() is None and time.monotonic() < ends:
        continue
