"""The command `secondhop init`: reads existing files, asks for missing answers, checks them, and writes files.

It deploys nothing and makes no network calls. A repeated run reads the earlier answers from the files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from secondhop_cli.ending import INTERRUPTED
from secondhop_cli.init.asking import Ask, Interview, command_so_far
from secondhop_cli.init.change_warnings import change_warnings
from secondhop_cli.init.checks import problems_in, problems_of, warnings_of
from secondhop_cli.init.copies import copy_warnings
from secondhop_cli.init.parameter_files import (
    MAIN,
    PARAMETER_SOURCES,
    Parameters,
    UnreadableFileError,
    changes,
    merged,
    previous_answers,
    read_parameters,
    write_parameters,
)
from secondhop_cli.init.questions import OUTPUTS, QUESTIONS, Answers, accounts_of
from secondhop_cli.init.samconfig import NAME, NEW_FILE, OWN_NAME, edit_samconfig, is_of_release, read_samconfig
from secondhop_cli.init.shares import SHARING, limits, sharing_before
from secondhop_cli.init.steps import FOLDER, Locations, steps
from secondhop_cli.regions import ACCEPT_UNKNOWN

DONE, FAILED, USAGE_ERROR = 0, 1, 2
INTRODUCTION = """Nothing was deployed. Follow these steps in this order. Run each step with credentials of the account
that it names, for example after `export AWS_PROFILE=...`. You can run the commands in any directory."""


@dataclass(kw_only=True)
class ExistingFiles:
    """The contents of the files before init changes them. `samconfig_name` is the file with the main stack's values."""

    samconfig: str = NEW_FILE
    samconfig_name: str = NAME
    parameters: dict[str, Parameters] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    contradictions: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def add_init(commands: Any) -> None:
    """Add the command and its options. All options are optional."""
    parser = commands.add_parser(
        "init",
        help="write the parameter files of all stacks, and print the commands to run (deploys nothing)",
    )
    parser.add_argument(
        "--directory", type=Path, default=Path(), help="the checkout to write into (default: the current directory)"
    )
    for each in (*QUESTIONS, *OUTPUTS):
        shown = f"{each.text} (default {each.default})" if each.default else each.text
        parser.add_argument(each.flag, dest=each.name, metavar="TEXT", help=shown)
    parser.add_argument(
        ACCEPT_UNKNOWN, action="store_true", help="accept Regions that are newer than the installed botocore"
    )
    parser.set_defaults(run=run_from_arguments)


def run_from_arguments(chosen: argparse.Namespace) -> int:
    """Read the options. Ask for missing answers only on a terminal."""
    said = {each.name: getattr(chosen, each.name) for each in (*QUESTIONS, *OUTPUTS)}
    given = {name: str(value).strip() for name, value in said.items() if value is not None}
    ask: Ask | None = input if sys.stdin.isatty() and sys.stdout.isatty() else None
    accepted = [given[name] for name in ("region", "dr_region") if name in given and chosen.accept_unknown_region]
    return initialize(chosen.directory, given, stream=sys.stdout, errors=sys.stderr, ask=ask, accepted=accepted)


def initialize(
    directory: Path,
    given: Mapping[str, str],
    *,
    stream: TextIO,
    errors: TextIO,
    ask: Ask | None = None,
    accepted: Iterable[str] = (),
) -> int:
    """Write the files and print the steps. Returns the exit code. With problems, nothing is written.

    `accepted` are Regions that may be unknown to botocore. Those in the files were accepted before.
    """
    found = _read_files(directory)
    if found.problems:
        return _refuse(found.problems, errors)
    allowed = {*accepted, *(found.answers[name] for name in ("region", "dr_region") if name in found.answers)}
    interview = Interview(ask, errors, known=found.answers, given=given, accepted=allowed) if ask else None
    if problems := [*_empty(given), *(problems_in(dict(given), accepted=allowed) if ask else [])]:
        # Better before the questions than after them.
        return _refuse(problems, errors)
    try:
        answers = _answers(found, given, interview)
    except (EOFError, KeyboardInterrupt) as error:
        errors.write("\nsecondhop init: interrupted; nothing was written.\n")
        _keep(interview, directory, errors)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else USAGE_ERROR
    problems = [*_must_be_given(found, given), *problems_of(answers, accepted=allowed)]
    code = _refuse(problems, errors) if problems else _write(directory, found, answers, stream, errors)
    if code != DONE:
        _keep(interview, directory, errors)
    return code


def _keep(interview: Interview | None, directory: Path, errors: TextIO) -> None:
    """Nothing that a person has typed is lost: print the command that gives it again."""
    if interview and interview.answers:
        command = command_so_far(interview.answers, program=_program(), directory=str(directory))
        errors.write(f"To go on with the answers so far, run:\n  {command}\n")


def _must_be_given(found: ExistingFiles, given: Mapping[str, str]) -> list[str]:
    """Problems that only an option can solve: files that differ."""
    flags = {each.name: each.flag for each in (*QUESTIONS, *OUTPUTS)}
    return [
        f"{flags[name]} is needed, because the files differ: {text}"
        for name, text in found.contradictions.items()
        if name not in given
    ]


def _empty(given: Mapping[str, str]) -> list[str]:
    return [
        f"{each.flag} is empty. Deploy the stack of this output first" for each in OUTPUTS if given.get(each.name) == ""
    ]


