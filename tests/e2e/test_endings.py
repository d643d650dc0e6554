"""How every command ends: one sentence on stderr and the right exit code, whatever happens, and never a traceback."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backup_simulator import World
from tests.installing import GOOD, ROOT, Checkout
from tests.served import served

PROGRAM = [sys.executable, "-m", "secondhop_cli"]
INSTALLED = [f"--{name.replace('_', '-')}={value}" for name, value in GOOD.items()]
# Something that each command uses, and that is not ours: it fails there.
STRUCK = {
    "demo": "random.Random.__init__",
    "simulate": "random.Random.__init__",
    "replay": "json.loads",
    "init": "pathlib.Path.is_file",
    "doctor": "boto3.session.Session.__init__",
    "redrive": "boto3.session.Session.__init__",
    "first-night": "boto3.session.Session.__init__",
}
LEFT = {
    "version": 1,
    "settings": {
        "run": "0a1b2c3d",
        "partition": "aws",
        "workload": "111122223333",
        "backup": "444455556666",
        "region": "eu-west-1",
        "dr_region": "eu-central-1",
        "database_arn": "arn:aws:rds:eu-west-1:111122223333:db:small",
        "size_gib": 20,
        "near_key_arn": "arn:aws:kms:eu-west-1:444455556666:key/1",
        "dr_key_arn": "arn:aws:kms:eu-central-1:444455556666:key/2",
    },
    "profiles": {"workload": None, "backup": None},
    "things": [{"kind": "vault", "account": "111122223333", "region": "eu-west-1", "name": "second-hop-first-night-0"}],
}
STRIKE = """
import os
if os.environ.get("STRIKE"):
    import boto3, builtins, importlib, json, pathlib, random
    def strike(*_given, **_named):
        raise getattr(builtins, os.environ["STRIKE"])("struck\\nhard")
    module, *owner, name = os.environ["STRUCK"].rsplit(".", 2)
    place = importlib.import_module(module)
    for each in owner:
        place = getattr(place, each)
    setattr(place, name, strike)
