"""No module imports, directly or by way of others, a module that imports it; not even for a type."""

import ast
from collections.abc import Container
from pathlib import Path

import pytest

from tests.tidy.reading import python_files, tree

# Where each package is imported from.
SOURCES = ("layers/core", "cli", "simulator", ".")
PACKAGES = (
    "layers/core/secondhop",
    "cli/secondhop_cli",
    "simulator/backup_simulator",
    "simulator/ministack_extension",
    "rehearsal",
    "local_cloud",
)


def name_of(path: Path) -> str:
    source = next(each for each in SOURCES if each == "." or path.is_relative_to(each))
    return ".".join(path.relative_to(source).with_suffix("").parts)


def arrows(*packages: str) -> dict[str, set[str]]:
    """Which modules each module imports, wherever in the file, also under TYPE_CHECKING."""
    modules = {name_of(path).removesuffix(".__init__"): path for path in python_files(*packages)}
    return {name: imported_modules(path, modules) - {name} for name, path in modules.items()}


def imported_modules(path: Path, known: Container[str]) -> set[str]:
    """The known modules that a file imports. `from package import module` is about the module alone."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {full if full in known else node.module for full in named.values()}
    return {each for each in found if each in known}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other."""
    reached = {name: reachable(graph, name) for name in graph}
    groups = {
        frozenset(other for other in graph if other in reached[name] and name in reached[other])
        for name in graph
        if name in reached[name]
    }
    return sorted(sorted(group) for group in groups)


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_of_a_package_import_each_other_in_a_circle(package: str) -> None:
    graph = arrows(package)

    assert len(graph) > 3
    assert circles(graph) == []


def test_no_packages_import_each_other_in_a_circle() -> None:
    assert circles(arrows(*PACKAGES)) == []


def test_a_circle_of_imports_is_found_and_what_only_leads_to_it_is_not() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "leads": {"a"}, "apart": set()}

    assert circles(graph) == [["a", "b", "c"]]
