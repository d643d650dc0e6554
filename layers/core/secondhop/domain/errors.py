"""The errors of Second Hop, split by whether a retry helps."""

from __future__ import annotations

import reprlib


class SecondHopError(Exception):
    """Every error that Second Hop raises on purpose."""


class TryAgainError(SecondHopError):
    """Trying the same thing again later helps: throttling, an unavailable service, a lost race."""


class SilentError(TryAgainError):
    """AWS did not answer, or only that it has a fault of its own (5xx). Throttling is an answer."""


class ConflictError(TryAgainError):
    """Another writer changed the item, or took the slot, after we read it."""


class FinalError(SecondHopError):
    """Trying the same thing again cannot help; a person or a new release must. `code` is AWS's own, if it has one."""

    def __init__(self, words: str, *, code: str = "") -> None:
        super().__init__(words)
        self.code = code


class MalformedError(FinalError):
    """Something that came from outside cannot be read: which field, what was found, what was expected."""


class SettingsError(FinalError):
    """The installation's settings are missing or contradict each other; lists every problem at once."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("The settings of this installation cannot be used: " + "; ".join(problems))
        self.problems = problems


class TableError(RuntimeError):
    """A rule contradicts its row of the transition table. That is a bug; nothing is saved or done."""


class UnreadableItemError(FinalError):
    """A stored item has a shape that this release does not know. It is refused, never half-read."""


class DeniedError(FinalError):
    """AWS answered AccessDenied. It says so for a wrong vault name too, so it never means "not found"."""


def shown(value: object) -> str:
    """Something that came from outside, in printable characters for a message.

    Long enough for an ARN, and never deeper or longer than a person reads. Plain repr() fails on very deep values.
    """
    short = reprlib.Repr()
    short.maxlevel, short.maxdict, short.maxlist = 3, 6, 6
    short.maxstring = short.maxother = 200
    return short.repr(value)


# A chain stores AWS's status message several times, and a DynamoDB item holds 400 KB. No message that AWS documents has
# more than some hundred letters.
LONGEST_MESSAGE = 2_000


def shortened(message: str) -> str:
    """The message, or its beginning with the number of letters that are left out."""
    left_out = len(message) - LONGEST_MESSAGE
    return message if left_out <= 0 else f"{message[:LONGEST_MESSAGE]} ... ({left_out} more letters)"