"""


@dataclass
class Place:
    """A folder to run commands in, with a checkout for init, and the address of a world with queues."""

    folder: Path
    address: str
    queues: tuple[str, str]

    def arguments(self, command: str) -> list[str]:
        dead, work = self.queues
        return {
            "demo": [],
            "simulate": ["--nights", "1"],
            "replay": [str(ROOT / "events/copy-job-hop1-rds-completed.json")],
            "init": ["--directory", str(self.folder / "checkout"), *INSTALLED],
            "doctor": ["--region", "eu-west-1"],
            "first-night": ["--clean-up", "--dry-run", "--state-file", str(self.folder / "state.json")],
            "redrive": ["--dead-letter-queue-url", dead, "--work-queue-url", work],
        }[command]

    def environ(self, **more: str) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        keys = {"AWS_ACCESS_KEY_ID": "111122223333", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1"}
        here = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        region = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": self.address, "NO_PROXY": "127.0.0.1"}
        path = os.pathsep.join([str(self.folder), known.get("PYTHONPATH", ""), str(ROOT)])
        return known | keys | here | region | {"PYTHONPATH": path} | more

    def shell(self, command: str, after: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The command in a shell that prints the command's own exit code last."""
        words = subprocess.list2cmdline([*PROGRAM, command, *self.arguments(command)])
        script = f"{words} {after}; echo code ${{PIPESTATUS[0]}}"
        return self.run(["bash", "-c", script], **more)

    def run(self, words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        environ = self.environ(**more)
        return subprocess.run(words, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("endings")
    (folder / "sitecustomize.py").write_text(STRIKE)
    (folder / "checkout").mkdir()
    Checkout(folder / "checkout")
    (folder / "state.json").write_text(json.dumps(LEFT))
    world = World()
    site = world.site("111122223333", "eu-west-1")
    dead, work = site.create_queue("dead"), site.create_queue("work")
    with served(world) as address:
        yield Place(folder, address, (dead.url, work.url))


def one_sentence(text: str) -> str:
    """The text on stderr, which has to be one line."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize("command", STRUCK)
def test_a_command_that_is_interrupted_ends_with_130_and_one_sentence(place: Place, command: str) -> None:
    ended = place.run(
        [*PROGRAM, command, *place.arguments(command)], STRIKE="KeyboardInterrupt", STRUCK=STRUCK[command]
    )

    assert ended.returncode == 130
    assert one_sentence(ended.stderr) == f"secondhop {command}: interrupted."


@pytest.mark.parametrize("command", STRUCK)
def test_an_unexpected_error_says_where_to_report_it_and_how_to_see_more(place: Place, command: str) -> None:
    struck = {"STRIKE": "RuntimeError", "STRUCK": STRUCK[command]}
    words = [*PROGRAM, command, *place.arguments(command)]
    ended = place.run(words, **struck)

    # The doctor's 1 says that a copy would fail.
    assert ended.returncode == (3 if command == "doctor" else 1)
    said = one_sentence(ended.stderr)
    assert said.startswith(f"secondhop {command}: an unexpected error (RuntimeError: struck hard in ")
    assert "open an issue" in said
    assert "SECONDHOP_TRACEBACK=1" in said
    if command == "redrive":
        assert "Traceback" in place.run(words, **struck, SECONDHOP_TRACEBACK="1").stderr


@pytest.mark.parametrize("command", [*STRUCK, "--help", "--version", "init --help"])
def test_a_reader_that_closes_the_pipe_ends_a_command_quietly(place: Place, command: str) -> None:
    name = command if command in STRUCK else "demo"
    words = [*PROGRAM, *command.split(), *(place.arguments(name) if command in STRUCK else [])]
    script = f"{subprocess.list2cmdline(words)} | true; echo code ${{PIPESTATUS[0]}}"
    ended = place.run(["bash", "-c", script])

    # The simulator does not know CloudFormation over HTTP: the doctor's own exit code stays.
    assert (ended.stderr, ended.stdout) == ("", f"code {3 if command == 'doctor' else 0}\n")


@pytest.mark.parametrize("command", [*STRUCK, "--help", "--version"])
def test_a_full_disk_is_one_sentence(place: Place, command: str) -> None:
    name = command if command in STRUCK else "demo"
    words = [*PROGRAM, *command.split(), *(place.arguments(name) if command in STRUCK else [])]
    ended = place.run(["bash", "-c", f"{subprocess.list2cmdline(words)} > /dev/full; echo code $?"])

    assert ended.stdout == f"code {3 if command == 'doctor' else 1}\n"
    assert "the output could not be written: No space left on device" in one_sentence(ended.stderr)


def test_closed_streams_are_no_error(place: Place) -> None:
    ended = place.run(["bash", "-c", f"{subprocess.list2cmdline([*PROGRAM, '--version'])} <&- >&- 2>&-; echo code $?"])

    assert (ended.stdout, ended.stderr) == ("code 0\n", "")


def test_init_writes_everything_although_its_reader_reads_one_line(place: Place, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    words = subprocess.list2cmdline([*PROGRAM, "init", "--directory", str(tmp_path), *INSTALLED])
    for number in range(4):
        place.run(["bash", "-c", f"{words} --dr-vault v{number}{number} | head -1"])

        assert checkout.parameters("dr-region")["DrVaultName"] == f"v{number}{number}"
        assert checkout.parameters("template")["DrVaultName"] == f"v{number}{number}"


def test_a_doctor_that_waits_for_a_silent_endpoint_can_be_interrupted(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = place.environ(AWS_ENDPOINT_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        words = [*PROGRAM, "doctor", *place.arguments("doctor")]
        with subprocess.Popen(words, env=environ, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            silent.accept()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (130, "\nsecondhop doctor: interrupted.\n")


def test_nights_in_several_processes_can_be_interrupted_from_a_terminal(place: Place) -> None:
    """Ctrl-C reaches every process of the terminal's group."""
    words = [*PROGRAM, "simulate", "--nights", "40"]
    with subprocess.Popen(
        words, env=place.environ(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as process:
        time.sleep(4)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (130, "\nsecondhop simulate: interrupted.\n")


@pytest.mark.parametrize(("key", "code"), [(b"\x03", 130), (b"\x04", 2)], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interrupted_init_prints_the_answers_as_a_command_that_takes_them(
    place: Place, tmp_path: Path, key: bytes, code: int
) -> None:
    checkout = Checkout(tmp_path)
    before = checkout.texts()
    ended, said = on_a_terminal(place, tmp_path, [b"hub\n", b"44445555666\n", b"444455556666\n", key])

    assert ended == code
    assert "should be an account id of 12 digits" in said
    assert "Traceback" not in said
    assert f"init --directory {tmp_path} --topology hub --backup-account 444455556666" in said
    assert checkout.texts() == before


def on_a_terminal(place: Place, folder: Path, typed: list[bytes]) -> tuple[int, str]:
    """Type into init after each prompt; the exit code and what the terminal shows."""
    ours, theirs = pty.openpty()
    words = [*PROGRAM, "init", "--directory", str(folder)]
    with subprocess.Popen(
        words,
        env=place.environ(),
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - a short call in the child, which Ctrl-C needs
    ) as process:
        os.close(theirs)
        said = b""
        *lines, key = typed
        for each in lines:
            said += _until_prompt(ours)
            os.write(ours, each)
        said += _until_prompt(ours) + _pressed_until_end(ours, key)
    os.close(ours)
    return process.returncode, said.decode()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _until_prompt(terminal: int) -> bytes:
    said = b""
    while not said.endswith((b": ", b"]: ")):
        said += os.read(terminal, 1)
    return said


def _pressed_until_end(terminal: int, key: bytes) -> bytes:
    """Press a key each second, as a person does: Python loses a Ctrl-C that comes just before it waits for a key."""
    said = b""
    try:
        for _ in range(60):
            os.write(terminal, key)
            while select.select([terminal], [], [], 1)[0]:
                if not (more := os.read(terminal, 1000)):
                    return said
                said += more
    except OSError:
        return said  # Linux's way to say that the other end is closed
    raise AssertionError(f"the command did not end: {said.decode()}")
