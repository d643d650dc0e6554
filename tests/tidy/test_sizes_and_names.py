"""Small files, small functions, and names that say what a thing is for."""

import ast
import re
from pathlib import Path

import pytest

from tests.tidy.reading import EVERYWHERE, ROOMS, functions, lines, python_files, tree

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
USUAL_FUNCTION = 20

EMPTY_WORDS = {"manager", "helper", "helpers", "util", "utils", "common", "shared", "processor", "data", "info", "misc"}


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its def to its end: decorators and docstring do not count."""
    body = node.body
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(getattr(body[0], "value", None), ast.Constant)
    docstring = _last_line(body[0]) - body[0].lineno + 1 if has_docstring else 0
    return _last_line(node) - node.lineno + 1 - docstring


def _last_line(node: ast.stmt) -> int:
    return node.lineno if node.end_lineno is None else node.end_lineno


def test_no_file_is_longer_than_300_lines() -> None:
    long = {str(path): len(lines(path)) for path in python_files(*EVERYWHERE) if len(lines(path)) > LONGEST_FILE}

    assert long == {}


def test_no_function_is_longer_than_40_lines() -> None:
    long = {
        f"{path}:{node.lineno} {node.name}": length(node)
        for path in python_files(*EVERYWHERE)
        for node in functions(path)
        if length(node) > LONGEST_FUNCTION
    }

    assert long == {}


def test_nine_functions_of_ten_fit_into_20_lines() -> None:
    lengths = sorted(length(node) for path in python_files(*ROOMS) for node in functions(path))

    assert lengths[len(lengths) * 9 // 10] <= USUAL_FUNCTION


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = [str(path) for path in python_files(*EVERYWHERE) if EMPTY_WORDS & set(re.split(r"[_/.]", str(path)))]

    assert empty == []


def test_no_class_has_a_name_that_says_nothing() -> None:
    empty = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files(*EVERYWHERE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        if re.search(r"(Manager|Helper|Util|Utils|Processor|Info|Data)$", node.name)
    ]

    assert empty == []


def test_no_function_only_says_that_it_handles_something() -> None:
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files(*ROOMS)
        for node in functions(path)
        if re.match(r"_?(handle|process|do)_", node.name)
    ]

    assert found == []


@pytest.mark.parametrize("path", python_files(*ROOMS), ids=str)
def test_every_module_says_what_it_is_responsible_for(path: Path) -> None:
    assert ast.get_docstring(tree(path))


def test_whatever_is_public_and_not_plain_from_its_name_has_a_docstring() -> None:
    """A function of ten lines may leave it to its name; a class may not."""
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files(*ROOMS)
        for node in tree(path).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
        if not ast.get_docstring(node) and (isinstance(node, ast.ClassDef) or length(node) > 10)
    ]

    assert silent == []


def test_every_test_is_named_by_a_sentence() -> None:
    short = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("tests")
        for node in functions(path)
        if node.name.startswith("test_") and len(node.name.split("_")) < 5
    ]

    assert short == []
