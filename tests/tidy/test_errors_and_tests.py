"""Errors are caught narrowly, and tests are not weakened silently."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.reading import EVERYWHERE, ROOMS, calls, imported, lines, python_files, tree

BROAD = {"Exception", "BaseException"}
# It breaks Second Hop on purpose, in memory: the patch is what it tests.
BREAKS = Path("tests/simulation/test_promises_are_checked.py")


def caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"BaseException"}
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def test_nothing_is_caught_broadly() -> None:
    """But for a stand-in of a service that survives whatever its caller's code raises; it says so on the line."""
    broad = [
        f"{path}:{node.lineno}"
        for path in python_files(*ROOMS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and caught(node) & BROAD
        if not (path.parts[0] == "simulator" and "noqa: BLE001" in lines(path)[node.lineno - 1])
    ]

    assert broad == []


def test_nothing_that_was_caught_is_passed_over() -> None:
    silent = [
        f"{path}:{node.lineno}"
        for path in python_files(*ROOMS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and [type(each) for each in node.body] == [ast.Pass]
    ]

    assert silent == []


SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<rest>.*)$")
SAYS_WHY = re.compile(r"\s(#|-)\s+\w+ \w+")


def suppressions(*rooms: str) -> Iterator[tuple[str, str]]:
    """Where a complaint of a tool is suppressed, and what stands behind the mark."""
    for path in python_files(*rooms):
        for number, line in enumerate(lines(path), start=1):
            if found := SUPPRESSION.search(line):
                yield f"{path}:{number}", found["rest"]


def test_every_suppressed_complaint_says_which() -> None:
    bare = [where for where, rest in suppressions(*EVERYWHERE) if not re.match(r"(: [A-Z]+\d+|\[[a-z-]+)", rest)]

    assert [where for where in bare if not where.startswith("tests/tidy/")] == []


def test_every_rule_that_is_broken_in_a_room_says_why() -> None:
    unsaid = [where for where, rest in suppressions(*ROOMS) if not SAYS_WHY.search(rest)]

    assert unsaid == []


def test_every_suppressed_type_error_says_why() -> None:
    """In tests too. mypy says when the suppression is not needed any more."""
    places = suppressions(*EVERYWHERE, "tools")

    assert [where for where, rest in places if rest.startswith("[") and not SAYS_WHY.search(rest)] == []


def test_no_test_is_skipped_without_a_reason() -> None:
    unsaid = []
    for path in python_files("tests"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name in {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.skip"}:
                has_reason = any(word.arg == "reason" for word in node.keywords) or (
                    name == "pytest.skip" and node.args
                )
                unsaid += [] if has_reason else [f"{path}:{node.lineno}"]
        unsaid += [
            f"{path}:{node.lineno}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef)
            for each in node.decorator_list
            if ast.unparse(each) in {"pytest.mark.skip", "pytest.mark.xfail"}
        ]

    assert unsaid == []


def test_no_test_patches_our_own_modules() -> None:
    """If a patch is needed, an argument is missing. The one exception breaks promises on purpose."""
    patching = [
        f"{path}:{line} {name}"
        for path in python_files("tests")
        if path != BREAKS
        for line, name in calls(path)
        if name
        in {"monkeypatch.setattr", "monkeypatch.setitem", "mock.patch", "mock.patch.object", "patch", "patch.object"}
    ]
    mocking = [str(path) for path in python_files("tests") if any("mock" in each.split(".") for each in imported(path))]

    assert patching == []
    assert mocking == []