def _read_files(directory: Path) -> ExistingFiles:
    """Read the files of the checkout. Files that cannot be read become problems."""
    if not (directory / "template.yaml").is_file() or not (directory / "stacks").is_dir():
        return ExistingFiles(
            problems=[
                f"{directory.resolve()} is not a checkout of Second Hop. Run init in a checkout, or use --directory"
            ]
        )
    found = ExistingFiles()
    said = _read_main(directory, found)
    for stack in PARAMETER_SOURCES.keys() - {MAIN}:
        path = directory / FOLDER / f"{stack}.json"
        try:
            if path.is_file():
                found.parameters[stack] = read_parameters(f"{FOLDER}/{stack}.json", path.read_text(encoding="utf-8"))
        except (UnreadableFileError, OSError, UnicodeDecodeError) as error:
            found.problems.append(str(error))
    found.answers, found.contradictions = previous_answers(found.parameters)
    found.answers |= said
    found.answers |= sharing_before(found.answers)
    return found


def _read_main(directory: Path, found: ExistingFiles) -> Answers:
    """Read the file with the main stack's values; the stack's name and Region."""
    found.samconfig_name = OWN_NAME if (directory / OWN_NAME).is_file() else NAME
    path = directory / found.samconfig_name
    try:
        if not path.is_file():
            return {}
        found.samconfig = path.read_text(encoding="utf-8")
        if path == directory / NAME and is_of_release(found.samconfig):
            found.samconfig, found.samconfig_name = NEW_FILE, OWN_NAME
        said, found.parameters[MAIN] = read_samconfig(found.samconfig)
    except (OSError, UnicodeDecodeError) as error:
        found.problems.append(str(error))
    except UnreadableFileError as error:
        found.problems.append(f"{found.samconfig_name} {error}")
    else:
        return said
    return {}


def _answers(found: ExistingFiles, given: Mapping[str, str], interview: Interview | None) -> Answers:
    """Options first, then the previous answers, then answers of the person, then the defaults."""
    answers: Answers = {}
    is_first_time = _is_first_time(found)
    for each in (*QUESTIONS, *OUTPUTS):
        before = found.answers.get(each.name, "")
        is_asked = each in QUESTIONS and (is_first_time or (each.is_needed and not (before or each.default)))
        if each.name in given:
            answers[each.name] = given[each.name]
        elif interview and is_asked:
            answers[each.name] = interview.answer(each, before or each.default)
        else:
            answers[each.name] = before or each.default
    answers["workload_accounts"] = ",".join(accounts_of(answers))
    answers |= limits(answers, before=found.answers, is_given=SHARING in given)
    return answers


def _is_first_time(found: ExistingFiles) -> bool:
    return not found.answers.keys() - {"stack_name", "region"}


def _refuse(problems: list[str], errors: TextIO) -> int:
    errors.write(f"secondhop init: nothing was written, for {len(problems)} reasons:\n" if len(problems) > 1 else "")
    lead = "  " if len(problems) > 1 else "secondhop init: nothing was written: "
    errors.writelines(f"{lead}{problem}\n" for problem in problems)
    return USAGE_ERROR


def _write(directory: Path, found: ExistingFiles, answers: Answers, stream: TextIO, errors: TextIO) -> int:
    after = {stack: merged(stack, found.parameters.get(stack, {}), answers) for stack in PARAMETER_SOURCES}
    texts = {f"{FOLDER}/{stack}.json": write_parameters(after[stack]) for stack in PARAMETER_SOURCES if stack != MAIN}
    try:
        texts[found.samconfig_name] = edit_samconfig(
            found.samconfig, stack_name=answers["stack_name"], region=answers["region"], parameters=after[MAIN]
        )
    except UnreadableFileError as error:
        return _refuse([f"{found.samconfig_name} {error}. Move the file away, and init writes a new one"], errors)
    types = found.parameters.get(MAIN, {}).get("ResourceTypes", "")
    changes = [] if _is_first_time(found) else change_warnings(found.answers, answers)
    warnings = [*warnings_of(answers), *copy_warnings(answers, types), *changes]
    errors.writelines(f"secondhop init: warning: {each}.\n" for each in warnings)
    try:
        # Write before the report: a reader that closes the pipe must not prevent the writing.
        report = [line for name, text in texts.items() for line in _report(directory, name, found, after, text)]
        for name, text in texts.items():
            _replace(directory / name, text)
    except OSError as error:
        errors.write(f"secondhop init: {error}. Make the file writable, and run the same command again.\n")
        return FAILED
    stream.writelines(report)
    locations = Locations(program=_program(), checkout=directory.resolve(), samconfig=found.samconfig_name)
    stream.write(f"\n{INTRODUCTION}\n\n")
    stream.writelines(f"{step.text(number)}\n\n" for number, step in enumerate(steps(answers, locations), start=1))
    return DONE


def _program() -> str:
    """The path of this command, so that the printed commands can be run in any directory."""
    called = Path(sys.argv[0])
    return str(called.absolute()) if called.name == "secondhop" else "secondhop"


def _report(
    directory: Path, name: str, found: ExistingFiles, after: Mapping[str, Parameters], text: str
) -> Iterator[str]:
    """The lines about the changes of one file."""
    stack = MAIN if name == found.samconfig_name else Path(name).stem
    path = directory / name
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        yield f"{name}: unchanged\n"
        return
    yield f"{name}: {'changed' if path.is_file() else 'new'}\n"
    yield from (f"  {each}\n" for each in changes(found.parameters.get(stack, {}), after[stack]))


def _replace(path: Path, text: str) -> None:
    """Replace a file in one step: write a new file beside it, and rename it."""
    path.parent.mkdir(exist_ok=True)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
