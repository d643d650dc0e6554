"""Starts the local cloud's server in the background with a pid file and a log, and stops it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from local_cloud.place import ROOT, CloudError, Place

COMMAND = ROOT / ".venv-local-cloud" / "bin" / "backup-simulator-with-ministack"
LIST_LAG_SECONDS = 5
START_SECONDS = 30
STOP_SECONDS = 8


class PortInUseError(CloudError):
    """Another process uses the port."""


def start(place: Place, *, time_scale: float) -> None:
    """Start it. Raises PortInUseError, or CloudError if it does not start."""
    if _is_taken(place.port):
        raise PortInUseError(
            f"Port {place.port} of 127.0.0.1 is in use by something else; choose another: make local-cloud PORT=4600"
        )
    temporary = place.folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    command = [str(COMMAND), "serve", "--port", str(place.port), "--time-scale", str(time_scale)]
    # The time scale does not change AWS's list lag of some seconds, so it is divided here.
    command += ["--delivery", json.dumps({"list_lag": LIST_LAG_SECONDS / time_scale})]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "MAKE"))}
    environ["TMPDIR"] = str(temporary)
    with place.log.open("wb") as log:
        # It gets its own session and no stream of the caller, so that it keeps no terminal or pipe open.
        server = subprocess.Popen(  # noqa: S603 - a command of this repository
            command,
            cwd=place.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    place.pid_file.write_text(f"{server.pid}\n{place.port}\n")
    _await(server, place)


def _await(server: subprocess.Popen[bytes], place: Place) -> None:
    until = time.monotonic() + START_SECONDS
    while not _is_taken(place.port):
        if server.poll() is not None or time.monotonic() > until:
            stop(place)
            raise CloudError(f"The local cloud did not start; {place.log} says why.")
        time.sleep(0.1)


def running(place: Place) -> int | None:
    """The id of its process, if it runs. A pid file that remains after a crash does not count."""
    if not place.pid_file.exists():
        return None
    pid = int(place.pid_file.read_text().split()[0])
    return pid if _is_ours(pid) else None


def port_of(folder: Path, default: int) -> int:
    """The port of the running local cloud, or the default."""
    pid_file = folder / "pid"
    return int(pid_file.read_text().split()[1]) if pid_file.exists() else default


def stop(place: Place) -> bool:
    """Stop it with all its processes, and wait for the end. Returns whether it ran."""
    pid = running(place)
    if pid is not None:
        os.killpg(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while _is_alive(pid):
            if time.monotonic() > until:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(0.1)
    place.pid_file.unlink(missing_ok=True)
    # A killed server could not delete these files itself.
    shutil.rmtree(place.folder / "tmp", ignore_errors=True)
    return pid is not None


def _is_ours(pid: int) -> bool:
    """Whether a process is alive and is our server, and not another process with the same id."""
    if not _is_alive(pid):
        return False
    # -ww prints the whole command line, even for a narrow terminal.
    said = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - of every Unix
    return "backup-simulator" in said.stdout


def _is_alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        # Our own ended child is a zombie until we wait for it. Other children disappear by themselves.
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
