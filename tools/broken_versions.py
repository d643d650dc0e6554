"""Runs pytest on many broken versions of the code, each in a process of its own, and counts those that no test notices.

A process is forked before anything of this repository that can be broken is imported. It breaks one thing in memory,
runs the tests that noticed the neighbours of this break, then all tests, and ends with pytest's answer.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# How many of the tests that noticed a break of the same group are tried first, the latest first.
REMEMBERED = 6
NOTICED = (1, 2)  # what pytest answers when a test failed, or could not even be imported
# A break may make a loop endless.
LONGEST_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Break:
    """One thing to break: its group of neighbours, how it is described, and what breaks it in a fresh process."""

    group: str
    what: str
    apply: Callable[[], None]


def read_instead(path: Path, text: Callable[[], str]) -> None:
    """From now on, whoever reads this file in this process reads the text instead."""
    read, broken = Path.read_text, text()

    def read_text(self: Path, *arguments: Any, **named: Any) -> str:
        return broken if self.resolve() == path else read(self, *arguments, **named)

    Path.read_text = read_text  # type: ignore[method-assign]  # for this process


class FirstFailure:
    """Writes down the test file that failed first."""

    def __init__(self, note: Path) -> None:
        self._note = note

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Only the file: names of parametrized tests may come from what is broken."""
        if report.failed:
            self._note.write_text(report.nodeid.partition("::")[0], encoding="utf-8")


class Runs:
    """The runs of all breaks, as many at a time as there are processors.

    `is_noticed_otherwise` is asked, in the broken process, about a break that all tests let pass.
    """

    def __init__(
        self, tests: Callable[[Break], Sequence[str]], is_noticed_otherwise: Callable[[Break], bool], folder: Path
    ) -> None:
        self._tests = tests
        self._is_noticed_otherwise = is_noticed_otherwise
        self._folder = folder
        self._noticed_by: dict[str, list[str]] = {}

    def unnoticed(self, breaks: Iterable[Break]) -> Iterator[Break]:
        """The breaks with which all tests pass."""
        running: dict[int, tuple[Break, Path]] = {}
        waiting = enumerate(breaks)
        while True:
            while len(running) < (os.cpu_count() or 1) and (following := next(waiting, None)):
                note = self._folder / str(following[0])
                running[self.begin(following[1], note)] = (following[1], note)
            if not running:
                return
            child, status = os.wait()
            each, note = running.pop(child)
            if note.exists():
                self._learn(each.group, note.read_text(encoding="utf-8"))
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
                yield each

    def begin(self, each: Break | None, note: Path) -> int:
        """Start the tests on a break (None: on the code as it is) in a process of its own; its number."""
        child = os.fork()
        if child:
            return child
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        signal.alarm(LONGEST_SECONDS)
        if each is None:
            os._exit(_pytest(self._tests(Break(group="", what="", apply=lambda: None)), note))
        each.apply()
        likely = self._noticed_by.get(each.group, []) or self._noticed_by.get("", [])
        if any(_pytest([file], note) in NOTICED for file in likely[:REMEMBERED]):
            os._exit(1)
        answer = _pytest(self._tests(each), note)
        os._exit(1 if answer == 0 and self._is_noticed_otherwise(each) else answer)

    def _learn(self, group: str, file: str) -> None:
        for name in (group, ""):
            self._noticed_by[name] = list(dict.fromkeys([file, *self._noticed_by.get(name, [])]))


def _pytest(tests: Sequence[str], note: Path) -> int:
    without = (part for each in ("cacheprovider", "logging", "xdist") for part in ("-p", f"no:{each}"))
    plain = ("-x", "-q", "--no-header", "--tb=no", "--assert=plain")
    return int(pytest.main([*plain, *without, *tests], plugins=[FirstFailure(note)]))


def report(
    breaks: Sequence[Break],
    tests: Callable[[Break], Sequence[str]],
    *,
    is_noticed_otherwise: Callable[[Break], bool] = lambda _: False,
    argued: Sequence[str] = (),
) -> int:
    """Run all, print what nobody noticed, and `N killed, N survived`; the exit code.

    0: all were noticed, or have one of the argued texts in their description; 1: one survived; 2: the tests fail on
    the code as it is.
    """
    with tempfile.TemporaryDirectory() as name:
        runs = Runs(tests, is_noticed_otherwise, Path(name))
        if os.waitstatus_to_exitcode(os.waitpid(runs.begin(None, Path(name) / "none"), 0)[1]) != 0:
            sys.stderr.write("The tests fail on the code as it is; fix that first.\n")
            return 2
        survived = 0
        unargued = 0
        for each in runs.unnoticed(breaks):
            survived += 1
            if not any(part in each.what for part in argued):
                unargued += 1
                sys.stdout.write(f"survived: {each.what}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(breaks) - survived} killed, {survived} survived")
    sys.stdout.write(f" ({survived - unargued} of them argued)\n" if argued else "\n")
    return 1 if unargued or not breaks else 0
