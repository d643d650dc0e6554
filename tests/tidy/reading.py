"""The files that the house rules are about, parsed once."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ("layers/core/secondhop", "functions")
ROOMS = (*SHIPPED, "cli", "simulator", "rehearsal", "local_cloud")
EVERYWHERE = (*ROOMS, "tests", "bench")
TEXTS = (
    "*.md",
    "*.py",
    "*.toml",
    "*.yaml",
    "*.yml",
    "*.json",
    "*.txt",
    "*.in",
    "*.sh",
    "Makefile",
    "run",
    "find-python",
)


@cache
def python_files(*rooms: str) -> tuple[Path, ...]:
    """The Python files of some rooms, as paths relative to the root."""
    found = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return tuple(sorted(path.relative_to(ROOT) for path in found if "egg-info" not in str(path)))


@cache
def text_files() -> tuple[Path, ...]:
    """Everything that a person reads, but for this folder: it names what it forbids."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if not is_made(each)]
        found += [Path(folder, name).relative_to(ROOT) for name in names if any(fnmatch(name, each) for each in TEXTS)]
    return tuple(sorted(path for path in found if path.parts[:2] != ("tests", "tidy")))


def is_made(folder: str) -> bool:
    """Whether a folder was made by a tool: environments, builds, caches."""
    return folder.startswith((".venv", ".git", ".aws-sam", "__py", ".hypothesis", "build")) or folder.endswith(
        ("_cache", ".egg-info")
    )


@cache
def lines(path: Path) -> tuple[str, ...]:
    return tuple((ROOT / path).read_text().splitlines())


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(path: Path) -> set[str]:
    """The full names of the modules that a file imports, at whatever depth."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every call whose callee is a plain dotted name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)
