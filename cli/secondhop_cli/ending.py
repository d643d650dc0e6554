"""Ends every command: exit code, and one sentence on stderr for Ctrl-C, a full disk or an unexpected error.

It imports almost nothing, so that it is in place before the commands are imported.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Self

FAILED, USAGE_ERROR = 1, 2
# 128 and the number of SIGINT, as shells have it.
INTERRUPTED = 130
# Set it to see the traceback of an unexpected error.
SWITCH = "SECONDHOP_TRACEBACK"
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class UsageError(Exception):
    """The arguments are wrong. The message is one sentence for the user."""


class CommandError(Exception):
    """The command could not do its work. The message is one sentence for the user."""


class Ending:
    """A context manager around a command. No exception leaves it but SystemExit; `code` is the exit code.

    `failed` is the exit code of a command that could not do its work. With `is_json` the sentence is also written to
    stdout as JSON. A closed pipe is no error: the code stays the one that the command gave.
    """

    def __init__(self, name: str = "secondhop", *, is_json: bool = False) -> None:
        self.name = name
        self.code = 0
        self.failed = FAILED
        self.is_json = is_json

    def __enter__(self) -> Self:
        _complete_streams()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or isinstance(error, SystemExit):
            error = _flush() or error
        if error is None or isinstance(error, SystemExit):
            return error is None
        if isinstance(error, BrokenPipeError) and error.filename is None:
            # The program that reads the output has closed the pipe.
            _discard_output()
            return True
        self.code, sentence = self._said_of(error, trace)
        self._say(sentence)
        return True

    def _said_of(self, error: BaseException, trace: TracebackType | None) -> tuple[int, str]:
        """The exit code and the sentence for an error."""
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED, f"\n{self.name}: interrupted."
        if isinstance(error, UsageError):
            return USAGE_ERROR, f"{self.name}: {error}"
        if isinstance(error, CommandError):
            return self.failed, f"{self.name}: {error}"
        if isinstance(error, OSError):
            return self.failed, f"{self.name}: {_said_of_system(error)}"
        return self.failed, _unforeseen(self.name, error, trace)

    def _say(self, sentence: str) -> None:
        if self.is_json and self.code != INTERRUPTED:
            # It cannot be written to a full disk, and that is the error then.
            with suppress(OSError):
                sys.stdout.write(as_json(sentence, exit_code=self.code))
        if _flush() is not None:
            _discard_output()
        with suppress(OSError):
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()


def as_json(sentence: str, *, exit_code: int) -> str:
    """The JSON object of a command that has no result, with a newline at its end."""
    return json.dumps({"exit_code": exit_code, "error": sentence}, indent=2) + "\n"


def _said_of_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"{error.filename}: {reason}"
    return f"the output could not be written: {reason}" if error.errno in NO_SPACE else reason


def _unforeseen(name: str, error: BaseException, trace: TracebackType | None) -> str:
    """What happened and where, how to see more, and where to report it."""
    if os.environ.get(SWITCH):
        with suppress(OSError):
            sys.stderr.write("".join(traceback.format_exception(type(error), error, trace)))
    frames = traceback.extract_tb(trace)
    where = f" in {os.path.basename(frames[-1].filename)}, line {frames[-1].lineno}" if frames else ""  # noqa: PTH119 - pathlib would be imported before Ctrl-C is handled
    words = " ".join(str(error).split())
    what = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return (
        f"{name}: an unexpected error ({what}{where}); repeat the command with {SWITCH}=1 in front of it to "
        "see the traceback, and open an issue with it in the repository of Second Hop."
    )


def _flush() -> OSError | None:
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def _complete_streams() -> None:
    """Stand-ins for streams that are closed (`>&-`), and no error for a character that the output does not know."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - it stays open to the end
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Prevent Python from writing the rest of the output at exit, which would fail again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
