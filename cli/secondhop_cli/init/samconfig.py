"""Sets values in samconfig.toml, and keeps comments and everything else."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from secondhop_cli.init.overrides import UnknownFormError, read_overrides, written
from secondhop_cli.init.parameter_files import Parameters, UnreadableFileError

NAME = "samconfig.toml"
# Where init writes instead, as long as samconfig.toml is the file of the release: Git tracks that one.
OWN_NAME = "parameters/samconfig.toml"
OVERRIDES = "parameter_overrides"
SET_BY_INIT = ("stack_name", "region", OVERRIDES)
STACK_NAME = "second-hop"
GLOBAL, DEPLOY = ("default", "global", "parameters"), ("default", "deploy", "parameters")
NEW_FILE = """\
# `sam deploy` reads this file. `secondhop init` puts the name, Region and parameters of your installation into it and
# leaves the rest alone; docs/install.md says more.
version = 0.1

[default.global.parameters]

[default.validate.parameters]
lint = true

[default.build.parameters]
parallel = true

[default.deploy.parameters]
# Roles with a path but without a fixed name need no more than this capability.
capabilities = "CAPABILITY_IAM"
confirm_changeset = true
resolve_s3 = true
s3_prefix = "second-hop"
fail_on_empty_changeset = false
"""


def is_of_release(text: str) -> bool:
    """Whether samconfig.toml says what the release says, so that nothing of an installation is in it."""
    document, release = _parsed(text), _parsed(NEW_FILE)
    release["default"]["global"]["parameters"]["stack_name"] = STACK_NAME
    return document == release


def read_samconfig(text: str) -> tuple[dict[str, str], Parameters]:
    """The stack's name and Region if the file has them, and the main stack's parameters. Raises UnreadableFileError."""
    document = _parsed(text)
    said = {key: str(_section(document, _home_of(document, key)).get(key, "")) for key in ("stack_name", "region")}
    return {name: value for name, value in said.items() if value}, _overrides(document)


def edit_samconfig(text: str, *, stack_name: str, region: str, parameters: Parameters) -> str:
    """The text with these values. Raises UnreadableFileError if they cannot be set."""
    document = _parsed(text)
    lines = text.splitlines()
    lines = _set(lines, _home_of(document, "stack_name"), "stack_name", [f'stack_name = "{stack_name}"'])
    lines = _set(lines, _home_of(document, "region"), "region", [f'region = "{region}"'])
    rows = [f"  {each}" for each in written(parameters)]
    # In TOML, a backslash at the end of a line joins it with the next line.
    joined = [f"{row} \\" for row in rows[:-1]] + [f'{row}"""' for row in rows[-1:]]
    lines = _set(lines, DEPLOY, OVERRIDES, [f'{OVERRIDES} = """\\', *joined])
    edited = "\n".join(lines) + "\n"
    if not _is_as_wanted(edited, document, ({"stack_name": stack_name, "region": region}, parameters)):
        raise UnreadableFileError("has a structure that init cannot edit")
    return edited


def _is_as_wanted(edited: str, before: dict[str, Any], wanted: tuple[dict[str, str], Parameters]) -> bool:
    """Whether the text says what is wanted, and everything else that it said before."""
    try:
        return read_samconfig(edited) == wanted and _others(_parsed(edited)) == _others(before)
    except UnreadableFileError:
        return False


def _others(document: dict[str, Any]) -> dict[str, Any]:
    """All values of a file except those that init sets, by their place."""
    found: dict[str, Any] = {}
    open_tables: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), document)]
    while open_tables:
        path, table = open_tables.pop()
        for key, value in table.items():
            if isinstance(value, dict) and (*path, key) != (*DEPLOY, OVERRIDES):
                open_tables.append(((*path, key), value))
            elif path not in (DEPLOY, GLOBAL) or key not in SET_BY_INIT:
                found[".".join((*path, key))] = value
    return found


def _home_of(document: dict[str, Any], key: str) -> tuple[str, ...]:
    """The section with a value, or the section to add it to. `sam deploy --guided` writes both to the second."""
    for section in (DEPLOY, GLOBAL):
        if key in _section(document, section):
            return section
    return GLOBAL if key == "stack_name" else DEPLOY


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFileError(f"is not valid TOML: {error}") from error


def _section(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    found: Any = document
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _overrides(document: dict[str, Any]) -> Parameters:
    """SAM takes them from the section of `deploy`, or else from that of all commands."""
    found = _section(document, DEPLOY).get(OVERRIDES, _section(document, GLOBAL).get(OVERRIDES, ""))
    try:
        return read_overrides(found)
    except UnknownFormError as error:
        why = f"parameter_overrides should be a string of Key=Value: {error}"
        raise UnreadableFileError(f"is not understood: {why}") from error


def _set(lines: list[str], section: tuple[str, ...], key: str, put: list[str]) -> list[str]:
    """The lines with a key of a section set: in its old place, or at the end of the section."""
    header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(section) + r"\s*\]\s*(#.*)?")
    begins = next((number for number, line in enumerate(lines) if header.fullmatch(line)), None)
    if begins is None:
        return [*lines, "", f"[{'.'.join(section)}]", *put]
    ends = next(
        (n for n in range(begins + 1, len(lines)) if re.match(r"\s*\[[^\[\]=]+\]\s*(#.*)?$", lines[n])), len(lines)
    )
    at = next((n for n in range(begins + 1, ends) if re.match(rf"\s*{key}\s*=", lines[n])), None)
    if at is not None:
        return [*lines[:at], *put, *lines[at + _length(lines[at:ends]) :]]
    while ends > begins + 1 and (not lines[ends - 1].strip() or lines[ends - 1].lstrip().startswith("#")):
        ends -= 1
    return [*lines[:ends], *put, *lines[ends:]]


def _length(lines: list[str]) -> int:
    """The number of lines of the value that begins in the first line: the fewest that are valid TOML."""
    for count in range(1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        return count
    raise UnreadableFileError(f"is not understood: the value that begins with {lines[0]!r} does not end")
