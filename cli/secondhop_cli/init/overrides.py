"""Reads `parameter_overrides` of samconfig.toml exactly as SAM does, and refuses what would be lost.

SAM accepts a string, a list, a table, and lists of these. In a string, parts that it does not understand are passed
over without a word; init refuses them. samcli/cli/types.py, CfnParameterOverridesType, is the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# A value in double quotes, in single quotes, or without. A backslash takes the next character along.
VALUE = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^ "\\])+)"""
KEY = r"""([A-Za-z0-9"']+)"""
# If one pair has the first form, SAM reads only pairs of that form.
LONG_FORM = re.compile(rf"(?:ParameterKey={KEY},ParameterValue={VALUE})")
SHORT_FORM = re.compile(rf"(?: {KEY}={VALUE})")
SEPARATORS = " ,"


class UnknownFormError(ValueError):
    """A part that init cannot keep. The message says which."""


def read_overrides(value: object) -> dict[str, str]:
    """The parameters. Raises UnknownFormError."""
    found = {_unquoted(key): _unquoted(each) for key, each in _pairs(value)}
    for key, each in found.items():
        if not (key + each).isprintable():
            raise UnknownFormError(f"the value of {key!r} has a line break or a control character: {each!r}")
    return found


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield from _of_text(value)
    elif isinstance(value, list):
        for each in value:
            yield from _pairs(each)
    elif isinstance(value, dict):
        yield from _of_table(value.items())
    else:
        raise UnknownFormError(f"{value!r} is no text, list or table")


def _of_text(text: str) -> Iterator[tuple[str, str]]:
    if text.startswith("file://"):
        raise UnknownFormError(f"{text} is another file, which init does not read. Put its parameters here")
    padded = f" {text.strip()}"
    form = LONG_FORM if LONG_FORM.search(padded) else SHORT_FORM
    rest = form.sub("", padded).strip(SEPARATORS)
    if rest or (text and not form.search(padded)):
        raise UnknownFormError(f"{rest or text!r} is not of the form Key=Value, and SAM does not read it")
    for match in form.finditer(padded):
        yield match[1], match[2]


def _of_table(rows: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    for key, value in rows:
        if key == "$include":
            raise UnknownFormError(f"$include names other files, which init does not read: {value!r}")
        if isinstance(value, dict):
            raise UnknownFormError(f"{key} is a table, and a parameter has one value")
        yield (
            key,
            ",".join(str(each).strip() for each in value if each != "") if isinstance(value, list) else str(value),
        )


def _unquoted(text: str) -> str:
    r"""Without quotes around it, and with `\ `, `\"` and `\'` as the plain character. No other escape counts."""
    if text and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return text.replace("\\ ", " ").replace('\\"', '"').replace("\\'", "'")


def written(parameters: dict[str, str]) -> list[str]:
    """Each parameter as `Key=Value` for a TOML string of several lines: escaped for SAM, then for TOML."""
    return [f"{key}={_quoted(value)}" for key, value in parameters.items()]


def _quoted(value: str) -> str:
    is_plain = re.fullmatch(r"[\w+=,.@:/*-]+", value, re.ASCII)
    for_sam = value if is_plain else '"' + value.replace('"', '\\"') + '"'
    # Quotes are escaped, because they would close the string of several lines where this is the last parameter.
    return for_sam.replace("\\", "\\\\").replace('"', '\\"')
